#include "tools/path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Puts the directory of the running program into `directory`. */
static int own_directory(char directory[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);
    char *slash;

    if (length <= 0) {
        return -1;
    }
    directory[length] = '\0';
    slash = strrchr(directory, '/');
    if (slash == NULL) {
        return -1;
    }
    *slash = '\0';
    return 0;
}

/* The first of the given directories that holds `name`; a relative one
   starts at the program's own directory. */
static char *find(const char *const *directories, const char *name)
{
    char own[PATH_MAX], path[3 * PATH_MAX];

    for (; *directories != NULL; directories++) {
        if (**directories == '/') {
            snprintf(path, sizeof(path), "%s/%s", *directories, name);
        } else if (own_directory(own) == 0) {
            snprintf(path, sizeof(path), "%s/%s/%s", own, *directories, name);
        } else {
            continue;
        }
        if (access(path, R_OK) == 0) {
            return realpath(path, NULL);
        }
    }
    return NULL;
}

char *spar_path_library(void)
{
    static const char *const directories[] = {SPAR_LIB, SPAR_LIBDIR,
                                              SPAR_FULL_LIBDIR, NULL};

    return find(directories, "libspar.so");
}

char *spar_path_helper(const char *name)
{
    static const char *const directories[] = {SPAR_LIBEXEC, SPAR_LIBEXECDIR,
                                              SPAR_FULL_LIBEXECDIR, NULL};

    return find(directories, name);
}
