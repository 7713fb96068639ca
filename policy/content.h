/*
 * Spar: does a layer's content behave like a gradient? Trainers that average
 * parameters make the same calls as trainers that exchange gradients, but
 * error feedback would ruin them. Parameters change little from step to step,
 * gradients of random batches change nearly wholly.
 *
 * Looks at a few elements of a call's result. Local: rank 0's judgement is
 * broadcast. Not thread-safe.
 */
#ifndef SPAR_POLICY_CONTENT_H
#define SPAR_POLICY_CONTENT_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stdint.h>

/* Elements that are looked at, spread evenly. */
#define SPAR_CONTENT_SAMPLES 64
/* Results that must have been seen before the content is judged. */
#define SPAR_CONTENT_LOOKS 4

typedef struct spar_content {
    double last[SPAR_CONTENT_SAMPLES];
    unsigned looks;
    unsigned steady; /* results that hardly differed from the one before */
} spar_content_t;

/* Zero-initialised: nothing seen. */
void spar_content_look(spar_content_t *content, spar_dtype_t dtype,
                       const void *result, uint64_t count);

/* Every result after the first one hardly differed; false before enough
 * results were seen. */
bool spar_content_is_steady(const spar_content_t *content);

#endif
