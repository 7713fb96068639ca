/*
 * Spar: a layer is selected and exchanged in pieces: one for most layers,
 * several for large ones, so that the first entries travel while the others are
 * still being selected, and so that no index, message or count exceeds 32 bits.
 * Each piece is selected by itself.
 */
#ifndef SPAR_PMPI_PIECE_H
#define SPAR_PMPI_PIECE_H

#include "exchange/target.h"
#include "policy/method.h"
#include "sparsify/selector.h"

/* Sparse exchanges of a communicator that may be under way together. */
#define SPAR_LANES 4

/* Elements of a piece: large enough that latency does not count, small enough
 * that a call of a few tens of megabytes overlaps well (docs/decisions.md). */
#define SPAR_PIECE_ELEMENTS (4u * 1024u * 1024u)
/* Most pieces of a layer; they grow where these are not enough. */
#define SPAR_PIECES 16

struct spar_op;

typedef struct spar_piece {
    uint64_t first; /* element of the layer */
    uint64_t count; /* elements */
    spar_selector_t selector;
    /* Entries for which every rank is known to have room, on each lane. */
    uint64_t room[SPAR_LANES][SPAR_METHODS];
    /* Once it was split by regions. */
    struct spar_split_state *split;
    /* On a device (pmpi/resident.h). */
    struct spar_cuda_layer *device; /* NULL: none */
    int device_number;
    spar_values_t device_values;
    bool resident; /* its residual is there */
    /* The present call, if it runs there. */
    spar_target_t target;
    const struct spar_op *op;
    bool overflows; /* a sum of 16-bit floats */
    bool given_up;  /* its sum is formed on the host */
} spar_piece_t;

/* Pieces of a layer of so many elements. */
unsigned spar_piece_number(uint64_t count);

/* Sets up piece `index` of `number` of a layer. */
void spar_piece_init(spar_piece_t *piece, spar_selector_kind_t kind,
                     spar_dtype_t dtype, uint64_t layer_count, unsigned index,
                     unsigned number);

/* Not all ranks may have room any more for exchanges by these methods. */
void spar_piece_forget_room(spar_piece_t *piece, unsigned methods);

/* Gradients and residual are 2^exponent as large from now on. */
void spar_piece_rescale(spar_piece_t *piece, int exponent);

/* Frees what it holds. */
void spar_piece_cleanup(spar_piece_t *piece);

#endif
