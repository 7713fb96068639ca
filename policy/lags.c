#include "policy/lags.h"

#include "policy/lags_energy.h"
#include "policy/lags_schedule.h"

#include <math.h>

/* A change of densities has to be worth it: share of the step, and of the
 * error. */
#define STEP_SHARE  0.02
#define ERROR_SHARE 0.9

static bool is_amount(double value)
{
    return isfinite(value) && value >= 0;
}

static bool is_layer(const spar_lags_layer_t *layer)
{
    return is_amount(layer->release) && layer->deadline >= layer->release &&
           is_amount(layer->work) && is_amount(layer->fixed) &&
           is_amount(layer->slope) && is_amount(layer->energy) &&
           layer->low > 0 && layer->high >= layer->low && layer->high <= 1;
}

spar_status_t spar_lags_check(const spar_lags_layer_t *layers, size_t count)
{
    if (count > SPAR_LAGS_MOST) {
        return SPAR_ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_layer(&layers[i]) ||
            (i > 0 && layers[i].release < layers[i - 1].release)) {
            return SPAR_ERR_INVALID;
        }
    }
    return SPAR_OK;
}

/* From the wall's clock to the application's, which stands still during waits:
 * what ends in a wait ends at that deadline. */
static void tell_done(const spar_lags_schedule_t *schedule,
                      const spar_lags_play_t *play, double *done)
{
    double waited = 0;
    size_t told = 0;

    for (size_t i = 0; i < schedule->count; i++) {
        double due = schedule->due[i];
        double before = waited;

        waited = fmax(waited, play->ended[i] - due);
        for (; told < schedule->count && play->ended[told] <= due + waited;
             told++) {
            done[told] = fmin(due, play->ended[told] - before);
        }
    }
    for (; told < schedule->count; told++) {
        done[told] = play->ended[told] - waited;
    }
}

double spar_lags_wait(const spar_lags_layer_t *layers, size_t count,
                      const double *densities, double *done)
{
    spar_lags_schedule_t schedule;
    spar_lags_play_t play;

    spar_lags_schedule_init(&schedule, layers, count);
    spar_lags_play_start(&play);
    for (size_t i = 0; i < count; i++) {
        spar_lags_play_layer(&play, &schedule, i,
                             layers[i].fixed + layers[i].slope * densities[i]);
    }
    spar_lags_play_finish(&play, &schedule);
    if (done != NULL) {
        tell_done(&schedule, &play, done);
    }
    return play.waited;
}

double spar_lags_error(const spar_lags_layer_t *layers, size_t count,
                       const double *densities)
{
    double unit = spar_lags_energy_unit(layers, count);
    double error = 0;

    for (size_t i = 0; i < count; i++) {
        error += spar_lags_energy_of(&layers[i], unit) / densities[i];
    }
    return error;
}

bool spar_lags_is_better(const double *old, const double *fresh,
                         const spar_lags_layer_t *layers, size_t count,
                         double tolerance, double step)
{
    double gain = spar_lags_wait(layers, count, old, NULL) -
                  spar_lags_wait(layers, count, fresh, NULL);

    return gain > tolerance + STEP_SHARE * step ||
           spar_lags_error(layers, count, fresh) <
               ERROR_SHARE * spar_lags_error(layers, count, old);
}

void spar_lags_limit_growth(const double *old, size_t count, double factor,
                            double *densities)
{
    for (size_t i = 0; i < count; i++) {
        densities[i] = fmin(densities[i], factor * old[i]);
    }
}
