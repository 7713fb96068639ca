#include "pmpi/comm.h"

#include "base/log.h"
#include "exchange/allgather.h"
#include "pmpi/advance.h"
#include "pmpi/engine.h"
#include "pmpi/machines.h"
#include "pmpi/nodes.h"
#include "pmpi/progress.h"
#include "pmpi/queue.h"
#include "pmpi/reach.h"
#include "pmpi/standing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define BUCKETS 256u

/* On the shadows: two for each lane, one for the ring, two for each side
 * lane. */
#define FIRST_TAG      1
#define FIRST_SIDE_TAG (FIRST_TAG + 2 * SPAR_LANES + 1)

/* Freed communicators without layers that the report tells of. */
#define MOST_UNSETTLED 4

/* How long a report waits for a state that is being advanced. */
#define PATIENCE_NS 100000000

static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static spar_comm_t *buckets[BUCKETS];
static spar_comm_t *freed; /* by the application, with calls under way */
static spar_comm_t *archive;
static unsigned kept_unsettled; /* in the archive, without layers */
static int next_created;
static spar_comm_totals_t forgotten; /* freed without layers: no archive */
static int next_number;

/* Each thread remembers the communicator it used last; the generation changes
 * with the table, so that a handle that is used again is looked up again. */
static atomic_uint generation = 1;
static _Thread_local struct {
    unsigned generation;
    MPI_Comm handle;
    spar_comm_t *state;
} last_used;

static spar_comm_t **bucket_of(MPI_Comm comm)
{
    return &buckets[spar_real_hash((uintptr_t)comm) % BUCKETS];
}

/* Memory that only exchanges need. */
static void drop_machines(spar_comm_t *state)
{
    spar_standing_destroy_all(state);
    for (size_t i = 0; i < SPAR_LANES; i++) {
        spar_machines_drop(&state->lanes[i]);
        spar_staging_cleanup(&state->lanes[i].bundle.staging);
        spar_selection_cleanup(&state->lanes[i].selection);
        spar_reach_cleanup(&state->lanes[i].anonymous);
    }
    for (size_t i = 0; i < SPAR_PIECES - 1; i++) {
        spar_machines_drop(&state->side_lanes[i]);
        spar_selection_cleanup(&state->side_lanes[i].selection);
    }
    spar_merging_drop(state);
    spar_ring_destroy(state->ring);
    spar_sequence_destroy(state->sequence);
    free(state->negotiation);
    state->ring = NULL;
    state->sequence = NULL;
    state->negotiation = NULL;
}

static void destroy(spar_comm_t *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < state->layer_count; i++) {
        spar_layer_destroy(&state->layers[i]);
    }
    free(state->layers);
    free(state->steps.seconds);
    drop_machines(state);
    free(state->nodes);
    pthread_mutex_destroy(&state->busy);
    pthread_mutex_destroy(&state->posting);
    free(state);
}

static bool make_machines(spar_comm_t *state, unsigned methods)
{
    bool ok = true;

    for (size_t i = 0; i < SPAR_LANES; i++) {
        ok = spar_machines_make(state, &state->lanes[i], FIRST_TAG + 2 * (int)i,
                                methods) &&
             ok;
    }
    return ok;
}

static unsigned most_pieces(const spar_comm_t *comm)
{
    unsigned most = 1;

    for (size_t i = 0; i < comm->layer_count; i++) {
        if (comm->layers[i].piece_count > most) {
            most = comm->layers[i].piece_count;
        }
    }
    return most;
}

bool spar_comm_make_machines(spar_comm_t *comm)
{
    bool ok = make_machines(comm, spar_machines_methods(comm));
    unsigned most = most_pieces(comm);

    for (unsigned i = 0; i + 1 < most; i++) {
        ok = spar_machines_make(comm, &comm->side_lanes[i],
                                FIRST_SIDE_TAG + 2 * (int)i,
                                spar_machines_methods(comm)) &&
             ok;
    }
    return ok;
}

