#include "pmpi/horovod.h"

#include "pmpi/engine.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "HOROVOD_FUSION_THRESHOLD"

static bool unfused;
static bool seen;

static int look_at_object(struct dl_phdr_info *info, size_t size,
                          void *argument)
{
    (void)size;
    (void)argument;
    return info->dlpi_name != NULL &&
           strstr(info->dlpi_name, "horovod") != NULL;
}

void spar_horovod_look(void)
{
    seen = seen || (unfused && dl_iterate_phdr(look_at_object, NULL) != 0);
}

/* Ranks of Horovod that fuse differently would send each other what does not
 * match. */
static bool is_unset_everywhere(void)
{
    int unset = getenv(VARIABLE) == NULL;

    return spar_real.Allreduce(MPI_IN_PLACE, &unset, 1, MPI_INT, MPI_MIN,
                               MPI_COMM_WORLD) == MPI_SUCCESS &&
           unset;
}

void spar_horovod_unfuse(void)
{
    if (spar_engine.config.mode == SPAR_MODE_DENSE ||
        spar_engine.config.mode == SPAR_MODE_OFF || !is_unset_everywhere()) {
        return;
    }
    /* MPI_Init itself changes the environment, too: programs expect it. */
    unfused = setenv(VARIABLE, "0", 0) == 0;
    spar_horovod_look();
}

const char *spar_horovod_note(void)
{
    return seen ? VARIABLE "=0 was set for Horovod, so that each tensor is a "
                           "call of its own; a value of yours would stay"
                : NULL;
}
