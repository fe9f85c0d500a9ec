/*
 * The payload behind the launcher's own code: frames, then an index of parts and frames, then a
 * trailer that names the index and its digest. DESIGN 12: a truncated or altered payload is refused;
 * every packed byte is hashed before it is unpacked.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define MAX_INDEX (1 << 20)
#define MAX_FRAME ((uint64_t)32 << 20)
#define MAX_PART ((uint64_t)1 << 30)
#define MAX_THREADS 4

struct trailer {
    char magic[8];
    uint64_t index_offset;
    uint64_t index_size;
    uint64_t file_size;
    uint8_t index_sha256[SHA256_BYTES];
};

struct head {
    uint32_t version;
    uint32_t part_count;
    uint32_t frame_count;
    uint32_t args_size;
};

static const char damaged[] = "Copy the file again and compare it with SHA256SUMS";

static int read_at(int file, void *into, size_t length, uint64_t at)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(file, (char *)into + done, length - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        done += (size_t)got;
    }
    return 0;
}

static int write_at(int file, const void *from, size_t length, uint64_t at)
{
    for (size_t done = 0; done < length;) {
        ssize_t put = pwrite(file, (const char *)from + done, length - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        done += (size_t)put;
    }
    return 0;
}

/* The trailer of a file that is whole; 0 where the file isn't one of ours or was cut. */
static int read_trailer(int file, struct trailer *trailer)
{
    struct stat status;
    if (fstat(file, &status) != 0 || status.st_size < (off_t)sizeof *trailer) return 0;
    uint64_t size = (uint64_t)status.st_size;
    if (read_at(file, trailer, sizeof *trailer, size - sizeof *trailer) != 0) return 0;
    return memcmp(trailer->magic, "PLASMDX1", 8) == 0 && trailer->file_size == size &&
           trailer->index_size >= sizeof(struct head) && trailer->index_size <= MAX_INDEX &&
           trailer->index_offset <= size && trailer->index_size <= size - trailer->index_offset;
}

static int open_self(struct trailer *trailer)
{
    /* Under a user-mode emulator /proc/self/exe is the emulator. */
    const char *names[] = {"/proc/self/exe", (const char *)getauxval(AT_EXECFN)};
    for (int i = 0; i < 2; i++) {
        int file = names[i] ? open(names[i], O_RDONLY | O_CLOEXEC) : -1;
        if (file >= 0 && read_trailer(file, trailer)) return file;
        if (file >= 0) close(file);
    }
    give_up(damaged, "Cannot start: this executable was cut or altered");
}

static int sane(const struct payload *payload)
{
    for (uint32_t i = 0; i < payload->part_count; i++) {
        const struct part *part = &payload->parts[i];
        if (memchr(part->name, 0, PART_NAME) == NULL || strchr(part->name, '/') != NULL) return 0;
        if (part->name[0] == 0 || part->name[0] == '.' || part->size > MAX_PART) return 0;
        if (part->frames > payload->frame_count) return 0;
        if (part->first_frame > payload->frame_count - part->frames) return 0;
    }
    for (uint32_t i = 0; i < payload->frame_count; i++) {
        const struct frame *frame = &payload->frames[i];
        if (frame->packed > MAX_FRAME || frame->size > MAX_FRAME || frame->at > MAX_PART) return 0;
    }
    return payload->args_size == 0 || payload->args[payload->args_size - 1] == 0;
}

void payload_open(struct payload *payload)
{
    struct trailer trailer;
    uint8_t digest[SHA256_BYTES];
    payload->file = open_self(&trailer);

    char *index = malloc(trailer.index_size);
    if (index == NULL) give_up(NULL, "Cannot start: there is no memory");
    if (read_at(payload->file, index, trailer.index_size, trailer.index_offset) != 0)
        give_up(damaged, "Cannot start: this executable cannot be read: %s", strerror(errno));
    sha256(index, trailer.index_size, digest);
    if (memcmp(digest, trailer.index_sha256, SHA256_BYTES) != 0)
        give_up(damaged, "Cannot start: this executable was altered");

    const struct head *head = (const struct head *)index;
    payload->part_count = head->part_count;
    payload->frame_count = head->frame_count;
    payload->args_size = head->args_size;
    payload->parts = (const struct part *)(head + 1);
    payload->frames = (const struct frame *)(payload->parts + head->part_count);
    payload->args = (const char *)(payload->frames + head->frame_count);
    uint64_t size = sizeof *head + (uint64_t)head->part_count * sizeof(struct part) +
                    (uint64_t)head->frame_count * sizeof(struct frame) + head->args_size;
    if (head->version != 1 || head->part_count > MAX_PARTS || size != trailer.index_size ||
        !sane(payload))
        give_up(damaged, "Cannot start: this executable has an index that makes no sense");

    payload->unpacked = 0;
    for (uint32_t i = 0; i < payload->part_count; i++) payload->unpacked += payload->parts[i].size;
    for (int i = 0; i < 16; i++) snprintf(payload->key + 2 * i, 3, "%02x", digest[i]);
}

/* The work of all threads: each takes the next frame until none is left. */
struct work {
    const struct payload *payload;
    const int *outputs;
    atomic_uint next;
    atomic_int error; /* errno of the first failure; EBADMSG for bytes that don't match */
};

static int output_of(const struct work *work, uint32_t frame)
{
    for (uint32_t i = 0; i < work->payload->part_count; i++) {
        const struct part *part = &work->payload->parts[i];
        if (frame - part->first_frame < part->frames) return work->outputs[i];
    }
    return -1;
}

static int unpack_frame(const struct work *work, uint32_t number, ZSTD_DCtx *context)
{
    const struct frame *frame = &work->payload->frames[number];
    uint8_t digest[SHA256_BYTES];
    char *packed = malloc(frame->packed);
    char *bytes = malloc(frame->size);
    int error = 0;
    if (packed == NULL || bytes == NULL) error = ENOMEM;
    else if (read_at(work->payload->file, packed, frame->packed, frame->offset) != 0) error = EBADMSG;
    else {
        sha256(packed, frame->packed, digest);
        if (memcmp(digest, frame->sha256, SHA256_BYTES) != 0) error = EBADMSG;
        else if (ZSTD_decompressDCtx(context, bytes, frame->size, packed, frame->packed) != frame->size)
            error = EBADMSG;
        else if (write_at(output_of(work, number), bytes, frame->size, frame->at) != 0) error = errno;
    }
    free(packed);
    free(bytes);
    return error;
}

static void *unpack_frames(void *argument)
{
    struct work *work = argument;
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (context == NULL) work->error = ENOMEM;
    while (work->error == 0) {
        uint32_t number = atomic_fetch_add(&work->next, 1);
        if (number >= work->payload->frame_count) break;
        int error = unpack_frame(work, number, context);
        if (error != 0) work->error = error;
    }
    ZSTD_freeDCtx(context);
    return NULL;
}

int payload_unpack(const struct payload *payload, const int outputs[MAX_PARTS])
{
    struct work work = {.payload = payload, .outputs = outputs};
    pthread_t threads[MAX_THREADS];
    int started = 0;
    cpu_set_t set;
    int wanted = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    /* This thread works too; where no other can be started, it works alone. */
    for (; started < wanted - 1 && started < MAX_THREADS - 1; started++)
        if (pthread_create(&threads[started], NULL, unpack_frames, &work) != 0) break;
    unpack_frames(&work);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    if (work.error == EBADMSG) give_up(damaged, "Cannot start: this executable was altered");
    errno = work.error;
    return work.error == 0 ? 0 : -1;
}
