/*
 * Spar: error feedback. The residual of a layer is what has not been sent
 * yet, one element per gradient element, in the gradient's own type.
 *
 * Conservation (for every element, to the last bit):
 *     decoded(sent) + new residual = fl(gradient + old residual)
 */
#ifndef SPAR_SPARSIFY_RESIDUAL_H
#define SPAR_SPARSIFY_RESIDUAL_H

#include "sparsify/selection.h"

/*
 * For the elements [begin, end): residual = gradient + residual, and, if
 * `out` is not NULL, out = 0. `out` may be the gradient itself (MPI_IN_PLACE)
 * but must not overlap it partly. A layer may be committed piece by piece, so
 * that the pieces interleave with communication.
 */
void spar_residual_commit(spar_dtype_t dtype, void *residual,
                          const void *gradient, void *out, size_t begin,
                          size_t end);

/* Where the selection has left gradient + residual (spar_selector_run_sum), the
 * rest of it: out = 0 for the elements [begin, end), past the caches. */
void spar_residual_clear_out(spar_dtype_t dtype, void *out, size_t begin,
                             size_t end);

/* After the whole layer is committed: takes the sent entries out. */
void spar_residual_settle(void *residual, const spar_selection_t *sent);

/* Whether no element would overflow if it were multiplied by 2^exponent (>= 0,
 * at most 64). */
bool spar_residual_has_room(spar_dtype_t dtype, const void *residual, size_t n,
                            int exponent);
/* Multiplies all elements by 2^exponent (of at most 64 in magnitude). Exact,
 * but for bits that fall below the smallest number of the type, which are
 * rounded away. */
void spar_residual_rescale(spar_dtype_t dtype, void *residual, size_t n,
                           int exponent);

/* Whether all sums of gradient and residual are finite, and for float64 their
 * squares as well; residual may be NULL. */
bool spar_residual_is_finite(spar_dtype_t dtype, const void *residual,
                             const void *gradient, size_t n);

/* Sum of squares in double precision, in a fixed order. */
double spar_residual_norm2(spar_dtype_t dtype, const void *residual, size_t n);

#endif
