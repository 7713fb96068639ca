#include "cuda/device.h"
#include "cuda/driver.h"
#include "cuda/load.h"

#include <stdio.h>

static int major_of(int version)
{
    return version / 1000;
}

static int minor_of(int version)
{
    return version % 1000 / 10;
}

/* The library brings its runtime along, the process its driver: no other part
 * of the process need have met that the two do not fit. */
static void explain(spar_cuda_device_t *device)
{
    int runtime = 0, driver = 0;

    cudaRuntimeGetVersion(&runtime);
    spar_cuda_driver()->version(&driver);
    snprintf(device->cause, sizeof(device->cause),
             "%s; libspar_cuda.so was built with CUDA %d.%d, the driver is for "
             "%d.%d%s",
             spar_cuda_cause(), major_of(runtime), minor_of(runtime),
             major_of(driver), minor_of(driver),
             driver < runtime
                 ? ": update the driver, or build with an older CUDA"
                 : "");
}

/* The stream is the first that the runtime is asked for in this context. It
 * stays where kernels cannot be loaded: nobody asks again. */
spar_status_t spar_cuda_open(spar_cuda_device_t *device)
{
    spar_status_t status = spar_cuda_status(
        cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking),
        "opening a device");

    if (status == SPAR_OK) {
        status = spar_cuda_kernels_load();
    }
    if (status != SPAR_OK) {
        explain(device);
    }
    return status;
}
