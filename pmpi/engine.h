/* Spar: state of the process between MPI_Init and MPI_Finalize. */
#ifndef SPAR_PMPI_ENGINE_H
#define SPAR_PMPI_ENGINE_H

#include "pmpi/comm.h"
#include "policy/config.h"

#include <stdatomic.h>

typedef struct spar_engine {
    /* Calls are looked at: after a successful start, mode other than off. */
    atomic_bool active;
    spar_config_t config; /* rank 0's */
    int rank;             /* in MPI_COMM_WORLD */
    int size;
    int nodes;
    int node_ranks;      /* of MPI_COMM_WORLD, on this node */
    int requested_level; /* what the application asked for */
    int provided_level;  /* what it was told */
    double started;      /* seconds */
    uint64_t tx_at_start;
    /* MPI_Pcontrol */
    atomic_bool paused;
    atomic_uint_fast64_t flush_epoch;
    bool has_threads; /* MPI_THREAD_MULTIPLE underneath */
} spar_engine_t;

extern spar_engine_t spar_engine;

/* Whether it is measured which layers go sparse. */
static inline bool spar_engine_is_auto(void)
{
    return spar_engine.config.mode == SPAR_MODE_AUTO ||
           spar_engine.config.mode == SPAR_MODE_AB;
}

static inline bool spar_engine_is_quantised(void)
{
    return spar_engine.config.mode == SPAR_MODE_QUANTISED;
}

static inline bool spar_engine_is_periodic(void)
{
    return spar_engine.config.mode == SPAR_MODE_PERIODIC;
}

/* Whether some dense steps are watched first, and what does not look like what
 * the mode is for stays dense. */
static inline bool spar_engine_is_watchful(void)
{
    return spar_engine_is_auto() || spar_engine_is_quantised() ||
           spar_engine_is_periodic();
}

static inline bool spar_engine_is_shadow(void)
{
    return spar_engine.config.mode == SPAR_MODE_SHADOW;
}

/* Whether the faster dense method is found out and taken. */
static inline bool spar_engine_picks_dense(void)
{
    return spar_engine_is_auto() || spar_engine_is_periodic();
}

/*
 * After the real MPI_Init, collective over MPI_COMM_WORLD: agrees on the
 * settings and attaches MPI_COMM_WORLD. Ends the job on errors.
 */
void spar_engine_start(void);
/* Before the real MPI_Finalize, collective: report, shadows. */
void spar_engine_stop(void);

#endif
