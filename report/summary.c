#include "base/quantile.h"
#include "report/ab.h"
#include "report/periodic.h"
#include "report/shadow.h"
#include "spar_version.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With the lines around the table this stays within 40. */
#define MOST_LAYERS 14

double spar_report_median_step(const spar_report_t *report)
{
    size_t from = report->steady_from < report->steps ? report->steady_from : 0;
    size_t count = report->steps - from;
    double *sorted;
    double median;

    if (count == 0) {
        return 0;
    }
    sorted = malloc(count * sizeof(*sorted));
    if (sorted == NULL) {
        return NAN;
    }
    memcpy(sorted, report->step_seconds + from, count * sizeof(*sorted));
    median = spar_quantile(sorted, count, 0.5);
    free(sorted);
    return median;
}

static void print_bytes(FILE *file, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    fprintf(file, "%.3g %s", bytes, units[unit]);
}

static void print_settings(const spar_report_t *report, FILE *file)
{
    char value[SPAR_CONFIG_VALUE_MAX];

    for (size_t row = 0; row < spar_config_rows(); row++) {
        if (spar_config_is_changed(report->config, row)) {
            spar_config_value(report->config, row, value, sizeof(value));
            fprintf(file, " %s=%s", spar_config_name(row), value);
        }
    }
}

static void print_head(const spar_report_t *report, FILE *file)
{
    fprintf(file, "spar: %s, %d %s on %d %s, %.1f s", SPAR_VERSION_STRING,
            report->ranks, report->ranks == 1 ? "rank" : "ranks", report->nodes,
            report->nodes == 1 ? "host" : "hosts", report->elapsed);
    print_settings(report, file);
    fprintf(file, "\n");
}

static void print_traffic(const spar_report_t *report, FILE *file)
{
    double median = spar_report_median_step(report);

    if (report->steps == 0) {
        return;
    }
    fprintf(file, "spar: %zu steps", report->steps);
    if (!isnan(median)) {
        fprintf(file, ", median %.2f ms", 1e3 * median);
    }
    if (report->sent_per_step >= 0) {
        fprintf(file, "; sent per rank and step ");
        print_bytes(file, report->sent_per_step);
        fprintf(file, " (dense: ");
        print_bytes(file, report->dense_per_step);
        fprintf(file, ")");
    }
    if (report->interface_per_step >= 0) {
        fprintf(file, ", on the wire ");
        print_bytes(file, report->interface_per_step);
    }
    fprintf(file, "\n");
}

/* Dense and sparse seconds of one step over all layers. */
static void print_gain(const spar_report_t *report, FILE *file)
{
    double dense = 0, predicted = 0, measured = 0;
    bool all = true;

    for (size_t i = 0; i < report->layer_count; i++) {
        const spar_report_layer_t *layer = &report->layers[i];

        if (layer->sparse && layer->sparse_calls > 0) {
            dense += layer->dense_seconds;
            predicted += layer->predicted_seconds;
            all = all && layer->predicted_seconds > 0;
            measured += layer->sparse_seconds;
        }
    }
    if (measured > 0 && dense > 0) {
        fprintf(file, "spar: sparse layers per step: dense took %.2f ms, ",
                1e3 * dense);
        if (all) {
            fprintf(file, "predicted %.2f ms, ", 1e3 * predicted);
        }
        fprintf(file, "measured %.2f ms\n", 1e3 * measured);
    }
}

/* How much of the non-blocking calls the application did not notice. */
static void print_overlap(const spar_report_t *report, FILE *file)
{
    double waited = 0, span = 0;
    unsigned depth = 0, layers = 0, passed_on = 0, merged = 0;

    for (size_t i = 0; i < report->layer_count; i++) {
        const spar_report_layer_t *layer = &report->layers[i];

        passed_on += layer->nonblocking && !layer->measured;
        merged += layer->merged_calls > 0;
        if (layer->nonblocking && layer->measured) {
            layers++;
            waited += layer->waited_seconds;
            span += layer->span_seconds;
            depth = layer->depth_most > depth ? layer->depth_most : depth;
        }
    }
    if (layers > 0) {
        fprintf(file,
                "spar: non-blocking calls: advanced by %s\n"
                "spar: per step blocked for %.2f ms; from call to completion "
                "%.2f ms on average; at most %u pending\n",
                report->progress, 1e3 * waited, 1e3 * span / layers, depth);
        if (merged > 0) {
            fprintf(file,
                    "spar: %u small layers travelled together with their "
                    "neighbours\n",
                    merged);
        }
    } else if (passed_on > 0) {
        fprintf(file, "spar: non-blocking calls: not measured (%s)\n",
                report->progress);
    }
}

