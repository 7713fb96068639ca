#include "lags_cases.h"

#include "policy/lags_schedule.h"

/* The definition in policy/lags.h word by word, in quadratic time. */
typedef struct by_word {
    const spar_lags_layer_t *layers;
    const double *densities;
    double selected, sent; /* when both stages are free again */
    double ended[64];
    double waited;
    double waits[64][3]; /* deadline, waited before and after */
    size_t wait_count;
} by_word_t;

static void post(by_word_t *step, size_t i)
{
    const spar_lags_layer_t *layer = &step->layers[i];

    step->selected =
        fmax(step->selected, layer->release + step->waited) + layer->work;
    step->sent = fmax(step->sent, step->selected) + layer->fixed +
                 layer->slope * step->densities[i];
    step->ended[i] = step->sent;
}

static void wait_for(by_word_t *step, size_t i)
{
    double deadline = step->layers[i].deadline;
    double *wait = step->waits[step->wait_count++];

    wait[0] = deadline;
    wait[1] = step->waited;
    step->waited = fmax(step->waited, step->ended[i] - deadline);
    wait[2] = step->waited;
}

static bool is_blocking(const spar_lags_layer_t *layer)
{
    return layer->deadline == layer->release;
}

/* All that happens at that time. */
static void happen(by_word_t *step, size_t count, double time)
{
    for (size_t i = 0; i < count; i++) {
        if (step->layers[i].release == time) {
            post(step, i);
            if (is_blocking(&step->layers[i])) {
                wait_for(step, i);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (step->layers[i].deadline == time &&
            !is_blocking(&step->layers[i])) {
            wait_for(step, i);
        }
    }
}

static double next_time(const spar_lags_layer_t *layers, size_t count,
                        double after)
{
    double next = INFINITY;

    for (size_t i = 0; i < count; i++) {
        if (layers[i].release > after) {
            next = fmin(next, layers[i].release);
        }
        if (layers[i].deadline > after) {
            next = fmin(next, layers[i].deadline);
        }
    }
    return next;
}

static double done_by_word(const by_word_t *step, size_t i)
{
    double waited = 0;

    for (size_t w = 0; w < step->wait_count; w++) {
        const double *wait = step->waits[w];

        if (step->ended[i] <= wait[0] + wait[1]) {
            break;
        }
        if (step->ended[i] <= wait[0] + wait[2]) {
            return wait[0];
        }
        waited = wait[2];
    }
    return step->ended[i] - waited;
}

static void play_by_word(by_word_t *step, const spar_lags_layer_t *layers,
                         size_t count, const double *densities)
{
    *step = (by_word_t){.layers = layers, .densities = densities};
    for (double time = next_time(layers, count, -1); isfinite(time);
         time = next_time(layers, count, time)) {
        happen(step, count, time);
    }
}

static void waits_are_those_of_the_definition(void **state)
{
    spar_lags_layer_t layers[60];
    double densities[60], done[60];
    by_word_t step;
    uint64_t seed = 1;
    size_t waited = 0;

    (void)state;
    for (int trial = 0; trial < 4000; trial++) {
        size_t count = 1 + (size_t)(60 * pow(lags_random(&seed), 3));

        lags_random_step(&seed, layers, count);
        for (size_t i = 0; i < count; i++) {
            densities[i] = lags_random_scale(&seed, 0.001, 0.3);
        }
        play_by_word(&step, layers, count, densities);
        lags_assert_near(spar_lags_wait(layers, count, densities, done),
                         step.waited, ROUNDING);
        for (size_t i = 0; i < count; i++) {
            lags_assert_near(done[i], done_by_word(&step, i), ROUNDING);
        }
        waited += step.waited > 0;
    }
    assert_in_range(waited, 1000, 3900);
}

/* A random step with a wait. */
static void play_some(uint64_t *seed, spar_lags_layer_t *layers, size_t count,
                      spar_lags_schedule_t *schedule, double *transfers,
                      spar_lags_play_t *play)
{
    do {
        lags_random_step(seed, layers, count);
        for (size_t i = 0; i < count; i++) {
            transfers[i] = 2 * lags_random(seed) / (double)count;
        }
        spar_lags_schedule_init(schedule, layers, count);
        spar_lags_play_all(play, schedule, transfers);
    } while (play->waited < 0.01);
}

/* Longer transfers on the longest way lengthen the wait one for one. */
static void the_path_is_what_the_wait_consists_of(void **state)
{
    spar_lags_layer_t layers[30];
    spar_lags_schedule_t schedule;
    spar_lags_play_t play;
    double transfers[30];
    uint64_t seed = 2;

    (void)state;
    for (int trial = 0; trial < 2000; trial++) {
        uint16_t path[SPAR_LAGS_MOST];
        double before, more = 1e-3 * lags_random(&seed);
        size_t length;

        play_some(&seed, layers, 30, &schedule, transfers, &play);
        before = play.waited;
        length = spar_lags_play_path(&play, path);
        assert_in_range(length, 1, 30);
        for (size_t i = 0; i < length; i++) {
            transfers[path[i]] += more;
        }
        spar_lags_play_all(&play, &schedule, transfers);
        lags_assert_near(play.waited, before + more * (double)length, ROUNDING);
    }
}

/* What a layer may be longer by before the wait grows, and not more. */
static void tails_tell_the_room_of_each_layer(void **state)
{
    spar_lags_layer_t layers[30];
    spar_lags_schedule_t schedule;
    spar_lags_play_t play;
    double transfers[30], tails[30];
    uint64_t seed = 3;

    (void)state;
    for (int trial = 0; trial < 2000; trial++) {
        size_t which = (size_t)(30 * lags_random(&seed));
        double before, room;

        play_some(&seed, layers, 30, &schedule, transfers, &play);
        before = play.waited;
        spar_lags_schedule_tails(&schedule, transfers, tails);
        room = before - play.ended[which] - tails[which];
        assert_true(room >= -ROUNDING);
        if (isfinite(room)) {
            transfers[which] += room + 0.5;
            spar_lags_play_all(&play, &schedule, transfers);
            lags_assert_near(play.waited, before + 0.5, ROUNDING);
        }
    }
}

static spar_lags_layer_t layer(double release, double deadline, double fixed)
{
    return (spar_lags_layer_t){.release = release,
                               .deadline = deadline,
                               .work = 1,
                               .fixed = fixed,
                               .low = 0.1,
                               .high = 0.1};
}

static const double density[] = {0.1, 0.1, 0.1, 0.1};

static void what_is_hidden_costs_nothing(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, 10, 3), layer(2, 10, 2)};
    double done[2];

    (void)state;
    assert_true(spar_lags_wait(layers, 2, density, done) == 0);
    assert_true(done[0] == 4 && done[1] == 6);
}

