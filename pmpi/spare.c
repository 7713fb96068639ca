#include "pmpi/spare.h"

#include "base/log.h"
#include "pmpi/real.h"

#include <stddef.h>
#include <string.h>

/* Ranks of the node: their bindings united, all zero if one is unknown. */
static void unite(MPI_Comm node, const uint64_t *own, bool known,
                  uint64_t *used)
{
    int all_known = known;

    spar_real.Allreduce(MPI_IN_PLACE, &all_known, 1, MPI_INT, MPI_MIN, node);
    spar_real.Allreduce(own, used, SPAR_PLACEMENT_WORDS, MPI_UINT64_T, MPI_BOR,
                        node);
    if (!all_known) {
        memset(used, 0, SPAR_PLACEMENT_WORDS * sizeof(*used));
    }
}

void spar_spare_find(MPI_Comm node, spar_spare_t *spare_p)
{
    uint64_t own[SPAR_PLACEMENT_WORDS] = {0};
    uint64_t used[SPAR_PLACEMENT_WORDS] = {0};
    int rank = 0, size = 1;
    bool known;

    memset(spare_p, 0, sizeof(*spare_p));
    spare_p->machine = spar_placement_open();
    known = spare_p->machine != NULL &&
            spar_placement_binding(spare_p->machine, own);
    spar_real.Comm_rank(node, &rank);
    spar_real.Comm_size(node, &size);
    unite(node, own, known, used);
    spar_placement_choose(spare_p->machine, used, own, size, rank,
                          &spare_p->choice);
}

bool spar_spare_is_there(const spar_spare_t *spare)
{
    return spare->choice.spare;
}

const char *spar_spare_why(const spar_spare_t *spare)
{
    return spare->choice.why;
}

void spar_spare_bind(const spar_spare_t *spare)
{
    if (!spar_placement_bind(spare->machine, &spare->choice)) {
        spar_warn("the helper thread could not be bound to its core");
    }
}

void spar_spare_close(spar_spare_t *spare)
{
    spar_placement_close(spare->machine);
    spare->machine = NULL;
}
