/*
 * A trainer in miniature that checks what it gets. Gradients are small
 * multiples of 1/128, see gradients.h:
 *  - every result is bitwise the same on all ranks;
 *  - what was delivered over the run, with a final flush, is exactly the sum
 *    of all gradients of all ranks (conservation);
 *  - a step with NaN or Inf delivers what the dense sum delivers, and is
 *    forgotten afterwards (the residuals are as before);
 *  - lossless steps are exact;
 *  - dense and sparse windows take turns, where that is expected.
 * It knows nothing of Spar but MPI_Pcontrol.
 */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

#define MOST_LAYERS 16

typedef struct options {
    int steps;
    int layers;
    int counts[MOST_LAYERS];
    bool out_of_place; /* and a fresh receive buffer in every call */
    bool use_double;
    int bad_step;             /* NaN or Inf on one rank; -1: never */
    int pause_from, pause_to; /* steps in which one rank pauses */
    int interrupt;    /* step with other large calls in between; -1: never */
    bool embedding;   /* few rows have gradients */
    int crowded_step; /* in which they all have; -1: never */
    bool random;      /* real gradients: only equal bits are checked */
    int dense_window; /* steps; 0: no windows are expected */
    int sparse_window;
    const char *expect; /* sparse, dense, lossless, any */
} options_t;

static int rank, size, failures;

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

static bool same_everywhere(const void *data, size_t bytes)
{
    uint64_t range[2];
    uint64_t hash = gradient_hash(data, bytes);

    range[0] = hash;
    range[1] = ~hash;
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX,
                  MPI_COMM_WORLD);
    return range[0] == ~range[1];
}

/* Rows of 64, as of an embedding: most words do not occur in a batch. */
static double sample(const options_t *o, int of, int step, int layer, int i)
{
    bool absent = o->embedding && step != o->crowded_step &&
                  gradient_number(of, step, layer + 100, i / 64) < 60;

    return absent ? 0 : gradient_sample(of, step, layer, i);
}

static double sum_of(const options_t *o, int step, int layer, int i)
{
    double sum = 0;

    for (int of = 0; of < size; of++) {
        sum += sample(o, of, step, layer, i);
    }
    return sum;
}

/* Zeroed. Without memory there is nothing to check. */
static void *allocate(size_t count, size_t width)
{
    void *memory = calloc(count, width);

    if (memory == NULL) {
        fprintf(stderr, "no memory left for the trainer on rank %d\n", rank);
        MPI_Abort(MPI_COMM_WORLD, 4);
    }
    return memory;
}

/* Returns how many elements differ from the dense sum. */
static int exchange(const options_t *o, int step, int layer, double *delivered)
{
    int count = o->counts[layer];
    size_t width = o->use_double ? sizeof(double) : sizeof(float);
    MPI_Datatype type = o->use_double ? MPI_DOUBLE : MPI_FLOAT;
    char *gradient = allocate((size_t)count, width);
    char *result = o->out_of_place ? allocate((size_t)count, width) : gradient;
    bool bad = step == o->bad_step;
    int different = 0;

    for (int i = 0; i < count; i++) {
        double value = sample(o, rank, step, layer, i);

        gradient_set(o->use_double, gradient, i,
                     o->random ? value / 3.0 : value);
    }
    if (bad && rank == size - 1) {
        gradient_set(o->use_double, gradient, count / 2,
                     layer % 2 == 0 ? NAN : INFINITY);
    }
    MPI_Allreduce(o->out_of_place ? gradient : MPI_IN_PLACE, result, count,
                  type, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < count; i++) {
        double value = gradient_get(o->use_double, result, i);

        if (bad && i == count / 2) {
            check(!isfinite(value), "the bad value did not arrive", step,
                  layer);
            continue;
        }
        different += !o->random && value != sum_of(o, step, layer, i);
        if (!bad) {
            delivered[i] += value;
        }
    }
    check(same_everywhere(result, (size_t)count * width),
          "ranks got different bits", step, layer);
    check(!bad || different == 0, "a step with NaN is not the dense sum", step,
          layer);
    if (o->out_of_place) {
        for (int i = 0; i < count; i++) {
            if (!(bad && i == count / 2)) {
                check(o->random || gradient_get(o->use_double, gradient, i) ==
                                       sample(o, rank, step, layer, i),
                      "the send buffer was changed", step, layer);
            }
        }
        free(result);
    }
    free(gradient);
    return different;
}

static void control(const options_t *o, int step)
{
    /* One rank alone may ask: all follow. */
    if (rank == 0 && step == o->pause_from) {
        MPI_Pcontrol(0);
    }
    if (rank == 0 && step == o->pause_to) {
        MPI_Pcontrol(1);
    }
    /* In the middle too: what is delivered must not be kept. */
    if (rank == size - 1 &&
        (step == o->steps - 1 || step == o->steps * 3 / 4)) {
        MPI_Pcontrol(2);
    }
}

