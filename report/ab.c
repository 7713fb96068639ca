#include "report/ab.h"

#include "report/json_whole.h"

static void print_gain(const spar_windows_result_t *ab, FILE *file)
{
    fprintf(file,
            "spar: a/b: %zu windows: a dense step took %.2f ms (%zu steps), a "
            "sparse one %.2f ms (%zu steps)\n"
            "spar: a/b: gain %.3f; %.3f to %.3f between two windows in a row\n",
            ab->count, 1e3 * ab->dense, ab->dense_steps, 1e3 * ab->sparse,
            ab->sparse_steps, ab->gain, ab->gain_low, ab->gain_high);
}

void spar_report_print_ab(const spar_report_t *report, FILE *file)
{
    if (report->ab == NULL) {
        return;
    }
    if (report->ab->count > 1) {
        print_gain(report->ab, file);
    }
    if (report->ab_nowhere) {
        fprintf(file, "spar: a/b: nothing goes sparse%s\n",
                report->ab->count > 1 ? " any more: the windows above are "
                                        "those before that"
                                      : ", so there is nothing to compare");
    } else if (report->ab->count < 2) {
        fprintf(file, "spar: a/b: the run ended before a dense and a sparse "
                      "window were over\n");
    }
}

/* 0: none. */
static json_t *positive(double value)
{
    return value > 0 ? json_real(value) : json_null();
}

static json_t *windows_json(const spar_windows_result_t *ab)
{
    json_t *array = json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < ab->count; i++) {
        spar_json_append(array,
                         json_pack("{s:s, s:f}", "kind",
                                   i % 2 ? "sparse" : "dense", "median_s",
                                   ab->medians[i]),
                         &whole);
    }
    return spar_json_whole(array, whole);
}

json_t *spar_report_ab_json(const spar_report_t *report)
{
    const spar_windows_result_t *ab = report->ab;

    if (ab == NULL) {
        return json_null();
    }
    return json_pack("{s:b, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}",
                     "goes_sparse", !report->ab_nowhere, "dense_step_s",
                     positive(ab->dense), "sparse_step_s", positive(ab->sparse),
                     "dense_steps", (json_int_t)ab->dense_steps, "sparse_steps",
                     (json_int_t)ab->sparse_steps, "gain", positive(ab->gain),
                     "gain_low", positive(ab->gain_low), "gain_high",
                     positive(ab->gain_high), "windows", windows_json(ab));
}
