/*
 * Spar: what some elements of a layer show of a trainer that averages
 * parameters: whether it divides the sums by the number of ranks, how far its
 * replica is from the mean, how large its local updates are. Copies of the
 * elements before a sum, and of the sum; of the order of a sixteenth of the
 * layer, so that they cost little beside the call.
 *
 * Local: what follows from it is agreed on. Not thread-safe.
 */
#ifndef SPAR_POLICY_AVERAGE_H
#define SPAR_POLICY_AVERAGE_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stdint.h>

/* Elements of a layer that are looked at: a part of it, within bounds, in rows
 * of neighbours (a line of the caches). */
#define SPAR_AVERAGE_PART  16
#define SPAR_AVERAGE_LEAST 1024
#define SPAR_AVERAGE_MOST  16384
#define SPAR_AVERAGE_ROW   16

/* A trainer divides if its inputs are the last sum / ranks, but for so much. */
#define SPAR_AVERAGE_TOLERANCE 0.02
/* And if that share is the same on all ranks, but for so much: parameters that
 * grow or shrink do so on all of them, but ranks with unequal weights would
 * grow by their share of it in each step that skips. */
#define SPAR_AVERAGE_SPREAD 0.005

/* Zero-initialised: nothing seen. */
typedef struct spar_average {
    void *memory; /* both copies; NULL: not allocated */
    uint64_t samples;
    spar_dtype_t dtype;
    uint64_t count; /* elements of the layer */
    bool has_input; /* of the present call */
    bool has_sum;   /* of the latest one */
    bool is_pair;   /* that sum is of the latest input */
    /* Over all inputs behind a sum: <input, sum>, <sum, sum>. */
    double dot;
    double square;
    /* Since spar_average_forget_updates: squares of the local updates, and
     * over how many. */
    double update;
    uint64_t updates;
} spar_average_t;

/* Room for the copies of a float32 or float64 layer. false: out of memory;
 * all functions below do nothing then. */
bool spar_average_reserve(spar_average_t *average, spar_dtype_t dtype,
                          uint64_t count);
void spar_average_cleanup(spar_average_t *average);
size_t spar_average_bytes(const spar_average_t *average);

/* The call's input, before anybody changes it. Compares it with the sum before
 * it, divided by `ranks`; 0: it is itself the update. */
void spar_average_look_at_input(spar_average_t *average, const void *input,
                                int ranks);
/* The same without a comparison: it is what is summed. */
void spar_average_take_input(spar_average_t *average, const void *input);
/* What the call delivers. */
void spar_average_look_at_sum(spar_average_t *average, const void *sum);

/* Inputs by the sums before them, divided by `ranks`: about 1. 0: not known. */
double spar_average_share(const spar_average_t *average, int ranks);
/* Whether inputs were the sums before them, divided by `ranks`, in all that was
 * seen. */
bool spar_average_divides(const spar_average_t *average, int ranks);

/* |input - sum / ranks|^2 of the latest call, for the whole layer; 0: not
 * known. May not be finite. */
double spar_average_distance(const spar_average_t *average, int ranks);

/* Mean square of the updates, for the whole layer; 0: none. */
double spar_average_update(const spar_average_t *average);
void spar_average_forget_updates(spar_average_t *average);

#endif
