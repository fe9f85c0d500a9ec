/*
 * What the files of the launcher share: how it gives up, and the payload that it carries.
 */
#ifndef PLASMD_LAUNCHER_H
#define PLASMD_LAUNCHER_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define PART_NAME 32
#define MAX_PARTS 32

/* Prints "error: ..." and, unless NULL, "hint: ...", and ends with 1. */
void give_up(const char *hint, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

void sha256(const void *bytes, size_t length, uint8_t digest[SHA256_BYTES]);

enum role { ROLE_LOADER = 1, ROLE_LIBRARY = 2, ROLE_RUNTIME = 3, ROLE_PROGRAM = 4 };

/* A file that the launcher carries, cut into frames. src/build/payload.ts writes these records. */
struct part {
    char name[PART_NAME];
    uint32_t role;
    uint32_t first_frame;
    uint32_t frames;
    uint32_t unused;
    uint64_t size;
};

/* A piece of a part: where its packed bytes lie, their digest, and where the unpacked ones go. */
struct frame {
    uint64_t offset;
    uint64_t packed;
    uint64_t at;
    uint64_t size;
    uint8_t sha256[SHA256_BYTES];
};

struct payload {
    int file;
    uint32_t part_count;
    uint32_t frame_count; /* 0 in a boot image: the parts lie in its cache, and nowhere else */
    uint32_t args_size;
    const struct part *parts;
    const struct frame *frames;
    const char *args; /* NUL-terminated strings; "@" stands for the program */
    uint64_t unpacked; /* bytes of all parts */
    char key[33];      /* names exactly this payload */
};

/* Reads and checks the index at the end of this executable. */
void payload_open(struct payload *payload);

/* Unpacks every part into its descriptor. Returns 0, or -1 with errno when writing failed. */
int payload_unpack(const struct payload *payload, const int outputs[MAX_PARTS]);

/* Whether PLASMD_START_ONCE=1 says that compiled code isn't worth keeping. */
int starts_once(void);

/* Opens every part from the private cache, filled first where need be. Returns 0, or -1 where there
 * can be no cache. `deno_dir` gets the directory for what the runtime itself caches. */
int cache_open(const struct payload *payload, int parts[MAX_PARTS], char *deno_dir, size_t size);

/* Opens every part from memory. */
void memory_open(const struct payload *payload, int parts[MAX_PARTS]);

/* The environment without what would change the runtime, and with what tells the program who it is. */
char **program_environment(char **environment, const char *called_as, const char *deno_dir);

#endif
