#include "pmpi/persistent.h"

#include "base/log.h"
#include "pmpi/candidate.h"
#include "pmpi/post.h"
#include "pmpi/requests.h"
#include "pmpi/standing.h"

#include <stdlib.h>

#define BUCKETS 256u

typedef struct record {
    struct record *next;
    MPI_Request request; /* the application's */
    MPI_Request behind;  /* MPI_REQUEST_NULL: not started */
    bool left_to_mpi;    /* at its latest start */
    spar_standing_t *standing;
} record_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static record_t *buckets[BUCKETS];
static atomic_uint records;

static record_t **bucket_of(MPI_Request request)
{
    return &buckets[spar_real_hash((uintptr_t)request) % BUCKETS];
}

static record_t *find(MPI_Request request)
{
    record_t *record;

    if (atomic_load_explicit(&records, memory_order_relaxed) == 0) {
        return NULL;
    }
    pthread_mutex_lock(&lock);
    for (record = *bucket_of(request); record != NULL; record = record->next) {
        if (record->request == request) {
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return record;
}

static _Noreturn void end_job(void)
{
    spar_error("out of memory for persistent requests");
    spar_real.Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void remember(MPI_Request request, spar_standing_t *standing)
{
    record_t *record = malloc(sizeof(*record));

    if (record == NULL) {
        end_job();
    }
    record->request = request;
    record->behind = MPI_REQUEST_NULL;
    record->left_to_mpi = false;
    record->standing = standing;
    pthread_mutex_lock(&lock);
    record->next = *bucket_of(request);
    *bucket_of(request) = record;
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&records, 1);
    atomic_fetch_add(&spar_requests_live, 1);
}

static void forget(record_t *record)
{
    record_t **link = bucket_of(record->request);

    pthread_mutex_lock(&lock);
    while (*link != record) {
        link = &(*link)->next;
    }
    *link = record->next;
    pthread_mutex_unlock(&lock);
    atomic_fetch_sub(&records, 1);
    atomic_fetch_sub(&spar_requests_live, 1);
    free(record);
}

/* Whether its latest start went to the engine. MPI may take it for one that was
 * never started, which MPICH 4.0 waits for, so MPI must not see it at all. */
static bool is_ours(const record_t *record)
{
    return record != NULL && !record->left_to_mpi;
}

MPI_Request spar_persistent_current(MPI_Request request)
{
    const record_t *record = find(request);

    return is_ours(record) ? record->behind : request;
}

MPI_Request *spar_persistent_view(int count, MPI_Request *requests)
{
    MPI_Request *view;

    if (atomic_load_explicit(&records, memory_order_relaxed) == 0) {
        return requests;
    }
    view = malloc((size_t)count * sizeof(MPI_Request));
    if (view == NULL) {
        end_job();
    }
    for (int i = 0; i < count; i++) {
        view[i] = spar_persistent_current(requests[i]);
    }
    return view;
}

void spar_persistent_merge(int count, MPI_Request *requests, MPI_Request *view)
{
    if (view == requests) {
        return;
    }
    for (int i = 0; i < count; i++) {
        record_t *record = find(requests[i]);

        if (is_ours(record)) {
            record->behind = view[i];
        } else {
            requests[i] = view[i];
        }
    }
    free(view);
}

int spar_persistent_take_over(int code, const spar_allreduce_call_t *call,
                              const MPI_Request *request)
{
    spar_standing_t *standing = NULL;
    spar_comm_t *comm;
    spar_dtype_t dtype;

    if (code != MPI_SUCCESS || !spar_post_takes_requests()) {
        return code;
    }
    comm = spar_candidate_look(call, &dtype);
    if (comm != NULL) {
        standing = spar_standing_create(comm, dtype, call, *request);
    }
    if (standing != NULL) {
        remember(*request, standing);
    }
    return code;
}

#ifdef OMPI_HAVE_MPI_EXT_PCOLLREQ
SPAR_EXPORT int MPIX_Allreduce_init(const void *sendbuf, void *recvbuf,
                                    int count, MPI_Datatype datatype, MPI_Op op,
                                    MPI_Comm comm, MPI_Info info,
                                    MPI_Request *request)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};

    return spar_persistent_take_over(
        spar_real.MPIX_Allreduce_init(sendbuf, recvbuf, count, datatype, op,
                                      comm, info, request),
        &call, request);
}

SPAR_EXPORT __typeof__(MPIX_Allreduce_init) PMPIX_Allreduce_init
    __attribute__((alias("MPIX_Allreduce_init")));
#endif

#ifdef SPAR_HAVE_ALLREDUCE_INIT
SPAR_EXPORT int MPI_Allreduce_init(const void *sendbuf, void *recvbuf,
                                   int count, MPI_Datatype datatype, MPI_Op op,
                                   MPI_Comm comm, MPI_Info info,
                                   MPI_Request *request)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};

    return spar_persistent_take_over(
        spar_real.Allreduce_init(sendbuf, recvbuf, count, datatype, op, comm,
                                 info, request),
        &call, request);
}

SPAR_ALIAS(Allreduce_init);
#endif

static int start(MPI_Request *request)
{
    record_t *record = find(*request);

    if (record == NULL) {
        return spar_real.Start(request);
    }
    record->left_to_mpi = spar_standing_is_dense(record->standing);
    if (record->left_to_mpi) {
        return spar_real.Start(request);
    }
    spar_post_start(record->standing, &record->behind);
    return MPI_SUCCESS;
}

SPAR_EXPORT int MPI_Start(MPI_Request *request)
{
    return request == NULL ? spar_real.Start(request) : start(request);
}

SPAR_ALIAS(Start);

SPAR_EXPORT int MPI_Startall(int count, MPI_Request requests[])
{
    int code = MPI_SUCCESS;

    if (atomic_load_explicit(&records, memory_order_relaxed) == 0 ||
        requests == NULL) {
        return spar_real.Startall(count, requests);
    }
    for (int i = 0; i < count && code == MPI_SUCCESS; i++) {
        code = start(&requests[i]);
    }
    return code;
}

SPAR_ALIAS(Startall);

SPAR_EXPORT int MPI_Request_free(MPI_Request *request)
{
    record_t *record = request == NULL ? NULL : find(*request);

    if (record != NULL && record->behind != MPI_REQUEST_NULL) {
        /* Not allowed while it is started: MPI is to say so or to wait. */
        spar_real.Wait(&record->behind, MPI_STATUS_IGNORE);
    }
    if (record != NULL) {
        spar_standing_t *standing = record->standing;

        forget(record);
        spar_standing_retire(standing);
    }
    return spar_real.Request_free(request);
}

SPAR_ALIAS(Request_free);
