#include "policy/windows.h"

#include "base/quantile.h"

#include <stdlib.h>
#include <string.h>

bool spar_windows_is_dense(const spar_windows_t *windows, uint64_t step)
{
    return step % spar_windows_period(windows) < windows->dense;
}

static bool is_dense(size_t window)
{
    return window % 2 == 0;
}

static size_t length_of(const spar_windows_t *windows, size_t window)
{
    return is_dense(window) ? windows->dense : windows->sparse;
}

static size_t begin_of(const spar_windows_t *windows, size_t window)
{
    return window / 2 * spar_windows_period(windows) +
           (is_dense(window) ? 0 : windows->dense);
}

static size_t complete_windows(const spar_windows_t *windows, size_t steps)
{
    size_t pairs = steps / spar_windows_period(windows);
    size_t rest = steps % spar_windows_period(windows);

    return 2 * pairs + (rest >= windows->dense);
}

/* Copies the steps of the window that count; returns how many. */
static size_t copy_window(const spar_windows_t *windows, const double *seconds,
                          size_t window, double *out)
{
    size_t count = length_of(windows, window) - SPAR_WINDOWS_SPILL;

    memcpy(out, seconds + begin_of(windows, window) + SPAR_WINDOWS_SPILL,
           count * sizeof(*out));
    return count;
}

/* Median over all windows of a kind; `scratch` has room for all steps. */
static double median_of_kind(const spar_windows_t *windows,
                             const double *seconds, size_t count, bool dense,
                             double *scratch, size_t *steps_p)
{
    size_t steps = 0;

    for (size_t window = dense ? 0 : 1; window < count; window += 2) {
        steps += copy_window(windows, seconds, window, scratch + steps);
    }
    *steps_p = steps;
    return steps > 0 ? spar_quantile(scratch, steps, 0.5) : 0;
}

static double ratio(double dense, double sparse)
{
    return sparse > 0 ? dense / sparse : 0;
}

static void compare_neighbours(spar_windows_result_t *result)
{
    for (size_t i = 0; i + 1 < result->count; i++) {
        size_t dense = is_dense(i) ? i : i + 1;
        size_t sparse = is_dense(i) ? i + 1 : i;
        double gain = ratio(result->medians[dense], result->medians[sparse]);

        if (i == 0 || gain < result->gain_low) {
            result->gain_low = gain;
        }
        if (i == 0 || gain > result->gain_high) {
            result->gain_high = gain;
        }
    }
}

static void fill(const spar_windows_t *windows, const double *seconds,
                 double *scratch, spar_windows_result_t *result)
{
    for (size_t i = 0; i < result->count; i++) {
        size_t steps = copy_window(windows, seconds, i, scratch);

        result->medians[i] = spar_quantile(scratch, steps, 0.5);
    }
    result->dense = median_of_kind(windows, seconds, result->count, true,
                                   scratch, &result->dense_steps);
    result->sparse = median_of_kind(windows, seconds, result->count, false,
                                    scratch, &result->sparse_steps);
    result->gain = ratio(result->dense, result->sparse);
    compare_neighbours(result);
}

spar_status_t spar_windows_compare(const spar_windows_t *windows,
                                   const double *seconds, size_t steps,
                                   spar_windows_result_t *result_p)
{
    spar_windows_result_t result = {.count = complete_windows(windows, steps)};
    double *scratch;

    if (result.count > 0) {
        result.medians = malloc(result.count * sizeof(*result.medians));
        scratch = malloc(steps * sizeof(*scratch));
        if (result.medians == NULL || scratch == NULL) {
            free(result.medians);
            free(scratch);
            return SPAR_ERR_NO_MEMORY;
        }
        fill(windows, seconds, scratch, &result);
        free(scratch);
    }
    *result_p = result;
    return SPAR_OK;
}

void spar_windows_result_destroy(spar_windows_result_t *result)
{
    free(result->medians);
    result->medians = NULL;
}
