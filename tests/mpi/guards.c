/*
 * Trainers whose calls look alike and are not, one scene in a run (guards.cmake
 * has the list). The program knows which sums must arrive as they are and which
 * ones may be sent sparsely; it says which ones were: of gradients, in the last
 * steps.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

enum {
    STEPS = 70,
    LATE = 55, /* from here on what may go sparse is sparse */
    MOST = 40001,
    BLOCKS = 6
};

typedef enum kind {
    GRADIENT,
    WHOLE,
    SQUARE,
    RUNNING,
    PRODUCT, /* of a turn of 12, smaller from call to call */
    KINDS
} kind_t;

static const char *const names[KINDS] = {"gradients", "counts", "squares",
                                         "running sums", "products"};
static int rank, size, step, calls;
static int seen[KINDS], sparse[KINDS];

static double value_of(int of, kind_t kind, int id, int i)
{
    double value = gradient_sample(of, step, id, i);

    switch (kind) {
    case WHOLE:
        return 128 * value;
    case SQUARE:
        return value * value;
    case RUNNING:
        return (i % 2 == 0 ? -1 : 1) * (double)(step * step * step) *
               (1 + i % 7) / 128;
    case PRODUCT:
        return value * (double)(1 << (12 - step % 12));
    default:
        return value;
    }
}

static void check(kind_t kind, int id, int count, const float *result)
{
    bool differs = false;

    for (int i = 0; i < count; i++) {
        double sum = 0;

        for (int of = 0; of < size; of++) {
            sum += value_of(of, kind, id, i);
        }
        differs = differs || (double)result[i] != sum;
    }
    if (step >= LATE || kind != GRADIENT) {
        seen[kind]++;
        sparse[kind] += differs;
    }
}

/* Sums from `in` to `out`, which may be the same. */
static void sum(kind_t kind, int id, int count, float *in, float *out)
{
    for (int i = 0; i < count; i++) {
        in[i] = (float)value_of(rank, kind, id, i);
    }
    MPI_Allreduce(in == out ? MPI_IN_PLACE : in, out, count, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    check(kind, id, count, out);
    calls++;
}

static void log_metric(void)
{
    float loss = 1;

    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

static float layers[BLOCKS + 1][MOST], one[MOST];

/* A call of each kind of statistics beside a layer. */
static void statistics(void)
{
    sum(GRADIENT, 0, 40001, layers[0], layers[0]);
    sum(WHOLE, 1, 20000, layers[1], layers[1]);
    sum(SQUARE, 2, 20001, layers[2], layers[2]);
    sum(RUNNING, 3, 20002, layers[3], layers[3]);
}

/* One small layer beside a large one: may be anything. */
static void small(void)
{
    sum(GRADIENT, 0, 40001, layers[0], layers[0]);
    sum(PRODUCT, 1, 4096, layers[1], layers[1]);
}

/* A gradient and products of its length, without an end of the step to see. */
static void turns(void)
{
    sum(PRODUCT, 0, 40001, one, one);
}

/* The same number of them in each step, through one buffer to new results. */
static void several(void)
{
    sum(GRADIENT, 0, 20000, layers[0], layers[0]);
    for (int i = 0; i < 3; i++) {
        sum(PRODUCT, i + 1, 40001, one, layers[1 + i]);
    }
}

/* Equal layers in memory that is another one in each step. */
static void blocks(void)
{
    float *gradients[BLOCKS];
    int from = gradient_number(0, step, 0, 0) & 7;

    for (int i = 0; i < BLOCKS; i++) {
        gradients[i] = layers[(5 * i + from) % (BLOCKS + 1)];
    }
    for (int i = 0; i < BLOCKS; i++) {
        sum(GRADIENT, i, 20000, gradients[i], gradients[i]);
    }
    sum(GRADIENT, BLOCKS, 20001, one, one);
}

/* One call in a step, and a metric in every fourth. */
static void metric(void)
{
    sum(GRADIENT, 0, 40001, one, one);
    if (step % 4 == 3) {
        log_metric();
    }
}

/* Now and then a sum of another length. */
static void strangers(void)
{
    sum(GRADIENT, 0, 40001, one, one);
    if (step > 30 && step % 15 == 0) {
        sum(PRODUCT, 1, 30000, layers[1], layers[1]);
    }
}

static const struct {
    const char *name;
    void (*make_step)(void);
} scenes[] = {{"statistics", statistics}, {"small", small},
              {"turns", turns},           {"several", several},
              {"blocks", blocks},         {"metric", metric},
              {"strangers", strangers}};

static void tell(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        if (seen[kind] > 0 && rank == 0) {
            printf("%s: %s\n", names[kind],
                   sparse[kind] == 0               ? "all dense"
                   : 2 * sparse[kind] > seen[kind] ? "sparse"
                                                   : "some sparse");
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        while (argc > 1 && strcmp(argv[1], scenes[i].name) == 0 &&
               step < STEPS) {
            scenes[i].make_step();
            step++;
        }
    }
    tell();
    MPI_Finalize();
    return calls == 0;
}
