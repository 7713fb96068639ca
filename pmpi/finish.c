#include "pmpi/finish.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/ab.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "pmpi/helper.h"
#include "pmpi/horovod.h"
#include "pmpi/layer_choice.h"
#include "pmpi/links.h"
#include "pmpi/memory_report.h"
#include "pmpi/periodic_report.h"
#include "pmpi/plan.h"
#include "pmpi/shadow_report.h"
#include "pmpi/standing.h"
#include "pmpi/steps.h"
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NOTES 16
/* Of these, about communicators whose calls did not repeat. */
#define MOST_UNSETTLED 3

/* Owns what the report borrows. */
typedef struct draft {
    spar_report_t report;
    spar_report_layer_t *layers;
    size_t layer_capacity;
    double *steps;
    spar_periodic_draft_t periodic;
    spar_windows_result_t ab;
    spar_model_t model;
    const char *notes[MOST_NOTES];
    char unsettled[MOST_UNSETTLED][320];
    size_t unsettled_count;
    char progress[224];
    char multiple[192];
    char checks[192];
    uint64_t check_count;
    uint64_t checked;
    uint64_t unchecked;
    char unsent[224];
    size_t unsent_layers; /* owe something */
    bool unsent_standing; /* one of them is persistent */
    double unsent_share;  /* the most that one of them does */
    uint64_t undelivered;
    char refused[192];
    uint64_t unread; /* layers */
    char broken[128];
    char rescaled[96];
    char jumped[96];
    bool out_of_memory;
} draft_t;

