/*
 * Spar: does a layer's content behave like a gradient? Sums of other things
 * are made with the same calls, but error feedback would ruin them. Gradients
 * of random batches change nearly wholly from step to step, sign included.
 * Parameters, which some trainers average, change little; counts are whole
 * numbers; counts, squares and normalisers have one sign; running sums only
 * grow.
 *
 * Looks at a few elements of a call's result. Local: rank 0's judgement is
 * broadcast. Not thread-safe.
 */
#ifndef SPAR_POLICY_CONTENT_H
#define SPAR_POLICY_CONTENT_H

#include "policy/element.h"
#include "policy/guard.h"

/* Elements that are looked at, spread evenly. */
#define SPAR_CONTENT_SAMPLES 64
/* Results that must have been seen before the content is judged. */
#define SPAR_CONTENT_LOOKS 4

typedef struct spar_content {
    double last[SPAR_CONTENT_SAMPLES];
    unsigned looks;
    unsigned steady; /* results that hardly differed from the one before */
    unsigned grown;  /* results that lay farther from zero, nearly all over */
    /* Samples of all results. */
    unsigned positive;
    unsigned negative;
    unsigned whole; /* numbers other than zero, and small enough to tell */
    unsigned broken;
} spar_content_t;

/* Zero-initialised: nothing seen. Of any type that is known. Results with NaN
 * or Inf among the samples are passed over. */
void spar_content_look(spar_content_t *content, spar_dtype_t dtype,
                       const void *result, uint64_t count);

/* The elements of such a result that are looked at: these rows, one after the
 * other, as a result of so many elements look the same. */
static inline spar_element_rows_t spar_content_rows(uint64_t count)
{
    return spar_element_spread(SPAR_CONTENT_SAMPLES, count);
}

/* SPAR_GUARD_PARAMETERS, _RUNNING, _WHOLE or _ONE_SIGN, if that holds for
 * every result; SPAR_GUARD_NONE before enough results were seen. */
spar_guard_t spar_content_judge(const spar_content_t *content);

#endif
