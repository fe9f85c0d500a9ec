/*
 * Stands in for the loader in tests of the launcher: prints its arguments, its environment and what
 * the descriptors among its arguments hold, a line each, and ends with 7.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_file(const char *path)
{
    char bytes[4096];
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? -1 : read(file, bytes, sizeof bytes);
    printf("file %s %.*s\n", path, length < 0 ? 0 : (int)length, bytes);
}

int main(int argc, char **argv, char **environment)
{
    for (int i = 0; i < argc; i++) printf("arg %s\n", argv[i]);
    for (char **each = environment; *each != NULL; each++) printf("env %s\n", *each);
    for (int i = 0; i < argc; i++) {
        char copy[4096];
        snprintf(copy, sizeof copy, "%s", argv[i]);
        for (char *path = strtok(copy, ":"); path != NULL; path = strtok(NULL, ":"))
            if (strncmp(path, "/proc/self/fd/", 14) == 0) print_file(path);
    }
    fflush(stdout);
    return 7;
}
