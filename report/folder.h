/* Spar: whether files can be made where the user wants them. */
#ifndef SPAR_REPORT_FOLDER_H
#define SPAR_REPORT_FOLDER_H

#include "base/status.h"

#include <stddef.h>

/* SPAR_ERR_IO: no files can be made in the directory, errno tells why. */
spar_status_t spar_folder_check(const char *directory);

/* The directory of the file's name; cut off if there is no room. */
void spar_folder_of(const char *path, char *directory_p, size_t size);

#endif
