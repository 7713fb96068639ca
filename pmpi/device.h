/*
 * Spar: memory of GPUs. Knows whether the process has loaded the CUDA driver,
 * and loads the library for it (cuda/plugin.h) when the first device pointer
 * arrives. A process without a driver pays a few tens of nanoseconds per call
 * that may be a gradient. All functions are thread-safe.
 */
#ifndef SPAR_PMPI_DEVICE_H
#define SPAR_PMPI_DEVICE_H

#include "cuda/plugin.h"

typedef enum spar_device_place {
    SPAR_DEVICE_NEAR,  /* the host's memory, or memory that it can read */
    SPAR_DEVICE_FAR,   /* a device's memory, which the library reaches */
    SPAR_DEVICE_BLIND, /* a device's memory, and no library for it, or one that
                          cannot use the device; or not as much memory as the
                          call says, or nobody's, as when it was freed: MPI's
                          business */
} spar_device_place_t;

/* Where [buffer, buffer + bytes) lies; *device_p is set for SPAR_DEVICE_FAR.
 * What is missing is said once in the process. */
spar_device_place_t spar_device_find(const void *buffer, uint64_t bytes,
                                     int *device_p);

/* The library; NULL: it is not loaded. Once it is, it stays. */
const spar_cuda_ops_t *spar_device_ops(void);

#endif
