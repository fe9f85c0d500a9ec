/*
 * The environment of the program. DESIGN 12: variables that would change the runtime or the loader
 * are dropped, whoever set them.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int is_dropped(const char *variable)
{
    static const char *const prefixes[] = {
        "DENO_", "NODE_", "LD_", "GLIBC_TUNABLES=", "PLASMD_EXE=", "PLASMD_CALLED_AS=",
        "PLASMD_START_ONCE=",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0) return 1;
    return 0;
}

static char *variable(const char *name, const char *value)
{
    char *text;
    if (asprintf(&text, "%s=%s", name, value) < 0) give_up(NULL, "Cannot start: there is no memory");
    return text;
}

/* Where this executable lies, so that the program can start it again. */
static const char *own_path(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = 0;
        if (access(path, X_OK) == 0) return path;
    }
    const char *given = (const char *)getauxval(AT_EXECFN);
    return given != NULL && realpath(given, path) != NULL ? path : "plasmd";
}

char **program_environment(char **environment, const char *called_as, const char *deno_dir)
{
    size_t count = 0;
    while (environment[count] != NULL) count++;
    char **result = calloc(count + 6, sizeof *result);
    if (result == NULL) give_up(NULL, "Cannot start: there is no memory");
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_dropped(environment[i])) result[kept++] = environment[i];
    result[kept++] = variable("PLASMD_EXE", own_path());
    result[kept++] = variable("PLASMD_CALLED_AS", called_as);
    result[kept++] = variable("DENO_DIR", deno_dir);
    /* The runtime must never ask its maker for a newer one. */
    result[kept++] = variable("DENO_NO_UPDATE_CHECK", "1");
    /* Without a cache it would say so at every start, on a terminal; real errors are still shown. */
    result[kept++] = variable("DENO_LOG", "error,deno::cache=off");
    return result;
}
