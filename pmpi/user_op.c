#include "pmpi/user_op.h"

#include "base/log.h"
#include "sparsify/half_sum.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What an operation does with a type. */
typedef struct kind {
    struct kind *next;
    MPI_Datatype datatype;
    spar_dtype_t dtype;
} kind_t;

typedef struct operation {
    struct operation *next;
    MPI_Op handle;
    unsigned uses; /* by pending calls */
    bool freed;    /* by the application */
    kind_t *kinds;
} operation_t;

/* A type that pending calls use. */
typedef struct held_type {
    struct held_type *next;
    MPI_Datatype handle;
    unsigned uses;
    bool freed; /* by the application */
} held_type_t;

/* Never held while an operation runs: that may wait for another thread of the
 * application, which may wait for the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static operation_t *operations;
static held_type_t *held_types;
static atomic_uint operation_count;

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        spar_error("out of memory for operations of the application");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return memory;
}

static operation_t **link_of_operation(MPI_Op handle)
{
    operation_t **link = &operations;

    while (*link != NULL && (*link)->handle != handle) {
        link = &(*link)->next;
    }
    return link;
}

static held_type_t **link_of_type(MPI_Datatype handle)
{
    held_type_t **link = &held_types;

    while (*link != NULL && (*link)->handle != handle) {
        link = &(*link)->next;
    }
    return link;
}

static kind_t **link_of_kind(operation_t *operation, MPI_Datatype datatype)
{
    kind_t **link = &operation->kinds;

    while (*link != NULL && (*link)->datatype != datatype) {
        link = &(*link)->next;
    }
    return link;
}

static void drop_kind(kind_t **link)
{
    kind_t *kind = *link;

    if (kind != NULL) {
        *link = kind->next;
        free(kind);
    }
}

static void drop_operation(operation_t **link)
{
    operation_t *operation = *link;

    *link = operation->next;
    while (operation->kinds != NULL) {
        drop_kind(&operation->kinds);
    }
    free(operation);
    atomic_fetch_sub(&operation_count, 1);
}

static void drop_type(held_type_t **link)
{
    held_type_t *type = *link;

    *link = type->next;
    free(type);
}

static bool is_known(MPI_Op handle)
{
    bool known;

    if (atomic_load_explicit(&operation_count, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    known = *link_of_operation(handle) != NULL;
    pthread_mutex_unlock(&lock);
    return known;
}

/* Where the element begins is where its two bytes are. */
static bool has_16_bits(MPI_Datatype datatype)
{
    MPI_Aint begin, extent, true_begin, true_extent;
    int size;

    return datatype != MPI_DATATYPE_NULL &&
           spar_real.Type_size(datatype, &size) == MPI_SUCCESS && size == 2 &&
           spar_real.Type_get_extent(datatype, &begin, &extent) ==
               MPI_SUCCESS &&
           extent == 2 &&
           spar_real.Type_get_true_extent(datatype, &true_begin,
                                          &true_extent) == MPI_SUCCESS &&
           true_begin == 0 && true_extent == 2;
}

bool spar_user_op_takes(const spar_allreduce_call_t *call)
{
    return is_known(call->op) && has_16_bits(call->datatype);
}

/* In both orders: the second one is what a maximum or a copy gets wrong. */
static spar_dtype_t probe(MPI_Op op, MPI_Datatype datatype)
{
    spar_half_sum_t pairs;
    uint16_t sums[2][SPAR_HALF_SUM_PAIRS];
    spar_dtype_t dtype[2];

    spar_half_sum_fill(&pairs);
    for (int i = 0; i < 2; i++) {
        spar_half_sum_t work = pairs;
        uint16_t *in = i == 0 ? work.a : work.b;

        memcpy(sums[i], i == 0 ? pairs.b : pairs.a, sizeof(sums[i]));
        if (spar_real.Reduce_local(in, sums[i], SPAR_HALF_SUM_PAIRS, datatype,
                                   op) != MPI_SUCCESS) {
            return SPAR_DTYPE_BITS16;
        }
        dtype[i] = spar_half_sum_judge(&pairs, sums[i]);
    }
    return dtype[0] == dtype[1] ? dtype[0] : SPAR_DTYPE_BITS16;
}

static void hold_type(MPI_Datatype datatype)
{
    held_type_t **link = link_of_type(datatype);

    if (*link == NULL) {
        *link = allocate(sizeof(**link));
        (*link)->handle = datatype;
    }
    (*link)->uses++;
}