static bool make_lanes(spar_comm_t *state)
{
    for (unsigned i = 0; i < SPAR_LANES; i++) {
        state->lanes[i].number = i;
        spar_selection_init(&state->lanes[i].selection);
    }
    for (unsigned i = 0; i < SPAR_PIECES - 1; i++) {
        spar_selection_init(&state->side_lanes[i].selection);
    }
    return make_machines(state, SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER));
}

static spar_comm_t *create(MPI_Comm comm, MPI_Comm shadow, int rank, int size)
{
    spar_comm_t *state = calloc(1, sizeof(*state));

    if (state == NULL) {
        return NULL;
    }
    pthread_mutex_init(&state->busy, NULL);
    pthread_mutex_init(&state->posting, NULL);
    state->handle = comm;
    state->shadow = shadow;
    state->rank = rank;
    state->size = size;
    atomic_init(&state->stop_at, UINT64_MAX);
    spar_transport_mpi_init(&state->transport, shadow, rank, size);
    state->negotiation = calloc(1, sizeof(*state->negotiation));
    state->nodes = calloc((size_t)size, sizeof(*state->nodes));
    state->sequence = spar_sequence_create(spar_engine.config.learn_steps,
                                           spar_engine.config.step_calls);
    if (state->sequence != NULL) {
        state->sequence->only_steps =
            spar_engine.config.mode == SPAR_MODE_DENSE;
    }
    if (state->negotiation == NULL || state->sequence == NULL ||
        state->nodes == NULL ||
        !spar_nodes_find(comm, size, state->nodes, &state->node_count) ||
        !make_lanes(state) ||
        spar_ring_create(&state->transport.transport,
                         FIRST_TAG + 2 * SPAR_LANES, &state->ring) != SPAR_OK) {
        destroy(state);
        return NULL;
    }
    return state;
}

static void insert(spar_comm_t *state, int number)
{
    spar_comm_t **bucket = bucket_of(state->handle);

    pthread_rwlock_wrlock(&table_lock);
    state->created = next_created++;
    state->number = number;
    next_number = number < next_number ? next_number : number + 1;
    state->next = *bucket;
    *bucket = state;
    atomic_fetch_add(&generation, 1);
    pthread_rwlock_unlock(&table_lock);
}

/* An intracommunicator of two or more ranks. */
static bool is_eligible(MPI_Comm comm, int *rank_p, int *size_p)
{
    int inter = 1;

    return comm != MPI_COMM_NULL &&
           spar_real.Comm_test_inter(comm, &inter) == MPI_SUCCESS && !inter &&
           spar_real.Comm_size(comm, size_p) == MPI_SUCCESS && *size_p >= 2 &&
           spar_real.Comm_rank(comm, rank_p) == MPI_SUCCESS;
}

/* Ranks of another world (spawned, connected) may lack the library or have
 * other settings; they see strangers here too, so all ranks find the same. */
