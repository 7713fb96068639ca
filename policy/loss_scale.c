#include "policy/loss_scale.h"

#include "base/quantile.h"

#include <math.h>
#include <string.h>

/* Elements that are looked at: so many runs of so many neighbours, which are
 * a few microseconds in all. */
#define RUNS 256
#define RUN  16
/* Fewer of layers whose selection takes no longer than that. */
#define FEW_RUNS     128
#define FEW_ELEMENTS 65536
/* The levels before a jump, in powers of two, lie within that of each other;
 * the jump is as near to a whole number, and the mean of all ranks' jumps,
 * which has less noise (docs/decisions.md). */
#define CALM          0.7
#define NEAR_ENOUGH   0.3
#define TOGETHER_NEAR 0.25
/* Steps of the first rest; times its length is long ago. */
#define FIRST_REST 16
#define LONG_AGO   16
#define MOST_REST  (1ull << 40)
/* So many parts of a power of two in a vote: sums of them are exact. */
#define PARTS 1024.0

/* A bin is an eighth of a power of two: the exponent of a float and the first
 * bits of its fraction. */
#define FRACTION_BITS 3
#define BINS          (256 << FRACTION_BITS)
#define BIAS          (127 << FRACTION_BITS)
/* Share of the elements other than zero below the level, and how many of them
 * there must be. */
#define QUANTILE      0.75
#define LEAST_NONZERO 16

static unsigned bin_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return (bits & 0x7fffffffu) >> (23 - FRACTION_BITS);
}

static void count_run(spar_dtype_t dtype, const void *gradient, uint64_t begin,
                      uint64_t count, uint16_t *bins)
{
    for (uint64_t i = begin; i < begin + count; i++) {
        bins[bin_of((float)spar_element(dtype, gradient, i))]++;
    }
}

static bool has_nonfinite(const uint16_t *bins)
{
    for (unsigned bin = BINS - (1u << FRACTION_BITS); bin < BINS; bin++) {
        if (bins[bin] > 0) {
            return true;
        }
    }
    return false;
}

/* The bin below which the share lies, and how far into it: a logarithm that is
 * linear between powers of two. A change by such a power changes it by exactly
 * that. Not finite: it cannot be told. */
static double find_level(const uint16_t *bins, uint64_t count)
{
    double nonzero = (double)(count - bins[0]);
    double below = 0, wanted = QUANTILE * nonzero;
    unsigned bin = 1;

    if (nonzero < LEAST_NONZERO || has_nonfinite(bins)) {
        return -INFINITY;
    }
    while (below + bins[bin] < wanted) {
        below += bins[bin++];
    }
    return ((double)bin - BIAS + (wanted - below) / bins[bin]) /
           (1u << FRACTION_BITS);
}

/* A quantile of the magnitudes, not their mean or norm, of which a few large
 * elements decide; nor the mean of logarithms: elements that were too small for
 * 16 bits appear when the scale grows, and would count as much as the others.
 */
static double level_of(spar_dtype_t dtype, const void *gradient,
                       const spar_element_rows_t *rows)
{
    uint16_t bins[BINS] = {0};

    for (uint64_t i = 0; i < rows->number; i++) {
        count_run(dtype, gradient, rows->stride * i, rows->width, bins);
    }
    return find_level(bins, rows->number * rows->width);
}

spar_element_rows_t spar_loss_scale_rows(uint64_t count)
{
    uint64_t runs = count < FEW_ELEMENTS ? FEW_RUNS : RUNS;

    return count <= runs * RUN
               ? (spar_element_rows_t){1, count, count}
               : (spar_element_rows_t){runs, RUN, (count - RUN) / (runs - 1)};
}

/* Least, median and largest of the latest levels. */
typedef struct range {
    double least, middle, most;
} range_t;

static range_t range_of(const spar_loss_scale_t *scale)
{
    double sorted[SPAR_LOSS_SCALE_CALLS];
    range_t range;

    memcpy(sorted, scale->levels, sizeof(sorted));
    range.middle = spar_quantile(sorted, SPAR_LOSS_SCALE_CALLS, 0.5);
    range.least = sorted[0];
    range.most = sorted[SPAR_LOSS_SCALE_CALLS - 1];
    return range;
}

static bool is_power(double change, double tolerance)
{
    double whole = nearbyint(change);

    return whole != 0 && fabs(whole) <= SPAR_LOSS_SCALE_MOST &&
           fabs(change - whole) <= tolerance;
}

static bool is_known(const spar_loss_scale_t *scale)
{
    return scale->count >= SPAR_LOSS_SCALE_CALLS;
}

/* From elements that lie so. */
static bool look_at(spar_loss_scale_t *scale, spar_dtype_t dtype,
                    const void *gradient, const spar_element_rows_t *rows)
{
    double level = level_of(dtype, gradient, rows);
    range_t range;

    scale->state = SPAR_LOSS_SCALE_BLIND;
    if (!isfinite(level)) {
        return false;
    }
    scale->level = level;
    scale->state = SPAR_LOSS_SCALE_SEEN;
    if (!is_known(scale)) {
        return false;
    }
    range = range_of(scale);
    return range.most - range.least <= CALM &&
           is_power(level - range.middle, NEAR_ENOUGH);
}

