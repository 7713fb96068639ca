/* What the report tells of the modes that compare dense and sparse steps, and
 * of exchanges that are skipped. */
#include "unit.h"

#include "report/ab.h"
#include "report/periodic.h"
#include "report/shadow.h"

#include <stdlib.h>
#include <string.h>

/* What a printer writes; the caller frees it. */
static char *printed(const spar_report_t *report,
                     void (*print)(const spar_report_t *report, FILE *file))
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    print(report, file);
    fclose(file);
    return text;
}

static void assert_says(const spar_report_t *report,
                        void (*print)(const spar_report_t *report, FILE *file),
                        const char *expected)
{
    char *text = printed(report, print);

    if (strstr(text, expected) == NULL) {
        fail_msg("%s is not in: %s", expected, text);
    }
    free(text);
}

static double real_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void windows_are_told_with_their_gain(void **state)
{
    double medians[] = {0.5, 0.25, 0.75};
    spar_windows_result_t ab = {.count = 3,
                                .medians = medians,
                                .dense = 0.625,
                                .sparse = 0.25,
                                .dense_steps = 36,
                                .sparse_steps = 18,
                                .gain = 2.5,
                                .gain_low = 2,
                                .gain_high = 3};
    spar_report_t report = {.ab = &ab};
    json_t *object = spar_report_ab_json(&report);
    json_t *windows = json_object_get(object, "windows");

    (void)state;
    assert_says(&report, spar_report_print_ab,
                "3 windows: a dense step took 625.00 ms (36 steps), a sparse "
                "one 250.00 ms (18 steps)");
    assert_says(&report, spar_report_print_ab,
                "gain 2.500; 2.000 to 3.000 between");
    assert_true(real_of(object, "gain") == 2.5);
    assert_true(real_of(object, "gain_low") == 2);
    assert_true(real_of(object, "gain_high") == 3);
    assert_true(real_of(object, "dense_step_s") == 0.625);
    assert_true(real_of(object, "sparse_step_s") == 0.25);
    assert_int_equal(json_array_size(windows), 3);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(windows, 1), "kind")),
        "sparse");
    assert_true(real_of(json_array_get(windows, 2), "median_s") == 0.75);
    assert_true(json_is_true(json_object_get(object, "goes_sparse")));
    json_decref(object);
}

static void without_windows_the_reason_is_told(void **state)
{
    double medians[] = {0.5, 0.25};
    spar_windows_result_t ab = {.count = 1, .medians = medians};
    spar_report_t report = {.ab = &ab};
    json_t *object;

    (void)state;
    assert_says(&report, spar_report_print_ab, "the run ended before");
    report.ab_nowhere = true;
    assert_says(&report, spar_report_print_ab, "nothing goes sparse, so");
    ab.count = 2;
    assert_says(&report, spar_report_print_ab, "nothing goes sparse any more");
    object = spar_report_ab_json(&report);
    assert_true(json_is_false(json_object_get(object, "goes_sparse")));
    assert_true(json_is_null(json_object_get(object, "gain")));
    json_decref(object);
}

/* A blocking layer that pays, a non-blocking one that does not, and one that
 * was never exchanged sparsely. */
static const spar_report_layer_t layers[] = {
    {.predicted_seconds = 0.25,
     .dense_bytes_per_call = 8000,
     .shadow = {.calls = 40,
                .sparse_seconds = 0.5,
                .dense_seconds = 2,
                .bytes = 500,
                .pays = true,
                .samples = 3,
                .difference = 0.25,
                .cosine = 0.75}},
    {.predicted_seconds = 0.5,
     .dense_bytes_per_call = 2000,
     .nonblocking = true,
     .shadow = {.calls = 40,
                .sparse_seconds = 100,
                .dense_seconds = 100,
                .bytes = 500,
                .samples = 3,
                .difference = 0.5,
                .cosine = 0.5}},
    {.predicted_seconds = 7, .dense_bytes_per_call = 7, .sparse = true}};

static const spar_report_t shadow_report = {.shadow = true,
                                            .layers = layers,
                                            .layer_count = 3,
                                            .overlap_sparse = 1,
                                            .overlap_dense = 4};

static void a_step_is_the_sum_of_its_exchanges(void **state)
{
    json_t *object = spar_report_shadow_json(&shadow_report);

    (void)state;
    assert_says(&shadow_report, spar_report_print_shadow,
                "would have taken 1500.00 ms per step (predicted 750.00 ms) "
                "instead of 6000.00 ms, with 10 times fewer bytes");
    assert_says(&shadow_report, spar_report_print_shadow,
                "would send 1 of 2 layers sparsely");
    assert_says(&shadow_report, spar_report_print_shadow,
                "by 0.250 to 0.500 (L2), with a cosine of 0.500 to 0.750");
    assert_says(&shadow_report, spar_report_print_shadow, "shared the network");
    assert_true(real_of(object, "sparse_s") == 1.5);
    assert_true(real_of(object, "predicted_s") == 0.75);
    assert_true(real_of(object, "dense_s") == 6);
    assert_true(real_of(object, "sparse_bytes") == 1000);
    assert_true(real_of(object, "dense_bytes") == 10000);
    assert_true(real_of(object, "layers") == 2);
    assert_true(real_of(object, "layers_that_pay") == 1);
    json_decref(object);
}

