#include "report/report.h"

#include "report/ab.h"
#include "report/json_topology.h"
#include "report/json_whole.h"
#include "report/periodic.h"
#include "report/shadow.h"
#include "spar_version.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A negative number means "not known". */
static json_t *known(double value)
{
    return value >= 0 ? json_real(value) : json_null();
}

static json_t *config_json(const spar_config_t *config)
{
    json_t *object = json_object();
    bool whole = object != NULL;
    char value[SPAR_CONFIG_VALUE_MAX];

    for (size_t row = 0; row < spar_config_rows(); row++) {
        spar_config_value(config, row, value, sizeof(value));
        spar_json_set(object, spar_config_name(row), json_string(value),
                      &whole);
    }
    return spar_json_whole(object, whole);
}

static json_t *job_json(const spar_report_t *report)
{
    char mode[SPAR_CONFIG_VALUE_MAX] = "";

    for (size_t row = 0; row < spar_config_rows(); row++) {
        if (strcmp(spar_config_name(row), "SPAR_MODE") == 0) {
            spar_config_value(report->config, row, mode, sizeof(mode));
        }
    }
    return json_pack("{s:i, s:i, s:s, s:f}", "ranks", report->ranks, "nodes",
                     report->nodes, "mode", mode, "elapsed_s", report->elapsed);
}

static json_t *steps_json(const spar_report_t *report)
{
    json_t *seconds = json_array();
    bool whole = seconds != NULL;

    for (size_t i = 0; i < report->steps; i++) {
        spar_json_append(seconds, json_real(report->step_seconds[i]), &whole);
    }
    return json_pack("{s:I, s:I, s:I, s:f, s:o}", "count",
                     (json_int_t)report->steps, "calls",
                     (json_int_t)report->step_calls, "steady_from",
                     (json_int_t)report->steady_from, "median_s",
                     spar_report_median_step(report), "seconds",
                     spar_json_whole(seconds, whole));
}

static json_t *bytes_json(const spar_report_t *report)
{
    return json_pack("{s:o, s:f, s:I, s:o, s:o}", "sent_per_rank_per_step",
                     known(report->sent_per_step), "dense_per_rank_per_step",
                     report->dense_per_step, "sent_per_rank_total",
                     (json_int_t)report->sent_total, "interface_tx_total",
                     known(report->interface_total), "interface_tx_per_step",
                     known(report->interface_per_step));
}

static json_t *layer_json(const spar_report_layer_t *layer)
{
    double per_call =
        layer->calls > 0 ? (double)layer->bytes_sent / (double)layer->calls : 0;

    return json_pack(
        "{s:i, s:i, s:I, s:s, s:s, s:s, s:s, s:f, s:I, s:I, s:f, s:I, s:f, "
        "s:f, "
        "s:f, s:f, s:o, s:b, s:b, s:I, s:o, s:o, s:f, s:I, s:f, s:f, s:f, s:o}",
        "comm", layer->comm, "slot", (int)layer->slot, "count",
        (json_int_t)layer->count, "dtype", spar_dtype_name(layer->dtype),
        "state", spar_report_state(layer), "method", layer->method, "why",
        layer->why, "density", layer->density, "calls",
        (json_int_t)layer->calls, "sparse_calls",
        (json_int_t)layer->sparse_calls, "bytes_per_step", per_call,
        "dense_bytes_per_step", (json_int_t)layer->dense_bytes_per_call,
        "call_s", layer->sparse_seconds, "dense_call_s", layer->dense_seconds,
        "predicted_s", layer->predicted_seconds, "select_s",
        layer->select_seconds, "residual_share", known(layer->residual_share),
        "nonblocking", (int)layer->nonblocking, "merged",
        layer->merged_calls > 0, "merged_calls",
        (json_int_t)layer->merged_calls, "waited_s",
        known(layer->measured ? layer->waited_seconds : -1),
        "post_to_complete_s", known(layer->measured ? layer->span_seconds : -1),
        "queue_depth", layer->depth, "queue_depth_max",
        (json_int_t)layer->depth_most, "plan_density", layer->plan_density,
        "release_s", layer->release_seconds, "need_s", layer->need_seconds,
        "shadow", spar_report_layer_shadow_json(layer));
}

static json_t *layers_json(const spar_report_t *report)
{
    json_t *array = json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < report->layer_count; i++) {
        spar_json_append(array, layer_json(&report->layers[i]), &whole);
    }
    return spar_json_whole(array, whole);
}