bool spar_loss_scale_look(spar_loss_scale_t *scale, spar_dtype_t dtype,
                          const void *gradient, uint64_t count)
{
    spar_element_rows_t rows = spar_loss_scale_rows(count);

    return look_at(scale, dtype, gradient, &rows);
}

bool spar_loss_scale_look_at_rows(spar_loss_scale_t *scale, spar_dtype_t dtype,
                                  const void *rows, uint64_t count)
{
    spar_element_rows_t packed = spar_loss_scale_rows(count);

    packed.stride = packed.width;
    return look_at(scale, dtype, rows, &packed);
}

static void add(spar_loss_scale_t *scale)
{
    scale->levels[scale->count % SPAR_LOSS_SCALE_CALLS] = scale->level;
    scale->count++;
}

void spar_loss_scale_keep(spar_loss_scale_t *scale)
{
    if (scale->state == SPAR_LOSS_SCALE_SEEN) {
        add(scale);
        scale->state = SPAR_LOSS_SCALE_KEPT;
    }
}

void spar_loss_scale_hold(spar_loss_scale_t *scale)
{
    if (scale->state == SPAR_LOSS_SCALE_SEEN) {
        scale->state = SPAR_LOSS_SCALE_HELD;
    }
}

void spar_loss_scale_drop(spar_loss_scale_t *scale)
{
    scale->state = SPAR_LOSS_SCALE_BLIND;
}

bool spar_loss_scale_change(const spar_loss_scale_t *scale, double *change_p)
{
    if ((scale->state != SPAR_LOSS_SCALE_HELD &&
         scale->state != SPAR_LOSS_SCALE_KEPT) ||
        !is_known(scale)) {
        return false;
    }
    *change_p = scale->level - range_of(scale).middle;
    return true;
}

/* A layer whose latest call came before the change will see it yet, and then
 * it must not be a jump any more. */
void spar_loss_scale_settle(spar_loss_scale_t *scale, int exponent)
{
    for (size_t i = 0; i < SPAR_LOSS_SCALE_CALLS; i++) {
        scale->levels[i] += exponent;
    }
    if (scale->state == SPAR_LOSS_SCALE_KEPT) { /* in the new unit already */
        scale->levels[(scale->count - 1) % SPAR_LOSS_SCALE_CALLS] -= exponent;
    } else if (scale->state == SPAR_LOSS_SCALE_HELD) {
        scale->count = exponent == 0 ? 0 : scale->count;
        add(scale);
    }
    scale->state = SPAR_LOSS_SCALE_BLIND;
}

/* What lies far behind counts no more; in any unit of steps, and whatever a
 * file holds, it does not overflow. */
static bool is_long_ago(const spar_loss_scale_rest_t *rest, int64_t now)
{
    return rest->steps == 0 ||
           (double)now > (double)rest->end + LONG_AGO * (double)rest->steps;
}

void spar_loss_scale_rest_begin(spar_loss_scale_rest_t *rest, int64_t now)
{
    rest->steps = is_long_ago(rest, now)        ? FIRST_REST
                  : rest->steps < MOST_REST / 2 ? 2 * rest->steps
                                                : MOST_REST;
    rest->end = now + (int64_t)rest->steps;
}

spar_loss_scale_rest_t spar_loss_scale_rest_shift(
    const spar_loss_scale_rest_t *rest, int64_t steps)
{
    spar_loss_scale_rest_t shifted = *rest;

    shifted.end = (int64_t)((uint64_t)rest->end + (uint64_t)steps);
    return shifted;
}

int spar_loss_scale_vote(double *changes, size_t count, double *numbers)
{
    double change;
    double whole;

    memset(numbers, 0, SPAR_LOSS_SCALE_NUMBERS * sizeof(*numbers));
    if (count == 0) {
        return 0;
    }
    change = nearbyint(spar_quantile(changes, count, 0.5) * PARTS) / PARTS;
    whole = nearbyint(change);
    numbers[SPAR_LOSS_SCALE_VOTERS] = 1;
    numbers[SPAR_LOSS_SCALE_CHANGES] = change;
    numbers[SPAR_LOSS_SCALE_EXPONENTS] = whole;
    numbers[SPAR_LOSS_SCALE_SQUARES] = whole * whole;
    return (int)whole;
}

void spar_loss_scale_veto(double *numbers)
{
    numbers[SPAR_LOSS_SCALE_VETOES] = 1;
}

/* All whole numbers are the same if their mean, squared, is the mean of their
 * squares. That the mean of the changes is near to it, not each of them, makes
 * up for noise, which differs from rank to rank. */
int spar_loss_scale_decide(const double *numbers)
{
    double voters = numbers[SPAR_LOSS_SCALE_VOTERS];
    double exponents = numbers[SPAR_LOSS_SCALE_EXPONENTS];
    double change;

    if (voters == 0 || numbers[SPAR_LOSS_SCALE_VETOES] > 0 ||
        exponents * exponents != voters * numbers[SPAR_LOSS_SCALE_SQUARES]) {
        return 0;
    }
    change = numbers[SPAR_LOSS_SCALE_CHANGES] / voters;
    return is_power(change, TOGETHER_NEAR) ? (int)nearbyint(change) : 0;
}