static void without_a_prediction_none_is_told(void **state)
{
    spar_report_layer_t unknown[] = {layers[0], layers[1]};
    spar_report_t report = shadow_report;
    json_t *object;

    (void)state;
    unknown[1].predicted_seconds = 0;
    report.layers = unknown;
    report.layer_count = 2;
    object = spar_report_shadow_json(&report);
    assert_says(&report, spar_report_print_shadow,
                "1500.00 ms per step (no prediction) instead of 6000.00 ms");
    assert_true(json_is_null(json_object_get(object, "predicted_s")));
    json_decref(object);
}

static void each_layer_tells_of_its_own(void **state)
{
    json_t *object = spar_report_layer_shadow_json(&layers[0]);
    json_t *none = spar_report_layer_shadow_json(&layers[2]);

    (void)state;
    assert_true(real_of(object, "sparse_s") == 0.5);
    assert_true(real_of(object, "dense_s") == 2);
    assert_true(real_of(object, "sparse_bytes") == 500);
    assert_true(real_of(object, "difference") == 0.25);
    assert_true(real_of(object, "cosine") == 0.75);
    assert_true(json_is_true(json_object_get(object, "pays")));
    assert_true(json_is_null(none));
    assert_string_equal(spar_report_state(&layers[0]), "shadow");
    assert_string_equal(spar_report_state(&layers[2]), "sparse");
    json_decref(object);
    json_decref(none);
}

static void skipped_exchanges_are_told_by_communicator(void **state)
{
    const spar_periodic_mark_t marks[] = {{40, 4, 1.5, 0.25}, {45, 5, 2, 0.5}};
    const spar_report_periodic_t periodic[] = {
        {.comm = 3,
         .ranks = 4,
         .adapts = true,
         .period = 5,
         .exchanges = 10,
         .skips = 35,
         .since_average = 2,
         .drifts = 1,
         .has_hint = true,
         .marks = 2,
         .history = marks},
        {.comm = 4, .ranks = 2, .carries = true, .period = 8}};
    spar_report_t report = {.periodic = periodic, .periodic_count = 2};
    json_t *all = spar_report_periodic_json(&report);
    const json_t *first = json_array_get(all, 0);
    const json_t *object = json_object_get(first, "periodic");
    const json_t *history = json_object_get(object, "history");

    (void)state;
    assert_says(&report, spar_report_print_periodic,
                "communicator 3 of 4 ranks, parameters: 10 steps averaged, 35 "
                "skipped; period 5 at last; replicas drifted apart 1 times");
    assert_says(&report, spar_report_print_periodic,
                "communicator 4 of 2 ranks, gradients: 0 steps exchanged");
    assert_int_equal(json_array_size(all), 2);
    assert_true(real_of(first, "comm") == 3 && real_of(first, "ranks") == 4);
    assert_true(real_of(object, "period") == 5);
    assert_true(real_of(object, "exchanges") == 10);
    assert_true(real_of(object, "skips") == 35);
    assert_true(real_of(object, "since_average") == 2);
    assert_string_equal(json_string_value(json_object_get(object, "rate_from")),
                        "hint");
    assert_int_equal(json_array_size(history), 2);
    assert_true(real_of(json_array_get(history, 1), "step") == 45);
    assert_true(real_of(json_array_get(history, 1), "period") == 5);
    assert_true(real_of(json_array_get(history, 1), "variance") == 2);
    assert_true(real_of(json_array_get(history, 1), "rate") == 0.5);
    json_decref(all);
}

static void other_modes_tell_nothing(void **state)
{
    spar_report_t report = {.layers = layers, .layer_count = 3};
    char *ab = printed(&report, spar_report_print_ab);
    char *shadow = printed(&report, spar_report_print_shadow);
    char *periodic = printed(&report, spar_report_print_periodic);
    json_t *ab_json = spar_report_ab_json(&report);
    json_t *shadow_json = spar_report_shadow_json(&report);

    (void)state;
    assert_string_equal(ab, "");
    assert_string_equal(shadow, "");
    assert_string_equal(periodic, "");
    assert_true(json_is_null(ab_json) && json_is_null(shadow_json));
    json_decref(ab_json);
    json_decref(shadow_json);
    free(ab);
    free(shadow);
    free(periodic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_told_with_their_gain),
        cmocka_unit_test(without_windows_the_reason_is_told),
        cmocka_unit_test(a_step_is_the_sum_of_its_exchanges),
        cmocka_unit_test(without_a_prediction_none_is_told),
        cmocka_unit_test(each_layer_tells_of_its_own),
        cmocka_unit_test(skipped_exchanges_are_told_by_communicator),
        cmocka_unit_test(other_modes_tell_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
