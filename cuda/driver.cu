#include "cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static spar_cuda_driver_t table;
static bool found;

static bool find(void *library, const char *name, void *function_p)
{
    void *symbol = dlsym(library, name);

    *(void **)function_p = symbol;
    return symbol != NULL;
}

static bool fill(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);

    if (library != NULL) {
        find(library, "cuThreadExchangeStreamCaptureMode",
             &table.exchange_mode);
    }
    /* The handle is kept: the driver stays loaded as long as it is used. */
    return library != NULL &&
           find(library, "cuPointerGetAttributes", &table.pointer_attributes) &&
           find(library, "cuMemGetAddressRange_v2", &table.address_range) &&
           find(library, "cuDevicePrimaryCtxRetain", &table.primary_retain) &&
           find(library, "cuCtxPushCurrent_v2", &table.push) &&
           find(library, "cuCtxPopCurrent_v2", &table.pop) &&
           find(library, "cuDriverGetVersion", &table.version);
}

const spar_cuda_driver_t *spar_cuda_driver(void)
{
    bool there = __atomic_load_n(&found, __ATOMIC_ACQUIRE);

    if (!there) {
        pthread_mutex_lock(&mutex);
        there = found || fill();
        __atomic_store_n(&found, there, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&mutex);
    }
    return there ? &table : NULL;
}