static bool is_of_our_world(MPI_Comm comm, int size)
{
    int count;
    int *nodes = malloc((size_t)size * sizeof(*nodes));
    bool ours;

    if (nodes == NULL) {
        spar_error("out of memory in the constructor of a communicator");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    ours = spar_nodes_find(comm, size, nodes, &count);
    free(nodes);
    return ours;
}

static spar_comm_t *unlink_state(MPI_Comm comm)
{
    spar_comm_t *state = NULL;

    for (spar_comm_t **link = bucket_of(comm); *link != NULL;
         link = &(*link)->next) {
        if ((*link)->handle == comm) {
            state = *link;
            *link = state->next;
            atomic_fetch_add(&generation, 1);
            break;
        }
    }
    return state;
}

/* Whether all calls are through. What the application has completed is
 * measured and freed here. */
static bool is_through(spar_comm_t *state)
{
    if (pthread_mutex_trylock(&state->busy) != 0) {
        return false; /* next time */
    }
    spar_advance_take_back(state);
    pthread_mutex_unlock(&state->busy);
    return spar_queue_living(state) == 0 && spar_progress_has_left(state);
}

static void forget(spar_comm_t *state)
{
    pthread_rwlock_wrlock(&table_lock);
    forgotten.dense_calls += state->dense_calls;
    forgotten.nonfinite_calls += state->nonfinite_calls;
    forgotten.bytes_sent += state->bytes_sent;
    pthread_rwlock_unlock(&table_lock);
    destroy(state);
}

/* The report keeps the numbers. */
static void retire(spar_comm_t *state)
{
    spar_real.Comm_free(&state->shadow);
    spar_periodic_close(state);
    for (size_t i = 0; i < state->layer_count; i++) {
        spar_layer_retire(&state->layers[i], "its communicator was freed");
    }
    spar_unsettled_look(state);
    drop_machines(state);
    pthread_rwlock_wrlock(&table_lock);
    if (state->layer_count == 0 &&
        (!state->unsettled.is || kept_unsettled == MOST_UNSETTLED)) {
        /* Nothing to report: do not grow with every communicator. */
        pthread_rwlock_unlock(&table_lock);
        forget(state);
        return;
    }
    kept_unsettled += state->layer_count == 0;
    state->next = archive;
    archive = state;
    pthread_rwlock_unlock(&table_lock);
}

/* The first freed state whose calls are through, taken out; NULL: none. */
static spar_comm_t *take_through(void)
{
    spar_comm_t *state;

    pthread_rwlock_wrlock(&table_lock);
    for (spar_comm_t **link = &freed; (state = *link) != NULL;
         link = &state->next) {
        if (is_through(state)) {
            *link = state->next;
            break;
        }
    }
    pthread_rwlock_unlock(&table_lock);
    return state;
}

static void retire_freed(void)
{
    spar_comm_t *state;

    while ((state = take_through()) != NULL) {
        retire(state);
    }
}

void spar_comm_detach(MPI_Comm comm)
{
    spar_comm_t *state;

    pthread_rwlock_wrlock(&table_lock);
    state = unlink_state(comm);
    if (state != NULL) {
        atomic_store(&state->freed, true);
        state->next = freed;
        freed = state;
    }
    pthread_rwlock_unlock(&table_lock);
    retire_freed();
}

/* Whether all ranks of the shadow could make a state, and the number that it
 * gets: the largest of those that would be next on one of the ranks. */
static bool agree_on_state(MPI_Comm shadow, const spar_comm_t *state,
                           int *number_p)
{
    int values[2] = {state != NULL, 0};
    bool ok;

    pthread_rwlock_rdlock(&table_lock);
    values[1] = -next_number;
    pthread_rwlock_unlock(&table_lock);
    ok = spar_real.Allreduce(MPI_IN_PLACE, values, 2, MPI_INT, MPI_MIN,
                             shadow) == MPI_SUCCESS;
    *number_p = -values[1];
    return ok && values[0] != 0;
}

void spar_comm_attach(MPI_Comm comm)
{
    MPI_Comm shadow;
    spar_comm_t *state;
    int rank, size, number;

    retire_freed();
    if (!is_eligible(comm, &rank, &size) || !is_of_our_world(comm, size)) {
        return;
    }
    /* Not MPI_Comm_dup, which would run the application's attribute
     * callbacks. */
    if (spar_real.Comm_split(comm, 0, rank, &shadow) != MPI_SUCCESS) {
        return;
    }
    spar_real.Comm_set_errhandler(shadow, MPI_ERRORS_RETURN);
    state = create(comm, shadow, rank, size);
    if (!agree_on_state(shadow, state, &number) || state == NULL) {
        spar_warn("out of memory: a communicator of %d ranks stays dense",
                  size);
        destroy(state);
        spar_real.Comm_free(&shadow);
        return;
    }
    if (spar_state_is_wanted()) {
        spar_state_name(state);
    }
    insert(state, number);
}

spar_comm_t *spar_comm_find(MPI_Comm comm)
{
    unsigned now = atomic_load_explicit(&generation, memory_order_acquire);
    spar_comm_t *state;

    if (last_used.generation == now && last_used.handle == comm) {
        return last_used.state;
    }
    pthread_rwlock_rdlock(&table_lock);
    for (state = *bucket_of(comm); state != NULL; state = state->next) {
        if (state->handle == comm) {
            break;
        }
    }
    pthread_rwlock_unlock(&table_lock);
    last_used.generation = now;
    last_used.handle = comm;
    last_used.state = state;
    return state;
}

/* Whoever waits for a call lets go of the state again and again. */
static bool lock_soon(spar_comm_t *state)
{
    struct timespec limit;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec += PATIENCE_NS;
    limit.tv_sec += limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    return pthread_mutex_timedlock(&state->busy, &limit) == 0;
}

static bool visit_list(spar_comm_t *state,
                       void (*visit)(spar_comm_t *state, void *argument),
                       void *argument)
{
    bool complete = true;

    for (; state != NULL; state = state->next) {
        if (lock_soon(state)) {
            spar_advance_take_back(state);
            visit(state, argument);
            pthread_mutex_unlock(&state->busy);
        } else {
            complete = false;
        }
    }
    return complete;
}

bool spar_comm_visit(void (*visit)(spar_comm_t *state, void *argument),
                     void *argument)
{
    bool complete = true;

    pthread_rwlock_rdlock(&table_lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        complete = visit_list(buckets[i], visit, argument) && complete;
    }
    complete = visit_list(freed, visit, argument) && complete;
    complete = visit_list(archive, visit, argument) && complete;
    pthread_rwlock_unlock(&table_lock);
    return complete;
}

spar_comm_totals_t spar_comm_forgotten(void)
{
    spar_comm_totals_t totals;

    pthread_rwlock_rdlock(&table_lock);
    totals = forgotten;
    pthread_rwlock_unlock(&table_lock);
    return totals;
}

/* The same on every rank. What is owed may be delivered by an allgather. */
static unsigned methods_in_use(const spar_comm_t *comm)
{
    unsigned methods = SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER);

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        if (layer->sparse || layer->owes) {
            methods |= SPAR_METHOD_BIT(layer->trial.method);
        }
    }
    return methods;
}

