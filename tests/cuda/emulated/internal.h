/* The parts of the emulated devices know each other by this. */
#ifndef SPAR_EMULATED_INTERNAL_H
#define SPAR_EMULATED_INTERNAL_H

#include "cuda.h"
#include "cuda_runtime.h"
#include "emulated.h"

#include <stdbool.h>

/* Devices at most, and contexts of each: the primary one is the first. */
#define SPAR_EMULATED_DEVICES  8
#define SPAR_EMULATED_CONTEXTS 4

struct CUctx_st {
    int device;
};

typedef struct spar_emulated_dim {
    unsigned x, y, z;
} spar_emulated_dim_t;

/* One lock for all: recursive, since what is in a stream is done by whoever
 * waits. */
void spar_emulated_lock(void);
void spar_emulated_unlock(void);

/* state.c: what fails, what has happened. All with the lock held. */
extern spar_emulated_counts_t spar_emulated_now;
/* Remembers an error for cudaGetLastError; returns it. Any thread. */
cudaError_t spar_emulated_error(cudaError_t error);
/* cudaSuccess, or what every call returns once the device is lost. */
cudaError_t spar_emulated_health(void);
/* Counts a launch: whether it is one that works. */
cudaError_t spar_emulated_may_launch(void);
bool spar_emulated_may_allocate(void);
bool spar_emulated_is_driver_old(void);
int spar_emulated_devices(void);
/* The next number of a fixed random sequence; 0: no shuffling. */
uint64_t spar_emulated_random(void);
/* Ends the process with a line that says what CUDA forbids. */
__attribute__((noreturn, format(printf, 1, 2))) void spar_emulated_forbidden(
    const char *what, ...);

/* capture.c: in each call that CUDA's graphs forbid. With the lock held. */
void spar_emulated_unsafe(void);

/* context.c: the calling thread's; never NULL after. */
CUcontext spar_emulated_current(void);

/* memory.c */
/* Makes the memory of this context accessible, or only what lies at `pointer`
 * (NULL: all), and ends that. */
void spar_emulated_open(CUcontext context, const void *pointer);
void spar_emulated_close(CUcontext context, const void *pointer);
/* Whether all of it is page-locked or a device's (not pageable). */
bool spar_emulated_is_pinned(const void *pointer, size_t bytes);

/* load.c: loads it into the current context, with the lock held: whether it had
 * not been. */
bool spar_emulated_load(const void *kernel);

/* stream.c: does all that is in all streams. */
void spar_emulated_drain(void);

/* block.c */
void spar_emulated_run(spar_emulated_dim_t grid, spar_emulated_dim_t block,
                       size_t shared, void (*run)(void *), void *closure);

/* For kernels: see kernel.h, which only C++ can read. */
extern spar_emulated_dim_t spar_emulated_thread, spar_emulated_block;
extern spar_emulated_dim_t spar_emulated_block_size, spar_emulated_grid_size;
int spar_emulated_barrier(int value);
const uint64_t *spar_emulated_exchange(unsigned mask, uint64_t value);
unsigned spar_emulated_lane(void);
void *spar_emulated_shared(void);
void spar_emulated_launch(spar_emulated_dim_t grid, spar_emulated_dim_t block,
                          size_t shared, cudaStream_t stream,
                          const void *kernel, void (*thread)(void *),
                          void (*destroy)(void *), void *closure);

#endif
