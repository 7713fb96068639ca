/*
 * Spar: mode shadow. Every call that could go sparse is exchanged sparsely
 * first, with a residual of its own, into a buffer that the application never
 * sees. Then the ranks, who have all come to the end of that exchange, make the
 * dense call with the application's arguments, as they do when they have agreed
 * on a flag. What both took, and how like the two sums are, is reported.
 *
 * Costs memory for two more gradients: residual and result.
 * With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_SHADOW_H
#define SPAR_PMPI_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

struct spar_layer;
struct spar_op;

/* Of a layer. */
typedef struct spar_shadow {
    void *out; /* of the sparse exchange; NULL: not needed yet */
    /* The call under way. */
    bool running;    /* its exchange is over, its dense call is not */
    bool is_sampled; /* its sums are to be compared */
    double begun;    /* seconds, of what it is at */
    /* Counted for the report. */
    uint64_t calls;    /* with a sparse exchange */
    uint64_t bytes;    /* sent by this rank in those exchanges */
    double sparse_sum; /* seconds of the exchanges, selection included */
    double dense_sum;  /* seconds of the dense calls after them */
    unsigned samples;  /* calls whose sums were compared */
    double difference_sum;
    double cosine_sum;
} spar_shadow_t;

/* Seconds in which at least one such call was under way. */
typedef struct spar_shadow_busy {
    unsigned under_way;
    double since;
    double sum;
} spar_shadow_busy_t;

/* Of a communicator's non-blocking calls. */
typedef struct spar_shadow_overlap {
    spar_shadow_busy_t sparse;
    spar_shadow_busy_t dense;
} spar_shadow_overlap_t;

/* Room for the sparse sum. false: out of memory. */
bool spar_shadow_reserve(struct spar_layer *layer);

/* The sparse exchange of the call begins. */
void spar_shadow_begin_sparse(struct spar_op *op);
/* It ended without a flag, after this rank had sent so many bytes. `sampled`:
 * the sums are to be compared. */
void spar_shadow_end_sparse(struct spar_op *op, uint64_t bytes, bool sampled);
/* It ended with a flag: nothing was exchanged. */
void spar_shadow_drop_sparse(struct spar_op *op);

/* The dense call of any op begins, and ends with op->code, if that is success
 * with the result in its buffer. Without effect if no sparse exchange went
 * before it. */
void spar_shadow_begin_dense(struct spar_op *op);
void spar_shadow_end_dense(struct spar_op *op);

/* The layer's residual would be delivered by this call. */
void spar_shadow_flush(struct spar_layer *layer);

/* Frees the buffer. */
void spar_shadow_cleanup(struct spar_layer *layer);

#endif
