/*
 * A trainer whose step changes, and what becomes of what its layers owe then.
 * Layers have numbers of their own, whatever their place in the step. Checked
 * element by element, with gradients as in gradients.h: what was delivered over
 * the run, with a final flush, is the sum of all gradients; of a layer that
 * cannot be told from another one of its size any more, exactly what it owed
 * when the step changed is missing, and no other layer has got it.
 *
 *   changed_step SCENARIO
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gradients.h"

#define LAYERS 6
#define STEPS  60
/* Exact sums of a layer in a row that show that it is dense. */
#define DENSE_CALLS 4
#define POOL        3

/* Elements by layer: 1, 2 and 5 are of one size. */
static const int counts[LAYERS] = {20000, 5000, 5000, 9000, 9500, 5000};

/* Where gradients are. */
typedef enum place {
    OWN,     /* each layer has its buffer */
    MOVING,  /* another one in each step */
    LATE,    /* moving once the step is known */
    CROSSED, /* 1 has that of 2, and 2 that of 1 */
} place_t;

typedef struct phase {
    const char *layers; /* by number, in the order of the calls */
    place_t place;
} phase_t;

typedef struct scenario {
    const char *name;
    phase_t before, after;
    const char *lost; /* layers of which something stays undelivered */
    bool interrupt;   /* with other large sums in between */
    bool uneven;      /* afterwards, every second step begins late */
} scenario_t;

static const scenario_t scenarios[] = {
    /* A busy machine: the pauses tell of twice the calls. */
    {"same", {"0123", MOVING}, {"0123", MOVING}, "", true, true},
    {"begun_elsewhere", {"0123", MOVING}, {"2301", MOVING}, "", true, false},
    /* The buffers say what the places do not. */
    {"swapped", {"0123", OWN}, {"0213", OWN}, "12", true, false},
    {"swapped_and_more", {"0123", OWN}, {"02134", OWN}, "", true, false},
    {"moving_and_more", {"0123", MOVING}, {"01234", MOVING}, "12", true, false},
    /* They are crossed by chance in the latest step of all that moved. */
    {"crossed", {"0123", LATE}, {"01234", CROSSED}, "12", true, false},
    {"added", {"013", OWN}, {"0153", OWN}, "", false, false},
    {"added_moving", {"013", MOVING}, {"0153", MOVING}, "1", false, false},
    {"gone", {"0123", OWN}, {"013", OWN}, "2", false, false},
    {"gone_alone", {"0123", OWN}, {"012", OWN}, "3", false, false},
    {"resized", {"0123", OWN}, {"0124", OWN}, "3", false, false},
    {"another", {"0123", OWN}, {"45", OWN}, "0123", false, false},
};

static int rank, size, failures;
static double *missing[LAYERS]; /* not delivered yet, of all ranks */
static double *owed[LAYERS];    /* of it, when the step changed */
static int exact[LAYERS];       /* sums in a row that were the dense ones */
static float *buffers[POOL][LAYERS];

static void check(bool ok, const char *what, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, layer %d: %s\n", rank, layer, what);
    }
}

static bool has(const char *layers, int layer)
{
    return strchr(layers, '0' + layer) != NULL;
}

static float *buffer_of(place_t place, int step, int layer)
{
    int other = layer == 1 ? 2 : layer == 2 ? 1 : layer;

    switch (place) {
    case MOVING:
    case LATE:
        /* Not in turn; the latest step before the change has the layers' own.
         */
        return buffers[step == STEPS - 1 || (place == LATE && step < STEPS / 2)
                           ? 0
                           : rand() % POOL][layer];
    case CROSSED:
        return buffers[0][other];
    case OWN:
        break;
    }
    return buffers[0][layer];
}

/* While the step is learnt again sums are dense: what a layer owes stays. */
static void note(int layer, bool is_exact)
{
    size_t bytes = (size_t)counts[layer] * sizeof(double);

    exact[layer] = is_exact ? exact[layer] + 1 : 0;
    if (exact[layer] == DENSE_CALLS) {
        memcpy(owed[layer], missing[layer], bytes);
    }
}

static void sum(place_t place, int step, int layer)
{
    float *values = buffer_of(place, step, layer);
    bool is_exact = true;

    for (int i = 0; i < counts[layer]; i++) {
        values[i] = (float)gradient_sample(rank, step, layer, i);
    }
    MPI_Allreduce(MPI_IN_PLACE, values, counts[layer], MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    for (int i = 0; i < counts[layer]; i++) {
        double expected = gradient_sum(size, step, layer, i);

        is_exact = is_exact && values[i] == expected;
        missing[layer][i] += expected - values[i];
    }
    note(layer, is_exact);
}

static void interrupt(void)
{
    static float values[30000];

    for (int i = 0; i < 12; i++) {
        MPI_Allreduce(MPI_IN_PLACE, values, 25000 + i, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

static void train(const phase_t *phase, int from, int steps, bool uneven)
{
    for (int step = from; step < from + steps; step++) {
        if (rank == size - 1 && step == 3 * STEPS - 1) {
            MPI_Pcontrol(2);
        }
        usleep(uneven && step % 2 == 0 ? 20000 : 500);
        for (const char *layer = phase->layers; *layer != '\0'; layer++) {
            sum(phase->place, step, *layer - '0');
        }
    }
}

static void check_layer(const scenario_t *scenario, int layer)
{
    bool ever = has(scenario->before.layers, layer);
    bool still = has(scenario->after.layers, layer);
    bool lost = has(scenario->lost, layer);
    int wrong = 0, left = 0;

    for (int i = 0; i < counts[layer]; i++) {
        double rest = lost && still ? owed[layer][i] : 0;

        left += missing[layer][i] != 0;
        wrong += (!lost || still) && missing[layer][i] != rest;
    }
    check(!ever || exact[layer] < DENSE_CALLS || !still,
          "was not sparse in the end", layer);
    check(wrong == 0, "gradients were lost, or went to another layer", layer);
    check(!lost || left > 0, "was to be lost, but nothing is missing", layer);
}

static void run(const scenario_t *scenario)
{
    train(&scenario->before, 0, STEPS, false);
    memset(exact, 0, sizeof(exact));
    if (scenario->interrupt) {
        interrupt();
    }
    train(&scenario->after, STEPS, 2 * STEPS, scenario->uneven);
    for (int layer = 0; layer < LAYERS; layer++) {
        check_layer(scenario, layer);
    }
}

static const scenario_t *find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    fprintf(stderr, "unknown scenario %s\n", name);
    MPI_Abort(MPI_COMM_WORLD, 2);
    return NULL;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int layer = 0; layer < LAYERS; layer++) {
        missing[layer] = calloc((size_t)counts[layer], sizeof(double));
        owed[layer] = calloc((size_t)counts[layer], sizeof(double));
        for (int i = 0; i < POOL; i++) {
            buffers[i][layer] = calloc((size_t)counts[layer], sizeof(float));
        }
    }
    run(find(argc > 1 ? argv[1] : ""));
    for (int layer = 0; layer < LAYERS; layer++) {
        free(missing[layer]);
        free(owed[layer]);
        for (int i = 0; i < POOL; i++) {
            free(buffers[i][layer]);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
