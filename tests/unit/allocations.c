/*
 * Selectors, learning and reports whose memory is refused, at every allocation
 * in turn: each returns its status, keeps nothing, and works again as soon as
 * there is memory.
 */
#include "failing.h"

#include "policy/placement.h"
#include "policy/sequence.h"
#include "policy/windows.h"
#include "report/report.h"
#include "report/trace.h"
#include "sparsify/selector.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT 20000
#define K     5000

static char folder[] = "/tmp/spar_allocations_XXXXXX";

static json_malloc_t own_malloc;
static json_free_t own_free;

/* jansson's allocations fail, too. Nothing of it is alive at either time. */
static void take_jansson_in(bool in)
{
    json_set_alloc_funcs(in ? failing_malloc : own_malloc,
                         in ? failing_free : own_free);
}

static void nothing(void *thing)
{
    (void)thing;
}

/* In `folder`. */
static char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* A selection that grows from one call to the next. */
typedef struct choosing {
    spar_selector_kind_t kind;
    spar_dtype_t dtype;
    bool sums;
    spar_selector_t selector;
    spar_selector_t before;
    spar_selection_t selection;
} choosing_t;

static double gradient[COUNT], sum[COUNT]; /* or as many floats */

static spar_status_t choose(choosing_t *choosing, size_t k)
{
    return choosing->sums
               ? spar_selector_run_sum(&choosing->selector, gradient, NULL, k,
                                       &choosing->selection, sum)
               : spar_selector_run(&choosing->selector, gradient, NULL, k,
                                   &choosing->selection);
}

static void begin_choosing(void *thing)
{
    choosing_t *choosing = thing;

    for (int i = 0; i < COUNT; i++) {
        double value = sin(i) + 2;

        if (choosing->dtype == SPAR_DTYPE_F64) {
            gradient[i] = value;
        } else {
            ((float *)gradient)[i] = (float)value;
        }
    }
    spar_selector_init(&choosing->selector, choosing->kind, choosing->dtype,
                       COUNT);
    spar_selection_init(&choosing->selection);
    choosing->before = choosing->selector;
}

static spar_status_t choose_twice(void *thing)
{
    choosing_t *choosing = thing;
    spar_status_t status = choose(choosing, 10);

    if (status == SPAR_OK) {
        choosing->before = choosing->selector;
        status = choose(choosing, K);
    }
    return status;
}

static void check_choice(void *thing, spar_status_t status)
{
    choosing_t *choosing = thing;
    size_t expected = choosing->kind == SPAR_SELECT_NONZERO ? COUNT : K;

    if (status != SPAR_OK) {
        assert_int_equal(status, SPAR_ERR_NO_MEMORY);
        assert_memory_equal(&choosing->selector, &choosing->before,
                            sizeof(choosing->selector));
        assert_int_equal(choose(choosing, K), SPAR_OK);
    }
    if (choosing->kind == SPAR_SELECT_GAUSSIAN) {
        assert_true(choosing->selection.count > K / 4);
    } else {
        assert_int_equal(choosing->selection.count, expected);
    }
}

static void end_choosing(void *thing)
{
    choosing_t *choosing = thing;

    spar_selection_cleanup(&choosing->selection);
}

static void selectors_say_so_and_go_on(void **state)
{
    static const spar_selector_kind_t kinds[] = {
        SPAR_SELECT_EXACT, SPAR_SELECT_GAUSSIAN, SPAR_SELECT_TOPK,
        SPAR_SELECT_NONZERO};
    const failing_case_t what = {begin_choosing, choose_twice, check_choice,
                                 end_choosing};

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        choosing_t choosing = {.kind = kinds[i / 4],
                               .dtype = i & 1 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                               .sums = i < 4 && (i & 2) != 0};

        assert_true(failing_everywhere(&what, &choosing) >= 2);
    }
}

static spar_status_t make_sequence(void *thing)
{
    spar_sequence_t **sequence = thing;

    *sequence = spar_sequence_create(10, 0);
    return *sequence != NULL ? SPAR_OK : SPAR_ERR_NO_MEMORY;
}

static void check_sequence(void *thing, spar_status_t status)
{
    spar_sequence_t **sequence = thing;

    (void)status;
    spar_sequence_destroy(*sequence);
}

