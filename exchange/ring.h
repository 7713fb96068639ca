/*
 * Spar: dense allreduce as a ring: reduce-scatter, then allgather
 * (Patarasuk and Yuan, JPDC 69, 2009). Every rank sends 2 n (P-1)/P elements,
 * the least that is possible. Each segment is summed once, along the ring,
 * and then copied, so that all ranks hold the same bits: segment s is
 * x[s] + x[s+1] + ... of the ranks from s on, in this order.
 *
 * Segments travel in chunks, several of them under way at a time: a chunk goes
 * on to the next rank as soon as it is summed, while those behind it are still
 * on the line.
 */
#ifndef SPAR_EXCHANGE_RING_H
#define SPAR_EXCHANGE_RING_H

#include "base/dtype.h"
#include "exchange/transport.h"

#include <stdint.h>

typedef struct spar_ring spar_ring_t;

/* With a tag of its own; `transport` outlives it. */
spar_status_t spar_ring_create(spar_transport_t *transport, int tag,
                               spar_ring_t **ring_p);
void spar_ring_destroy(spar_ring_t *ring);

/* Makes room for layers of up to `count` elements: a few chunks, not a
 * segment. Not while a call is under way. SPAR_ERR_NO_MEMORY: as before. */
spar_status_t spar_ring_reserve(spar_ring_t *ring, spar_dtype_t dtype,
                                uint64_t count);

/* Starts to replace `data` (count elements) by its sum over all ranks.
 * SPAR_ERR_INVALID: a call is under way, or there is no room for it. */
spar_status_t spar_ring_start(spar_ring_t *ring, spar_dtype_t dtype,
                              uint64_t count, void *data);

/* Advances without blocking or allocating; sums at most one chunk. SPAR_OK:
 * done. Errors are final: all transfers are given up and `data` is
 * unspecified; where the transport cannot end them, the network may still
 * write to it. */
spar_status_t spar_ring_progress(spar_ring_t *ring);

/* Changes whenever spar_ring_progress found something to do: whoever calls it
 * in a loop need not pause. */
uint64_t spar_ring_moves(const spar_ring_t *ring);

/* Bytes that this rank has sent in the last call. */
uint64_t spar_ring_bytes_sent(const spar_ring_t *ring);

/* Bytes of scratch that are held. */
size_t spar_ring_memory(const spar_ring_t *ring);

#endif
