/*
 * Spar: the kernels of a selection. They are put into the stream and return at
 * once: whether they could be. What they find is in tables->state, and what one
 * finds the next one uses.
 *
 * `element` is the type of the gradient; sums have spar_dtype_wide of it.
 */
#ifndef SPAR_CUDA_KERNELS_CUH
#define SPAR_CUDA_KERNELS_CUH

#include "cuda/device.h"
#include "cuda/state.cuh"

static inline uint32_t spar_cuda_tiles(uint64_t n)
{
    return (uint32_t)((n + SPAR_CUDA_TILE - 1) / SPAR_CUDA_TILE);
}

/* One pass over the layer: writes down all sums whose key is at least `floor`
 * (>= 1), as long as there is room, and begins to look for the k-th among
 * them, in [floor, floor + 2^width), or, to `finish`, finds it; that is for
 * some ten thousand candidates. state->stopped: it is not among them, or
 * something is not finite. */
spar_status_t spar_cuda_sweep(spar_dtype_t element, cudaStream_t stream,
                              const spar_cuda_view_t *view,
                              const spar_cuda_tables_t *tables, uint64_t floor,
                              uint32_t width, uint64_t k, bool finish);

/* Narrows the range to which the key looked for belongs by some bits at least
 * (SPAR_CUDA_DIGIT_BITS), by a pass over the candidates. Nothing, once the key
 * is known. */
spar_status_t spar_cuda_narrow_candidates(spar_dtype_t dtype,
                                          cudaStream_t stream,
                                          const spar_cuda_tables_t *tables);
/* The same by a pass over the layer. It stops at what is not finite. */
spar_status_t spar_cuda_narrow_layer(spar_dtype_t element, cudaStream_t stream,
                                     const spar_cuda_view_t *view,
                                     const spar_cuda_tables_t *tables);

/* Writes the entries, in ascending order: those with keys above state->low,
 * and the first state->rank of those with this very key. */
spar_status_t spar_cuda_emit_candidates(spar_dtype_t dtype, cudaStream_t stream,
                                        const spar_cuda_view_t *view,
                                        const spar_cuda_tables_t *tables,
                                        uint64_t launch);
spar_status_t spar_cuda_emit_layer(spar_dtype_t element, cudaStream_t stream,
                                   const spar_cuda_view_t *view,
                                   const spar_cuda_tables_t *tables,
                                   uint64_t launch);

/* Rounds entries of which there are more than SPAR_CUDA_CODED; fewer have been
 * rounded and coded by the kernel that has written them: state->coded. */
spar_status_t spar_cuda_pack(cudaStream_t stream,
                             const spar_cuda_tables_t *tables);

/* Gaussian-k's first threshold, from the moments and the `quantile` of the
 * normal distribution. */
spar_status_t spar_cuda_moments(spar_dtype_t element, cudaStream_t stream,
                                const spar_cuda_view_t *view,
                                const spar_cuda_tables_t *tables,
                                double quantile);
/* One of its refinements; nothing, once the threshold is settled. */
spar_status_t spar_cuda_refine(spar_dtype_t element, cudaStream_t stream,
                               const spar_cuda_view_t *view,
                               const spar_cuda_tables_t *tables, uint64_t k);

#endif
