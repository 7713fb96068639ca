#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/queue.h"
#include "pmpi/resident.h"
#include "pmpi/state.h"
#include "pmpi/state_held.h"
#include "report/state_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One save. */
typedef struct saving {
    spar_state_writer_t writer;
    bool *replaced;    /* the saved communicators that have learnt their step */
    bool is_partial;   /* a communicator is left out */
    const char *cause; /* why it fails, static, or errno's; NULL: it does not */
} saving_t;

/* NULL: there is no cause to. */
static void give_up(saving_t *saving, const char *cause)
{
    if (saving->cause == NULL) {
        saving->cause = cause;
    }
}

static void add(saving_t *saving, const spar_state_file_comm_t *comm)
{
    if (spar_state_writer_add(&saving->writer, comm) != SPAR_OK) {
        give_up(saving, strerror(errno));
    }
}

/* Whatever was saved of the communicator belongs to layers that it has not
 * got, or is in them. */
static void replace(saving_t *saving, const spar_comm_t *comm)
{
    const spar_state_file_t *content = &spar_state_held.content;

    pthread_mutex_lock(&spar_state_held.lock);
    for (size_t i = 0; i < content->comm_count; i++) {
        saving->replaced[i] =
            saving->replaced[i] || content->comms[i].key == comm->state_key;
    }
    pthread_mutex_unlock(&spar_state_held.lock);
}

/* Why its residuals are not those behind the same call on every rank, static;
 * NULL: they are. Calls behind the last step of the job (SPAR_STOP_STEPS) are
 * never started, and a bundle may be open for members that never come. */
static const char *find_obstacle(spar_comm_t *comm)
{
    const spar_op_t *first = spar_queue_first(comm);

    if (comm->failed) {
        return "an exchange has failed";
    }
    return comm->active == NULL &&
                   (first == NULL ||
                    first->number >= atomic_load(&comm->stop_at))
               ? NULL
               : "calls are under way";
}

static uint64_t calls_of(spar_comm_t *comm)
{
    const spar_op_t *first = spar_queue_first(comm);

    return first != NULL ? first->number : comm->posted;
}

static bool owes(const spar_layer_t *layer)
{
    return layer->owes && layer->residual != NULL;
}

static bool any_owes(const spar_comm_t *comm)
{
    bool any = false;

    for (size_t i = 0; i < comm->layer_count; i++) {
        any = any || owes(&comm->layers[i]);
    }
    return any;
}

static void add_comm(saving_t *saving, spar_comm_t *comm)
{
    spar_state_file_comm_t out = {
        .key = comm->state_key,
        .stamp = calls_of(comm),
        .size = (uint32_t)comm->size,
        .rank = (uint32_t)comm->rank,
        .layer_count = (uint32_t)comm->layer_count,
        .rescale_due = comm->rescale.due,
        .rest = spar_loss_scale_rest_shift(&comm->rescale.rest,
                                           -(int64_t)comm->steps.begun)};

    out.layers = calloc(comm->layer_count, sizeof(*out.layers));
    if (out.layers == NULL) {
        give_up(saving, strerror(ENOMEM));
        return;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        if (owes(layer) && !spar_resident_fetch(layer)) {
            give_up(saving, "a device does not give its residuals away");
        }
        out.layers[i] = (spar_state_file_layer_t){
            .count = layer->count,
            .dtype = layer->element,
            .residual = owes(layer) ? layer->residual : NULL,
            .loss_scale = layer->loss_scale};
    }
    add(saving, &out);
    free(out.layers);
}

/* At the next start its ranks see that not all of them have saved it, and
 * restore nothing of it. */
static void leave_out(saving_t *saving, const spar_comm_t *comm,
                      const char *obstacle)
{
    saving->is_partial = true;
    spar_warn("the residuals of communicator %d were not saved to %s: %s",
              comm->number, spar_engine.config.state, obstacle);
}

/* With `busy` held, so that nobody changes a residual while it is written. */
static void visit(spar_comm_t *comm, void *argument)
{
    saving_t *saving = argument;
    const char *obstacle = find_obstacle(comm);

    if (comm->layer_count > 0) {
        replace(saving, comm);
    }
    if (atomic_load(&comm->freed) || saving->cause != NULL) {
        return;
    }
    if (obstacle != NULL && comm->layer_count > 0) {
        leave_out(saving, comm, obstacle);
    } else if (any_owes(comm) && comm->state_key != 0) {
        add_comm(saving, comm);
    }
}

/* Its residuals go through the memory; those that a plan in another thread is
 * about to take are left alone. */
static void carry_comm(saving_t *saving, const spar_state_file_comm_t *comm)
{
    spar_state_file_comm_t copy = *comm;

    copy.layers = calloc(comm->layer_count, sizeof(*copy.layers));
    if (copy.layers == NULL) {
        give_up(saving, strerror(ENOMEM));
        return;
    }
    memcpy(copy.layers, comm->layers, comm->layer_count * sizeof(*copy.layers));
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        copy.layers[i].residual = NULL;
    }
    give_up(saving, spar_state_held_load(&copy));
    if (saving->cause == NULL) {
        add(saving, &copy);
    }
    spar_state_held_unload(&copy);
    free(copy.layers);
}

