/*
 * Spar: how machines apply a call: to its arrays, or by its target
 * (exchange/target.h). For the machines only; call it when
 * spar_machine_may_apply. SPAR_OK, or the error that has ended the call, or
 * SPAR_INPROGRESS: the target was given up, and everything is to be applied
 * once more, from the first commit on.
 */
#ifndef SPAR_EXCHANGE_APPLY_H
#define SPAR_EXCHANGE_APPLY_H

#include "exchange/machine.h"
#include "exchange/partial.h"

/* The last part of reserve: blocks of at most so many entries will be added.
 * SPAR_ERR_NO_MEMORY: there is room, but for calls with a target. */
spar_status_t spar_apply_reserve(spar_machine_t *machine,
                                 const spar_exchange_size_t *size,
                                 uint64_t entries);
void spar_apply_shrink(spar_machine_t *machine);
/* Bytes that are held. */
size_t spar_apply_memory(const spar_machine_t *machine);

/*
 * Takes the next piece of the gradient into the residual and sets that piece of
 * `out` to 0; only the latter without a residual, or where it holds the
 * gradient already. With the last piece, `delivered` (NULL: none) is taken out
 * of the residual.
 */
spar_status_t spar_apply_commit(spar_machine_t *machine,
                                const spar_selection_t *delivered);

/* After the last piece, if there is a residual: takes the entries out of it. */
spar_status_t spar_apply_settle(spar_machine_t *machine,
                                const spar_selection_t *delivered);

/* Adds a block that came from `rank` to its region. */
spar_status_t spar_apply_block(spar_machine_t *machine, int rank,
                               const spar_wire_header_t *header,
                               const void *payload);

/* The same of a block that is a list already, by the call's target. */
spar_status_t spar_apply_entries(spar_machine_t *machine, uint64_t first,
                                 const spar_selection_t *entries);

/* Adds the sum of all ranks. */
spar_status_t spar_apply_partial(spar_machine_t *machine,
                                 const spar_partial_t *partial);

/* When all is added: SPAR_OK as soon as it is done, SPAR_INPROGRESS before. */
spar_status_t spar_apply_finish(spar_machine_t *machine);

/* Whether the machine has to begin to add anew, told once. */
bool spar_apply_begins_again(spar_machine_t *machine);

#endif
