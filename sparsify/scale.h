/*
 * Spar: sums without the others: what a rank delivers in place of a sum in a
 * step that skips the exchange (policy/periodic.h). Arrays of float32 or
 * float64; each function is one sweep.
 */
#ifndef SPAR_SPARSIFY_SCALE_H
#define SPAR_SPARSIFY_SCALE_H

#include "base/dtype.h"

/* Whether (values + carry) * ranks is finite everywhere; carry may be NULL.
 * Then no sum over so many ranks, of which all are so, can overflow. */
bool spar_scale_fits(spar_dtype_t dtype, const void *values, const void *carry,
                     int ranks, size_t count);

/* out = values * ranks; out may be values. */
void spar_scale_deliver(spar_dtype_t dtype, const void *values, int ranks,
                        void *out, size_t count);

/* out = values + carry; out may be one of them. */
void spar_scale_join(spar_dtype_t dtype, const void *values, const void *carry,
                     void *out, size_t count);

/* sum -= carry * ranks; then carry = 0. */
void spar_scale_settle(spar_dtype_t dtype, void *sum, void *carry, int ranks,
                       size_t count);

#endif