/* What has not found its communicator again yet stays in the file. */
static void carry_over(saving_t *saving)
{
    const spar_state_file_t *content = &spar_state_held.content;

    pthread_mutex_lock(&spar_state_held.lock);
    for (size_t i = 0; i < content->comm_count && saving->cause == NULL; i++) {
        if (!saving->replaced[i]) {
            carry_comm(saving, &content->comms[i]);
        }
    }
    pthread_mutex_unlock(&spar_state_held.lock);
}

static void write_content(saving_t *saving, FILE *file, uint64_t number)
{
    spar_state_file_origin_t origin = {.ranks = (uint32_t)spar_engine.size,
                                       .rank = (uint32_t)spar_engine.rank,
                                       .run = spar_state_held.run,
                                       .save = number};

    if (spar_state_writer_begin(file, &origin, &saving->writer) != SPAR_OK) {
        give_up(saving, strerror(errno));
    }
    if (!spar_comm_visit(visit, saving)) {
        give_up(saving, "a call is under way in another thread");
    }
    carry_over(saving);
    if (saving->cause == NULL &&
        spar_state_writer_end(&saving->writer) != SPAR_OK) {
        give_up(saving, strerror(errno));
    }
}

/* What a save has come to. */
typedef struct outcome {
    const char *cause; /* why it has failed; NULL: it has not */
    uint64_t bytes;
    bool is_partial;
} outcome_t;

/* Writes the new file beside the latest one, in the room of the one before: the
 * ranks have exchanged something since, so all of them have the latest. */
static outcome_t write_new(uint64_t number)
{
    size_t earlier = spar_state_held.content.comm_count;
    saving_t saving = {.replaced = calloc(earlier + 1, sizeof(bool))};
    FILE *file;

    spar_state_place_forget(spar_engine.config.state, spar_engine.rank);
    file = spar_state_place_create(spar_engine.config.state, spar_engine.rank);
    if (file == NULL || saving.replaced == NULL) {
        give_up(&saving, strerror(errno));
    } else {
        write_content(&saving, file, number);
    }
    if (file != NULL && fclose(file) != 0) {
        give_up(&saving, strerror(errno));
    }
    if (saving.cause != NULL) {
        spar_state_place_discard(spar_engine.config.state, spar_engine.rank);
    }
    free(saving.replaced);
    return (outcome_t){.cause = saving.cause,
                       .bytes = saving.writer.residual,
                       .is_partial = saving.is_partial};
}

/* NULL: it is in its place. */
static const char *commit(const outcome_t *outcome)
{
    if (spar_state_place_commit(spar_engine.config.state, spar_engine.rank) !=
        SPAR_OK) {
        return strerror(errno);
    }
    pthread_mutex_lock(&spar_state_held.lock);
    spar_state_held.is_saved = true;
    spar_state_held.is_partial = outcome->is_partial;
    spar_state_held.saved = outcome->bytes;
    pthread_mutex_unlock(&spar_state_held.lock);
    spar_info("saved %.3g MB of residuals to %s, as run %016llx",
              1e-6 * (double)outcome->bytes, spar_engine.config.state,
              (unsigned long long)spar_state_held.run);
    return NULL;
}

static void complain(const char *cause)
{
    spar_warn("residuals were not saved to %s: %s", spar_engine.config.state,
              cause);
}

void spar_state_save(void)
{
    static pthread_mutex_t saving = PTHREAD_MUTEX_INITIALIZER;
    outcome_t outcome;

    if (!spar_state_is_wanted()) {
        return;
    }
    pthread_mutex_lock(&saving);
    outcome = write_new(++spar_state_held.saves);
    if (outcome.cause == NULL) {
        outcome.cause = commit(&outcome);
    }
    if (outcome.cause != NULL) {
        complain(outcome.cause);
    }
    pthread_mutex_unlock(&saving);
}

/* Ranks may have saved more often than others before. */
static uint64_t next_save(void)
{
    uint64_t number = spar_state_held.saves + 1;

    spar_real.Allreduce(MPI_IN_PLACE, &number, 1, MPI_UINT64_T, MPI_MAX,
                        MPI_COMM_WORLD);
    return number;
}

/* The lowest rank that has failed; the size: none has. */
static int first_failed(bool failed)
{
    int rank = failed ? spar_engine.rank : spar_engine.size;

    spar_real.Allreduce(MPI_IN_PLACE, &rank, 1, MPI_INT, MPI_MIN,
                        MPI_COMM_WORLD);
    return rank;
}

/* The parameters have gone on since the saves before. */
static void drop_all(void)
{
    spar_state_place_discard(spar_engine.config.state, spar_engine.rank);
    spar_state_place_set_aside(spar_engine.config.state, spar_engine.rank);
    pthread_mutex_lock(&spar_state_held.lock);
    spar_state_held.is_saved = false;
    pthread_mutex_unlock(&spar_state_held.lock);
}

void spar_state_save_last(void)
{
    outcome_t outcome;
    int first;

    if (!spar_state_is_wanted()) {
        return;
    }
    outcome = write_new(next_save());
    first = first_failed(outcome.cause != NULL);
    if (first == spar_engine.size) {
        outcome.cause = commit(&outcome);
        first = first_failed(outcome.cause != NULL);
    }
    if (first == spar_engine.size) {
        spar_state_place_forget(spar_engine.config.state, spar_engine.rank);
    } else {
        drop_all();
    }
    if (first == spar_engine.rank) {
        complain(outcome.cause);
    }
}
