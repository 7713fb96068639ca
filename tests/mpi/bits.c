/*
 * Prints a hash of all bits that sums of real gradients deliver: blocking and
 * non-blocking ones, in place and not, floats and doubles, with NaN in some
 * step. Whether a library beside MPI changes a single bit is seen by comparing
 * two runs. "large" as argument: with a call that Spar exchanges in pieces.
 */
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"

/* The large call takes long, and needs fewer. */
#define STEPS       60
#define LARGE_STEPS 16
#define CALLS       6

static const int counts[CALLS] = {20000, 5001, 40001, 6000, 4097, 4300001};

static int rank, steps;
static uint64_t hash = 1;

typedef struct call {
    bool wide;
    bool nonblocking;
    bool out_of_place;
    int count;
    void *gradient;
    void *result;
} call_t;

static MPI_Datatype type_of(const call_t *call)
{
    return call->wide ? MPI_DOUBLE : MPI_FLOAT;
}

static size_t bytes_of(const call_t *call)
{
    return (size_t)call->count * (call->wide ? sizeof(double) : sizeof(float));
}

static void fill(const call_t *call, int step, int slot)
{
    for (int i = 0; i < call->count; i++) {
        gradient_set(call->wide, call->gradient, i,
                     gradient_sample(rank, step, slot, i) / 3.0);
    }
    if (step == steps * 2 / 3 && rank == 1) {
        gradient_set(call->wide, call->gradient, call->count / 2, NAN);
    }
}

static void post(const call_t *call, MPI_Request *request)
{
    const void *from = call->out_of_place ? call->gradient : MPI_IN_PLACE;

    *request = MPI_REQUEST_NULL;
    if (call->nonblocking) {
        MPI_Iallreduce(from, call->result, call->count, type_of(call), MPI_SUM,
                       MPI_COMM_WORLD, request);
    } else {
        MPI_Allreduce(from, call->result, call->count, type_of(call), MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

static void train(call_t *calls, int number)
{
    for (int step = 0; step < steps; step++) {
        MPI_Request requests[CALLS];

        if (step == steps * 3 / 4 && rank == 0) {
            MPI_Pcontrol(2);
        }
        for (int slot = 0; slot < number; slot++) {
            fill(&calls[slot], step, slot);
            post(&calls[slot], &requests[slot]);
        }
        MPI_Waitall(number, requests, MPI_STATUSES_IGNORE);
        for (int slot = 0; slot < number; slot++) {
            hash = hash * 31 +
                   gradient_hash(calls[slot].result, bytes_of(&calls[slot]));
        }
    }
}

int main(int argc, char **argv)
{
    call_t calls[CALLS];
    int number = argc > 1 ? CALLS : CALLS - 1;
    uint64_t all;

    (void)argv;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    steps = number == CALLS ? LARGE_STEPS : STEPS;
    for (int slot = 0; slot < number; slot++) {
        calls[slot] = (call_t){.wide = slot == 1,
                               .nonblocking = slot >= 2 && slot <= 4,
                               .out_of_place = slot == 1 || slot == 3,
                               .count = counts[slot]};
        calls[slot].gradient = malloc(bytes_of(&calls[slot]));
        calls[slot].result = calls[slot].out_of_place
                                 ? malloc(bytes_of(&calls[slot]))
                                 : calls[slot].gradient;
    }
    train(calls, number);
    MPI_Reduce(&hash, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("bits: %016" PRIx64 "\n", all);
    }
    for (int slot = 0; slot < number; slot++) {
        if (calls[slot].out_of_place) {
            free(calls[slot].result);
        }
        free(calls[slot].gradient);
    }
    MPI_Finalize();
    return 0;
}
