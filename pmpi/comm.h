/*
 * Spar: what the library keeps for one of the application's communicators: a
 * shadow communicator for its own messages, the learnt sequence, the layers.
 *
 * States are made inside the collective constructors of communicators, never
 * lazily, and only if every rank could make one; so whether a communicator has
 * one is agreed. A state outlives MPI_Comm_free until its last pending call has
 * been completed.
 */
#ifndef SPAR_PMPI_COMM_H
#define SPAR_PMPI_COMM_H

#include "exchange/exchange.h"
#include "exchange/ring.h"
#include "pmpi/bundle.h"
#include "pmpi/densities.h"
#include "pmpi/layer.h"
#include "pmpi/op.h"
#include "pmpi/periodic.h"
#include "pmpi/rescale.h"
#include "pmpi/state.h"
#include "pmpi/tracing.h"
#include "pmpi/transport_mpi.h"
#include "pmpi/unsettled.h"
#include "policy/model_fit.h"
#include "policy/turns.h"

#include <pthread.h>

typedef struct spar_steps {
    double *seconds; /* of each step since the sequence is known */
    size_t count;
    size_t capacity;
    bool full; /* one found no memory: later ones would take its place */
    double last_begin;
    uint64_t begun; /* in all sequences that were learnt */
    /* Steady state: learning and ramp are over. Bytes sent (with the dense
     * calls' volume) and bytes that left the host, at its begin and at the
     * latest look. */
    uint64_t steady_from; /* step */
    bool steady_started;
    uint64_t steady_begin;
    uint64_t steady_steps;
    uint64_t steady_bytes_begin;
    uint64_t steady_bytes_end;
    uint64_t steady_tx_begin;
    uint64_t steady_tx_end;
    double last_look; /* at the interfaces' counters, seconds */
} spar_steps_t;

/* One sparse exchange at a time. The first lane takes exchanges of any size,
 * the others small ones, whose time is mostly latency; side lanes take the
 * pieces of a large one that is on the first lane. */
typedef struct spar_lane {
    unsigned number; /* below SPAR_LANES; 0: a side lane, too */
    spar_exchange_t *machines[SPAR_METHODS]; /* NULL for dense methods */
    spar_exchange_t *exchange;               /* of the call on the lane */
    spar_status_t status;                    /* its latest */
    spar_selection_t selection;
    spar_layer_t anonymous; /* of a lossless call outside the sequence */
    bool taken;
    spar_bundle_t bundle; /* small layers that travel together on the lane */
} spar_lane_t;

/* What the ranks are agreeing on; one agreement at a time. */
typedef struct spar_negotiation {
    int phase;
    MPI_Request request;
    uint64_t agreements; /* that are done */
    unsigned round;
    double begun;     /* seconds */
    double looked_at; /* when it was last found under way */
    double latency;
    spar_layer_t *old_layers;
    size_t old_count;
    bool ring_failed;
    /* Of a check (pmpi/check.h): how much differs, and the first of it. */
    size_t differences;
    size_t suspect;
    spar_sequence_place_t place;
    struct {
        uint64_t period;
        uint64_t first;
        int32_t origins[SPAR_SEQUENCE_MAX_PERIOD];
    } judgement;
    spar_trial_t proposal[SPAR_SEQUENCE_MAX_PERIOD];
    /* The most of all agreements: seconds by method, zeros, densities. */
    double values[SPAR_SEQUENCE_MAX_PERIOD * (SPAR_METHODS + 1 + 4)];
    spar_densities_outcome_t outcome;
    spar_state_offer_t offer;
    /* Rank 0's. */
    spar_model_history_t history;
    unsigned fits;
} spar_negotiation_t;