/* An evaluation, say: large sums that are not part of a step. */
static void interrupt(void)
{
    static float values[5000];

    for (int i = 0; i < 12; i++) {
        values[0] = 1;
        MPI_Allreduce(MPI_IN_PLACE, values, 4100 + i, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        check(values[0] == (float)size, "a sum outside the steps is wrong", -1,
              i);
    }
}

/* Behind the trials, which are sparse, windows take turns to the end. */
static void check_windows(const options_t *o, const bool *sparse)
{
    int step = 0, windows = 0;

    while (step < o->steps && !sparse[step]) {
        step++;
    }
    while (step < o->steps && sparse[step]) {
        step++;
    }
    while (step < o->steps) {
        int length = windows % 2 == 0 ? o->dense_window : o->sparse_window;

        for (int i = 0; i < length && step < o->steps; i++, step++) {
            check(sparse[step] == (windows % 2 == 1),
                  "the step is in the other window", step, -1);
        }
        windows++;
    }
    check(windows > 4, "there were no windows", -1, -1);
}

static void run(options_t *o)
{
    double *delivered[MOST_LAYERS], *expected[MOST_LAYERS];
    bool *sparse = allocate((size_t)o->steps, sizeof(*sparse));
    long sparse_calls = 0;

    for (int layer = 0; layer < o->layers; layer++) {
        size_t count = (size_t)o->counts[layer];

        delivered[layer] = allocate(count, sizeof(double));
        expected[layer] = allocate(count, sizeof(double));
    }
    for (int step = 0; step < o->steps; step++) {
        float loss = 1;

        control(o, step);
        if (step == o->interrupt) {
            interrupt();
        }
        for (int layer = o->layers - 1; layer >= 0; layer--) {
            int different = exchange(o, step, layer, delivered[layer]);
            bool paused = step >= o->pause_from && step < o->pause_to;

            check(!paused || different == 0, "a paused step is not dense", step,
                  layer);
            sparse_calls += different > 0;
            sparse[step] |= different > 0;
            for (int i = 0; step != o->bad_step && i < o->counts[layer]; i++) {
                expected[layer][i] += sum_of(o, step, layer, i);
            }
        }
        MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        check(loss == (float)size, "a small sum is wrong", step, -1);
    }
    for (int layer = 0; layer < o->layers; layer++) {
        int wrong = 0;

        for (int i = 0; i < o->counts[layer]; i++) {
            wrong += delivered[layer][i] != expected[layer][i];
        }
        check(o->random || wrong == 0,
              "gradients were lost or made up over the run", o->steps, layer);
        free(delivered[layer]);
        free(expected[layer]);
    }
    if (o->dense_window > 0) {
        check_windows(o, sparse);
    }
    free(sparse);
    if (strcmp(o->expect, "sparse") == 0) {
        check(sparse_calls > o->steps / 2, "nothing went sparse", -1, -1);
    } else if (strcmp(o->expect, "any") != 0) {
        check(sparse_calls == 0, "results are not the dense sums", -1, -1);
    }
}

static void parse(int argc, char **argv, options_t *o)
{
    static const int counts[] = {20000, 5000, 5000, 4096, 100, 40001};

    *o = (options_t){.steps = 60,
                     .layers = 6,
                     .bad_step = -1,
                     .pause_from = -1,
                     .pause_to = -1,
                     .interrupt = -1,
                     .crowded_step = -1,
                     .expect = "sparse"};
    memcpy(o->counts, counts, sizeof(counts));
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--out-of-place") == 0) {
            o->out_of_place = true;
        } else if (strcmp(argv[i], "--double") == 0) {
            o->use_double = true;
        } else if (strcmp(argv[i], "--flat") == 0) {
            o->layers = 1;
        } else if (strcmp(argv[i], "--large") == 0) {
            o->layers = 1;
            o->counts[0] = 4300001; /* goes in pieces */
        } else if (strcmp(argv[i], "--count") == 0) {
            o->layers = 1;
            o->counts[0] = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--steps") == 0) {
            o->steps = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--bad-step") == 0) {
            o->bad_step = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--pause") == 0) {
            sscanf(value, "%d-%d", &o->pause_from, &o->pause_to);
            i++;
        } else if (strcmp(argv[i], "--interrupt") == 0) {
            o->interrupt = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--embedding") == 0) {
            o->embedding = true;
        } else if (strcmp(argv[i], "--crowded-step") == 0) {
            o->crowded_step = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--random") == 0) {
            o->random = true;
        } else if (strcmp(argv[i], "--windows") == 0) {
            sscanf(value, "%d:%d", &o->dense_window, &o->sparse_window);
            i++;
        } else if (strcmp(argv[i], "--expect") == 0) {
            o->expect = value;
            i++;
        } else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            MPI_Abort(MPI_COMM_WORLD, 2);
        }
    }
}

int main(int argc, char **argv)
{
    options_t options;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    parse(argc, argv, &options);
    run(&options);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
