/*
 * Spar: residuals across runs (SPAR_STATE). Each rank saves what its layers owe
 * into a file (report/state_file.h), and keeps the one before until it saves
 * again, or all have saved. At the next start the ranks agree, in MPI_Init, on
 * the newest save of a job of as many ranks that all of them have whole; and
 * then, whenever a sequence has been learnt on a communicator,
 * whether all of its ranks have saved residuals of exactly these layers. Nobody
 * takes his residuals unless all do.
 *
 * Persistent calls are layers of their own, which are not saved.
 */
#ifndef SPAR_PMPI_STATE_H
#define SPAR_PMPI_STATE_H

#include "report/report.h"

#include <stdbool.h>
#include <stdint.h>

struct spar_comm;
struct spar_state_file_comm;

/* What this rank could restore in the plan that is being made. */
typedef struct spar_state_offer {
    struct spar_state_file_comm *saved; /* NULL: nothing */
    int32_t shift;   /* the first layer is this one of the saved step */
    char cause[128]; /* why it cannot be restored; empty: it can */
} spar_state_offer_t;

/* Values of an agreement that an offer takes. */
#define SPAR_STATE_VALUES 2

/* Whether residuals are saved, the same on every rank. */
bool spar_state_is_wanted(void);

/* Collective over MPI_COMM_WORLD, in MPI_Init, with the agreed settings. Ends
 * the job where a rank cannot write to the directory. */
void spar_state_start(void);
/* Frees everything, after all communicators. */
void spar_state_stop(void);

/* Collective over the shadow of a new communicator: sets its state_key, by
 * which the next run knows it. */
void spar_state_name(struct spar_comm *comm);

/*
 * A plan is being made, its layers are there, with `busy` held. Fills values
 * whose minima over the ranks tell whether all of them restore; returns how
 * many there are, the same on every rank: 0 or SPAR_STATE_VALUES.
 */
size_t spar_state_offer(struct spar_comm *comm, double *values);
/* With the minima, and comm->has_machines agreed on: the layers owe what was
 * saved, on all ranks, or nothing happens, and one of them says why. */
void spar_state_take(struct spar_comm *comm, const double *values);

/* Local: saves now. A warning if that fails, in which case the files stay as
 * they are, and for each communicator that is left out since calls are under
 * way. */
void spar_state_save(void);
/* Collective over MPI_COMM_WORLD, in MPI_Finalize: all ranks save, or none. */
void spar_state_save_last(void);

/* What has come to pass, for the report. */
void spar_state_describe(spar_report_state_t *out);

#endif