static void selections_run_beside_transfers(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, 5, 3), layer(0, 5, 3)};
    double done[2];

    (void)state;
    /* 1 + 3 + 3, not 1 + 3 + 1 + 3 */
    assert_true(spar_lags_wait(layers, 2, density, done) == 2);
    assert_true(done[0] == 4 && done[1] == 5);
}

static void blocking_calls_do_not_overlap(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, 0, 3), layer(0, 0, 3)};

    (void)state;
    assert_true(spar_lags_wait(layers, 2, density, NULL) == 8);
}

static void a_wait_shifts_what_comes_later(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, 1, 3), layer(2, 5, 1),
                                  layer(2, INFINITY, 100)};
    double done[3];

    (void)state;
    /* 3 at the first deadline; the second is posted at 5 on the wall */
    assert_true(spar_lags_wait(layers, 3, density, done) == 3);
    assert_true(done[0] == 1 && done[1] == 4 && done[2] == 104);
}

static void a_deadline_may_come_before_earlier_ones(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, 9, 3), layer(0, 1, 3)};

    (void)state;
    assert_true(spar_lags_wait(layers, 2, density, NULL) == 6);
}

static void nothing_waits_without_layers_or_deadlines(void **state)
{
    spar_lags_layer_t layers[] = {layer(0, INFINITY, 3), layer(0, INFINITY, 3)};

    (void)state;
    assert_true(spar_lags_wait(layers, 2, density, NULL) == 0);
    assert_true(spar_lags_wait(layers, 0, density, NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_are_those_of_the_definition),
        cmocka_unit_test(the_path_is_what_the_wait_consists_of),
        cmocka_unit_test(tails_tell_the_room_of_each_layer),
        cmocka_unit_test(what_is_hidden_costs_nothing),
        cmocka_unit_test(selections_run_beside_transfers),
        cmocka_unit_test(blocking_calls_do_not_overlap),
        cmocka_unit_test(a_wait_shifts_what_comes_later),
        cmocka_unit_test(a_deadline_may_come_before_earlier_ones),
        cmocka_unit_test(nothing_waits_without_layers_or_deadlines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
