/*
 * Parts in a private cache, so that only the first start unpacks them. DESIGN 12: the directory has
 * mode 0700 and is owned by the effective user, it is opened without following links, and what lies
 * in it is used by descriptor. The runtime gets the path of its own cache there, so nobody else may
 * be able to put another directory in its place. It is never in /tmp, and never in memory unless someone says so.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Bytes that a cache must leave free on its disk. */
#define SPARE ((uint64_t)64 << 20)
/* Bytes of the runtime's own cache, after which it starts anew: it keeps the code of every Worker
 * under a name that is never asked for again. */
#define RUNTIME_CACHE ((off_t)16 << 20)
/* Seconds after which a version that nobody starts any more is removed. */
#define KEPT ((time_t)30 * 24 * 3600)
/* The same for one that a start has begun to write and never finished. */
#define UNFINISHED ((time_t)3600)

static int is_private(int file, mode_t type)
{
    struct stat status;
    return fstat(file, &status) == 0 && (status.st_mode & S_IFMT) == type &&
           status.st_uid == geteuid() && (status.st_mode & 077) == 0;
}

static int open_private(int at, const char *name)
{
    int directory = openat(at, name, DIRECTORY_FLAGS);
    if (directory < 0 || is_private(directory, S_IFDIR)) return directory;
    close(directory);
    return -1;
}

/* Whether others can put something else in the place of what lies in a directory. What is ours in a
 * sticky one stays ours. */
static int is_open_to_others(const struct stat *status)
{
    int own_group = status->st_gid == 0 || status->st_gid == getegid();
    if (status->st_uid != 0 && status->st_uid != geteuid()) return 1;
    return (status->st_mode & (own_group ? S_IWOTH : S_IWOTH | S_IWGRP)) != 0 &&
           (status->st_mode & S_ISVTX) == 0;
}

/* Whether every directory above, up to the root, is closed to others. */
static int is_reached_safely(int directory)
{
    struct stat below, above;
    int at = dup(directory);
    while (at >= 0 && fstat(at, &below) == 0) {
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = up;
        if (at < 0 || fstat(at, &above) != 0 || is_open_to_others(&above)) break;
        if (above.st_dev != below.st_dev || above.st_ino != below.st_ino) continue;
        close(at);
        return 1;
    }
    if (at >= 0) close(at);
    return 0;
}

/* Whether programs may be started from here, and it is no memory. */
static int is_usable(int directory)
{
    struct statvfs volume;
    struct statfs kind;
    if (fstatvfs(directory, &volume) != 0 || fstatfs(directory, &kind) != 0) return 0;
    if ((volume.f_flag & ST_NOEXEC) != 0) return 0;
    if (getenv("PLASMD_CACHE_DIR") != NULL) return 1;
    return kind.f_type != TMPFS_MAGIC && kind.f_type != RAMFS_MAGIC;
}

static int has_room(int directory, uint64_t bytes)
{
    struct statvfs volume;
    return fstatvfs(directory, &volume) == 0 &&
           (uint64_t)volume.f_bavail * volume.f_frsize >= bytes + SPARE;
}

/* The path of the cache; "" where there is none. */
static void cache_path(char *path, size_t size)
{
    const char *given = getenv("PLASMD_CACHE_DIR");
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    path[0] = 0;
    if (given != NULL) snprintf(path, size, "%s", given);
    else if (geteuid() == 0) snprintf(path, size, "/var/cache/plasmd");
    else if (xdg != NULL && xdg[0] == '/') snprintf(path, size, "%s/plasmd", xdg);
    else if (home != NULL && home[0] == '/') {
        snprintf(path, size, "%s/.cache", home);
        mkdir(path, 0700);
        snprintf(path, size, "%s/.cache/plasmd", home);
    }
    if (path[0] != '/') path[0] = 0;
}

