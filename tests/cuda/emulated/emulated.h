/*
 * Emulated CUDA devices: a libcuda.so.1 of the tests' own that has the part of
 * CUDA's driver and runtime that Spar uses, and runs Spar's real kernels,
 * compiled by the host's compiler, on the host. It shows that kernels compute
 * what they should and that calls come in an order that CUDA allows; it shows
 * nothing about speed, and it is no device.
 *
 * - Threads of a block are fibers, run until they wait for each other; blocks
 *   run one after the other. In which order can be shuffled, so that a result
 *   that depends on it shows. Threads that wait for each other in vain, or
 *   warp functions that not all named lanes reach, end the process.
 * - What is put into a stream is done when something waits for it, not before;
 *   asking whether it is done does one piece of it. Asynchronous copies want
 *   memory that is page-locked, or the process ends.
 * - A device's memory can only be touched by kernels and copies in a stream of
 *   its own context; all other accesses, the host's too, are segmentation
 *   faults. So are accesses shortly behind it, under AddressSanitizer.
 *
 * Environment, read at the first call: SPAR_EMULATED_DEVICES (number, 1),
 * SPAR_EMULATED_ALLOCATIONS, _LAUNCHES, _LOST, _SHUFFLE (spar_emulated_fail_t,
 * spar_emulated_shuffle). Thread-safe.
 */
#ifndef SPAR_EMULATED_H
#define SPAR_EMULATED_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What has happened since the process began. */
typedef struct spar_emulated_counts {
    uint64_t launches;
    uint64_t broken_captures;  /* calls that invalidate a graph's capture */
    uint64_t late_loads;       /* of kernels, by their first launch */
    uint64_t allocations;      /* of devices' memory */
    uint64_t host_allocations; /* page-locked */
    uint64_t device_waits;     /* for a whole device */
    uint64_t bytes;            /* of devices' memory, held now */
} spar_emulated_counts_t;

/* What fails from now on; UINT64_MAX: never. */
typedef struct spar_emulated_fail {
    uint64_t allocations; /* of devices' memory, after so many more */
    uint64_t launches;    /* kernels cannot be launched, after so many more */
    uint64_t lost;        /* the device is lost after so many more launches */
    bool old_driver; /* no stream can be made, as where the driver is older than
                        the runtime (of the library; the tests have another) */
} spar_emulated_fail_t;

void spar_emulated_count(spar_emulated_counts_t *counts_p);
/* NULL: nothing fails, and no device is lost any more. */
void spar_emulated_fail(const spar_emulated_fail_t *fail);
/* Another order of blocks and of a block's threads; 0: ascending. */
void spar_emulated_shuffle(uint64_t seed);
/* Whether the application captures a graph from now on, in global mode: then
 * calls of any thread that is not in relaxed mode may break it, which is
 * counted. */
void spar_emulated_capture(bool on);
/* A context of the device besides its primary one (NULL: no memory). */
struct CUctx_st *spar_emulated_context(int device);

#ifdef __cplusplus
}
#endif

#endif
