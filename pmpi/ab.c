#include "pmpi/ab.h"

#include "base/smaller.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"

static bool is_on(void)
{
    return spar_engine.config.mode == SPAR_MODE_AB;
}

bool spar_ab_is_dense(const spar_comm_t *comm)
{
    uint64_t settled = spar_choose_settled_step(comm);
    uint64_t step = comm->sequence->steps;

    return is_on() && step > settled &&
           spar_windows_is_dense(&spar_engine.config.ab, step - settled - 1);
}

uint64_t spar_ab_review_steps(uint64_t otherwise)
{
    return is_on() ? spar_windows_period(&spar_engine.config.ab) : otherwise;
}

/* Steps count from 1, and steps.seconds from 0. */
spar_status_t spar_ab_compare(const spar_comm_t *comm,
                              spar_windows_result_t *result_p)
{
    uint64_t begin = spar_choose_settled_step(comm);
    uint64_t end = comm->steps.count;

    if (comm->pays_nowhere) {
        end = spar_smaller(end, comm->dense_from - (comm->dense_from > 0));
    }
    return end > begin ? spar_windows_compare(&spar_engine.config.ab,
                                              comm->steps.seconds + begin,
                                              end - begin, result_p)
                       : spar_windows_compare(&spar_engine.config.ab, NULL, 0,
                                              result_p);
}
