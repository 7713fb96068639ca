#include "cuda/pack.cuh"

#include "cuda/kernels.cuh"
#include "cuda/load.h"

/* Rounds what is too much for one block; it is the host that codes it. */
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    pack(spar_cuda_tables_t tables)
{
    const spar_cuda_state_t *state = tables.state;
    const uint64_t count = state->count;
    unsigned n;
    uint64_t first;

    if (state->stopped != 0 || state->nonfinite != 0 || state->coded != 0 ||
        count > tables.room) {
        return;
    }
    first = spar_cuda_mine(blockIdx.x, count, &n);
    spar_cuda_values_of(tables, first, n);
}

spar_status_t spar_cuda_pack(cudaStream_t stream,
                             const spar_cuda_tables_t *tables)
{
    SPAR_LAUNCH(pack, spar_cuda_tiles(tables->room), SPAR_CUDA_THREADS, 0,
                stream, *tables);
    return spar_cuda_launched("rounding entries");
}

const void *const spar_cuda_pack_kernels[] = {(const void *)pack, NULL};