typedef struct spar_comm {
    struct spar_comm *next; /* in its bucket, the freed ones or the archive */
    MPI_Comm handle;
    MPI_Comm shadow;
    int created; /* in order of creation on this process */
    /* The same on all its ranks, which may have made different communicators
     * before: larger than that of every communicator that one of them has made
     * before, unless several threads make some at the same time. */
    int number;
    uint64_t state_key; /* of saved residuals; the same on every rank */
    int rank;
    int size;
    atomic_bool freed; /* by the application: the handle is not valid */

    /* Guarded by `posting`, which is never held for long; that a list is empty
     * can be seen without it. */
    pthread_mutex_t posting;
    _Atomic(spar_op_t *) queue; /* posted, not started; first in, first out */
    spar_op_t *last;            /* in the queue */
    _Atomic(spar_op_t *) returned; /* the application is through with them */
    _Atomic(spar_op_t *) started;  /* starts of persistent calls, in no order */
    size_t living;   /* calls that are remembered, and persistent requests */
    uint64_t posted; /* calls so far */

    /* From this number on no call starts any more: the job ends there. */
    atomic_uint_fast64_t stop_at;

    /* Guarded by the list of pmpi/progress.c. */
    struct spar_comm *listed_next;
    bool listed;
    unsigned sweepers;
    unsigned pending; /* calls that are not done */

    /* Of the thread that makes the calls. */
    uint64_t marker; /* small calls since the last large one */

    /* All below is guarded by `busy`. */
    pthread_mutex_t busy;
    spar_op_t *active; /* under way, in the order of the calls */
    spar_op_t *active_last;
    spar_op_t *standing_active;      /* starts of persistent calls */
    struct spar_standing *standings; /* persistent calls, for the report too */
    uint32_t standing_count;
    spar_negotiation_t *negotiation;
    bool failed;         /* an exchange broke; every later call is an error */
    bool pays_nowhere;   /* every layer is dense for good */
    uint64_t dense_from; /* step, from which that holds */
    spar_transport_mpi_t transport;
    spar_lane_t lanes[SPAR_LANES];
    spar_lane_t side_lanes[SPAR_PIECES - 1];
    spar_lane_t *open;   /* whose bundle the next call belongs to; NULL: none */
    unsigned small_lane; /* the latest that was taken */
    uint32_t anonymous_exchanges; /* of lossless calls outside the sequence */
    spar_ring_t *ring;
    spar_sequence_t *sequence;
    spar_unsettled_t unsettled; /* at the latest look */
    int *nodes;                 /* the node of each rank, from 0 */
    int node_count;
    bool has_machines;  /* of every method, on every rank */
    spar_model_t model; /* rank 0's */
    spar_model_t priors;
    double latency;        /* seconds of a small exchange; rank 0's is used */
    double scan_seconds;   /* per element of a selection, agreed */
    uint64_t trial_rounds; /* candidates of the layer that has most */
    uint32_t plan;         /* version */
    size_t proposal;       /* calls of the shortest unit that repeats */
    spar_layer_t *layers;
    size_t layer_count;
    spar_group_t *groups; /* of layers that travel together */
    size_t group_count;
    spar_turns_t turns; /* rank 0's, until the sequence has been watched */
    spar_steps_t steps;
    spar_rescale_t rescale;
    spar_periodic_comm_t periodic;
    spar_shadow_overlap_t overlap; /* mode shadow */
    spar_timeline_t timeline;
    spar_densities_t densities; /* where a rule sets them */
    uint64_t probe_steps; /* with the least densities, to see who overlaps */
    spar_tracing_comm_t tracing;
    uint64_t checks;      /* steps that were the same on all ranks, */
    uint64_t checked;     /* and results of calls in them; */
    uint64_t unchecked;   /* those that a rank could not read are not */
    uint64_t dense_calls; /* candidates that went dense */
    uint64_t nonfinite_calls;
    uint64_t undelivered; /* flushes that were given up */
    uint64_t bytes_sent;  /* with dense calls' volume */
} spar_comm_t;

/* Collective over `comm`, right after it was made: gives it a state if it is
 * an intracommunicator of two or more ranks. */
void spar_comm_attach(MPI_Comm comm);

/* Before `comm` is freed: its state goes to the archive, which the report
 * reads; memory that only exchanges need is freed. If calls are pending, all
 * this happens when they are through. Local. */
void spar_comm_detach(MPI_Comm comm);

/* NULL: no state. Thread-safe. */
spar_comm_t *spar_comm_find(MPI_Comm comm);

/* All states, live ones first, those of freed communicators last. false: some
 * were left out, because another thread did not let go of them. Thread-safe. */
bool spar_comm_visit(void (*visit)(spar_comm_t *state, void *argument),
                     void *argument);

/* What communicators did that were freed before they had a layer: of them
 * nothing else is kept. Thread-safe. */
typedef struct spar_comm_totals {
    uint64_t dense_calls;
    uint64_t nonfinite_calls;
    uint64_t bytes_sent;
} spar_comm_totals_t;

spar_comm_totals_t spar_comm_forgotten(void);

/* Makes the machines of all methods that could be taken. false: out of memory;
 * allgather is always there. */
bool spar_comm_make_machines(spar_comm_t *comm);

/* The trials are over: frees what methods that no layer takes any more have
 * needed. With no call under way. */
void spar_comm_trim_machines(spar_comm_t *comm);

/* Sets pays_nowhere from the layers. */
void spar_comm_note_where_it_pays(spar_comm_t *comm);

/* Bytes that each rank sends when so many bytes are summed with the least
 * traffic that is possible: 2 (P-1)/P of them (ring). */
static inline uint64_t spar_comm_dense_volume(const spar_comm_t *comm,
                                              uint64_t bytes)
{
    return 2 * bytes * (uint64_t)(comm->size - 1) / (uint64_t)comm->size;
}

/* Before the real MPI_Finalize: frees every shadow. Collective. */
void spar_comm_release_all(void);
/* After the report: frees everything. */
void spar_comm_free_all(void);

#endif