static void sequences_are_made_or_not(void **state)
{
    const failing_case_t what = {nothing, make_sequence, check_sequence,
                                 nothing};
    spar_sequence_t *sequence;

    (void)state;
    assert_true(failing_everywhere(&what, &sequence) >= 1);
}

static spar_status_t open_placement(void *thing)
{
    spar_placement_t **placement = thing;

    *placement = spar_placement_open();
    return *placement != NULL ? SPAR_OK : SPAR_ERR_NO_MEMORY;
}

static void check_placement(void *thing, spar_status_t status)
{
    spar_placement_t **placement = thing;

    (void)status;
    spar_placement_close(*placement);
}

static void machines_are_read_or_not(void **state)
{
    const failing_case_t what = {nothing, open_placement, check_placement,
                                 nothing};
    spar_placement_t *placement;

    (void)state;
    assert_true(failing_everywhere(&what, &placement) >= 1);
}

static const double seconds[] = {3, 3, 3, 3, 1, 1, 1, 1, 3, 3, 3, 3};

#define STEPS (sizeof(seconds) / sizeof(seconds[0]))

static spar_status_t compare(void *thing)
{
    const spar_windows_t windows = {.dense = 4, .sparse = 4};

    return spar_windows_compare(&windows, seconds, STEPS, thing);
}

static void begin_comparing(void *thing)
{
    *(spar_windows_result_t *)thing = (spar_windows_result_t){0};
}

static void check_comparison(void *thing, spar_status_t status)
{
    spar_windows_result_t *result = thing;

    if (status != SPAR_OK) {
        assert_int_equal(status, SPAR_ERR_NO_MEMORY);
        assert_null(result->medians);
        assert_int_equal(result->count, 0);
        assert_int_equal(compare(thing), SPAR_OK);
    }
    assert_true(result->gain == 3);
}

static void end_comparing(void *thing)
{
    spar_windows_result_destroy(thing);
}

static void windows_are_compared_or_not(void **state)
{
    const failing_case_t what = {begin_comparing, compare, check_comparison,
                                 end_comparing};
    spar_windows_result_t result;

    (void)state;
    assert_int_equal(failing_everywhere(&what, &result), 2);
}

static spar_status_t make_trace(void *thing)
{
    return spar_trace_create(1000, thing);
}

static void forget_trace(void *thing)
{
    ((spar_trace_t *)thing)->events = NULL;
}

static void check_trace(void *thing, spar_status_t status)
{
    spar_trace_t *trace = thing;

    assert_int_equal(status == SPAR_OK, trace->events != NULL);
    spar_trace_destroy(trace);
}

static void traces_are_made_or_not(void **state)
{
    const failing_case_t what = {forget_trace, make_trace, check_trace,
                                 nothing};
    spar_trace_t trace;

    (void)state;
    assert_int_equal(failing_everywhere(&what, &trace), 1);
}

static spar_status_t write_trace(void *thing)
{
    const spar_trace_process_t process = {.ranks = 1, .host = "here"};

    return spar_trace_write(thing, &process, folder);
}

