#include "pmpi/periodic_report.h"

#include "base/log.h"
#include "pmpi/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool copy_history(const spar_periodic_t *control,
                         spar_report_periodic_t *out)
{
    size_t bytes = control->mark_count * sizeof(control->marks[0]);
    spar_periodic_mark_t *history = malloc(bytes > 0 ? bytes : 1);

    if (history == NULL) {
        return false;
    }
    memcpy(history, control->marks, bytes);
    out->history = history;
    out->marks = control->mark_count;
    return true;
}

/* The present step counts as it was begun. */
static void describe(const spar_comm_t *comm, spar_report_periodic_t *out)
{
    const spar_periodic_comm_t *periodic = &comm->periodic;
    const spar_periodic_t *control = &periodic->control;
    bool exchanges = spar_periodic_has_exchanged(comm);

    *out = (spar_report_periodic_t){
        .comm = comm->number,
        .ranks = comm->size,
        .carries = periodic->carries,
        .adapts = control->rule.periods.count == 0,
        .period = control->period,
        .exchanges = control->exchanges + exchanges,
        .skips = control->skips +
                 (periodic->is_open && periodic->layers > 0 && !exchanges),
        .since_average = spar_periodic_since_average(comm),
        .drifts = control->drifts,
        .has_hint = control->rule.rates.count > 0};
}

/* Nobody knows what sums outside the step were for; but as many elements as
 * the layers have will have been their averages. */
static void note_end(const spar_comm_t *comm, const spar_report_periodic_t *out,
                     spar_periodic_draft_t *draft)
{
    if (out->since_average == 0 ||
        comm->periodic.outside >= comm->periodic.elements) {
        return;
    }
    draft->is_mine = draft->is_mine || comm->rank == 0;
    draft->is_unaveraged = true;
    draft->never = draft->never || out->exchanges == 0;
    if (out->since_average > draft->since) {
        draft->since = out->since_average;
    }
}

bool spar_periodic_describe(const spar_comm_t *comm,
                            spar_periodic_draft_t *draft, spar_report_t *report)
{
    spar_report_periodic_t *items;

    if (!comm->periodic.was_on) {
        return true;
    }
    items = realloc(draft->items, (draft->count + 1) * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    draft->items = items;
    describe(comm, &items[draft->count]);
    if (!copy_history(&comm->periodic.control, &items[draft->count])) {
        return false;
    }
    note_end(comm, &items[draft->count], draft);
    if (comm->periodic.has_step) {
        draft->announced = spar_engine.config.train_steps;
        draft->steps = comm->periodic.step + 1;
    }
    draft->count++;
    report->periodic = draft->items;
    report->periodic_count = draft->count;
    return true;
}

const char *spar_periodic_note(spar_periodic_draft_t *draft)
{
    if (!draft->is_unaveraged) {
        return NULL;
    }
    snprintf(
        draft->note, sizeof(draft->note),
        "the replicas may differ: %llu step%s since they were averaged%s; "
        "MPI_Pcontrol(2) before the last averaging (also before a "
        "checkpoint or an evaluation), or %sSPAR_TRAIN_STEPS, makes it one "
        "that is exchanged",
        (unsigned long long)draft->since, draft->since == 1 ? "" : "s",
        draft->never ? ", and the period was longer than the run" : "",
        draft->announced > 0 ? "the right " : "");
    return draft->note;
}

const char *spar_periodic_note_length(spar_periodic_draft_t *draft)
{
    if (draft->announced == 0 || draft->announced == draft->steps) {
        return NULL;
    }
    snprintf(
        draft->length, sizeof(draft->length),
        "SPAR_TRAIN_STEPS says %llu steps, and there were %llu%s",
        (unsigned long long)draft->announced, (unsigned long long)draft->steps,
        draft->steps > draft->announced ? ": all the later ones averaged" : "");
    return draft->length;
}

void spar_periodic_warn(const spar_periodic_draft_t *draft)
{
    bool is_told =
        spar_engine.rank == 0 && strcmp(spar_engine.config.report, "none") != 0;

    if (draft->is_unaveraged && draft->is_mine && !is_told) {
        spar_warn("%s", draft->note);
    }
}

void spar_periodic_draft_destroy(spar_periodic_draft_t *draft)
{
    for (size_t i = 0; i < draft->count; i++) {
        free((void *)draft->items[i].history);
    }
    free(draft->items);
}
