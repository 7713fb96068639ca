/*
 * Spar: sparse allreduce by allgather. Every rank sends its header to every
 * rank, so that all know the same facts before anything is changed; then every
 * rank sends its entries to every rank, and all ranks add all blocks in rank
 * order, which makes the results bitwise identical. Volume: (P-1) payloads
 * sent and received per rank; best for few ranks and low density
 * (Renggli et al., SparCML, SC'19, section 5).
 *
 * The local part of error feedback (residual += gradient) runs piece by piece
 * while the entries travel.
 */
#ifndef SPAR_EXCHANGE_ALLGATHER_H
#define SPAR_EXCHANGE_ALLGATHER_H

#include "exchange/transport.h"
#include "sparsify/wire.h"

typedef struct spar_allgather spar_allgather_t;

/* One call. All pointers stay valid and untouched by the caller until the
 * exchange is done. */
typedef struct spar_allgather_call {
    /* What this rank tells the others; flags other than 0 make the call end
     * after the headers on every rank. slot, plan, step, dtype and count must
     * be equal on all ranks. */
    spar_wire_header_t header;
    const spar_selection_t *selection; /* what the payload holds */
    const void *gradient;              /* count elements */
    void *residual; /* count elements; NULL: no error feedback */
    void *out;      /* count elements; may be the gradient */
} spar_allgather_call_t;

/* Several of one communicator may run at the same time if each has two tags of
 * its own: `tag` and the one after it. `transport` outlives them. */
spar_status_t spar_allgather_create(spar_transport_t *transport, int tag,
                                    spar_allgather_t **allgather_p);
void spar_allgather_destroy(spar_allgather_t *allgather);

/*
 * Makes room for one call: blocks of at most `entries` entries of a layer of
 * `count` elements from every rank. SPAR_ERR_NO_MEMORY: this rank may only
 * start calls with flags.
 */
spar_status_t spar_allgather_reserve(spar_allgather_t *allgather,
                                     spar_values_t values, uint64_t count,
                                     uint64_t entries);

/* Encodes a selection into the exchange's own payload buffer and completes
 * the header (see spar_wire_encode). Needs a reservation that covers it. */
spar_status_t spar_allgather_encode(spar_allgather_t *allgather,
                                    const spar_selection_t *selection,
                                    uint64_t count, spar_wire_header_t *header);

/* Posts the headers. */
spar_status_t spar_allgather_start(spar_allgather_t *allgather,
                                   const spar_allgather_call_t *call);

/*
 * Advances without blocking or allocating. SPAR_OK: done; if
 * spar_allgather_flags is 0, `out` holds the sum and the residual is what was
 * not sent, otherwise neither was touched. Errors are final: all transfers are
 * canceled, spar_allgather_cause names slot, peer and reason, and `out` and
 * the residual are unspecified.
 */
spar_status_t spar_allgather_progress(spar_allgather_t *allgather);

/* Changes whenever spar_allgather_progress found something to do: whoever calls
 * it in a loop need not pause. */
uint64_t spar_allgather_moves(const spar_allgather_t *allgather);

/* Whether all headers of the present call are here: from now on, what it still
 * does depends on no other choice of any rank. */
bool spar_allgather_has_agreed(const spar_allgather_t *allgather);

/* All ranks' flags together, after SPAR_OK. */
uint32_t spar_allgather_flags(const spar_allgather_t *allgather);

/* The last error in words. */
const char *spar_allgather_cause(const spar_allgather_t *allgather);

/* Bytes that this rank has sent in the last call. */
uint64_t spar_allgather_bytes_sent(const spar_allgather_t *allgather);

/* Bytes of scratch that are held. */
size_t spar_allgather_memory(const spar_allgather_t *allgather);

#endif
