/* Spar: a piece of a sparse exchange, and where it runs. With the
 * communicator's `busy` held. */
#ifndef SPAR_PMPI_SPARSE_PART_H
#define SPAR_PMPI_SPARSE_PART_H

#include "pmpi/comm.h"

/* A piece of the call: the first one on the call's lane, the others on lanes
 * that are kept for them. */
typedef struct spar_part {
    spar_lane_t *lane;
    spar_piece_t *piece;
    spar_exchange_size_t size;
} spar_part_t;

static inline spar_lane_t *spar_part_lane(const spar_op_t *op, unsigned index)
{
    return index == 0 ? op->lane : &op->comm->side_lanes[index - 1];
}

static inline spar_part_t spar_part_of(const spar_op_t *op, unsigned index)
{
    spar_layer_t *layer = op->layer;
    spar_piece_t *piece = spar_layer_piece(layer, index);

    return (spar_part_t){
        .lane = spar_part_lane(op, index),
        .piece = piece,
        .size = {.dtype = layer->dtype,
                 .values = layer->values,
                 .count = piece->count,
                 .entries =
                     spar_layer_most_entries(layer, piece->count, op->density),
                 .feedback = layer->select != SPAR_SELECT_NONZERO,
                 .targeted = op->is_resident}};
}

/* Entries for which every rank has room. */
static inline uint64_t *spar_part_room(const spar_op_t *op,
                                       const spar_part_t *part)
{
    return &part->piece->room[part->lane->number][op->method];
}

#endif
