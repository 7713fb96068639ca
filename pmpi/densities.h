/*
 * Spar: the densities of a communicator's layers where SPAR_DENSITY names a
 * rule. Each review gathers what every rank measured of the step, the slowest
 * rank's numbers hold for all, rank 0 solves for the densities (policy/lags.h)
 * and broadcasts them: they are part of the plan. With the communicator's
 * `busy` held.
 */
#ifndef SPAR_PMPI_DENSITIES_H
#define SPAR_PMPI_DENSITIES_H

#include "policy/lags.h"
#include "policy/lags_scale.h"
#include "policy/sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spar_comm;
struct spar_layer;

/* Waits below this share of a step do not count: they are noise. */
#define SPAR_DENSITIES_NOISE 0.02

/* What the densities were solved for. */
typedef enum spar_densities_aim {
    SPAR_DENSITIES_NONE,  /* not solved yet */
    SPAR_DENSITIES_HIDE,  /* as dense as can hide behind the computation */
    SPAR_DENSITIES_SPEND, /* nothing to hide behind: least time for the error */
    SPAR_DENSITIES_PAPER  /* the closed rule of the paper */
} spar_densities_aim_t;

/* A step with the densities that were solved for, seconds. */
typedef struct spar_densities_step {
    double wait; /* that the application is blocked */
    double step;
    double step_least; /* if exchanges cost less or more than predicted */
    double step_most;
} spar_densities_step_t;

typedef struct spar_densities {
    /* Agreed, of a median step, seconds. */
    double step;
    double wait; /* most of the ranks */
    /* Least of the ranks, which the others wait for: without that. */
    double least_wait;
    double compute; /* without what it waits */
    double busy;    /* of the network, least of the ranks */
    bool by_main;   /* rank 0's main thread makes the blocking calls */
    bool overlaps; /* a second thread makes the blocking calls; as rank 0 saw */
    /* Rank 0's, and adopted by all. */
    spar_densities_aim_t aim;
    uint32_t version; /* changes so far */
    spar_densities_step_t predicted;
    /* Rank 0's own. */
    bool shown;          /* that there is a second thread */
    unsigned doubts;     /* reviews in a row without a second thread */
    double dense_pauses; /* between blocking calls of a dense step; negative:
                            not known */
    spar_lags_scale_t scale;
    double pressure; /* factor of costs per entry while steps wait longer than
                        predicted; 1: none */
} spar_densities_t;

/* What rank 0 broadcasts. */
typedef struct spar_densities_outcome {
    spar_densities_aim_t aim;
    spar_densities_step_t predicted;
    double density[SPAR_SEQUENCE_MAX_PERIOD];
} spar_densities_outcome_t;

/* Whether a rule sets densities while the job runs: SPAR_DENSITY names one, and
 * the mode does not send all there is. Agreed. */
bool spar_densities_are_ruled(void);

/* Numbers that spar_densities_gather writes for so many layers. */
size_t spar_densities_numbers(size_t layers);
/* What this rank measured since the last review; the minima over the ranks are
 * to be taken. Then the measurements start anew. */
void spar_densities_gather(struct spar_comm *comm, double *numbers);
/* Takes the agreed numbers over. */
void spar_densities_take(struct spar_comm *comm, const double *numbers);

/* Rank 0: corrects the costs by the exchanges since the last review. */
void spar_densities_learn(struct spar_comm *comm);
/* Rank 0: does so, and solves for all layers that are or may become sparse.
 * Nothing changes but what is to be broadcast. */
void spar_densities_solve(struct spar_comm *comm);
/* Starts to broadcast it. All ranks. */
void spar_densities_begin(struct spar_comm *comm);
/* It has come: the densities hold from the present step on. */
void spar_densities_adopt(struct spar_comm *comm);

/* Density of the layer that the next plan will have; rank 0, after the
 * solving. */
double spar_densities_next(const struct spar_comm *comm, size_t slot);

/* Whether non-blocking dense calls cost the application so little that nothing
 * can be gained. Agreed. */
bool spar_densities_are_free(const struct spar_comm *comm);

#endif
