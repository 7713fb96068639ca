/*
 * Spar: the kernels, to be loaded when a device is opened. CUDA loads a kernel
 * when it is first launched, otherwise, which may allocate or wait for the
 * whole device in the middle of a step.
 *
 * A file with kernels has a table with the addresses of all of them, all types
 * of a template, ended by NULL, and load.cu has all tables: style_kernels.
 */
#ifndef SPAR_CUDA_LOAD_H
#define SPAR_CUDA_LOAD_H

#include "cuda/device.h"

extern const void *const spar_cuda_apply_kernels[];
extern const void *const spar_cuda_emit_kernels[];
extern const void *const spar_cuda_moments_kernels[];
extern const void *const spar_cuda_narrow_kernels[];
extern const void *const spar_cuda_pack_kernels[];
extern const void *const spar_cuda_sweep_kernels[];

/* Into the context that is current. */
spar_status_t spar_cuda_kernels_load(void);

#endif
