/*
 * Spar: the memory that the selections of one device layer work in. It is there
 * from the first selection of a size on.
 */
#ifndef SPAR_CUDA_SCRATCH_CUH
#define SPAR_CUDA_SCRATCH_CUH

#include "cuda/device.h"
#include "cuda/state.cuh"

typedef struct spar_cuda_scratch {
    spar_cuda_size_t size;
    spar_cuda_device_t *device;
    spar_cuda_tables_t tables;
    uint64_t launch; /* number of the latest one that used the parts */
    bool dirty;      /* after an error: the tables are not as they should be */
    uint64_t last;   /* entries of a selection that has no k */
    uint64_t bytes;  /* on the device */
} spar_cuda_scratch_t;

/* Within the device, like all of these. */
spar_status_t spar_cuda_scratch_open(spar_cuda_device_t *device,
                                     const spar_cuda_size_t *size,
                                     spar_cuda_scratch_t **scratch_p);
/* NULL: nothing. */
void spar_cuda_scratch_close(spar_cuda_scratch_t *scratch);

/* Room for that many candidates. After an error, there is what there was. */
spar_status_t spar_cuda_scratch_candidates(spar_cuda_scratch_t *scratch,
                                           uint64_t count);
/* Once before each selection: the tables are as the kernels expect them. */
spar_status_t spar_cuda_scratch_clean(spar_cuda_scratch_t *scratch);

/* A chunk for the state and `count` entries, which one copy brings home; the
 * tables use it from now on. */
spar_status_t spar_cuda_scratch_entries(spar_cuda_scratch_t *scratch,
                                        uint64_t count,
                                        spar_cuda_chunk_t **chunk_p);
/* Of such a chunk: bytes in front of the values of `count` entries. */
uint64_t spar_cuda_scratch_values_at(uint64_t count);
#define SPAR_CUDA_INDICES_AT 256

#endif
