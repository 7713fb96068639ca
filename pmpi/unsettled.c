#include "pmpi/unsettled.h"

#include "pmpi/engine.h"

#include <stdio.h>

void spar_unsettled_look(spar_comm_t *comm)
{
    spar_unsettled_t *unsettled = &comm->unsettled;

    if (comm->sequence == NULL) {
        return;
    }
    *unsettled = (spar_unsettled_t){.look = spar_sequence_look(comm->sequence)};
    pthread_mutex_lock(&comm->posting);
    unsettled->settled = comm->posted - unsettled->look.calls;
    pthread_mutex_unlock(&comm->posting);
    /* An evaluation at the end, say, is not worth a line; lossless calls need
     * no step. */
    unsettled->is = spar_engine.config.mode != SPAR_MODE_LOSSLESS &&
                    unsettled->look.recent >= SPAR_SEQUENCE_LEAST_RUN &&
                    unsettled->look.calls > unsettled->settled;
}

static void advise(const spar_comm_t *comm, char *text, size_t size)
{
    const spar_config_t *config = &spar_engine.config;

    if (comm->unsettled.look.repeats) {
        snprintf(text, size,
                 "repeated, but not %llu times (SPAR_LEARN_STEPS): the run was "
                 "too short",
                 (unsigned long long)config->learn_steps);
    } else if (config->step_calls > 0) {
        snprintf(text, size,
                 "did not repeat in steps of %llu calls (SPAR_STEP_CALLS)",
                 (unsigned long long)config->step_calls);
    } else {
        snprintf(text, size,
                 "did not repeat: set SPAR_STEP_CALLS if each step makes the "
                 "same number of calls; Horovod: HOROVOD_FUSION_THRESHOLD=0");
    }
}

void spar_unsettled_describe(const spar_comm_t *comm, char *line, size_t size)
{
    const spar_unsettled_t *unsettled = &comm->unsettled;
    char advice[192];

    advise(comm, advice, sizeof(advice));
    snprintf(line, size,
             "all stayed dense%s: %llu calls of %zu %s on communicator %d %s",
             unsettled->settled > 0 ? " since a step changed" : "",
             (unsigned long long)unsettled->look.recent, unsettled->look.sizes,
             unsettled->look.sizes == 1 ? "size" : "sizes", comm->number,
             advice);
}
