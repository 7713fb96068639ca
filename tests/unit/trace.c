#include "unit.h"

#include "base/clock.h"
#include "report/trace.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS    4
#define PER_THREAD 5000

static char folder[] = "/tmp/spar_trace_XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/spar.rank3.json", folder);
    (void)unlink(path);
    return rmdir(folder);
}

/* As written, and read back by a parser that is not ours. */
static json_t *write_and_read(const spar_trace_t *trace, const char *host)
{
    spar_trace_process_t process = {
        .rank = 3, .ranks = 5, .host = host, .origin = 100, .offset = 0.5};
    char path[64];
    json_t *root;

    assert_int_equal(spar_trace_write(trace, &process, folder), SPAR_OK);
    snprintf(path, sizeof(path), "%s/spar.rank3.json", folder);
    root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    return root;
}

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    return text == NULL ? "" : text;
}

static double number_of(const json_t *event, const char *key)
{
    return json_number_value(json_object_get(event, key));
}

/* The n-th event of a phase; NULL: there are fewer. */
static const json_t *find(const json_t *root, const char *phase, size_t n)
{
    const json_t *events = json_object_get(root, "traceEvents");

    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);

        if (strcmp(text_of(event, "ph"), phase) == 0 && n-- == 0) {
            return event;
        }
    }
    return NULL;
}

static size_t count(const json_t *root, const char *phase)
{
    size_t found = 0;

    while (find(root, phase, found) != NULL) {
        found++;
    }
    return found;
}

static spar_trace_event_t call_event(uint32_t slot)
{
    spar_trace_event_t event = {.kind = SPAR_TRACE_CALL,
                                .origin = SPAR_TRACE_SLOT,
                                .number = slot,
                                .step = 7,
                                .plan = 2,
                                .count = 25600,
                                .begin = 101,
                                .end = 104,
                                .text = "split"};

    event.call.launched = 102;
    event.call.density = 0.25;
    event.call.bytes = 6400;
    return event;
}

static void a_call_holds_its_exchange(void **state)
{
    static const char *const phases[] = {"b", "b", "e", "e"};
    static const double times[] = {1e6, 2e6, 4e6, 4e6};
    static const size_t which[] = {0, 1, 0, 1};
    spar_trace_event_t event = call_event(12);
    spar_trace_t trace;
    const json_t *args;
    json_t *root;

    (void)state;
    assert_int_equal(spar_trace_create(8, &trace), SPAR_OK);
    spar_trace_record(&trace, &event);
    root = write_and_read(&trace, "here");
    for (size_t i = 0; i < 4; i++) {
        const json_t *found = find(root, phases[i], which[i]);

        assert_true(number_of(found, "ts") == times[i]);
        assert_string_equal(text_of(found, "id"), "3.0");
        assert_true(number_of(found, "pid") == 3);
    }
    assert_string_equal(text_of(find(root, "b", 0), "name"), "slot 12 (25600)");
    assert_string_equal(text_of(find(root, "e", 0), "name"), "exchange: split");
    args = json_object_get(find(root, "b", 0), "args");
    assert_true(number_of(args, "slot") == 12);
    assert_true(number_of(args, "bytes") == 6400);
    assert_true(number_of(args, "density") == 0.25);
    assert_true(number_of(args, "step") == 7 && number_of(args, "plan") == 2);
    json_decref(root);
    spar_trace_destroy(&trace);
}

static void spans_are_on_their_threads(void **state)
{
    spar_trace_event_t wait = call_event(1);
    spar_trace_event_t selection = call_event(1);
    spar_trace_t trace;
    const json_t *found;
    json_t *root;

    (void)state;
    assert_int_equal(spar_trace_create(8, &trace), SPAR_OK);
    wait.kind = SPAR_TRACE_WAIT;
    wait.thread = 2;
    selection.kind = SPAR_TRACE_SELECTION;
    selection.thread = 2;
    spar_trace_record(&trace, &wait);
    spar_trace_record(&trace, &selection);
    root = write_and_read(&trace, "here");
    found = find(root, "X", 0);
    assert_string_equal(text_of(found, "name"), "wait for slot 1");
    assert_true(number_of(found, "tid") == 2 && number_of(found, "dur") == 3e6);
    found = find(root, "X", 1);
    assert_string_equal(text_of(found, "name"), "select slot 1");
    assert_true(number_of(found, "tid") == 1002);
    json_decref(root);
    spar_trace_destroy(&trace);
}

static void a_step_counts_the_one_before(void **state)
{
    spar_trace_event_t event = {.kind = SPAR_TRACE_STEP, .begin = 103};
    spar_trace_t trace;
    const json_t *found;
    json_t *root;

    (void)state;
    assert_int_equal(spar_trace_create(8, &trace), SPAR_OK);
    spar_trace_record(&trace, &event);
    event.step = 1;
    event.begin = 105;
    event.step_before.before = 103;
    event.step_before.bytes = 1000;
    event.step_before.exposed = 0.5;
    spar_trace_record(&trace, &event);
    root = write_and_read(&trace, "here");
    assert_int_equal(count(root, "i"), 2);
    assert_string_equal(text_of(find(root, "i", 1), "name"), "step 1");
    assert_int_equal(count(root, "C"), 2);
    found = find(root, "C", 0);
    assert_true(number_of(found, "ts") == 3e6);
    assert_true(number_of(json_object_get(found, "args"), "bytes") == 1000);
    found = json_object_get(find(root, "C", 1), "args");
    assert_true(number_of(found, "seconds") == 0.5);
    json_decref(root);
    spar_trace_destroy(&trace);
}

