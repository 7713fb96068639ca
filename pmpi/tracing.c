#include "pmpi/tracing.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/choose.h"
#include "pmpi/clocks.h"
#include "pmpi/engine.h"
#include "pmpi/plan.h"
#include "pmpi/standing.h"
#include "pmpi/steps.h"
#include "report/trace.h"

#include <errno.h>
#include <string.h>

bool spar_tracing_on;

static spar_trace_t trace;
static spar_clocks_t clocks;
static char host[MPI_MAX_PROCESSOR_NAME];
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static bool is_wanted(void)
{
    return strcmp(spar_engine.config.trace, "off") != 0;
}

/* 0: this rank can record and write; otherwise errno. */
static int prepare(void)
{
    if (spar_trace_prepare(spar_engine.config.trace) != SPAR_OK) {
        return errno;
    }
    return spar_trace_create(SPAR_TRACE_EVENTS, &trace) == SPAR_OK ? 0 : ENOMEM;
}

/* One line is enough for all ranks. */
static void name_first(int cause)
{
    int mine = cause == 0 ? spar_engine.size : spar_engine.rank;
    int first = mine;

    spar_real.Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == spar_engine.rank) {
        spar_error("no trace: cannot write to the directory %s of SPAR_TRACE: "
                   "%s",
                   spar_engine.config.trace, strerror(cause));
    }
}

void spar_tracing_start(void)
{
    int length = 0;
    int cause;

    if (!is_wanted()) {
        return;
    }
    cause = prepare();
    name_first(cause);
    spar_clocks_align(&clocks);
    spar_real.Get_processor_name(host, &length);
    (void)spar_trace_thread(); /* the first one is the application's */
    spar_tracing_on = cause == 0;
}

void spar_tracing_write(void)
{
    spar_trace_process_t process = {.rank = spar_engine.rank,
                                    .ranks = spar_engine.size,
                                    .host = host,
                                    .origin = clocks.origin,
                                    .offset = clocks.offset,
                                    .error = clocks.error};

    if (!spar_tracing_on) {
        return;
    }
    pthread_mutex_lock(&writing);
    if (spar_trace_write(&trace, &process, spar_engine.config.trace) !=
        SPAR_OK) {
        spar_error("cannot write the trace to %s: %s", spar_engine.config.trace,
                   strerror(errno));
    }
    pthread_mutex_unlock(&writing);
}

/* Where the job was stopped in its middle, other threads may still record. */
void spar_tracing_stop(void)
{
    if (spar_tracing_on && !spar_steps_are_over()) {
        spar_tracing_on = false;
        spar_trace_destroy(&trace);
    }
}

void spar_tracing_name_helper(void)
{
    if (spar_tracing_on) {
        spar_trace_name_thread("helper thread");
    }
}

/* As in the report, from 0. */
static int64_t present_step(const spar_comm_t *comm)
{
    return (int64_t)comm->sequence->steps - 1;
}

static spar_trace_event_t event_of(const spar_op_t *op, spar_trace_kind_t kind)
{
    spar_trace_event_t event = {.kind = (uint8_t)kind,
                                .origin = SPAR_TRACE_OUTSIDE,
                                .thread = spar_trace_thread(),
                                .comm = op->comm->number,
                                .plan = op->plan,
                                .step = op->step,
                                .count = op->what.count};

    if (op->standing != NULL) {
        event.origin = SPAR_TRACE_STANDING;
        event.number = op->standing->number;
        event.step = -1;
    } else if (op->place.slot >= 0) {
        event.origin = SPAR_TRACE_SLOT;
        event.number = (uint32_t)op->place.slot;
    }
    return event;
}

void spar_tracing_note_launch(spar_op_t *op)
{
    op->launched = spar_clock_now();
}

void spar_tracing_note_selection(const spar_op_t *op, double begin)
{
    spar_trace_event_t event = event_of(op, SPAR_TRACE_SELECTION);

    event.begin = begin;
    event.end = spar_clock_now();
    spar_trace_record(&trace, &event);
}

void spar_tracing_note_wait(const spar_op_t *op)
{
    spar_trace_event_t event = event_of(op, SPAR_TRACE_WAIT);

    event.begin = op->completed - op->waited;
    event.end = op->completed;
    spar_trace_record(&trace, &event);
}

void spar_tracing_note_end(const spar_op_t *op, double cost)
{
    spar_trace_event_t event = event_of(op, SPAR_TRACE_CALL);

    event.begin = op->posted;
    event.end = op->completed;
    event.text =
        op->method < SPAR_METHODS ? spar_method_name(op->method) : "several";
    event.call.launched = op->launched;
    event.call.bytes = op->bytes;
    event.call.density = op->was_sparse ? op->density : 1;
    op->comm->tracing.exposed += cost;
    spar_trace_record(&trace, &event);
}

