#include "report/periodic.h"

#include "report/json_whole.h"

#include <inttypes.h>

/* Lines; the summary has 40. */
#define MOST_LINES 3

static void print_one(const spar_report_periodic_t *periodic, FILE *file)
{
    fprintf(file,
            "spar: periodic: communicator %d of %d ranks, %s: %" PRIu64
            " steps %s, %" PRIu64 " skipped; period %" PRIu64 "%s",
            periodic->comm, periodic->ranks,
            periodic->carries ? "gradients" : "parameters", periodic->exchanges,
            periodic->carries ? "exchanged" : "averaged", periodic->skips,
            periodic->period, periodic->adapts ? " at last" : "");
    if (periodic->drifts > 0) {
        fprintf(file, "; replicas drifted apart %" PRIu64 " times",
                periodic->drifts);
    }
    fprintf(file, "\n");
}

void spar_report_print_periodic(const spar_report_t *report, FILE *file)
{
    for (size_t i = 0; i < report->periodic_count && i < MOST_LINES; i++) {
        print_one(&report->periodic[i], file);
    }
}

static json_t *history_json(const spar_report_periodic_t *periodic)
{
    json_t *array = json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < periodic->marks; i++) {
        const spar_periodic_mark_t *mark = &periodic->history[i];

        spar_json_append(array,
                         json_pack("{s:I, s:I, s:f, s:f}", "step",
                                   (json_int_t)mark->step, "period",
                                   (json_int_t)mark->period, "variance",
                                   mark->variance, "rate", mark->rate),
                         &whole);
    }
    return spar_json_whole(array, whole);
}

static json_t *periodic_json(const spar_report_periodic_t *periodic)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "of",
                     periodic->carries ? "gradients" : "parameters", "period",
                     (json_int_t)periodic->period, "exchanges",
                     (json_int_t)periodic->exchanges, "skips",
                     (json_int_t)periodic->skips, "since_average",
                     (json_int_t)periodic->since_average, "drifts",
                     (json_int_t)periodic->drifts, "rate_from",
                     periodic->has_hint ? "hint" : "update", "history",
                     history_json(periodic));
}

json_t *spar_report_periodic_json(const spar_report_t *report)
{
    json_t *array = json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < report->periodic_count; i++) {
        const spar_report_periodic_t *periodic = &report->periodic[i];

        spar_json_append(array,
                         json_pack("{s:i, s:i, s:o}", "comm", periodic->comm,
                                   "ranks", periodic->ranks, "periodic",
                                   periodic_json(periodic)),
                         &whole);
    }
    return spar_json_whole(array, whole);
}
