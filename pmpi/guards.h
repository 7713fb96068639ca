/*
 * Spar: what must not be sent sparsely (policy/guard.h). Rank 0 looks at the
 * calls that a sequence is learnt from, and at the results of dense calls while
 * they are watched; its judgement holds on all ranks. Modes auto and ab; mode
 * shadow reports it.
 */
#ifndef SPAR_PMPI_GUARDS_H
#define SPAR_PMPI_GUARDS_H

#include "pmpi/comm.h"

/* On rank 0, when the layers of a new sequence are there. */
void spar_guards_look_at_calls(spar_comm_t *comm);

/* A dense call has ended well. */
void spar_guards_look_at_result(const spar_op_t *op);

/* Of its result, by the layer's content. */
void spar_guards_look_at_content(const spar_op_t *op);

/* Collective over the shadow, after the steps that are watched: rank 0 judges
 * every layer; to be taken when the agreement is done. */
void spar_guards_begin(spar_comm_t *comm);
void spar_guards_take(spar_comm_t *comm);

/* What rank 0 makes of the layer alone, by its content and by the calls. */
spar_guard_t spar_guards_judge_layer(const spar_layer_t *layer);

#endif
