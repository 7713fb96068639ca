/*
 * Plain SGD with a constant rate that exchanges gradients, in steps of which
 * most are skipped (SPAR_PERIODIC=gradients). The gradients are linear in the
 * parameters, so the mean of replicas that train apart is what dense SGD has:
 * whenever replicas are the same they must be that, but for rounding.
 *   periodic_sgd [nonblocking] [out-of-place] [nan] [nan-first] [at STEP]
 *                [flush] [pause] [changed] [frozen] [frozen-all]
 * pause: MPI_Pcontrol(0) on rank 0 from that step on.
 * nan-first: only the first layer has NaN, in that step, which is left out.
 * changed: steps have another layer from some step on; frozen: then, too, the
 * gradients of the second layer are always the same; frozen-all: all are.
 */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"
#include "watchdog.h"

enum {
    LAYERS = 2,
    MOST = 6000,
    STEPS = 61,
    MORE_STEPS = 109, /* where the step changes */
    EXTRA = 4200,
    CHANGE = 41
};

#define RATE      0.25
#define CURVATURE 0.5

static const int sizes[LAYERS] = {MOST, 5001};
static double dense[LAYERS][MOST]; /* what dense SGD has */
static float own[LAYERS][MOST], gradients[LAYERS][MOST], sums[LAYERS][MOST];
static bool nonblocking, apart, nan_all, nan_first, flush, pausing, changed;
static bool frozen, frozen_all;
static int special = 34; /* step with NaN, say */
static int rank, size, failures, apart_steps, same_steps, last_same;

static void check(bool ok, const char *what, int step)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d: %s\n", rank, step, what);
    }
}

static bool is_bad(int step, int of, int layer)
{
    return (nan_all || (nan_first && layer == 0)) && step == special &&
           of == size - 1;
}

static bool is_frozen(int step, int layer)
{
    return step >= CHANGE && (frozen_all || (frozen && layer == 1));
}

/* Of the loss of one rank's batch. */
static double slope(double value, int of, int step, int layer, int i)
{
    if (is_frozen(step, layer)) {
        return gradient_sample(of, CHANGE, layer, i) / 64;
    }
    return CURVATURE * (value - gradient_sample(of, step, layer, i));
}

static void train_dense(int step)
{
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < sizes[layer]; i++) {
            double sum = 0;

            for (int of = 0; of < size; of++) {
                sum += slope(dense[layer][i], of, step, layer, i);
            }
            dense[layer][i] -= RATE / size * sum;
        }
    }
}

static void call(int layer, MPI_Request *request)
{
    const void *from = apart ? gradients[layer] : MPI_IN_PLACE;
    void *to = apart ? sums[layer] : gradients[layer];

    if (nonblocking) {
        MPI_Iallreduce(from, to, sizes[layer], MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, request);
    } else {
        MPI_Allreduce(from, to, sizes[layer], MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

/* Another layer, from some step on. */
static void sum_more(int step)
{
    static float more[EXTRA];

    for (int i = 0; i < EXTRA; i++) {
        more[i] = (float)gradient_sample(
            rank, is_frozen(step, LAYERS) ? CHANGE : step, LAYERS, i);
    }
    MPI_Allreduce(MPI_IN_PLACE, more, EXTRA, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
}

/* A step with bad values is left out by all, as a loss scaler does. */
static bool update(int step)
{
    int bad = 0;

    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < sizes[layer]; i++) {
            bad += !isfinite(apart ? sums[layer][i] : gradients[layer][i]);
        }
    }
    check((bad > 0) == ((nan_all || nan_first) && step == special),
          "values are not finite where they should, or are", step);
    for (int layer = 0; layer < LAYERS && bad == 0; layer++) {
        const float *sum = apart ? sums[layer] : gradients[layer];

        for (int i = 0; i < sizes[layer]; i++) {
            own[layer][i] -= (float)(RATE / size) * sum[i];
        }
    }
    return bad == 0;
}

static void train(int step)
{
    MPI_Request requests[LAYERS];

    for (int n = 0; n < LAYERS; n++) {
        for (int i = 0; i < sizes[n]; i++) {
            gradients[n][i] =
                is_bad(step, rank, n)
                    ? NAN
                    : (float)slope((double)own[n][i], rank, step, n, i);
        }
        call(n, &requests[n]);
    }
    if (nonblocking) {
        MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
    }
    if (changed && step >= CHANGE) {
        sum_more(step);
    }
    if (update(step)) {
        train_dense(step);
    }
}

/* Farthest that any rank is from dense SGD. */
static double distance(void)
{
    double most = 0;

    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < sizes[layer]; i++) {
            most = fmax(most, fabs((double)own[layer][i] - dense[layer][i]));
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return most;
}

static void count(int step)
{
    double far = distance();

    check(far < 1e-6 || far > 1e-3, "neither the same nor apart", step);
    same_steps += far < 1e-6;
    apart_steps += far > 1e-3;
    last_same = far < 1e-6 ? step : last_same;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        nonblocking |= strcmp(argv[i], "nonblocking") == 0;
        apart |= strcmp(argv[i], "out-of-place") == 0;
        nan_all |= strcmp(argv[i], "nan") == 0;
        nan_first |= strcmp(argv[i], "nan-first") == 0;
        flush |= strcmp(argv[i], "flush") == 0;
        frozen |= strcmp(argv[i], "frozen") == 0;
        frozen_all |= strcmp(argv[i], "frozen-all") == 0;
        pausing |= strcmp(argv[i], "pause") == 0;
        changed |= strcmp(argv[i], "changed") == 0;
        special =
            i > 1 && strcmp(argv[i - 1], "at") == 0 ? atoi(argv[i]) : special;
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int step = 0; step < (changed ? MORE_STEPS : STEPS); step++) {
        if (flush && step == STEPS - 1 && rank == size - 1) {
            MPI_Pcontrol(2);
        }
        if (pausing && step == special && rank == 0) {
            MPI_Pcontrol(0);
        }
        watchdog_feed("periodic_sgd");
        train(step);
        count(step);
    }
    check(!flush || last_same == STEPS - 1, "the flush made nothing up", -1);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%d steps as dense, %d apart\n%s\n", same_steps, apart_steps,
               failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