/* What parses, or nothing, and never anything beside it. */
static void check_file(const char *name, bool there)
{
    char beside[140];
    json_t *root;

    root = json_load_file(path_of(name), 0, NULL);
    assert_int_equal(there, root != NULL);
    json_decref(root);
    assert_int_equal(access(path_of(name), F_OK) == 0, there);
    (void)unlink(path_of(name));
    snprintf(beside, sizeof(beside), "%s.tmp", path_of(name));
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void check_trace_file(void *thing, spar_status_t status)
{
    (void)thing;
    assert_true(status == SPAR_OK || errno == ENOMEM);
    check_file("spar.rank0.json", status == SPAR_OK);
}

/* Texts for which jansson finds no memory are left out; the rest is whole. */
static void trace_files_are_whole_or_not_there(void **state)
{
    const failing_case_t what = {nothing, write_trace, check_trace_file,
                                 nothing};
    spar_trace_event_t event = {.kind = SPAR_TRACE_PLAN,
                                .plan_part = {.why = "first"}};
    spar_trace_t trace;
    uint64_t texts = 0;

    (void)state;
    assert_int_equal(spar_trace_create(10, &trace), SPAR_OK);
    spar_trace_record(&trace, &event);
    assert_int_equal(failing_everywhere(&what, &trace), 3);
    take_jansson_in(true);
    for (bool failed = true; failed; texts++) {
        failing_begin(texts + 4, false);
        assert_int_equal(write_trace(&trace), SPAR_OK);
        failed = failing_end();
        check_file("spar.rank0.json", true);
    }
    assert_true(texts > 3);
    take_jansson_in(false);
    spar_trace_destroy(&trace);
}

static double medians[] = {3, 1, 3};
static const spar_windows_result_t windows = {.count = 3, .medians = medians};
static const char *const notes[] = {"one", "two"};
static spar_config_t config;
static spar_model_t model;
static spar_report_node_t nodes[2];
static spar_report_topology_t topology = {.nodes = nodes, .node_count = 2};

static spar_report_t full_report(spar_report_layer_t *layer)
{
    *layer = (spar_report_layer_t){.method = "split",
                                   .why = "faster",
                                   .shadow = {.calls = 2, .samples = 1}};
    snprintf(nodes[0].nic.name, sizeof(nodes[0].nic.name), "eth0");
    for (int i = 0; i < SPAR_LEVELS; i++) {
        snprintf(topology.levels[i].source, sizeof(topology.levels[i].source),
                 "guess");
    }
    spar_config_defaults(&config);
    return (spar_report_t){.config = &config,
                           .ranks = 2,
                           .nodes = 2,
                           .step_seconds = seconds,
                           .steps = STEPS,
                           .layers = layer,
                           .layer_count = 1,
                           .densities = {.aim = "hide"},
                           .ab = &windows,
                           .shadow = true,
                           .model = &model,
                           .topology = &topology,
                           .progress = "nobody",
                           .notes = notes,
                           .note_count = 2};
}

/* As it looks when nothing fails. */
static json_t *expected;

static spar_status_t write_report(void *thing)
{
    spar_report_layer_t layer;
    const spar_report_t report = full_report(&layer);

    (void)thing;
    return spar_report_write_json(&report, path_of("report.json"));
}

static void check_report_file(void *thing, spar_status_t status)
{
    (void)thing;
    if (status == SPAR_OK) {
        json_t *root = json_load_file(path_of("report.json"), 0, NULL);

        if (expected == NULL) {
            expected = json_incref(root);
        }
        assert_true(json_equal(expected, root));
        json_decref(root);
    }
    check_file("report.json", status == SPAR_OK);
}

static void reports_are_whole_or_not_there(void **state)
{
    const failing_case_t what = {nothing, write_report, check_report_file,
                                 nothing};

    (void)state;
    take_jansson_in(true);
    assert_int_equal(write_report(NULL), SPAR_OK);
    check_report_file(NULL, SPAR_OK);
    assert_true(failing_everywhere(&what, NULL) > 300);
    json_decref(expected);
    take_jansson_in(false);
}

static void summaries_leave_out_what_they_cannot_find(void **state)
{
    spar_report_layer_t layer;
    const spar_report_t report = full_report(&layer);
    char text[8192] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");

    (void)state;
    assert_non_null(file);
    failing_begin(1, true);
    spar_report_write_summary(&report, file);
    assert_true(failing_end());
    fclose(file);
    assert_non_null(strstr(text, "12 steps"));
    assert_null(strstr(text, "12 steps, median"));
}

static int make_folder(void **state)
{
    (void)state;
    json_get_alloc_funcs(&own_malloc, &own_free);
    return mkdtemp(folder) == NULL;
}

/* Fails if a writer has left something. */
static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_say_so_and_go_on),
        cmocka_unit_test(sequences_are_made_or_not),
        cmocka_unit_test(machines_are_read_or_not),
        cmocka_unit_test(windows_are_compared_or_not),
        cmocka_unit_test(traces_are_made_or_not),
        cmocka_unit_test(trace_files_are_whole_or_not_there),
        cmocka_unit_test(reports_are_whole_or_not_there),
        cmocka_unit_test(summaries_leave_out_what_they_cannot_find)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
