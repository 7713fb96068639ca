/*
 * Spar: whether another thread of the application computes while this one is in
 * its blocking calls: then the later a call returns, the sooner the next one
 * follows, because its gradient is ready at the same time anyway. Where one
 * thread does both, what it does between two calls takes as long whenever the
 * first one returns.
 *
 * Pure; any thread.
 */
#ifndef SPAR_POLICY_OVERLAP_H
#define SPAR_POLICY_OVERLAP_H

#include "policy/samples.h"

#include <stdbool.h>

/* Zero-initialised: nothing seen yet. */
typedef struct spar_overlap {
    int pairs;
    int opposed;     /* of layers whose gradients are ready on time */
    int apart;       /* of all layers */
    double variance; /* of `opposed` if the series were independent */
} spar_overlap_t;

/* The calls of a layer, added to both series at a time. before: when the call
 * before it returned, seconds from the begin of the step; gap: how long after
 * that it was made, seconds. Layers whose gaps are mostly of a few microseconds
 * say nothing. */
void spar_overlap_add(spar_overlap_t *overlap, const spar_samples_t *before,
                      const spar_samples_t *gap);

/*
 * The same question where gaps are rare because calls take longer than what
 * they overlap with. All pauses between the blocking calls of a step, seconds:
 * with dense calls, and with calls of the least density. Of one thread they
 * stay what they are; a second one has to wait for gradients when its calls
 * become fast. `step`: seconds of a step with the fast calls.
 */
bool spar_overlap_has_pauses(double dense, double least, double step);

/* After all layers. false also where there are too few samples. */
bool spar_overlap_is_seen(const spar_overlap_t *overlap);
/* The opposite was seen: there are gaps, and they do not depend on when calls
 * return. false also where there are too few samples. */
bool spar_overlap_is_refuted(const spar_overlap_t *overlap);

#endif
