/*
 * Spar: N ranks in one process that exchange one layer step by step, with all
 * that is needed to check every step afterwards. For the tests of the machines
 * of exchange/exchange.h. One thread drives all ranks, in an order that
 * changes.
 */
#ifndef SPAR_TESTS_JOB_H
#define SPAR_TESTS_JOB_H

#include "job_target.h"
#include "unit.h"

#include "exchange/exchange.h"
#include "exchange/loopback.h"
#include "exchange/split_state.h"
#include "sparsify/selector.h"

#define JOB_MOST_RANKS 64

typedef struct job job_t;

/* One kind of machine. */
typedef struct job_algorithm {
    const char *name;
    spar_status_t (*create)(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p);
    bool in_rank_order; /* which defines the sum to the last bit */
    bool partial;       /* entries may stay behind, on all ranks the same */
    bool dense; /* all elements travel, rounded, without residual or target */
} job_algorithm_t;

typedef struct job_shape {
    int size;       /* ranks */
    uint64_t count; /* elements of the layer */
    uint64_t k;     /* entries of a rank at most */
    spar_dtype_t dtype;
    spar_values_t values;
    bool in_place;
    bool eager;
    bool late;       /* results wait for spar_exchange_settle */
    bool drop;       /* and are not applied then */
    bool lossless;   /* every non-zero entry, without a residual */
    bool whole;      /* small whole numbers: sums are exact in any order */
    bool stateless;  /* nothing is remembered of the layer (split) */
    bool clustered;  /* most of what is selected lies in few places */
    unsigned breaks; /* targets fail from their so-manyth step on; 0: never */
    uint64_t seed;
    spar_loopback_faults_t faults; /* lost_rank is what `lost` says */
    int lost; /* 0: none; 1: messages of rank 0 are lost; and so on */
} job_shape_t;

typedef struct job_rank {
    spar_exchange_t *exchange;
    spar_selector_t selector;
    spar_selection_t selection;
    void *gradient;
    void *gradient_before;
    void *residual;
    void *residual_before;
    void *fresh; /* the next residual, if it is made by the selection */
    bool sums;   /* it is */
    job_target_t *target; /* NULL: the machine writes the arrays itself */
    void *out;
    spar_split_state_t state;
    uint32_t flags; /* that this rank adds to the next call */
    uint32_t step;
    bool blank; /* its gradients are zero */
    const spar_wire_parts_t *encoded;
    bool settled;
    spar_status_t status;
} job_rank_t;

struct job {
    const job_algorithm_t *algorithm;
    job_shape_t shape;
    spar_loopback_t *loopback;
    uint64_t random;   /* of the data */
    uint64_t schedule; /* of who goes on when */
    job_rank_t ranks[JOB_MOST_RANKS];
};

void job_setup(job_t *job, const job_algorithm_t *algorithm,
               const job_shape_t *shape);
/* What its machines reserve. */
spar_exchange_size_t job_room(const job_t *job);
/* Nothing is left under way. */
void job_teardown(job_t *job);

/* In [0, 1), from one of the two. */
double job_random(uint64_t *random);

double job_get(const job_t *job, const void *array, uint64_t index);
void job_put(const job_t *job, void *array, uint64_t index, double value);

/* New gradients on all ranks. */
void job_fill(job_t *job);
/* Selects and starts one rank's call. */
void job_start(job_t *job, int rank);
/* Advances all ranks until their calls have ended, or until all that have not
 * wait for each other; false: some do. */
bool job_drive(job_t *job);
/* All of these. */
bool job_step(job_t *job);

/* The last step: equal results, the right sum, nothing lost or made up, on all
 * ranks. */
void job_check(const job_t *job);
/* The same on those ranks that have ended well, whatever became of others. */
void job_check_ended(const job_t *job);
/* The last step ended with these flags and changed nothing. */
void job_check_untouched(const job_t *job, uint32_t flags);
/* The same on those ranks that have ended well. */
void job_check_ended_untouched(const job_t *job, uint32_t flags);

/* A rank's result. */
const void *job_result(const job_t *job, int rank);
size_t job_bytes(const job_t *job);

#endif