static json_t *notes_json(const spar_report_t *report)
{
    json_t *array = json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < report->note_count; i++) {
        spar_json_append(array, json_string(report->notes[i]), &whole);
    }
    return spar_json_whole(array, whole);
}

static json_t *calls_json(const spar_report_t *report)
{
    return json_pack("{s:I, s:I, s:I}", "dense",
                     (json_int_t)report->dense_calls, "nonfinite",
                     (json_int_t)report->nonfinite_calls, "jump",
                     (json_int_t)report->jump_calls);
}

/* Seconds per unit of each term, and a factor for each method
 * (policy/model.h). */
static json_t *model_json(const spar_model_t *model)
{
    json_t *object;
    bool whole;

    if (model == NULL) {
        return json_null();
    }
    object = json_object();
    whole = object != NULL;
    for (unsigned i = 0; i < SPAR_MODEL_NUMBERS; i++) {
        spar_json_set(object, spar_model_number_name(i),
                      json_real(spar_model_number(model, i)), &whole);
    }
    return spar_json_whole(object, whole);
}

static json_t *densities_json(const spar_report_densities_t *densities)
{
    if (densities->aim == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:b, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
                     "aim", densities->aim, "second_thread",
                     (int)densities->overlaps, "version",
                     (json_int_t)densities->version, "step_s",
                     densities->step_seconds, "wait_s", densities->wait_seconds,
                     "compute_s", densities->compute_seconds,
                     "predicted_wait_s", densities->predicted_wait,
                     "predicted_step_s", densities->predicted_step,
                     "predicted_step_least_s", densities->predicted_least,
                     "predicted_step_most_s", densities->predicted_most);
}

/* The number of the run is too large for a double. */
static json_t *state_json(const spar_report_state_t *state)
{
    char run[24];

    if (state->directory == NULL) {
        return json_null();
    }
    snprintf(run, sizeof(run), "%016" PRIx64, state->run);
    return json_pack(
        "{s:s, s:I, s:o, s:b, s:I}", "directory", state->directory,
        "restored_bytes", (json_int_t)state->restored, "restored_run",
        state->restored > 0 ? json_string(run) : json_null(), "saved",
        (int)state->is_saved, "saved_bytes", (json_int_t)state->saved);
}

static json_t *report_json(const spar_report_t *report)
{
    json_t *root = json_pack(
        "{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, "
        "s:{s:I, s:I, s:I, s:I}, s:o}",
        "schema_version", SPAR_REPORT_SCHEMA, "version", SPAR_VERSION_STRING,
        "progress", report->progress, "job", job_json(report), "config",
        config_json(report->config), "steps", steps_json(report), "bytes",
        bytes_json(report), "calls", calls_json(report), "memory",
        "total_bytes", (json_int_t)report->memory_bytes, "residual_bytes",
        (json_int_t)report->residual_bytes, "pinned_bytes",
        (json_int_t)report->pinned_bytes, "device_bytes",
        (json_int_t)report->device_bytes, "layers", layers_json(report));
    bool whole = root != NULL;

    spar_json_set(root, "loss_scale",
                  json_pack("{s:I, s:i}", "changes",
                            (json_int_t)report->rescales, "latest_exponent",
                            report->rescale_exponent),
                  &whole);
    spar_json_set(root, "densities", densities_json(&report->densities),
                  &whole);
    spar_json_set(root, "communicators", spar_report_periodic_json(report),
                  &whole);
    spar_json_set(root, "state", state_json(&report->state), &whole);
    spar_json_set(root, "ab", spar_report_ab_json(report), &whole);
    spar_json_set(root, "shadow", spar_report_shadow_json(report), &whole);
    spar_json_set(root, "model", model_json(report->model), &whole);
    spar_json_set(root, "topology", spar_report_topology_json(report->topology),
                  &whole);
    spar_json_set(root, "notes", notes_json(report), &whole);
    return spar_json_whole(root, whole);
}

spar_status_t spar_report_write_json(const spar_report_t *report,
                                     const char *path)
{
    char *beside;
    json_t *root;
    int failed;

    if (asprintf(&beside, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        errno = ENOMEM;
        return SPAR_ERR_NO_MEMORY;
    }
    root = report_json(report);
    if (root == NULL) {
        free(beside);
        errno = ENOMEM;
        return SPAR_ERR_NO_MEMORY;
    }
    failed = json_dump_file(root, beside, JSON_INDENT(1)) != 0 ||
             rename(beside, path) != 0;
    if (failed) {
        int cause = errno;

        (void)unlink(beside);
        errno = cause;
    }
    json_decref(root);
    free(beside);
    return failed ? SPAR_ERR_IO : SPAR_OK;
}
