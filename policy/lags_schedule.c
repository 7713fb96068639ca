#include "policy/lags_schedule.h"

#include <math.h>

/* A blocking call is waited for before anything else at that time; others only
 * when all that is posted at that time is. */
static bool comes_first(const spar_lags_schedule_t *schedule, size_t wait,
                        size_t posted)
{
    const spar_lags_layer_t *before = &schedule->layers[posted - 1];
    double release = schedule->layers[posted].release;

    return schedule->due[wait] < release ||
           (schedule->due[wait] == release &&
            before->deadline == before->release);
}

void spar_lags_schedule_init(spar_lags_schedule_t *schedule,
                             const spar_lags_layer_t *layers, size_t count)
{
    double due = INFINITY;
    size_t waits = 0;

    schedule->layers = layers;
    schedule->count = count;
    for (size_t i = count; i-- > 0;) {
        due = fmin(due, layers[i].deadline);
        schedule->due[i] = due;
    }
    for (size_t i = 0; i < count; i++) {
        while (waits < i && comes_first(schedule, waits, i)) {
            waits++;
        }
        schedule->waits[i] = (uint16_t)waits;
    }
}

void spar_lags_play_start(spar_lags_play_t *play)
{
    play->waited = 0;
    play->waits = 0;
    play->latest = SPAR_LAGS_NONE;
}

static void wait_until(spar_lags_play_t *play,
                       const spar_lags_schedule_t *schedule, size_t waits)
{
    for (; play->waits < waits; play->waits++) {
        double late = play->ended[play->waits] - schedule->due[play->waits];

        if (late > play->waited) {
            play->waited = late;
            play->latest = (uint16_t)play->waits;
        }
    }
}

void spar_lags_play_layer(spar_lags_play_t *play,
                          const spar_lags_schedule_t *schedule, size_t layer,
                          double transfer)
{
    double begin, ready;

    wait_until(play, schedule, schedule->waits[layer]);
    play->posted[layer] = schedule->layers[layer].release + play->waited;
    play->cause[layer] = play->latest;
    begin = play->posted[layer];
    if (layer > 0 && play->selected[layer - 1] > begin) {
        begin = play->selected[layer - 1];
    }
    ready = begin + schedule->layers[layer].work;
    play->selected[layer] = ready;
    if (layer > 0 && play->ended[layer - 1] > ready) {
        ready = play->ended[layer - 1];
    }
    play->ended[layer] = ready + transfer;
}

void spar_lags_play_finish(spar_lags_play_t *play,
                           const spar_lags_schedule_t *schedule)
{
    wait_until(play, schedule, schedule->count);
}

void spar_lags_play_all(spar_lags_play_t *play,
                        const spar_lags_schedule_t *schedule,
                        const double *transfers)
{
    spar_lags_play_start(play);
    for (size_t i = 0; i < schedule->count; i++) {
        spar_lags_play_layer(play, schedule, i, transfers[i]);
    }
    spar_lags_play_finish(play, schedule);
}

void spar_lags_schedule_tails(const spar_lags_schedule_t *schedule,
                              const double *transfers, double *tails_p)
{
    const spar_lags_layer_t *layers = schedule->layers;
    double selected[SPAR_LAGS_MOST]; /* the same from the end of a selection */
    double waited = 0;               /* from a wait for the layer */
    size_t posted = schedule->count; /* layers from here on are posted later */

    for (size_t i = schedule->count; i-- > 0;) {
        for (; posted > i + 1 && schedule->waits[posted - 1] > i; posted--) {
            const spar_lags_layer_t *layer = &layers[posted - 1];

            waited = fmax(waited,
                          layer->release + layer->work + selected[posted - 1]);
        }
        tails_p[i] = waited - schedule->due[i];
        if (i + 1 < schedule->count) {
            tails_p[i] = fmax(tails_p[i], transfers[i + 1] + tails_p[i + 1]);
        }
        selected[i] = transfers[i] + tails_p[i];
        if (i + 1 < schedule->count) {
            selected[i] =
                fmax(selected[i], layers[i + 1].work + selected[i + 1]);
        }
    }
}

/* The layer with which the selections began without which this one would have
 * begun earlier. */
static size_t first_selected(const spar_lags_play_t *play, size_t layer)
{
    size_t first = layer;

    while (first > 0 && play->selected[first - 1] > play->posted[first]) {
        first--;
    }
    return first;
}

size_t spar_lags_play_path(const spar_lags_play_t *play, uint16_t *path_p)
{
    size_t length = 0;
    uint16_t wait = play->latest;

    while (wait != SPAR_LAGS_NONE) {
        size_t layer = wait;

        path_p[length++] = (uint16_t)layer;
        while (layer > 0 && play->ended[layer - 1] > play->selected[layer]) {
            layer--;
            path_p[length++] = (uint16_t)layer;
        }
        wait = play->cause[first_selected(play, layer)];
    }
    return length;
}
