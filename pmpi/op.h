/*
 * Spar: one call that may be a gradient, from the call to its end. Blocking and
 * non-blocking calls go the same way:
 *
 *   posted by the application's thread (pmpi/queue.h), in the order of the
 *   calls on the communicator; started in that order (pmpi/start.h), when it is
 *   known which layer it is; advanced (pmpi/advance.h) by whoever holds the
 *   communicator's `busy`: a caller that waits, or the helper thread.
 */
#ifndef SPAR_PMPI_OP_H
#define SPAR_PMPI_OP_H

#include "pmpi/real.h"
#include "policy/method.h"
#include "policy/sequence.h"

#include <stdatomic.h>

/* The application's arguments. */
typedef struct spar_allreduce_call {
    const void *sendbuf; /* may be MPI_IN_PLACE */
    void *recvbuf;
    int64_t count;
    MPI_Datatype datatype;
    MPI_Op op;
    MPI_Comm comm;
} spar_allreduce_call_t;

/* Where a call's buffers are (pmpi/reach.h). The devices are set where the
 * memory is far and not blind. */
typedef struct spar_reach {
    bool gradient_far;
    bool result_far;
    bool blind; /* nobody but MPI can reach them */
    int gradient_device;
    int result_device;
} spar_reach_t;

typedef enum spar_op_kind {
    SPAR_OP_BLOCKING, /* on its caller's stack */
    SPAR_OP_REQUEST,  /* completes a generalized request */
    SPAR_OP_NOTE      /* MPI does it; only the sequence is to know of it */
} spar_op_kind_t;

/* Guarded by the communicator's `busy`. */
typedef enum spar_op_stage {
    /* The first three are first in the queue. */
    SPAR_OP_QUEUED,    /* nobody has looked at it yet */
    SPAR_OP_PROPOSED,  /* a new plan is due, behind what is under way */
    SPAR_OP_PLANNING,  /* the ranks agree on the plan */
    SPAR_OP_PLACED,    /* which layer it is, is known */
    SPAR_OP_CHECKING,  /* the ranks compare what they have */
    SPAR_OP_RESCALING, /* the ranks agree on whether the loss scale changed */
    SPAR_OP_AVERAGING, /* the ranks sum what an averaging has shown */
    SPAR_OP_REVIEWING, /* the ranks agree on a review of the plan */
    SPAR_OP_READY,     /* starts as soon as its layer and its lane are free */
    /* Under way. */
    SPAR_OP_MERGED,      /* in a bundle (pmpi/bundle.h) */
    SPAR_OP_SPARSE,      /* exchange on a lane */
    SPAR_OP_SKIPPING,    /* headers alone (pmpi/periodic_call.h) */
    SPAR_OP_RING,        /* Spar's own dense exchange */
    SPAR_OP_TURNS_DENSE, /* will be a dense call on the shadow, in its turn */
    SPAR_OP_DENSE,       /* dense call on the shadow */
    SPAR_OP_CALLERS,     /* its blocking caller makes the dense call */
    SPAR_OP_ENDED
} spar_op_stage_t;

/* What its caller sees. */
typedef enum spar_op_state {
    SPAR_OP_PENDING,
    SPAR_OP_YOUR_TURN, /* blocking: the caller is to make the dense call */
    SPAR_OP_DONE
} spar_op_state_t;

struct spar_comm;
struct spar_layer;
struct spar_lane;
struct spar_standing;

typedef struct spar_op {
    struct spar_op *next; /* in the one list that it is in */
    struct spar_comm *comm;
    spar_op_kind_t kind;
    spar_op_stage_t stage;
    atomic_int state; /* spar_op_state_t */
    /* Set before MPI is told that the request is complete: what the engine
     * wrote into the fields below can be read. */
    atomic_bool told;
    int code;           /* MPI's, once it is done */
    atomic_bool raised; /* the application was told of the error */
    atomic_bool wanted; /* the application waits for it */
    bool counted;       /* among the pending ones (pmpi/progress.h) */
    uint64_t number;    /* on its communicator, in the order of the calls */
    spar_allreduce_call_t call;
    spar_reach_t reach;
    spar_allreduce_call_t narrow; /* what it was, while it is_wide or _staged */
    spar_sequence_call_t what;
    spar_sequence_place_t place;
    uint64_t ticket;                /* of the sequence */
    uint32_t plan;                  /* in which it was started */
    struct spar_layer *layer;       /* NULL: not a call of the known sequence */
    struct spar_lane *lane;         /* while it is a sparse exchange, merged
                                     * or not */
    struct spar_standing *standing; /* a start of a persistent call */
    double density;                 /* in this step */
    uint32_t flags;                 /* SPAR_WIRE_*, that this rank tells */
    uint32_t wire_slot;             /* of the layer, in headers */
    unsigned pieces_started;
    unsigned pieces_unsettled; /* whose results may not be applied yet */
    const char *cause;         /* of an error */
    spar_method_t method;      /* of its sum; SPAR_METHODS: several, or none */
    bool was_sparse;
    bool checked;   /* its result is compared over the ranks */
    bool looked;    /* at its gradient (pmpi/rescale.h) */
    bool is_wide;   /* a float32 sum in place of one of 16 bits (pmpi/half.h) */
    bool is_staged; /* a sum in the host's memory in place of a device's */
    bool is_resident; /* its exchange runs on the device (pmpi/resident.h), */
    bool delivers;    /* and is over, but for the device */
    bool overflows;   /* a sum of 16-bit floats does not fit them */
    bool settles;     /* a dense sum with gradients that were skipped before */
    /* MPI_Pcontrol, as it was when the call was made. */
    bool paused;
    uint64_t flush_epoch;
    uint64_t step_number;  /* on its communicator, from 1 */
    MPI_Request dense;     /* on the shadow */
    MPI_Request request;   /* the application's */
    struct spar_op *chain; /* in the table of requests */
    unsigned depth;        /* pending calls when it was posted, with it */
    bool aside;            /* not made by the process's main thread */
    /* Seconds. */
    double posted;
    double post_seconds; /* that the posting call took */
    double completed;
    double waited; /* that the application was blocked for it */
    /* On the application's clock (pmpi/timeline.h). */
    double clock_posted;
    double clock_needed; /* 0: not known */
    double clock_begin;  /* of its step */
    double wall_begin;   /* of its step, wall's clock; 0: not of a known step */
    /* For the trace. */
    double launched; /* seconds, when its exchange began; 0: unknown */
    int64_t step;    /* from 0; -1: before the first one */
    uint64_t bytes;  /* that this rank has sent for it */
} spar_op_t;

static inline const void *spar_op_gradient(const spar_op_t *op)
{
    return op->call.sendbuf == MPI_IN_PLACE ? op->call.recvbuf
                                            : op->call.sendbuf;
}

static inline bool spar_op_is_pending(spar_op_t *op)
{
    return atomic_load_explicit(&op->state, memory_order_acquire) ==
           SPAR_OP_PENDING;
}

#endif