static void text_is_escaped(void **state)
{
    static const char host[] = "a\"b\\c\n\x01 \xc3\xa4";
    spar_trace_event_t event = {.kind = SPAR_TRACE_LAYERS, .text = "mpi"};
    spar_trace_t trace;
    json_t *root;

    (void)state;
    assert_int_equal(spar_trace_create(8, &trace), SPAR_OK);
    event.plan_part.why = "\"why\"\\";
    spar_trace_record(&trace, &event);
    root = write_and_read(&trace, host);
    assert_string_equal(text_of(json_object_get(root, "otherData"), "host"),
                        host);
    assert_string_equal(
        text_of(json_object_get(find(root, "i", 0), "args"), "why"),
        "\"why\"\\");
    json_decref(root);
    json_decref(write_and_read(&trace, "\xff no UTF-8"));
    spar_trace_destroy(&trace);
}

static void a_full_buffer_drops_and_says_so(void **state)
{
    spar_trace_t trace;
    json_t *root;

    (void)state;
    assert_int_equal(spar_trace_create(4, &trace), SPAR_OK);
    for (uint32_t i = 0; i < 10; i++) {
        spar_trace_event_t event = call_event(i);

        spar_trace_record(&trace, &event);
    }
    assert_int_equal(spar_trace_dropped(&trace), 6);
    root = write_and_read(&trace, "here");
    assert_true(number_of(json_object_get(root, "otherData"), "dropped") == 6);
    assert_int_equal(count(root, "b"), 8);
    /* The earlier ones are kept, in their order. */
    assert_string_equal(text_of(find(root, "b", 6), "name"), "slot 3 (25600)");
    json_decref(root);
    spar_trace_destroy(&trace);
}

static spar_trace_t shared;

static void *record_many(void *argument)
{
    uint32_t *number = argument;

    spar_trace_name_thread("worker");
    for (uint32_t i = 0; i < PER_THREAD; i++) {
        spar_trace_event_t event = call_event(*number * PER_THREAD + i);

        event.thread = spar_trace_thread();
        spar_trace_record(&shared, &event);
    }
    return NULL;
}

static void check_all_there(void)
{
    static uint32_t seen[THREADS * PER_THREAD];
    uint16_t owner[THREADS];

    for (size_t i = 0; i < (size_t)THREADS * PER_THREAD; i++) {
        const spar_trace_event_t *event = &shared.events[i];
        uint32_t thread = event->number / PER_THREAD;

        assert_int_equal(event->kind, SPAR_TRACE_CALL);
        assert_int_equal(seen[event->number]++, 0);
        if (event->number % PER_THREAD == 0) {
            owner[thread] = event->thread;
            assert_string_equal(spar_trace_thread_name(event->thread),
                                "worker");
        }
        assert_int_equal(event->thread, owner[thread]);
    }
}

/* While they record, the file is written. */
static void threads_record_at_once(void **state)
{
    pthread_t threads[THREADS];
    uint32_t numbers[THREADS];

    (void)state;
    assert_int_equal(spar_trace_create((size_t)THREADS * PER_THREAD, &shared),
                     SPAR_OK);
    for (uint32_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(
            pthread_create(&threads[i], NULL, record_many, &numbers[i]), 0);
    }
    json_decref(write_and_read(&shared, "here"));
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(spar_trace_dropped(&shared), 0);
    check_all_there();
    spar_trace_destroy(&shared);
}

static void an_unusable_directory_is_told(void **state)
{
    spar_trace_process_t process = {.host = "here"};
    spar_trace_t trace;

    (void)state;
    assert_int_equal(spar_trace_prepare(folder), SPAR_OK);
    errno = 0;
    assert_int_equal(spar_trace_prepare("/dev/null/x"), SPAR_ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    errno = 0;
    assert_int_equal(spar_trace_prepare("/dev/null"), SPAR_ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(spar_trace_create(4, &trace), SPAR_OK);
    errno = 0;
    assert_int_equal(spar_trace_write(&trace, &process, "/dev/null/x"),
                     SPAR_ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    spar_trace_destroy(&trace);
}

/* For whoever reads the test's output. */
static void time_of_an_event(void **state)
{
    const size_t events = 100000;
    spar_trace_event_t event = call_event(0);
    spar_trace_t trace;
    double begin, seconds;

    (void)state;
    assert_int_equal(spar_trace_create(events, &trace), SPAR_OK);
    begin = spar_clock_now();
    for (size_t i = 0; i < events; i++) {
        spar_trace_record(&trace, &event);
    }
    seconds = spar_clock_now() - begin;
    print_message("%.0f ns per event of %zu bytes\n",
                  1e9 * seconds / (double)events, sizeof(event));
    assert_int_equal(spar_trace_dropped(&trace), 0);
    spar_trace_destroy(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_holds_its_exchange),
        cmocka_unit_test(spans_are_on_their_threads),
        cmocka_unit_test(a_step_counts_the_one_before),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(a_full_buffer_drops_and_says_so),
        cmocka_unit_test(threads_record_at_once),
        cmocka_unit_test(an_unusable_directory_is_told),
        cmocka_unit_test(time_of_an_event)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
