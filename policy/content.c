#include "policy/content.h"

#include <math.h>
#include <string.h>

/* An element that changes by less than this share hardly changes; one step of
 * training changes parameters by about 1e-3. */
#define SMALL_CHANGE 0.05
/* That share of the elements must hardly change, or must grow. */
#define MOST_ELEMENTS 0.9
/* Or all of them together, root mean square, by less than this share: small
 * parameters change by more of themselves. A small network that learns fast
 * changes by a tenth, gradients of large batches by a half. */
#define SMALL_CHANGE_OF_ALL 0.2
/* Samples other than zero that must agree on what they are: that so many random
 * signs agree is one case in 32768. */
#define LEAST_TOLD 16
/* From here on every number of the type is a whole one. */
static const double whole_from[] = {[SPAR_DTYPE_F32] = 8388608.0,
                                    [SPAR_DTYPE_F64] = 4503599627370496.0,
                                    [SPAR_DTYPE_F16] = 1024.0,
                                    [SPAR_DTYPE_BF16] = 128.0};

static bool take_samples(spar_dtype_t dtype, const void *result, uint64_t count,
                         double *samples)
{
    for (uint64_t i = 0; i < SPAR_CONTENT_SAMPLES; i++) {
        samples[i] = spar_element(
            dtype, result, spar_element_sample(i, SPAR_CONTENT_SAMPLES, count));
        if (!isfinite(samples[i])) {
            return false;
        }
    }
    return true;
}

/* Elements that are zero both times (unused inputs) tell nothing. */
static void compare(spar_content_t *content, const double *samples)
{
    unsigned compared = 0, small = 0, larger = 0;
    double changes = 0, squares = 0;

    for (int i = 0; i < SPAR_CONTENT_SAMPLES; i++) {
        double value = samples[i];
        double last = content->last[i];

        if (value != 0 || last != 0) {
            compared++;
            small += fabs(value - last) <= SMALL_CHANGE * fabs(last);
            larger += fabs(value) > fabs(last);
        }
        changes += (value - last) * (value - last);
        squares += last * last;
    }
    if (compared > 0) {
        content->steady +=
            small >= MOST_ELEMENTS * compared ||
            changes <= SMALL_CHANGE_OF_ALL * SMALL_CHANGE_OF_ALL * squares;
        content->grown += larger >= MOST_ELEMENTS * compared;
    }
}

static void tell(spar_content_t *content, spar_dtype_t dtype, double value)
{
    content->positive += value > 0;
    content->negative += value < 0;
    if (value != 0 && fabs(value) < whole_from[dtype]) {
        bool whole = value == trunc(value);

        content->whole += whole;
        content->broken += !whole;
    }
}

void spar_content_look(spar_content_t *content, spar_dtype_t dtype,
                       const void *result, uint64_t count)
{
    double samples[SPAR_CONTENT_SAMPLES];

    if (!take_samples(dtype, result, count, samples)) {
        return;
    }
    if (content->looks > 0) {
        compare(content, samples);
    }
    for (int i = 0; i < SPAR_CONTENT_SAMPLES; i++) {
        tell(content, dtype, samples[i]);
    }
    memcpy(content->last, samples, sizeof(samples));
    content->looks++;
}

spar_guard_t spar_content_judge(const spar_content_t *content)
{
    unsigned told = content->positive + content->negative;

    if (content->looks < SPAR_CONTENT_LOOKS) {
        return SPAR_GUARD_NONE;
    }
    if (content->steady == content->looks - 1) {
        return SPAR_GUARD_PARAMETERS;
    }
    if (content->grown == content->looks - 1) {
        return SPAR_GUARD_RUNNING;
    }
    if (content->whole >= LEAST_TOLD && content->broken == 0) {
        return SPAR_GUARD_WHOLE;
    }
    if (told >= LEAST_TOLD &&
        (content->positive == 0 || content->negative == 0)) {
        return SPAR_GUARD_ONE_SIGN;
    }
    return SPAR_GUARD_NONE;
}