static void print_densities(const spar_report_densities_t *densities,
                            FILE *file)
{
    if (densities->aim == NULL) {
        return;
    }
    fprintf(file,
            "spar: densities: %s; step of %.2f ms, blocked for %.2f ms "
            "(predicted %.2f ms), %u changes\n",
            strcmp(densities->aim, "hide") == 0
                ? (densities->overlaps
                       ? "hidden behind the computation of another thread"
                       : "hidden behind the computation")
            : strcmp(densities->aim, "spend") == 0
                ? "least time for the error, nothing to hide behind"
                : "by the paper's rule",
            1e3 * densities->step_seconds, 1e3 * densities->wait_seconds,
            1e3 * densities->predicted_wait, densities->version);
}

/* 0: nothing was measured. */
static void print_number(FILE *file, int width, int digits, double value)
{
    if (value > 0) {
        fprintf(file, " %*.*f", width, digits, value);
    } else {
        fprintf(file, " %*s", width, "-");
    }
}

static void print_layer(const spar_report_layer_t *layer, FILE *file)
{
    fprintf(file, "spar: %3d %4u %11" PRIu64 " %-7s %-6s %-9s", layer->comm,
            layer->slot, layer->count, spar_dtype_name(layer->dtype),
            spar_report_state(layer), layer->method);
    print_number(file, 8, 5,
                 layer->plan_density > 0 ? layer->plan_density
                                         : layer->density);
    print_number(file, 9, 3, 1e3 * layer->dense_seconds);
    print_number(file, 9, 3, 1e3 * layer->sparse_seconds);
    print_number(file, 9, 3, 1e3 * layer->select_seconds);
    if (layer->residual_share >= 0) {
        fprintf(file, " %8.3f", layer->residual_share);
    } else {
        fprintf(file, " %8s", "-");
    }
    fprintf(file, "  %s\n", layer->why);
}

static void print_layers(const spar_report_t *report, FILE *file)
{
    if (report->layer_count == 0) {
        return;
    }
    fprintf(file, "spar: %3s %4s %11s %-7s %-6s %-9s %8s %9s %9s %9s %8s  %s\n",
            "com", "slot", "elements", "type", "state", "by", "density",
            "dense ms", "sparse ms", "select ms", "residual", "why");
    for (size_t i = 0; i < report->layer_count && i < MOST_LAYERS; i++) {
        print_layer(&report->layers[i], file);
    }
    if (report->layer_count > MOST_LAYERS) {
        fprintf(file,
                "spar: and %zu more layers; SPAR_REPORT=FILE.json lists all\n",
                report->layer_count - MOST_LAYERS);
    }
}

static void print_state(const spar_report_state_t *state, FILE *file)
{
    if (state->directory == NULL) {
        return;
    }
    fprintf(file, "spar: residuals: ");
    if (state->restored > 0) {
        fprintf(file, "restored ");
        print_bytes(file, (double)state->restored);
        fprintf(file, " of run %016" PRIx64 ", ", state->run);
    }
    if (state->is_saved) {
        fprintf(file, "saved ");
        print_bytes(file, (double)state->saved);
        fprintf(file, " to %s%s\n", state->directory,
                state->is_partial
                    ? ", but for communicators with calls under way"
                    : "");
    } else {
        fprintf(file, "not saved\n");
    }
}

static void print_memory(const spar_report_t *report, FILE *file)
{
    fprintf(file, "spar: memory per rank: ");
    print_bytes(file, (double)report->memory_bytes);
    fprintf(file, ", of it residuals ");
    print_bytes(file, (double)report->residual_bytes);
    if (report->device_bytes > 0) {
        fprintf(file, ", page-locked ");
        print_bytes(file, (double)report->pinned_bytes);
        fprintf(file, "; on GPUs ");
        print_bytes(file, (double)report->device_bytes);
    }
    fprintf(file, "\n");
}

void spar_report_write_summary(const spar_report_t *report, FILE *file)
{
    print_head(report, file);
    print_traffic(report, file);
    if (!report->shadow) {
        print_gain(report, file);
    }
    spar_report_print_shadow(report, file);
    spar_report_print_ab(report, file);
    print_overlap(report, file);
    print_densities(&report->densities, file);
    spar_report_print_periodic(report, file);
    print_layers(report, file);
    print_memory(report, file);
    print_state(&report->state, file);
    for (size_t i = 0; i < report->note_count; i++) {
        fprintf(file, "spar: note: %s\n", report->notes[i]);
    }
}
