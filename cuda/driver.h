/* Spar: the functions of the CUDA driver that the runtime has no equal for.
 * Taken from the driver that the process has loaded; never loads it. */
#ifndef SPAR_CUDA_DRIVER_H
#define SPAR_CUDA_DRIVER_H

#include <cuda.h>

typedef struct spar_cuda_driver {
    CUresult (*pointer_attributes)(unsigned number,
                                   CUpointer_attribute *attributes, void **data,
                                   CUdeviceptr pointer);
    CUresult (*address_range)(CUdeviceptr *base_p, size_t *size_p,
                              CUdeviceptr pointer);
    CUresult (*primary_retain)(CUcontext *context_p, CUdevice device);
    CUresult (*push)(CUcontext context);
    CUresult (*pop)(CUcontext *context_p);
    CUresult (*exchange_mode)(
        CUstreamCaptureMode *mode);      /* NULL: before 10.1 */
    CUresult (*version)(int *version_p); /* of CUDA, the newest it serves */
} spar_cuda_driver_t;

/* NULL as long as there is no driver, or it lacks one of these. Any thread. */
const spar_cuda_driver_t *spar_cuda_driver(void);

#endif
