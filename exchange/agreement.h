/*
 * Spar: all ranks learn all ranks' flags, and check that they are in the same
 * call, in ceil(log2 P) rounds of one header each (dissemination: Hensgen,
 * Finkel and Manber, IJPP 17, 1988). Before entries that the others may have no
 * room for. For the machines only.
 */
#ifndef SPAR_EXCHANGE_AGREEMENT_H
#define SPAR_EXCHANGE_AGREEMENT_H

#include "exchange/machine.h"

typedef struct spar_agreement {
    int distance; /* between the ranks that talk in the present round */
    bool posted;
    unsigned char out[SPAR_WIRE_HEADER_BYTES];
    unsigned char in[SPAR_WIRE_HEADER_BYTES];
} spar_agreement_t;

void spar_agreement_start(spar_agreement_t *agreement);

/* SPAR_OK: the exchange's flags are those of all ranks, and `agreed` is set.
 * SPAR_INPROGRESS, or an error that has ended the call. Uses the machine's tag,
 * and no transfer of the machine may be under way. */
spar_status_t spar_agreement_progress(spar_agreement_t *agreement,
                                      spar_machine_t *machine);

#endif
