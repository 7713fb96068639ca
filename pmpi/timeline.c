#include "pmpi/timeline.h"

#include "base/clock.h"
#include "pmpi/ab.h"
#include "pmpi/comm.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static _Thread_local double blocked;

double spar_timeline_blocked(void)
{
    return blocked;
}

void spar_timeline_add_blocked(double seconds)
{
    blocked += seconds;
}

bool spar_timeline_is_aside(void)
{
    static _Thread_local int aside = -1; /* not known yet */

    if (aside < 0) {
        aside = gettid() != getpid();
    }
    return aside > 0;
}

static void end_step(spar_timeline_t *timeline, const spar_op_t *op)
{
    double wall = op->posted - timeline->wall_begin;
    double clock = op->clock_posted - timeline->clock_begin;

    spar_samples_add(&timeline->steps, wall);
    spar_samples_add(&timeline->waits, wall - clock);
    spar_samples_add(&timeline->computes, clock);
    spar_samples_add(&timeline->busys, timeline->busy);
    spar_samples_add(&timeline->pauses, timeline->paused);
    if (timeline->returned > 0) {
        spar_samples_add(&timeline->ends,
                         timeline->returned - timeline->wall_begin);
    }
}

void spar_timeline_begin_step(spar_comm_t *comm, const spar_op_t *op)
{
    spar_timeline_t *timeline = &comm->timeline;

    if (timeline->wall_begin > 0 && !timeline->left_out) {
        end_step(timeline, op);
    }
    /* Dense steps beside sparse ones say nothing of these. */
    timeline->left_out = spar_ab_is_dense(comm);
    timeline->wall_begin = op->posted;
    timeline->clock_begin = op->clock_posted;
    timeline->returned = 0;
    timeline->paused = 0;
    timeline->busy = 0;
}

void spar_timeline_place(const spar_comm_t *comm, spar_op_t *op)
{
    op->wall_begin = comm->timeline.wall_begin;
    op->clock_begin = comm->timeline.clock_begin;
}

void spar_timeline_begin_transfer(spar_comm_t *comm)
{
    if (comm->timeline.running++ == 0) {
        comm->timeline.running_since = spar_clock_now();
    }
}

void spar_timeline_end_transfer(spar_comm_t *comm)
{
    if (--comm->timeline.running == 0) {
        comm->timeline.busy += spar_clock_now() - comm->timeline.running_since;
    }
}

static void note_gap(const spar_op_t *op, spar_timing_t *timing)
{
    spar_timeline_t *timeline = &op->comm->timeline;
    /* The application's clock stood still in the call before. */
    double gap = op->clock_posted - timeline->clock_before;

    if (op->wall_begin < timeline->wall_begin) {
        return; /* of the step before */
    }
    if (timeline->returned > 0) {
        spar_samples_add(&timing->before, timeline->returned - op->wall_begin);
        spar_samples_add(&timing->gap, gap);
        spar_samples_add(&timing->beside,
                         fmax(0, op->posted - timeline->returned - gap));
        timeline->paused += gap;
    }
    timeline->returned = op->completed;
    timeline->by_aside = op->aside;
    timeline->clock_before = op->clock_posted;
}

void spar_timeline_note(const spar_op_t *op, spar_timing_t *timing)
{
    if (op->wall_begin <= 0 || op->comm->timeline.left_out) {
        return;
    }
    if (op->clock_needed > 0) {
        spar_samples_add(&timing->need, op->clock_needed - op->clock_begin);
    }
    spar_samples_add(&timing->release, op->clock_posted - op->clock_begin);
    spar_samples_add(&timing->wall, op->posted - op->wall_begin);
    if (op->kind == SPAR_OP_BLOCKING) {
        note_gap(op, timing);
    }
}

void spar_timeline_forget(spar_comm_t *comm)
{
    spar_timeline_t *timeline = &comm->timeline;

    timeline->steps.count = 0;
    timeline->waits.count = 0;
    timeline->computes.count = 0;
    timeline->busys.count = 0;
    timeline->ends.count = 0;
    timeline->pauses.count = 0;
    for (size_t i = 0; i < comm->layer_count; i++) {
        memset(&comm->layers[i].timing, 0, sizeof(comm->layers[i].timing));
    }
}

spar_overlap_t spar_timeline_overlap(const spar_comm_t *comm)
{
    spar_overlap_t overlap = {0};

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_timing_t *timing = &comm->layers[i].timing;

        spar_overlap_add(&overlap, &timing->before, &timing->gap);
    }
    return overlap;
}
