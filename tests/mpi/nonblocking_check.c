#include "nonblocking.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

static double *delivered[MOST_LAYERS], *expected[MOST_LAYERS];
static long sparse_calls;

void check_start(void)
{
    for (int l = 0; l < options.layers; l++) {
        size_t count = (size_t)options.layer[l].count;

        delivered[l] = calloc(count + 1, sizeof(double));
        expected[l] = calloc(count + 1, sizeof(double));
    }
}

static void check_send_buffer(const slot_t *slot, int l)
{
    bool bad = slot->step == options.bad_step;
    int count = options.layer[l].count, changed = 0;

    for (int i = 0; i < count; i++) {
        changed += !(bad && i == count / 2) &&
                   gradient_get(options.wide, slot->gradient[l], i) !=
                       gradient_sample(rank, slot->step, l, i);
    }
    check(changed == 0, "the send buffer was changed", slot->step, l);
}

/* Compares a layer's result with the dense sum. */
static void check_layer(const slot_t *slot, int l)
{
    bool bad = slot->step == options.bad_step;
    bool paused =
        slot->step >= options.pause_from && slot->step < options.pause_to;
    int count = options.layer[l].count, different = 0;

    for (int i = 0; i < count; i++) {
        double value = gradient_get(options.wide, slot->result[l], i);
        double sum = gradient_sum(size, slot->step, l, i);

        if (bad && i == count / 2) {
            check(!isfinite(value), "the bad value did not arrive", slot->step,
                  l);
            continue;
        }
        different += value != sum;
        if (!bad) {
            delivered[l][i] += value;
            expected[l][i] += sum;
        }
    }
    sparse_calls += different > 0;
    check(!bad || different == 0, "a step with NaN is not the dense sum",
          slot->step, l);
    check(!paused || different == 0, "a paused step is not dense", slot->step,
          l);
    if (options.out_of_place) {
        check_send_buffer(slot, l);
    }
}

static void check_same_everywhere(const slot_t *slot)
{
    uint64_t range[MOST_LAYERS][2];

    for (int l = 0; l < options.layers; l++) {
        range[l][0] = gradient_hash(slot->result[l], slot_bytes(l));
        range[l][1] = ~range[l][0];
    }
    MPI_Allreduce(MPI_IN_PLACE, range, 2 * options.layers, MPI_UINT64_T,
                  MPI_MAX, MPI_COMM_WORLD);
    for (int l = 0; l < options.layers; l++) {
        check(range[l][0] == ~range[l][1], "ranks got different bits",
              slot->step, l);
    }
}

void check_results(const slot_t *slot)
{
    for (int l = 0; l < options.layers; l++) {
        check_layer(slot, l);
    }
    check_same_everywhere(slot);
}

void check_end(void)
{
    for (int l = 0; l < options.layers; l++) {
        int wrong = 0;

        for (int i = 0; i < options.layer[l].count; i++) {
            wrong += delivered[l][i] != expected[l][i];
        }
        check(wrong == 0, "gradients were lost or made up over the run",
              options.steps, l);
        free(delivered[l]);
        free(expected[l]);
    }
    if (strcmp(options.expect, "sparse") == 0) {
        check(sparse_calls > options.steps / 2, "nothing went sparse", -1, -1);
    } else if (strcmp(options.expect, "any") != 0) {
        check(sparse_calls == 0, "results are not the dense sums", -1, -1);
    }
}
