/*
 * Spar: when a layer that stays dense is looked at again. One that was only
 * predicted to be slower if sent sparsely is, at every look; one that was
 * measured to be slower rests first, each time twice as long, so that what goes
 * back and forth costs ever less. Plain data and pure functions of it and of
 * the number of the step, so that all ranks come to the same end.
 */
#ifndef SPAR_POLICY_SECOND_LOOK_H
#define SPAR_POLICY_SECOND_LOOK_H

#include <stdbool.h>
#include <stdint.h>

/* Steps between two looks: a multiple of those between reviews (pmpi/review.c),
 * with which they come. */
#define SPAR_SECOND_LOOK_STEPS 256
/* Where all layers are dense there are no reviews that they could come with. */
#define SPAR_SECOND_LOOK_STEPS_ALONE 512
/* Of the first rest. */
#define SPAR_SECOND_LOOK_REST (10 * SPAR_SECOND_LOOK_STEPS)

/* Of one layer. Zero-initialised: it is not wanted. */
typedef struct spar_second_look {
    bool wanted;      /* the layer is dense because of predicted or measured
                         times alone */
    uint64_t rest;    /* steps of the latest rest; 0: none yet */
    uint64_t resumes; /* step in which that is over */
} spar_second_look_t;

/* Whether looks are taken so many steps after the plan was settled. `alone`:
 * there is nothing else to review. */
bool spar_second_look_is_due(uint64_t steps, bool alone);

/* Whether the layer takes part in one in that step. */
bool spar_second_look_takes(const spar_second_look_t *look, uint64_t step);

/* In that step the layer has proved slower. */
void spar_second_look_rest(spar_second_look_t *look, uint64_t step);

#endif
