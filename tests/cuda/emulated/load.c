#include "internal.h"

#include <stdlib.h>

/* A kernel in a context. */
typedef struct loaded {
    struct loaded *next;
    const void *kernel;
    CUcontext context;
} loaded_t;

static loaded_t *all;

bool spar_emulated_load(const void *kernel)
{
    CUcontext context = spar_emulated_current();
    loaded_t *loaded = all;

    while (loaded != NULL &&
           (loaded->kernel != kernel || loaded->context != context)) {
        loaded = loaded->next;
    }
    if (loaded != NULL) {
        return false;
    }
    loaded = malloc(sizeof(*loaded));
    if (loaded == NULL) {
        spar_emulated_forbidden("no memory");
    }
    *loaded = (loaded_t){all, kernel, context};
    all = loaded;
    return true;
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes_p,
                                  const void *kernel)
{
    cudaError_t error;

    spar_emulated_lock();
    spar_emulated_unsafe();
    error = spar_emulated_health();
    if (error == cudaSuccess) {
        spar_emulated_load(kernel);
    }
    spar_emulated_unlock();
    attributes_p->maxThreadsPerBlock = 1024;
    return spar_emulated_error(error);
}
