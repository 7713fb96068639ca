#include "pmpi/clocks.h"

#include "base/clock.h"
#include "pmpi/engine.h"

#include <math.h>

/* Like the tags of pmpi/handshake.c. */
#define TAG_ASK    31873
#define TAG_ANSWER 31874

#define ROUNDS 8

typedef struct answer {
    double now;
    double started;
} answer_t;

static void transfer(int peer, int tag, answer_t *answer, bool send)
{
    MPI_Request request;

    if (send) {
        spar_real.Isend(answer, 2, MPI_DOUBLE, peer, tag, MPI_COMM_WORLD,
                        &request);
    } else {
        spar_real.Irecv(answer, 2, MPI_DOUBLE, peer, tag, MPI_COMM_WORLD,
                        &request);
    }
    spar_real.Wait(&request, MPI_STATUS_IGNORE);
}

static void answer_all(void)
{
    answer_t answer;

    for (int rank = 1; rank < spar_engine.size; rank++) {
        for (int round = 0; round < ROUNDS; round++) {
            transfer(rank, TAG_ASK, &answer, false);
            answer.now = spar_clock_now();
            answer.started = spar_engine.started;
            transfer(rank, TAG_ANSWER, &answer, true);
        }
    }
}

static void ask(spar_clocks_t *clocks_p)
{
    answer_t answer = {0};

    clocks_p->error = HUGE_VAL;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = spar_clock_now();
        double end;

        transfer(0, TAG_ASK, &answer, true);
        transfer(0, TAG_ANSWER, &answer, false);
        end = spar_clock_now();
        if ((end - begin) / 2 < clocks_p->error) {
            clocks_p->error = (end - begin) / 2;
            clocks_p->offset = answer.now - (begin + end) / 2;
        }
    }
    if (fabs(clocks_p->offset) <= clocks_p->error) {
        clocks_p->offset = 0;
    }
    clocks_p->origin = answer.started - clocks_p->offset;
}

void spar_clocks_align(spar_clocks_t *clocks_p)
{
    *clocks_p = (spar_clocks_t){.origin = spar_engine.started};
    if (spar_engine.rank == 0) {
        answer_all();
    } else {
        ask(clocks_p);
    }
}
