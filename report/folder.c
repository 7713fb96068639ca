#include "report/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

spar_status_t spar_folder_check(const char *directory)
{
    struct stat status;

    if (stat(directory, &status) != 0) {
        return SPAR_ERR_IO;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return SPAR_ERR_IO;
    }
    return access(directory, W_OK | X_OK) == 0 ? SPAR_OK : SPAR_ERR_IO;
}

void spar_folder_of(const char *path, char *directory_p, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        snprintf(directory_p, size, ".");
    } else {
        /* That of /x.json is / itself. */
        int length = slash == path ? 1 : (int)(slash - path);

        snprintf(directory_p, size, "%.*s", length, path);
    }
}