void spar_comm_trim_machines(spar_comm_t *comm)
{
    unsigned methods = methods_in_use(comm);

    for (size_t i = 0; i < SPAR_LANES; i++) {
        spar_machines_keep(&comm->lanes[i], methods);
    }
    for (size_t i = 0; i < SPAR_PIECES - 1; i++) {
        spar_machines_keep(&comm->side_lanes[i], methods);
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_forget_room(&comm->layers[i], ~methods);
    }
    for (size_t i = 0; i < comm->group_count; i++) {
        spar_piece_forget_room(&comm->groups[i].piece, ~methods);
    }
}

void spar_comm_note_where_it_pays(spar_comm_t *comm)
{
    uint64_t step = comm->sequence->steps;
    bool nowhere = true;

    for (size_t i = 0; i < comm->layer_count; i++) {
        nowhere &= !comm->layers[i].sparse;
    }
    /* Steps count anew when a sequence was learnt again. */
    if (nowhere && (!comm->pays_nowhere || step < comm->dense_from)) {
        comm->dense_from = step;
    }
    comm->pays_nowhere = nowhere;
}

static void release(spar_comm_t *state)
{
    if (spar_progress_has_left(state)) {
        spar_real.Comm_free(&state->shadow);
    }
}

static spar_comm_t *find_created(spar_comm_t *state, int created)
{
    while (state != NULL && state->created != created) {
        state = state->next;
    }
    return state;
}

void spar_comm_release_all(void)
{
    retire_freed();
    /* MPI_Comm_free is collective: free in the order of creation, which is
     * the same on the ranks of each communicator. */
    for (int created = 0; created < next_created; created++) {
        spar_comm_t *state = find_created(freed, created);

        for (size_t i = 0; state == NULL && i < BUCKETS; i++) {
            state = find_created(buckets[i], created);
        }
        if (state != NULL) {
            release(state);
        }
    }
}

static void destroy_list(spar_comm_t *state)
{
    while (state != NULL) {
        spar_comm_t *next = state->next;

        /* What is pending even now, MPI may still refer to. */
        if (spar_progress_has_left(state)) {
            destroy(state);
        }
        state = next;
    }
}

void spar_comm_free_all(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        destroy_list(buckets[i]);
        buckets[i] = NULL;
    }
    destroy_list(freed);
    freed = NULL;
    destroy_list(archive);
    archive = NULL;
    atomic_fetch_add(&generation, 1);
}
