/*
 * Spar: dense and sparse windows of steps in one run, in turns, dense first,
 * and what their steps took. Neighbouring windows see the same machine, the
 * same network and the same model, so their ratio tells what sparse exchanges
 * gain even where two runs would differ by more than that.
 *
 * Pure functions of the step's number, so all ranks agree. Thread-safe.
 */
#ifndef SPAR_POLICY_WINDOWS_H
#define SPAR_POLICY_WINDOWS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First steps of a window that do not count: calls of the window before may
 * still be under way, and rank 0 may be collecting what it measured. */
#define SPAR_WINDOWS_SPILL 2

/* Steps in a window of each kind. */
typedef struct spar_windows {
    uint64_t dense;
    uint64_t sparse;
} spar_windows_t;

/* Steps of a dense window with the sparse one behind it. */
static inline uint64_t spar_windows_period(const spar_windows_t *windows)
{
    return windows->dense + windows->sparse;
}

/* `step`: 0 is the first one of the first window. */
bool spar_windows_is_dense(const spar_windows_t *windows, uint64_t step);

/* Seconds are medians, of the steps that count. */
typedef struct spar_windows_result {
    size_t count;       /* windows that are complete; even ones are dense */
    double *medians;    /* of each; NULL: none */
    double dense;       /* over all dense windows; 0: none */
    double sparse;      /* over all sparse windows; 0: none */
    size_t dense_steps; /* that count */
    size_t sparse_steps;
    /* dense / sparse: of the above; least and largest of two windows in a row.
     * 0: fewer than two windows. */
    double gain;
    double gain_low;
    double gain_high;
} spar_windows_result_t;

/* From the seconds of each step since the first window began; a window that is
 * not over is left out. SPAR_ERR_NO_MEMORY. */
spar_status_t spar_windows_compare(const spar_windows_t *windows,
                                   const double *seconds, size_t steps,
                                   spar_windows_result_t *result_p);

void spar_windows_result_destroy(spar_windows_result_t *result);

#endif
