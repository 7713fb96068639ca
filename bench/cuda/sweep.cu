#include "bench/cuda/sweep.h"

#include "bench/cuda/timing.h"
#include "cuda/kernels.cuh"
#include "cuda/scratch.cuh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the elements that main.cu makes, 1.1 in a thousand are at least as large:
 * as many candidates as an adapted guess lets in. */
#define FLOOR 1.661f

/* As in cuda/select.cu. */
#define WINDOW 24
#define ALONE  32768

typedef struct pass {
    spar_cuda_view_t view;
    spar_cuda_scratch_t *scratch;
    uint32_t floor; /* a key */
    uint64_t k;
} pass_t;

static void check(spar_status_t status, const char *doing)
{
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_cuda: %s: %s\n", doing, spar_cuda_cause());
        exit(1);
    }
}

/* The state that a selection begins with. */
static void prepare(void *data, cudaStream_t stream)
{
    const pass_t *pass = (const pass_t *)data;
    spar_cuda_state_t state;

    memset(&state, 0, sizeof(state));
    state.low = pass->floor;
    state.width = WINDOW;
    bench_ok(cudaMemcpyAsync(pass->scratch->tables.state, &state, sizeof(state),
                             cudaMemcpyHostToDevice, stream),
             "copying");
}

static void sweep(void *data, cudaStream_t stream)
{
    const pass_t *pass = (const pass_t *)data;

    check(spar_cuda_sweep(SPAR_DTYPE_F32, stream, &pass->view,
                          &pass->scratch->tables, pass->floor, WINDOW, pass->k,
                          pass->k <= ALONE),
          "sweep");
}

/* What the last one has found. */
static void look(const pass_t *pass)
{
    spar_cuda_state_t state;

    bench_ok(cudaMemcpy(&state, pass->scratch->tables.state, sizeof(state),
                        cudaMemcpyDeviceToHost),
             "copying");
    printf("%-34s %10.1f M %9llu candidates%s\n", "sweep: found",
           (double)pass->view.n / 1e6, (unsigned long long)state.found,
           state.stopped != 0 ? ", which do not hold the answer" : "");
}

void bench_sweep(const void *gradient, const void *residual, void *spare,
                 uint64_t count, uint64_t k, int repeats)
{
    const float floor = FLOOR;
    const uint64_t bytes = 2 * count * sizeof(float);
    pass_t pass = {{gradient, residual, count}, NULL, 0, k};
    spar_cuda_device_t *device;
    spar_cuda_layout_t layout;
    spar_cuda_size_t size;
    spar_cuda_chunk_t *chunk;
    int number = 0;

    memset(&size, 0, sizeof(size));
    size.select = SPAR_SELECT_EXACT;
    size.element = size.dtype = SPAR_DTYPE_F32;
    size.count = count;
    memcpy(&pass.floor, &floor, sizeof(floor));
    spar_cuda_locate(gradient, &number);
    check(spar_cuda_enter(number, &device), "enter");
    check(spar_cuda_scratch_open(device, &size, &pass.scratch), "scratch");
    check(spar_cuda_scratch_candidates(pass.scratch, 4 * k), "candidates");
    check(spar_cuda_scratch_entries(pass.scratch, k, &chunk, &layout),
          "entries");
    bench_ok(cudaDeviceSynchronize(), "preparing");
    bench_print("sweep float32", count, bytes,
                bench_time(prepare, sweep, &pass, repeats),
                bench_copy(spare, gradient, bytes, repeats));
    look(&pass);
    spar_cuda_chunk_put(device, chunk);
    spar_cuda_scratch_close(pass.scratch);
    spar_cuda_leave();
}
