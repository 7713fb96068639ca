/*
 * Spar: the machine of exchange/quantised.h: what its parts share. For them
 * only.
 */
#ifndef SPAR_EXCHANGE_QUANTISED_MACHINE_H
#define SPAR_EXCHANGE_QUANTISED_MACHINE_H

#include "exchange/block.h"
#include "exchange/machine.h"

/* Chunks under way between two ranks in each direction, of parts and of sums.
 */
#define SPAR_QUANTISED_WINDOW 4

/* Messages of parts are the transfers from the first way on, those of sums from
 * this one on. */
#define SPAR_QUANTISED_WAY_OF_SUMS SPAR_QUANTISED_WINDOW

/* Stages of a call that round. */
enum {
    SPAR_QUANTISED_PARTS,
    SPAR_QUANTISED_SUMS
};

typedef enum spar_quantised_phase {
    SPAR_QUANTISED_HEADERS, /* headers travel; in eager calls, each with a first
                               chunk */
    SPAR_QUANTISED_AGREED,  /* may the result be applied? */
    SPAR_QUANTISED_CHUNKS
} spar_quantised_phase_t;

/* Numbers of chunks. Of its slice: `expected` and `delivered`; of mine: the
 * others. */
typedef struct spar_quantised_peer {
    unsigned char mine[SPAR_WIRE_HEADER_BYTES];   /* headers that travel */
    unsigned char theirs[SPAR_WIRE_HEADER_BYTES]; /* alone */
    bool known;                                   /* the header is read */
    uint64_t awaited;   /* parts whose receive is posted, */
    uint64_t arrived;   /* and that have come */
    uint64_t expected;  /* sums whose receive is posted, */
    uint64_t delivered; /* and that are in `out` */
} spar_quantised_peer_t;

typedef struct spar_quantised {
    spar_machine_t machine;
    spar_quantised_phase_t phase;
    spar_quantised_peer_t *peers; /* one per rank */
    spar_blocks_t blocks;         /* of a chunk each */
    float *sum;                   /* of a chunk */
    uint64_t sum_room;            /* elements */
    uint64_t chunk;               /* elements of the present call's chunks */
    uint64_t parts;  /* messages with parts that have been posted */
    uint64_t summed; /* chunks of my slice whose sum has been posted */
} spar_quantised_t;

/* A chunk of somebody's slice. */
typedef struct spar_quantised_chunk {
    int owner;
    uint64_t number;
} spar_quantised_chunk_t;

static inline int spar_quantised_ranks(const spar_quantised_t *quantised)
{
    return quantised->machine.exchange.transport->size;
}

static inline int spar_quantised_rank(const spar_quantised_t *quantised)
{
    return quantised->machine.exchange.transport->rank;
}

/* The rank at a distance: nearest ranks first, so that not all ranks send to
 * the same one at once. */
static inline int spar_quantised_neighbour(const spar_quantised_t *quantised,
                                           int distance)
{
    int ranks = spar_quantised_ranks(quantised);

    return (spar_quantised_rank(quantised) + distance + ranks) % ranks;
}

static inline size_t spar_quantised_slot(uint64_t number)
{
    return (size_t)(number % SPAR_QUANTISED_WINDOW);
}

/* Elements of a chunk of a layer of so many; whole groups. Grows with the
 * count, so that room for one layer is room for smaller ones. */
uint64_t spar_quantised_chunk_elements(const spar_quantised_t *quantised,
                                       uint64_t count);
/* Chunks of a slice of the present call; 0: it is empty. */
uint64_t spar_quantised_chunks(const spar_quantised_t *quantised, int owner);
/* Of the largest slice. */
uint64_t spar_quantised_most_chunks(const spar_quantised_t *quantised);

/* What a message with this chunk says, but for flags and payload. An empty
 * slice has an empty first chunk. */
spar_wire_header_t spar_quantised_header(const spar_quantised_t *quantised,
                                         spar_quantised_chunk_t chunk);

/* Buffers of messages, by the rank and number of the chunk: of my part of an
 * owner's slice, which for my own one becomes the sum; of a rank's part of my
 * slice; and of an owner's sum. */
#define SPAR_QUANTISED_BUFFERS 3 /* for each rank and slot of the window */
unsigned char *spar_quantised_part_for(const spar_quantised_t *quantised,
                                       int owner, uint64_t number);
unsigned char *spar_quantised_part_from(const spar_quantised_t *quantised,
                                        int rank, uint64_t number);
unsigned char *spar_quantised_sum_from(const spar_quantised_t *quantised,
                                       int owner, uint64_t number);

/* Rounds this rank's part of a chunk into its buffer; returns the bytes of the
 * message. */
size_t spar_quantised_round_part(spar_quantised_t *quantised,
                                 spar_quantised_chunk_t chunk);
/* The same, and sends it to its owner. Errors have ended the call, here and
 * below. */
spar_status_t spar_quantised_send_part(spar_quantised_t *quantised,
                                       spar_quantised_chunk_t chunk);

/* Reads the header of a received message that is to have this chunk. */
spar_status_t spar_quantised_read(spar_quantised_t *quantised, int rank,
                                  spar_quantised_chunk_t chunk,
                                  const unsigned char *block, size_t received,
                                  spar_wire_header_t *header_p);
/* Whether all of the chunk is there, and can be read. */
spar_status_t spar_quantised_check(spar_quantised_t *quantised, int rank,
                                   const spar_wire_header_t *header,
                                   const unsigned char *block, size_t received);

/* The last phase. */
spar_status_t spar_quantised_progress_chunks(spar_quantised_t *quantised);

#endif
