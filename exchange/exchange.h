/*
 * Spar: a sparse allreduce of one layer as a resumable machine. There is one
 * kind of machine per algorithm (exchange/allgather.h, doubling.h, split.h,
 * node.h, and quantised.h, which sends all elements with fewer bits); all of
 * them
 *
 *   - tell every rank's flags to every rank before anything is changed. Flags
 *     other than 0 on any rank make the call end on every rank with residual
 *     and `out` untouched;
 *   - leave bitwise the same sum on every rank;
 *   - settle the residual with exactly what has arrived in the sum:
 *     decoded(sent) + new residual = gradient + old residual, to the last bit;
 *   - begin every message with a header of the call, so that one that belongs
 * to another call, or comes twice, is an error;
 *   - neither block nor allocate while they advance.
 *
 * Machines that never run at the same time may share a tag: messages between
 * two ranks with one tag stay in order, and a machine takes all that is meant
 * for it before it ends. Not thread-safe.
 */
#ifndef SPAR_EXCHANGE_EXCHANGE_H
#define SPAR_EXCHANGE_EXCHANGE_H

#include "exchange/target.h"
#include "exchange/transport.h"
#include "sparsify/wire.h"

typedef struct spar_exchange spar_exchange_t;
struct spar_split_state;

/* How large the calls are that a machine is to have room for; the same on
 * every rank. */
typedef struct spar_exchange_size {
    spar_dtype_t dtype;
    spar_values_t values; /* how this rank's entries travel */
    uint64_t count;       /* elements of the layer (or of the segment) */
    uint64_t entries;     /* most that a rank selects; the k of a split */
    bool feedback;        /* all calls have a residual */
    bool targeted;        /* calls may have a target; each rank for itself */
} spar_exchange_size_t;

/* One call. What is pointed to stays valid and untouched by the caller until
 * the exchange is done. */
typedef struct spar_exchange_call {
    /* The same on every rank: slot, plan, step, values, dtype, count. The flags
     * are this rank's own. The rest is filled in by the machine. */
    spar_wire_header_t header;
    /* Sorted entries, values already rounded as header.values says. Not looked
     * at when there are flags. */
    const spar_selection_t *selection;
    /* count elements. NULL: the residual holds the sum of both already, in a
     * copy of its own, which is good for nothing if the call has no result
     * (spar_selector_run_sum). Each rank for itself. */
    const void *gradient;
    void *residual; /* count elements; NULL: no error feedback */
    void *out;      /* count elements; may be the gradient */
    /* All of `selection`, encoded elsewhere (spar_wire_join); NULL: not. For
     * machines that send it so; others encode parts of it, or sums. */
    const spar_wire_parts_t *encoded;
    /* NULL: the result is applied to these arrays. Otherwise it is applied by
     * the target, and none of the arrays is touched (`residual` only tells that
     * there is one) before the target is given up. Each rank for itself. */
    spar_target_t *target;
    /* Entries may follow the header at once, without waiting for the others'
     * flags: every rank is known to have room for a call of this size. The same
     * on every rank. */
    bool eager;
    /* The result may be applied (residual, out) as soon as it is there;
     * otherwise the machine waits for spar_exchange_settle. */
    bool apply;
    /* How exchange/quantised.h rounds (sparsify/quantise.h); best another one
     * for each call and rank. Others do not look at it. */
    uint64_t seed;
    /* What exchange/split.h remembers of the layer from call to call; NULL:
     * nothing. Others do not look at it. */
    struct spar_split_state *split;
} spar_exchange_call_t;

typedef struct spar_exchange_ops {
    const char *name;
    void (*destroy)(spar_exchange_t *exchange);
    spar_status_t (*reserve)(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size);
    void (*shrink)(spar_exchange_t *exchange);
    spar_status_t (*start)(spar_exchange_t *exchange);
    spar_status_t (*progress)(spar_exchange_t *exchange);
} spar_exchange_ops_t;

/* The part that all machines begin with. Read-only for callers. */
struct spar_exchange {
    const spar_exchange_ops_t *ops;
    spar_transport_t *transport;
    int tag; /* this one and the one after it are the machine's */
    spar_exchange_call_t call;
    /* All ranks' flags together, once `agreed` is set: from then on, what the
     * machine still does depends on no other choice of any rank. */
    uint32_t flags;
    bool agreed;
    bool dropped; /* the result is not to be applied */
    /* Changes whenever progress found something to do: whoever calls it in a
     * loop need not pause. */
    uint64_t moves;
    uint64_t bytes_sent;   /* by this rank in the last call */
    uint64_t entries_sent; /* of this rank's, that are in the sum */
    size_t memory;         /* bytes of scratch that are held */
    char cause[256];       /* the last error in words: layer, peer, reason */
};

static inline void spar_exchange_destroy(spar_exchange_t *exchange)
{
    if (exchange != NULL) {
        exchange->ops->destroy(exchange);
    }
}

/*
 * Makes room for one call; keeps what it has. SPAR_ERR_NO_MEMORY: this rank may
 * only start calls of that size with flags, and no rank eager ones.
 */
static inline spar_status_t spar_exchange_reserve(
    spar_exchange_t *exchange, const spar_exchange_size_t *size)
{
    return exchange->ops->reserve(exchange, size);
}

/* Frees the scratch, between calls: nothing is reserved any more. Without
 * effect on a machine that has failed. */
void spar_exchange_shrink(spar_exchange_t *exchange);

/* Encodes and posts the first messages. SPAR_ERR_INVALID: a call is under way,
 * or there is no room for it. Other errors as those of progress. */
spar_status_t spar_exchange_start(spar_exchange_t *exchange,
                                  const spar_exchange_call_t *call);

/*
 * Advances without blocking or allocating. SPAR_OK: done; if flags are 0 and
 * the result was not dropped, `out` holds the sum and the residual is what was
 * not delivered; otherwise neither was touched. Errors are final: all
 * transfers are canceled, `cause` names layer, peer and reason, and `out` and
 * the residual are unspecified. Not every rank need notice: others may wait for
 * the failed one without end.
 */
static inline spar_status_t spar_exchange_progress(spar_exchange_t *exchange)
{
    return exchange->ops->progress(exchange);
}

/* For calls that were started without `apply`, once `agreed` is set: the
 * result may be applied now, or is to be dropped (on every rank the same). */
void spar_exchange_settle(spar_exchange_t *exchange, bool apply);

#endif