static spar_dtype_t remember(operation_t *operation, MPI_Datatype datatype,
                             spar_dtype_t dtype)
{
    kind_t **link = link_of_kind(operation, datatype);

    if (*link == NULL) {
        *link = allocate(sizeof(**link));
        **link = (kind_t){.datatype = datatype, .dtype = dtype};
        spar_info("an operation of the application on 16 bits is %s",
                  dtype == SPAR_DTYPE_BITS16 ? "no sum of floats that is known"
                                             : spar_dtype_name(dtype));
    }
    return (*link)->dtype;
}

spar_dtype_t spar_user_op_hold(const spar_allreduce_call_t *call)
{
    spar_dtype_t dtype;
    operation_t *operation;
    kind_t *kind;

    pthread_mutex_lock(&lock);
    operation = *link_of_operation(call->op);
    operation->uses++;
    hold_type(call->datatype);
    kind = *link_of_kind(operation, call->datatype);
    dtype = kind != NULL ? kind->dtype : SPAR_DTYPE_BITS16;
    pthread_mutex_unlock(&lock);
    if (kind == NULL) {
        dtype = probe(call->op, call->datatype);
        pthread_mutex_lock(&lock);
        dtype = remember(operation, call->datatype, dtype);
        pthread_mutex_unlock(&lock);
    }
    return dtype;
}

void spar_user_op_release(const spar_allreduce_call_t *call)
{
    MPI_Op op = call->op;
    MPI_Datatype datatype = call->datatype;
    operation_t **operation;
    held_type_t **type;
    bool free_op, free_type;

    pthread_mutex_lock(&lock);
    operation = link_of_operation(op);
    free_op = --(*operation)->uses == 0 && (*operation)->freed;
    if (free_op) {
        drop_operation(operation);
    }
    type = link_of_type(datatype);
    free_type = false;
    if (--(*type)->uses == 0) {
        free_type = (*type)->freed;
        drop_type(type);
    }
    pthread_mutex_unlock(&lock);
    if (free_op) {
        spar_real.Op_free(&op);
    }
    if (free_type) {
        spar_real.Type_free(&datatype);
    }
}

SPAR_EXPORT int MPI_Op_create(MPI_User_function *user_fn, int commute,
                              MPI_Op *op)
{
    int code = spar_real.Op_create(user_fn, commute, op);

    if (code == MPI_SUCCESS) {
        operation_t *operation = allocate(sizeof(*operation));

        operation->handle = *op;
        pthread_mutex_lock(&lock);
        operation->next = operations;
        operations = operation;
        pthread_mutex_unlock(&lock);
        atomic_fetch_add(&operation_count, 1);
    }
    return code;
}

SPAR_ALIAS(Op_create);

/* Whether MPI has to wait. Forgets the operation, if not. */
static bool free_operation_later(MPI_Op handle)
{
    operation_t **link;
    bool later = false;

    pthread_mutex_lock(&lock);
    link = link_of_operation(handle);
    if (*link != NULL) {
        later = (*link)->uses > 0;
        (*link)->freed = true;
        if (!later) {
            drop_operation(link);
        }
    }
    pthread_mutex_unlock(&lock);
    return later;
}

SPAR_EXPORT int MPI_Op_free(MPI_Op *op)
{
    if (op != NULL && free_operation_later(*op)) {
        *op = MPI_OP_NULL;
        return MPI_SUCCESS;
    }
    return spar_real.Op_free(op);
}

SPAR_ALIAS(Op_free);

/* The same for a type. */
static bool free_type_later(MPI_Datatype handle)
{
    held_type_t *type;

    if (atomic_load_explicit(&operation_count, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    for (operation_t *at = operations; at != NULL; at = at->next) {
        drop_kind(link_of_kind(at, handle));
    }
    type = *link_of_type(handle);
    if (type != NULL) {
        type->freed = true;
    }
    pthread_mutex_unlock(&lock);
    return type != NULL;
}

SPAR_EXPORT int MPI_Type_free(MPI_Datatype *datatype)
{
    if (datatype != NULL && free_type_later(*datatype)) {
        *datatype = MPI_DATATYPE_NULL;
        return MPI_SUCCESS;
    }
    return spar_real.Type_free(datatype);
}

SPAR_ALIAS(Type_free);
