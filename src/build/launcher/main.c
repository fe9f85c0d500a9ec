/*
 * The one file that is the program on Linux: a static launcher that carries a runtime, the loader
 * and libraries that it needs, and the program. It needs nothing of the file system but /proc.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

void give_up(const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    if (hint != NULL) fprintf(stderr, "hint: %s\n", hint);
    va_end(arguments);
    exit(1);
}

static const char *base_name(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash != NULL ? slash + 1 : path != NULL ? path : "plasmd";
}

/* The name under which another program opens a descriptor that it inherits. */
static char *descriptor_path(int file)
{
    char *path;
    if (asprintf(&path, "/proc/self/fd/%d", file) < 0)
        give_up(NULL, "Cannot start: there is no memory");
    return path;
}

static int part_of(const struct payload *payload, const int parts[MAX_PARTS], enum role role)
{
    for (uint32_t i = 0; i < payload->part_count; i++)
        if (payload->parts[i].role == role) return parts[i];
    return -1;
}

/* Our libraries are found by the loader among those that are loaded before all others. */
static char *preload_list(const struct payload *payload, const int parts[MAX_PARTS])
{
    static char list[MAX_PARTS * 32];
    size_t length = 0;
    for (uint32_t i = 0; i < payload->part_count; i++) {
        if (payload->parts[i].role != ROLE_LIBRARY) continue;
        length += (size_t)snprintf(list + length, sizeof list - length, "%s/proc/self/fd/%d",
                                   length > 0 ? ":" : "", parts[i]);
    }
    return list;
}

static char **command_line(const struct payload *payload, const int parts[MAX_PARTS], int argc,
                           char **argv)
{
    char **line = calloc((size_t)argc + payload->args_size + 9, sizeof *line);
    if (line == NULL) give_up(NULL, "Cannot start: there is no memory");
    size_t n = 0;
    line[n++] = "plasmd";
    line[n++] = "--inhibit-cache";
    line[n++] = "--preload";
    line[n++] = preload_list(payload, parts);
    line[n++] = "--argv0";
    line[n++] = "plasmd";
    line[n++] = descriptor_path(part_of(payload, parts, ROLE_RUNTIME));
    for (uint32_t at = 0; at < payload->args_size; at += strlen(payload->args + at) + 1) {
        const char *argument = payload->args + at;
        line[n++] = strcmp(argument, "@") == 0
                        ? descriptor_path(part_of(payload, parts, ROLE_PROGRAM))
                        : (char *)argument;
        if (at == 0 && starts_once()) line[n++] = "--no-code-cache";
    }
    for (int i = 1; i < argc; i++) line[n++] = argv[i];
    return line;
}

/* A program that is started without stdin, stdout or stderr must not get a part in their place. */
static void occupy_standard_descriptors(void)
{
    int file;
    while ((file = open("/dev/null", O_RDWR)) >= 0 && file <= STDERR_FILENO) continue;
    if (file > STDERR_FILENO) close(file);
}

int main(int argc, char **argv)
{
    struct payload payload;
    int parts[MAX_PARTS];
    /* Where there is no cache the runtime must find a directory that it can't make either. */
    char deno_dir[4096] = "/proc/plasmd/deno";

    if (access("/proc/self/fd", X_OK) != 0)
        give_up("mount -t proc proc /proc", "Cannot start: /proc is not mounted");
    occupy_standard_descriptors();
    payload_open(&payload);
    if (cache_open(&payload, parts, deno_dir, sizeof deno_dir) != 0) memory_open(&payload, parts);

    char **line = command_line(&payload, parts, argc, argv);
    char **environment = program_environment(environ, base_name(argv[0]), deno_dir);
    int loader = part_of(&payload, parts, ROLE_LOADER);
    fcntl(loader, F_SETFD, FD_CLOEXEC);
    syscall(SYS_execveat, loader, "", line, environment, 0x1000 /* AT_EMPTY_PATH */);
    give_up(NULL, "Cannot start: the runtime cannot be executed: %s", strerror(errno));
}