void spar_tracing_note_agreement(spar_comm_t *comm, const char *what)
{
    spar_trace_event_t event = {.kind = SPAR_TRACE_AGREEMENT,
                                .comm = comm->number,
                                .plan = comm->plan,
                                .begin = comm->tracing.agreement_begin,
                                .end = spar_clock_now(),
                                .text = what};

    if (what == NULL) {
        comm->tracing.agreement_begin = event.end;
    } else {
        spar_trace_record(&trace, &event);
    }
}

/* What a call of the layer will take in this step. */
typedef struct layer_plan {
    spar_method_t method;
    double density;
    const char *why;
} layer_plan_t;

static layer_plan_t plan_of(const spar_comm_t *comm, const spar_layer_t *layer)
{
    spar_method_t method = spar_choose_method(comm, layer);
    bool sparse = (SPAR_METHOD_BIT(method) & SPAR_METHOD_SPARSE) != 0;

    return (layer_plan_t){.method = method,
                          .density =
                              sparse ? spar_plan_density(comm, layer) : 1,
                          .why = layer->why};
}

/* FNV-1a. */
static uint64_t mix(uint64_t print, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        print = (print ^ bytes[i]) * 0x100000001b3u;
    }
    return print;
}

static uint64_t print_of(const spar_comm_t *comm, const layer_plan_t *plans)
{
    uint64_t print = mix(0xcbf29ce484222325u, &comm->plan, sizeof(comm->plan));

    for (size_t i = 0; i < comm->layer_count; i++) {
        print = mix(print, &plans[i].method, sizeof(plans[i].method));
        print = mix(print, &plans[i].density, sizeof(plans[i].density));
        print = mix(print, &plans[i].why, sizeof(plans[i].why));
    }
    return print;
}

static bool are_alike(const layer_plan_t *a, const layer_plan_t *b)
{
    return a->method == b->method && a->why == b->why;
}

/* The first of those that are alike, in the event. */
static void add_layer(const layer_plan_t *plan, spar_trace_event_t *event)
{
    float density = (float)plan->density;

    if (event->count == 0 || density < event->plan_part.least) {
        event->plan_part.least = density;
    }
    if (density > event->plan_part.most) {
        event->plan_part.most = density;
    }
    event->count++;
}

/* The layers from the first one on that are like it; none if one before it is.
 */
static void tell_alike(const spar_trace_event_t *plan,
                       const layer_plan_t *plans, size_t count, size_t first)
{
    spar_trace_event_t event = *plan;

    event.kind = SPAR_TRACE_LAYERS;
    event.count = 0;
    event.text = spar_method_name(plans[first].method);
    event.plan_part.why = plans[first].why;
    for (size_t i = 0; i < first; i++) {
        if (are_alike(&plans[i], &plans[first])) {
            return;
        }
    }
    for (size_t i = first; i < count; i++) {
        if (are_alike(&plans[i], &plans[first])) {
            add_layer(&plans[i], &event);
        }
    }
    spar_trace_record(&trace, &event);
}

static void tell_plan(spar_comm_t *comm, double now)
{
    layer_plan_t plans[SPAR_SEQUENCE_MAX_PERIOD];
    spar_tracing_comm_t *told = &comm->tracing;
    spar_trace_event_t event = {.kind = SPAR_TRACE_PLAN,
                                .comm = comm->number,
                                .plan = comm->plan,
                                .step = present_step(comm),
                                .begin = now,
                                .count = comm->layer_count};
    uint64_t print;

    for (size_t i = 0; i < comm->layer_count; i++) {
        plans[i] = plan_of(comm, &comm->layers[i]);
        event.plan_part.sparse += plans[i].density < 1;
    }
    print = print_of(comm, plans);
    if (print == told->plan_print) {
        return;
    }
    event.plan_part.why = told->plan_version == comm->plan
                              ? "methods or densities changed"
                              : "a sequence of calls was learnt";
    told->plan_print = print;
    told->plan_version = comm->plan;
    spar_trace_record(&trace, &event);
    for (size_t i = 0; i < comm->layer_count; i++) {
        tell_alike(&event, plans, comm->layer_count, i);
    }
}

static void tell_step(spar_comm_t *comm, double now)
{
    spar_tracing_comm_t *told = &comm->tracing;
    spar_trace_event_t event = {
        .kind = SPAR_TRACE_STEP,
        .comm = comm->number,
        .plan = comm->plan,
        .step = present_step(comm),
        .begin = now,
        .step_before = {.before = told->step_begin,
                        .bytes = comm->bytes_sent - told->bytes_before,
                        .exposed = told->exposed}};

    told->step_begin = now;
    told->bytes_before = comm->bytes_sent;
    told->exposed = 0;
    spar_trace_record(&trace, &event);
}

void spar_tracing_note_place(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    op->step = present_step(comm);
    if (op->place.step_begins) {
        tell_step(comm, op->posted);
        tell_plan(comm, op->posted);
    }
}