static uint64_t dense_bytes(const spar_comm_t *comm, const spar_layer_t *layer)
{
    return spar_comm_dense_volume(comm, spar_layer_buffer_bytes(layer));
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void describe_layer(const spar_comm_t *comm, const spar_layer_t *layer,
                           size_t slot, spar_report_layer_t *out)
{
    bool sparse = layer->sparse && layer->trial.method != SPAR_METHOD_QUANTISED;

    *out = (spar_report_layer_t){
        .comm = comm->number,
        .slot = (unsigned)slot,
        .dtype = layer->element,
        .count = layer->count,
        .sparse = sparse,
        .periodic = layer->periodic.on,
        .method = spar_method_name(layer->sparse ? layer->trial.method
                                                 : layer->trial.dense),
        .why = layer->why,
        .calls = layer->calls,
        .sparse_calls = layer->sparse_calls,
        .merged_calls = layer->merged_calls,
        .density = ratio((double)layer->entries_sent,
                         (double)layer->sparse_calls * (double)layer->count),
        .bytes_sent = layer->bytes_sent,
        .dense_bytes_per_call = dense_bytes(comm, layer),
        .dense_seconds = layer->dense_seconds,
        .predicted_seconds = spar_forecast_is_known(layer->predicted_seconds)
                                 ? layer->predicted_seconds
                                 : 0,
        .sparse_seconds = ratio(layer->sparse_sum, (double)layer->sparse_ended),
        .nonblocking = layer->nonblocking,
        .measured = layer->ended > 0,
        .waited_seconds = ratio(layer->waited_sum, (double)layer->ended),
        .span_seconds = ratio(layer->span_sum, (double)layer->ended),
        .depth = ratio(layer->depth_sum, (double)layer->ended),
        .depth_most = layer->depth_most,
        .select_seconds = ratio(layer->select_sum, (double)layer->sparse_calls),
        .residual_share = spar_layer_unsent_share(layer),
        .plan_density = sparse && !layer->natural && comm->sequence != NULL
                            ? spar_plan_density(comm, layer)
                            : 0,
        .release_seconds = layer->release,
        .need_seconds = layer->need};
    spar_shadow_describe(
        layer, slot < comm->layer_count && spar_layer_is_included(comm, slot),
        out);
}

/* Nobody sees a shadow's residual. */
static void count_unsent(draft_t *draft, const spar_layer_t *layer,
                         double share)
{
    if (layer->owes && share > 0 && !spar_engine_is_shadow()) {
        draft->unsent_layers++;
        draft->unsent_share =
            share > draft->unsent_share ? share : draft->unsent_share;
    }
}

static void count_layer(draft_t *draft, const spar_layer_t *layer, double share)
{
    count_unsent(draft, layer, share);
    draft->unread += layer->unread;
}

static void add_layers(draft_t *draft, const spar_comm_t *comm)
{
    spar_report_t *report = &draft->report;
    size_t needed =
        report->layer_count + comm->layer_count + comm->standing_count;

    if (needed > draft->layer_capacity) {
        spar_report_layer_t *grown =
            realloc(draft->layers, needed * sizeof(*grown));

        if (grown == NULL) {
            draft->out_of_memory = true;
            return;
        }
        draft->layers = grown;
        draft->layer_capacity = needed;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_report_layer_t *out = &draft->layers[report->layer_count++];

        describe_layer(comm, &comm->layers[i], i, out);
        count_layer(draft, &comm->layers[i], out->residual_share);
    }
    for (const spar_standing_t *standing = comm->standings; standing != NULL;
         standing = standing->next) {
        spar_report_layer_t *out =
            &draft->layers[report->layer_count + standing->number];

        describe_layer(comm, &standing->layer,
                       comm->layer_count + standing->number, out);
        count_layer(draft, &standing->layer, out->residual_share);
        draft->unsent_standing |= standing->layer.owes;
    }
    report->layer_count += comm->standing_count;
    report->layers = draft->layers;
}

static void add_note(draft_t *draft, const char *note)
{
    if (note != NULL && draft->report.note_count < MOST_NOTES) {
        draft->notes[draft->report.note_count++] = note;
    }
}

/* Buffers that alternate between the steps look like several layers. */
static void note_multiple(draft_t *draft, const spar_comm_t *comm)
{
    draft->multiple[0] = '\0';
    if (comm->proposal > 1 && comm->layer_count > comm->proposal) {
        snprintf(draft->multiple, sizeof(draft->multiple),
                 "%zu calls repeat, but buffers or pauses tell %zu layers "
                 "apart: if each step makes %zu calls, set SPAR_STEP_CALLS=%zu",
                 comm->proposal, comm->layer_count, comm->proposal,
                 comm->proposal);
    }
}

static void note_unsettled(draft_t *draft, spar_comm_t *comm)
{
    spar_unsettled_look(comm);
    if (comm->unsettled.is && draft->unsettled_count < MOST_UNSETTLED) {
        spar_unsettled_describe(comm, draft->unsettled[draft->unsettled_count],
                                sizeof(draft->unsettled[0]));
        draft->unsettled_count++;
    }
}

static bool copy_seconds(draft_t *draft, const spar_steps_t *steps)
{
    double *copy = malloc(steps->count * sizeof(*copy));

    if (copy == NULL) {
        draft->out_of_memory = true;
        return false;
    }
    memcpy(copy, steps->seconds, steps->count * sizeof(*copy));
    free(draft->steps);
    draft->steps = copy;
    return true;
}

/* The busiest communicator so far; copied, because its calls go on. */
static void describe_steps(draft_t *draft, const spar_comm_t *comm)
{
    const spar_steps_t *steps = &comm->steps;
    spar_report_t *report = &draft->report;
    double steady = (double)steps->steady_steps;
    double tx = (double)steps->steady_tx_end - (double)steps->steady_tx_begin;

    if (!copy_seconds(draft, steps)) {
        return;
    }
    report->step_seconds = draft->steps;
    report->steps = steps->count;
    report->step_calls = comm->layer_count;
    report->steady_from = steps->steady_from;
    report->dense_per_step = 0;
    report->sent_per_step = -1;
    report->interface_per_step = -1;
    for (size_t i = 0; i < comm->layer_count; i++) {
        report->dense_per_step += (double)dense_bytes(comm, &comm->layers[i]);
    }
    if (steps->steady_steps > 0) {
        report->sent_per_step =
            (double)(steps->steady_bytes_end - steps->steady_bytes_begin) /
            steady;
        report->interface_per_step = tx > 0 ? tx / steady : -1;
    }
}

static void describe_densities(const spar_comm_t *comm,
                               spar_report_densities_t *out)
{
    static const char *const aims[] = {NULL, "hide", "spend", "paper"};
    const spar_densities_t *densities = &comm->densities;
    const spar_densities_step_t *predicted = &densities->predicted;

    *out = (spar_report_densities_t){.aim = aims[densities->aim],
                                     .overlaps = densities->overlaps,
                                     .version = densities->version,
                                     .step_seconds = densities->step,
                                     .wait_seconds = densities->wait,
                                     .compute_seconds = densities->compute,
                                     .predicted_wait = predicted->wait,
                                     .predicted_step = predicted->step,
                                     .predicted_least = predicted->step_least,
                                     .predicted_most = predicted->step_most};
}

static void describe_windows(draft_t *draft, const spar_comm_t *comm)
{
    spar_report_t *report = &draft->report;

    spar_windows_result_t result;

    if (report->ab == NULL) {
        return;
    }
    if (spar_ab_compare(comm, &result) != SPAR_OK) {
        draft->out_of_memory = true;
        return;
    }
    spar_windows_result_destroy(&draft->ab);
    draft->ab = result;
    report->ab_nowhere = comm->pays_nowhere;
}

static void visit(spar_comm_t *comm, void *argument)
{
    draft_t *draft = argument;
    spar_report_t *report = &draft->report;

    report->sent_total += comm->bytes_sent;
    report->dense_calls += comm->dense_calls;
    report->nonfinite_calls += comm->nonfinite_calls;
    draft->undelivered += comm->undelivered;
    draft->check_count += comm->checks;
    draft->checked += comm->checked;
    draft->unchecked += comm->unchecked;
    report->jump_calls += comm->rescale.calls;
    report->rescales += comm->rescale.changes;
    if (comm->rescale.changes > 0) {
        report->rescale_exponent = comm->rescale.exponent;
    }
    spar_shadow_add_overlap(comm, report);
    draft->out_of_memory =
        !spar_periodic_describe(comm, &draft->periodic, report) ||
        draft->out_of_memory;
    spar_memory_add(report, comm);
    add_layers(draft, comm);
    note_unsettled(draft, comm);
    if (comm->steps.count > report->steps) {
        describe_steps(draft, comm);
        describe_windows(draft, comm);
        note_multiple(draft, comm);
        describe_densities(comm, &report->densities);
        draft->model = comm->model;
        report->model = comm->negotiation != NULL && comm->negotiation->fits > 0
                            ? &draft->model
                            : NULL;
    }
}

static void note_rescales(draft_t *draft)
{
    const spar_report_t *report = &draft->report;

    if (report->rescales > 0) {
        snprintf(draft->rescaled, sizeof(draft->rescaled),
                 "loss scale changed: residuals rescaled %llu times, at last "
                 "by 2^%d",
                 (unsigned long long)report->rescales,
                 report->rescale_exponent);
        add_note(draft, draft->rescaled);
    }
    if (report->jump_calls > 0) {
        snprintf(draft->jumped, sizeof(draft->jumped),
                 "%llu calls were exchanged densely because gradients jumped",
                 (unsigned long long)report->jump_calls);
        add_note(draft, draft->jumped);
    }
}

static void describe_checks(draft_t *draft)
{
    char left_out[96] = "";

    if (draft->unchecked > 0) {
        snprintf(left_out, sizeof(left_out),
                 "; %llu sums that a rank could not read from its device were "
                 "left out",
                 (unsigned long long)draft->unchecked);
    }
    snprintf(draft->checks, sizeof(draft->checks),
             "SPAR_CHECK: %llu steps with %llu sums were the same on all "
             "ranks%s",
             (unsigned long long)draft->check_count,
             (unsigned long long)draft->checked, left_out);
}

static void add_notes(draft_t *draft)
{
    const spar_report_t *report = &draft->report;

    for (size_t i = 0; i < draft->unsettled_count; i++) {
        add_note(draft, draft->unsettled[i]);
    }
    add_note(draft, spar_horovod_note());
    if (report->layer_count == 0 && report->dense_calls > 0 &&
        draft->unsettled_count == 0) {
        add_note(draft, "all stayed dense: the run was too short to learn its "
                        "steps");
    }
    if (draft->check_count > 0) {
        describe_checks(draft);
        add_note(draft, draft->checks);
    }
    if (report->nonfinite_calls > 0) {
        add_note(draft, "calls with NaN or Inf were exchanged densely, "
                        "residuals untouched");
    }
    if (draft->undelivered > 0) {
        snprintf(draft->refused, sizeof(draft->refused),
                 "%llu times a layer's residual was not delivered when it was "
                 "due: too large a sum for 16 bits, or a rank could not take "
                 "part",
                 (unsigned long long)draft->undelivered);
        add_note(draft, draft->refused);
    }
    note_rescales(draft);
    add_note(draft, spar_periodic_note(&draft->periodic));
    add_note(draft, spar_periodic_note_length(&draft->periodic));
}

/* Of all ranks. */
static void note_unread(draft_t *draft)
{
    if (draft->unread > 0) {
        snprintf(draft->broken, sizeof(draft->broken),
                 "what %llu layers of some rank owed could not be read from "
                 "its device when it was due",
                 (unsigned long long)draft->unread);
        add_note(draft, draft->broken);
    }
}

/* What error feedback would still have sent. */
static void note_unsent(draft_t *draft)
{
    if (draft->unsent_layers == 0) {
        return;
    }
    snprintf(draft->unsent, sizeof(draft->unsent),
             "%zu %s up to %.0f %% of the gradient (by energy) still to send; "
             "%s",
             draft->unsent_layers,
             draft->unsent_layers == 1 ? "layer has" : "layers have",
             100 * draft->unsent_share,
             draft->report.state.is_saved
                 ? (draft->unsent_standing
                        ? "it was saved, but for persistent calls"
                        : "it was saved")
                 : "MPI_Pcontrol(2) before the last step delivers it, "
                   "SPAR_STATE=DIR keeps it for the next run");
    add_note(draft, draft->unsent);
}

static void add_forgotten(spar_report_t *report)
{
    spar_comm_totals_t totals = spar_comm_forgotten();

    report->sent_total += totals.bytes_sent;
    report->dense_calls += totals.dense_calls;
    report->nonfinite_calls += totals.nonfinite_calls;
}

static void draft_report(draft_t *draft, const char *reason)
{
    spar_report_t *report = &draft->report;
    bool complete;

    memset(draft, 0, sizeof(*draft));
    report->config = &spar_engine.config;
    report->shadow = spar_engine_is_shadow();
    if (spar_engine.config.mode == SPAR_MODE_AB) {
        report->ab = &draft->ab;
    }
    report->ranks = spar_engine.size;
    report->nodes = spar_engine.nodes;
    report->topology = spar_links_report();
    report->elapsed = spar_clock_now() - spar_engine.started;
    report->sent_per_step = -1;
    report->interface_per_step = -1;
    report->interface_total = -1;
    spar_helper_describe(draft->progress, sizeof(draft->progress));
    report->progress = draft->progress;
    complete = spar_comm_visit(visit, draft);
    spar_state_describe(&report->state);
    add_forgotten(report);
    spar_memory_add_pool(report);
    report->memory_bytes += report->residual_bytes;
    if (draft->multiple[0] != '\0') {
        add_note(draft, draft->multiple);
    }
    add_note(draft, reason);
    if (!complete) {
        add_note(draft, "communicators with a call under way in another "
                        "thread are left out");
    }
    if (draft->out_of_memory) {
        add_note(draft, "out of memory: layers or steps are left out");
    }
    add_notes(draft);
    report->notes = draft->notes;
}

static void free_draft(draft_t *draft)
{
    free(draft->layers);
    free(draft->steps);
    spar_periodic_draft_destroy(&draft->periodic);
    spar_windows_result_destroy(&draft->ab);
}

static void write_report(draft_t *draft)
{
    const char *target = spar_engine.config.report;

    if (strcmp(target, "none") == 0) {
        return;
    }
    spar_report_write_summary(&draft->report, stderr);
    if (strcmp(target, "summary") != 0 &&
        spar_report_write_json(&draft->report, target) != SPAR_OK) {
        spar_error("cannot write the report to %s: %s", target,
                   strerror(errno));
    }
}

/* Each rank sees its own host's interfaces, and its own device; the means are
 * per rank. Hosts whose counters cannot be read are left out. */
static void ask_all_ranks(draft_t *draft)
{
    spar_report_t *report = &draft->report;
    double total =
        (double)spar_steps_interface_bytes() - (double)spar_engine.tx_at_start;
    double per_step = report->interface_per_step;
    double hosts_per_rank = (double)report->nodes / report->ranks;
    double values[6] = {total > 0 ? total : 0,
                        total > 0,
                        per_step > 0 ? per_step : 0,
                        per_step > 0,
                        report->sent_per_step > 0 ? report->sent_per_step : 0,
                        (double)draft->unread};

    spar_real.Allreduce(MPI_IN_PLACE, values, 6, MPI_DOUBLE, MPI_SUM,
                        MPI_COMM_WORLD);
    draft->unread = (uint64_t)values[5];
    report->interface_total =
        values[1] > 0 ? values[0] / values[1] * hosts_per_rank : -1;
    report->interface_per_step =
        values[3] > 0 ? values[2] / values[3] * hosts_per_rank : -1;
    if (report->sent_per_step >= 0) {
        report->sent_per_step = values[4] / report->ranks;
    }
}

void spar_finish_report(void)
{
    draft_t draft;

    spar_horovod_look();
    draft_report(&draft, NULL);
    note_unsent(&draft);
    spar_periodic_warn(&draft.periodic);
    ask_all_ranks(&draft);
    note_unread(&draft);
    if (spar_engine.rank == 0) {
        write_report(&draft);
    }
    spar_tracing_write();
    free_draft(&draft);
}

void spar_finish_partial(const char *reason)
{
    draft_t draft;

    if (!spar_engine.active) {
        return;
    }
    if (spar_engine.rank == 0) {
        draft_report(&draft, reason);
        write_report(&draft);
        free_draft(&draft);
    }
    spar_tracing_write();
}

/* FILE.json becomes FILE.rank3.json. */
static void write_own_file(const draft_t *draft)
{
    const char *target = spar_engine.config.report;
    const char *ending = strrchr(target, '.');
    char path[SPAR_CONFIG_TEXT_MAX + 32];

    if (ending != NULL) {
        snprintf(path, sizeof(path), "%.*s.rank%d%s", (int)(ending - target),
                 target, spar_engine.rank, ending);
        (void)spar_report_write_json(&draft->report, path);
    }
}

void spar_finish_ended(const char *reason)
{
    draft_t draft;

    if (!spar_engine.active) {
        return;
    }
    draft_report(&draft, reason);
    if (spar_engine.rank == 0) {
        write_report(&draft);
    } else {
        write_own_file(&draft);
    }
    spar_tracing_write();
    free_draft(&draft);
}
