/*
 * A trainer with small layers, which Spar may merge. Each scene has a
 * communicator of its own: some usual steps, one unusual step
 * (merged_scenes.c), some usual ones again. Checks that all ranks have the
 * same bits, and that nothing is lost or made up; a hang is a failure. Prints a
 * hash of all results, which is the same with SPAR_MERGE=on and off.
 *
 * Usage: mpi_merged [--rough] [--rounds N]
 *   --rough   numbers whose sums are rounded: only the bits are compared
 */
#include "merged.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"
#include "watchdog.h"

#define STEPS   14
#define UNUSUAL 8 /* the step */

/* The last one is too large to be merged. */
static const int counts[LAYERS] = {5000, 4096, 6001, 20000, 5000, 40001};

int rank, size, actor;
bool acts;
MPI_Comm comm;
float *gradient[LAYERS];
MPI_Request requests[LAYERS];

static float *spare[LAYERS]; /* of the other step */
static MPI_Request spare_requests[LAYERS];
static double *delivered[LAYERS], *expected[LAYERS];
static bool posted[LAYERS], rough;
static int failures, serial; /* steps so far */
static uint64_t hash;

static void check(bool ok, const char *what, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, %s, step %d, layer %d: %s\n", rank,
                watchdog_text, serial, layer, what);
    }
}

void post(int layer)
{
    posted[layer] = true;
    MPI_Iallreduce(MPI_IN_PLACE, gradient[layer], counts[layer], MPI_FLOAT,
                   MPI_SUM, comm, &requests[layer]);
}

void post_from(int layer)
{
    for (; layer < LAYERS; layer++) {
        post(layer);
    }
}

void finish(void)
{
    MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
}

void other_step(void)
{
    for (int l = 0; l < LAYERS; l++) {
        float *kept = gradient[l];
        MPI_Request request = requests[l];

        gradient[l] = spare[l];
        spare[l] = kept;
        requests[l] = spare_requests[l];
        spare_requests[l] = request;
    }
}

static void fill(int step)
{
    for (int l = 0; l < LAYERS; l++) {
        posted[l] = false;
        for (int i = 0; i < counts[l]; i++) {
            float value = (float)gradient_sample(rank, step, l, i);

            gradient[l][i] = rough ? value * 0.3f + 1e-3f * (float)i : value;
        }
    }
}

static void account(int l, const scene_t *scene)
{
    bool bad = scene != NULL && scene->special == BAD && l == scene->from;
    bool dense = scene != NULL && scene->special == DENSE && l >= scene->from;
    int different = 0;

    for (int i = 0; i < counts[l]; i++) {
        double sum = gradient_sum(size, serial, l, i);

        different += gradient[l][i] != sum;
        if (!bad) {
            delivered[l][i] += gradient[l][i];
            expected[l][i] += sum;
        }
    }
    check(!dense || different == 0, "a paused sum is not dense", l);
    check(!bad || (different == 1 && isnan(gradient[l][17])),
          "a sum with NaN is not the dense one", l);
}

static void check_all_delivered(int layer)
{
    int wrong = 0;

    for (int i = 0; i < counts[layer]; i++) {
        wrong += delivered[layer][i] != expected[layer][i];
    }
    check(rough || wrong == 0, "gradients were lost or made up", layer);
}

static void check_same_bits(int layer)
{
    uint64_t range[2];

    range[0] =
        gradient_hash(gradient[layer], (size_t)counts[layer] * sizeof(float));
    range[1] = ~range[0];
    hash = (hash ^ range[0]) * 1099511628211u;
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX,
                  MPI_COMM_WORLD);
    check(range[0] == ~range[1], "ranks got different bits", layer);
}

static void check_step(const scene_t *scene)
{
    for (int l = 0; l < LAYERS; l++) {
        if (!posted[l]) {
            continue;
        }
        if (!rough) {
            account(l, scene);
        }
        check_same_bits(l);
        if (scene != NULL && scene->special == FLUSHED && l >= scene->from) {
            check_all_delivered(l);
        }
    }
    serial++;
}

static void play_step(const scene_t *scene)
{
    bool ahead = scene != NULL && scene->ahead;

    if (ahead) {
        other_step();
        fill(serial + 1);
        other_step();
    }
    fill(serial);
    if (scene != NULL) {
        scene->play();
    } else {
        post_from(0);
        finish();
    }
    check_step(scene);
    if (ahead) {
        other_step();
        check_step(NULL);
    }
}

static void play(const scene_t *scene)
{
    watchdog_feed(scene->name);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    acts = scene->everybody || rank == actor;
    for (int l = 0; l < LAYERS; l++) {
        memset(delivered[l], 0, (size_t)counts[l] * sizeof(double));
        memset(expected[l], 0, (size_t)counts[l] * sizeof(double));
    }
    for (int step = 0; step < STEPS; step++) {
        if (step == STEPS - 1 && rank == 0) {
            MPI_Pcontrol(2);
        }
        play_step(step == UNUSUAL ? scene : NULL);
    }
    for (int l = 0; l < LAYERS; l++) {
        check_all_delivered(l);
    }
    MPI_Comm_free(&comm);
}

static int parse(int argc, char **argv)
{
    int rounds = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rough") == 0) {
            rough = true;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = atoi(argv[++i]);
        } else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            MPI_Abort(MPI_COMM_WORLD, 2);
        }
    }
    return rounds;
}

int main(int argc, char **argv)
{
    int rounds;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    rounds = parse(argc, argv);
    for (int l = 0; l < LAYERS; l++) {
        gradient[l] = calloc((size_t)counts[l], sizeof(float));
        delivered[l] = calloc((size_t)counts[l], sizeof(double));
        expected[l] = calloc((size_t)counts[l], sizeof(double));
        spare[l] = calloc((size_t)counts[l], sizeof(float));
        requests[l] = MPI_REQUEST_NULL;
        spare_requests[l] = MPI_REQUEST_NULL;
    }
    for (int i = 0; i < rounds * scene_count; i++) {
        actor = i % size;
        play(&scenes[i % scene_count]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0 && failures == 0) {
        printf("sums are right\nhash %016llx\n", (unsigned long long)hash);
    }
    for (int l = 0; l < LAYERS; l++) {
        free(gradient[l]);
        free(spare[l]);
        free(delivered[l]);
        free(expected[l]);
    }
    MPI_Finalize();
    return failures > 0;
}
