/* Spar: what the report tells of periodic exchange, and what the user has to
 * know at the end. */
#ifndef SPAR_PMPI_PERIODIC_REPORT_H
#define SPAR_PMPI_PERIODIC_REPORT_H

#include "pmpi/comm.h"
#include "report/report.h"

/* Zero-initialised: empty. Owns what the report borrows; calls go on, so
 * histories are copied. */
typedef struct spar_periodic_draft {
    spar_report_periodic_t *items;
    size_t count;
    bool is_mine;       /* this rank is rank 0 of such a communicator */
    bool is_unaveraged; /* one of these ended with replicas that may differ */
    bool never;         /* and was never averaged */
    uint64_t since;     /* most steps since the last averaging */
    uint64_t announced; /* steps that SPAR_TRAIN_STEPS tells of; 0: none */
    uint64_t steps;     /* that there were */
    char note[320];
    char length[128];
} spar_periodic_draft_t;

/* With the communicator's `busy` held. false: out of memory. */
bool spar_periodic_describe(const spar_comm_t *comm,
                            spar_periodic_draft_t *draft,
                            spar_report_t *report);

/* NULL: replicas are the same everywhere, as far as is known. */
const char *spar_periodic_note(spar_periodic_draft_t *draft);
/* NULL: the training was as long as was announced. */
const char *spar_periodic_note_length(spar_periodic_draft_t *draft);
/* The same as the first one as a warning, on rank 0 of a communicator whose
 * replicas differ, where no report tells it. */
void spar_periodic_warn(const spar_periodic_draft_t *draft);

void spar_periodic_draft_destroy(spar_periodic_draft_t *draft);

#endif
