/* bench_overlap: the layers and one step of them. */
#ifndef SPAR_BENCH_OVERLAP_WORK_H
#define SPAR_BENCH_OVERLAP_WORK_H

#include "bench/overlap/options.h"
#include "pool.h"

#include <mpi.h>
#include <time.h>

typedef struct work {
    const options_t *options;
    int rank;
    int ranks;
    pool_t pool;
    float *gradients;      /* of all layers */
    MPI_Request *requests; /* one per layer */
} work_t;

/* Ends the job without memory. */
void work_open(work_t *work, const options_t *options);
void work_close(work_t *work);

/* New gradients, as the exchange replaces them, and all ranks together. */
void work_prepare(work_t *work);

void work_post(work_t *work);
void work_wait(work_t *work);

/* Reads a clock, such as the CPU time of the calling thread. */
double work_seconds(clockid_t clock);

/* malloc that ends the job without memory. */
void *work_allocate(size_t bytes);

#endif
