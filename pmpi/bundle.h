/*
 * Spar: the calls of one group of small layers on their way as one exchange.
 *
 *   gathering   calls join in the order of the slots. The last one starts the
 *               exchange. A rank that cannot wait for it - the application
 *               waits for a member, or time is up, or another call comes in
 *               its place - starts without it and tells so (SPAR_WIRE_PARTED).
 *   under way   One header, one block of entries. Any flag of any rank ends it
 *               with nothing changed, on all ranks.
 *   apart       After a flag: each member, also one that is still to be
 *               posted, is exchanged by itself, as if there were no group;
 *               one after the other on the bundle's lane, so that the order is
 *               the same on every rank.
 *
 * A bundle lives on its lane, which it takes with its first member and frees
 * when its last one is through. With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_BUNDLE_H
#define SPAR_PMPI_BUNDLE_H

#include "pmpi/merging.h"
#include "pmpi/staging.h"

struct spar_lane;

typedef enum spar_bundle_phase {
    SPAR_BUNDLE_NONE,
    SPAR_BUNDLE_GATHERING,
    SPAR_BUNDLE_UNDER_WAY,
    SPAR_BUNDLE_APART
} spar_bundle_phase_t;

typedef struct spar_bundle {
    spar_bundle_phase_t phase;
    spar_group_t *group;
    uint64_t step;        /* of the known sequence */
    double opened, grown; /* the first and the latest member joined, seconds */
    size_t expected;      /* members that will have come */
    size_t joined;        /* members that have come */
    spar_op_t *members[SPAR_MERGING_MOST]; /* those not through are valid */
    /* Apart: members that were exchanged, and whether the last of them is on
     * the lane. */
    size_t begun;
    bool occupied;
    spar_staging_t staging;
} spar_bundle_t;

/* Entries of this rank that the group sends at most in one exchange of the
 * present step; the same on every rank. */
uint64_t spar_bundle_entries(const struct spar_comm *comm,
                             const spar_group_t *group);

/* The bundle that the communicator's calls join from now on (comm->open), on a
 * lane that was taken for it. */
void spar_bundle_open(struct spar_lane *lane, spar_group_t *group,
                      struct spar_comm *comm);

/* Whether the call, whose place in the sequence is known, is the next member of
 * the open bundle; otherwise no more will come, on any rank. */
bool spar_bundle_awaits(const struct spar_comm *comm, const spar_op_t *op);
void spar_bundle_close(struct spar_comm *comm);

/* The next member, first in the queue, joins the open bundle. */
void spar_bundle_join(spar_op_t *op);

/* Whether this rank cannot wait for more members any longer. */
bool spar_bundle_is_due(const struct spar_comm *comm);
/* Starts the open bundle, which is gathering, without them. */
void spar_bundle_part(struct spar_comm *comm);

/* Advances the bundle of this member. true: something moved. */
bool spar_bundle_progress(spar_op_t *op);

/* Whether the member will certainly make no dense call. */
bool spar_bundle_has_agreed(const spar_op_t *op);

/* A call leaves the lane. true: the lane is still the bundle's. */
bool spar_bundle_keeps(struct spar_lane *lane);

#endif
