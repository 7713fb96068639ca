#include "report/state_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const endings[] = {"", ".previous"};

/* The caller frees it; NULL: out of memory. */
static char *path_of(const char *directory, int rank, const char *ending)
{
    char *path;

    if (asprintf(&path, "%s/spar-rank-%d.state%s", directory, rank, ending) <
        0) {
        errno = ENOMEM;
        return NULL;
    }
    return path;
}

static FILE *open_path(const char *directory, int rank, const char *ending,
                       const char *mode)
{
    char *path = path_of(directory, rank, ending);
    FILE *file = path != NULL ? fopen(path, mode) : NULL;
    int cause = errno;

    free(path);
    errno = cause;
    return file;
}

FILE *spar_state_place_open(const char *directory, int rank,
                            spar_state_place_t place)
{
    return open_path(directory, rank, endings[place], "rbe");
}

FILE *spar_state_place_create(const char *directory, int rank)
{
    return open_path(directory, rank, ".tmp", "wbe");
}

/* false: errno tells why. */
static bool move(const char *directory, int rank, const char *from_ending,
                 const char *to_ending)
{
    char *from = path_of(directory, rank, from_ending);
    char *to = path_of(directory, rank, to_ending);
    bool moved = from != NULL && to != NULL && rename(from, to) == 0;
    int cause = errno;

    free(from);
    free(to);
    errno = cause;
    return moved;
}

/* So that the name, too, is on the disk. Some file systems cannot do that. */
static void sync_names(const char *directory)
{
    int number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (number >= 0) {
        (void)fsync(number);
        close(number);
    }
}

spar_status_t spar_state_place_commit(const char *directory, int rank)
{
    bool moved = move(directory, rank, "", ".previous");

    if (!moved && errno != ENOENT) {
        return SPAR_ERR_IO;
    }
    if (!move(directory, rank, ".tmp", "")) {
        int cause = errno;

        if (moved) {
            (void)move(directory, rank, ".previous", "");
        }
        errno = cause;
        return SPAR_ERR_IO;
    }
    sync_names(directory);
    return SPAR_OK;
}

static void delete_file(const char *directory, int rank, const char *ending)
{
    char *path = path_of(directory, rank, ending);

    if (path != NULL) {
        (void)unlink(path);
    }
    free(path);
}

void spar_state_place_discard(const char *directory, int rank)
{
    delete_file(directory, rank, ".tmp");
}

void spar_state_place_forget(const char *directory, int rank)
{
    delete_file(directory, rank, ".previous");
}

void spar_state_place_step_back(const char *directory, int rank)
{
    if (move(directory, rank, ".previous", "")) {
        sync_names(directory);
    }
}

void spar_state_place_set_aside(const char *directory, int rank)
{
    (void)move(directory, rank, "", ".before");
    spar_state_place_forget(directory, rank);
}
