/*
 * A trainer in mixed precision: its gradients are whole numbers times a scale,
 * a power of two that halves after a step with Inf and doubles later. What was
 * delivered over the run, divided by the scale of its step, with a final flush,
 * is exactly the sum of all gradients: nothing of what was kept is in the wrong
 * unit. Near the end the gradients of one rank alone grow fourfold, for good,
 * which is no change of the scale.
 */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"
#include "half_numbers.h"

#define MOST_LAYERS 6
#define NOISY_LAYER 3
/* Gradients are no whole numbers: those could be counts. */
#define FIRST_SCALE (1.0 / 1024)

typedef struct trainer {
    int layers;
    int counts[MOST_LAYERS];
    bool wide; /* doubles */
    bool half; /* 16 bits, by an operation of its own */
    MPI_Op op;
    bool nonblocking;
    /* Steps in which something happens, and all of them. */
    int overflow_step;
    int double_step;
    int skew_step;
    int steps;
    double scale;
    void *gradients[MOST_LAYERS];
    double *owed[MOST_LAYERS];
    int sparse_calls; /* whose sums were not the dense ones */
} trainer_t;

static int rank, size, failures;

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

/* Of one layer too different in size to show any jump. */
static int noise_of(int step, int layer)
{
    return layer == NOISY_LAYER ? 1 + step * 7 % 6 : 1;
}

/* Without a heavy tail, so that all steps are of about the same size. */
static int sample(const trainer_t *t, int of, int step, int layer, int i)
{
    uint32_t x = ((uint32_t)of * 7919u + (uint32_t)step * 104729u +
                  (uint32_t)layer * 1299709u + (uint32_t)i) *
                 2654435761u;
    int value = (int)(((x ^ x >> 15) * 2246822519u >> 16) % 101) - 50;

    value /= t->half ? 10 : 1; /* sums have 11 bits */
    value *= noise_of(step, layer);
    return of == 0 && step >= t->skew_step ? 4 * value : value;
}

static double sum_of(const trainer_t *t, int step, int layer, int i)
{
    double sum = 0;

    for (int of = 0; of < size; of++) {
        sum += sample(t, of, step, layer, i);
    }
    return sum;
}

static void set(const trainer_t *t, int layer, int i, double value)
{
    if (t->half) {
        half_store(t->gradients[layer], i, half_put((float)value));
    } else {
        gradient_set(t->wide, t->gradients[layer], i, value);
    }
}

static double get(const trainer_t *t, int layer, int i)
{
    return t->half ? half_get(half_load(t->gradients[layer], i))
                   : gradient_get(t->wide, t->gradients[layer], i);
}

static void compute(const trainer_t *t, int step, int layer)
{
    for (int i = 0; i < t->counts[layer]; i++) {
        set(t, layer, i, t->scale * sample(t, rank, step, layer, i));
    }
    if (step == t->overflow_step && rank == size - 1) {
        set(t, layer, t->counts[layer] / 2, INFINITY);
    }
}

static void exchange(trainer_t *t, int step)
{
    MPI_Request requests[MOST_LAYERS];
    MPI_Datatype type = t->half ? MPI_SHORT : t->wide ? MPI_DOUBLE : MPI_FLOAT;

    for (int layer = 0; layer < t->layers; layer++) {
        compute(t, step, layer);
        if (t->nonblocking) {
            MPI_Iallreduce(MPI_IN_PLACE, t->gradients[layer], t->counts[layer],
                           type, t->op, MPI_COMM_WORLD, &requests[layer]);
        } else {
            MPI_Allreduce(MPI_IN_PLACE, t->gradients[layer], t->counts[layer],
                          type, t->op, MPI_COMM_WORLD);
        }
    }
    if (t->nonblocking) {
        MPI_Waitall(t->layers, requests, MPI_STATUSES_IGNORE);
    }
}

/* Returns how many elements are not the dense sum. */
static int take(trainer_t *t, int step, int layer)
{
    int different = 0;

    for (int i = 0; i < t->counts[layer]; i++) {
        double value = get(t, layer, i) / t->scale;
        double sum = sum_of(t, step, layer, i);

        t->owed[layer][i] += sum - value;
        different += value != sum;
    }
    return different;
}

static bool has_overflowed(const trainer_t *t)
{
    bool finite = true;

    for (int layer = 0; layer < t->layers; layer++) {
        for (int i = 0; i < t->counts[layer]; i++) {
            finite = finite && isfinite(get(t, layer, i));
        }
    }
    return !finite;
}

static void update(trainer_t *t, int step)
{
    bool jump = step == t->overflow_step + 1 || step == t->double_step ||
                step == t->skew_step;

    if (has_overflowed(t)) {
        check(step == t->overflow_step, "unexpected Inf", step, -1);
        t->scale /= 2;
        return; /* the step is skipped */
    }
    for (int layer = 0; layer < t->layers; layer++) {
        int different = take(t, step, layer);

        check(!jump || different == 0, "a step that jumps is not dense", step,
              layer);
        t->sparse_calls += different > 0;
    }
}

static void train(trainer_t *t)
{
    for (int step = 0; step < t->steps; step++) {
        if (step == t->double_step) {
            t->scale *= 2;
        }
        if (step == t->steps - 1) {
            MPI_Pcontrol(2);
        }
        exchange(t, step);
        update(t, step);
    }
}

static void parse(int argc, char **argv, trainer_t *t)
{
    static const int counts[] = {20000, 5000, 5001, 4096, 6000, 40001};

    memcpy(t->counts, counts, sizeof(counts));
    t->layers = MOST_LAYERS;
    t->overflow_step = 34;
    t->double_step = 42;
    t->skew_step = 50;
    t->steps = 60;
    t->scale = FIRST_SCALE;
    t->op = MPI_SUM;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--double") == 0) {
            t->wide = true;
        } else if (strcmp(argv[i], "--half") == 0) {
            t->half = true;
            MPI_Op_create(half_sum, 1, &t->op);
        } else if (strcmp(argv[i], "--nonblocking") == 0) {
            t->nonblocking = true;
        } else if (strcmp(argv[i], "--large") == 0) {
            t->layers = 1;
            t->counts[0] = 4300001; /* goes in pieces */
            t->overflow_step = 20;
            t->double_step = 22;
            t->skew_step = 24;
            t->steps = 27;
        } else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            MPI_Abort(MPI_COMM_WORLD, 2);
        }
    }
}

int main(int argc, char **argv)
{
    trainer_t t = {0};

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    parse(argc, argv, &t);
    for (int layer = 0; layer < t.layers; layer++) {
        t.gradients[layer] = calloc((size_t)t.counts[layer], sizeof(double));
        t.owed[layer] = calloc((size_t)t.counts[layer], sizeof(double));
    }
    train(&t);
    check(t.sparse_calls > t.steps / 3, "nothing went sparse", -1, -1);
    for (int layer = 0; layer < t.layers; layer++) {
        int wrong = 0;

        for (int i = 0; i < t.counts[layer]; i++) {
            wrong += t.owed[layer][i] != 0;
        }
        check(wrong == 0, "gradients were lost or made up over the run", -1,
              layer);
        free(t.gradients[layer]);
        free(t.owed[layer]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