static void remove_tree(int at, const char *name)
{
    if (unlinkat(at, name, 0) == 0 || (errno != EISDIR && errno != EPERM)) return;
    int directory = openat(at, name, DIRECTORY_FLAGS);
    DIR *entries = directory < 0 ? NULL : fdopendir(directory);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(directory, entry->d_name);
    closedir(entries);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* Removes what nobody has started for a long time. Who still runs it holds descriptors. */
static void remove_old(int cache)
{
    int copy = openat(cache, ".", DIRECTORY_FLAGS);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct stat status;
        int unfinished = strncmp(entry->d_name, ".new-", 5) == 0;
        if (strlen(entry->d_name) != 32 && !unfinished) continue;
        if (fstatat(cache, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (status.st_mtime < time(NULL) - (unfinished ? UNFINISHED : KEPT))
            remove_tree(cache, entry->d_name);
    }
    closedir(entries);
}

static void limit_runtime_cache(int directory)
{
    static const char *const files[] = {
        "deno/v8_code_cache_v2", "deno/v8_code_cache_v2-wal", "deno/dep_analysis_cache_v2",
    };
    off_t bytes = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stat status;
        if (fstatat(directory, files[i], &status, AT_SYMLINK_NOFOLLOW) == 0) bytes += status.st_size;
    }
    if (bytes > RUNTIME_CACHE) remove_tree(directory, "deno");
}

static void close_parts(const struct payload *payload, int parts[MAX_PARTS])
{
    for (uint32_t i = 0; i < payload->part_count; i++)
        if (parts[i] >= 0) close(parts[i]);
}

/* Opens all parts of a directory that was filled before; -1 where one is not as it was written. */
static int open_parts(int cache, const struct payload *payload, int parts[MAX_PARTS])
{
    int directory = open_private(cache, payload->key);
    if (directory < 0) return -1;
    int whole = 1;
    for (uint32_t i = 0; i < payload->part_count; i++) {
        struct stat status;
        parts[i] = openat(directory, payload->parts[i].name, O_RDONLY | O_NOFOLLOW);
        if (parts[i] < 0 || !is_private(parts[i], S_IFREG) || fstat(parts[i], &status) != 0 ||
            (uint64_t)status.st_size != payload->parts[i].size)
            whole = 0;
    }
    if (whole) {
        futimens(directory, NULL);
        limit_runtime_cache(directory);
    } else close_parts(payload, parts);
    close(directory);
    return whole ? 0 : -1;
}

/* Writes all parts into a new directory. They are on the disk before it gets its name. */
static int write_parts(int directory, const struct payload *payload)
{
    int outputs[MAX_PARTS];
    int failed = 0;
    for (uint32_t i = 0; i < payload->part_count; i++) {
        outputs[i] = openat(directory, payload->parts[i].name,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500);
        if (outputs[i] < 0) failed = 1;
    }
    if (!failed && payload_unpack(payload, outputs) != 0) failed = 1;
    for (uint32_t i = 0; i < payload->part_count; i++) {
        if (outputs[i] < 0) continue;
        if (fsync(outputs[i]) != 0) failed = 1;
        if (close(outputs[i]) != 0) failed = 1;
    }
    return failed ? -1 : 0;
}

static int fill(int cache, const struct payload *payload)
{
    char name[32];
    uint64_t number;
    /* Not the process id: containers that share this directory may have the same one. */
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) return -1;
    snprintf(name, sizeof name, ".new-%016llx", (unsigned long long)number);
    if (mkdirat(cache, name, 0700) != 0) return -1;
    int directory = open_private(cache, name);
    int failed = directory < 0 || write_parts(directory, payload) != 0 || fsync(directory) != 0;
    if (directory >= 0) close(directory);
    /* What lies under our name was found broken, or another start was faster with the same bytes. */
    if (!failed && renameat(cache, name, cache, payload->key) != 0) {
        remove_tree(cache, payload->key);
        failed = renameat(cache, name, cache, payload->key) != 0;
    }
    if (failed) remove_tree(cache, name);
    return failed ? -1 : 0;
}

int starts_once(void)
{
    const char *once = getenv("PLASMD_START_ONCE");
    return once != NULL && strcmp(once, "1") == 0;
}

int cache_open(const struct payload *payload, int parts[MAX_PARTS], char *deno_dir, size_t size)
{
    char path[3072];
    cache_path(path, sizeof path);
    if (path[0] == 0) return -1;
    mkdir(path, 0700);
    int cache = open_private(AT_FDCWD, path);
    if (cache < 0) return -1;
    int usable = is_usable(cache) && is_reached_safely(cache);
    int opened = usable ? open_parts(cache, payload, parts) : -1;
    if (opened != 0 && usable && payload->frame_count > 0 && has_room(cache, payload->unpacked)) {
        remove_old(cache);
        if (fill(cache, payload) == 0) opened = open_parts(cache, payload, parts);
    }
    close(cache);
    /* Keeping compiled code costs a start more than none is there: who starts once, does without. */
    if (opened == 0 && !starts_once())
        snprintf(deno_dir, size, "%s/%s/deno", path, payload->key);
    return opened;
}
