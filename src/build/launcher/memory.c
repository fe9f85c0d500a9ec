/*
 * Parts in sealed anonymous files: nothing is written anywhere, and nothing is left behind.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Bytes that must be left for the runtime itself. */
#define SPARE ((uint64_t)64 << 20)

static int anonymous_file(const char *name)
{
    int file = memfd_create(name, MFD_ALLOW_SEALING | MFD_EXEC);
    /* Kernels before 6.3 know no such flag, and need none. */
    if (file < 0 && errno == EINVAL) file = memfd_create(name, MFD_ALLOW_SEALING);
    if (file < 0)
        give_up("Allow it with sysctl vm.memfd_noexec=0, or name a directory in PLASMD_CACHE_DIR",
                "Cannot start from memory: %s", strerror(errno));
    return file;
}

static void check_memory(uint64_t needed)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long available;
    char line[128];
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "MemAvailable: %llu kB", &available) != 1) continue;
        if (available * 1024 >= needed + SPARE) break;
        give_up("Give the machine 512 MB, or name a directory on a disk in PLASMD_CACHE_DIR",
                "Cannot start from memory: %llu MiB are available, %llu MiB are needed",
                available / 1024, (unsigned long long)((needed + SPARE) >> 20));
    }
    fclose(file);
}

void memory_open(const struct payload *payload, int parts[MAX_PARTS])
{
    if (payload->frame_count == 0)
        give_up("In a boot image start it as root, by /run/phase/plasmd",
                "Cannot start: the parts of this executable are not in its cache");
    check_memory(payload->unpacked);
    for (uint32_t i = 0; i < payload->part_count; i++)
        parts[i] = anonymous_file(payload->parts[i].name);
    if (payload_unpack(payload, parts) != 0)
        give_up(NULL, "Cannot start from memory: %s", strerror(errno));
    for (uint32_t i = 0; i < payload->part_count; i++)
        if (fcntl(parts[i], F_ADD_SEALS,
                  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
            give_up(NULL, "Cannot start from memory: it can't be sealed: %s", strerror(errno));
}
