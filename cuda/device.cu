#include "cuda/device.h"

#include "cuda/driver.h"

#include <stdlib.h>

/* Contexts in the order in which they were first seen; entries stay. */
static spar_cuda_device_t devices[SPAR_CUDA_DEVICES];
static int device_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* What one question to the driver tells of a pointer. */
typedef struct place {
    CUcontext context;
    unsigned type; /* 0: the driver does not know it */
    unsigned managed;
    int ordinal;
} place_t;

static bool ask(const void *pointer, place_t *place_p)
{
    const spar_cuda_driver_t *driver = spar_cuda_driver();
    CUpointer_attribute attributes[] = {
        CU_POINTER_ATTRIBUTE_CONTEXT, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
        CU_POINTER_ATTRIBUTE_IS_MANAGED, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    void *data[] = {&place_p->context, &place_p->type, &place_p->managed,
                    &place_p->ordinal};

    *place_p = place_t{NULL, 0, 0, 0};
    return driver != NULL &&
           driver->pointer_attributes(4, attributes, data,
                                      (CUdeviceptr)pointer) == CUDA_SUCCESS &&
           place_p->type != 0;
}

static int number_of(CUcontext context, int ordinal)
{
    int number = 0;

    pthread_mutex_lock(&mutex);
    while (number < device_count && devices[number].context != context) {
        number++;
    }
    if (number == device_count && number < SPAR_CUDA_DEVICES) {
        devices[number].context = context;
        devices[number].ordinal = ordinal;
        pthread_mutex_init(&devices[number].mutex, NULL);
        device_count++;
    }
    pthread_mutex_unlock(&mutex);
    return number;
}

/* Memory of pools belongs to no context: any of its device's will do, and the
 * primary one is there. */
static bool context_of(place_t *place)
{
    if (place->context != NULL) {
        return true;
    }
    return spar_cuda_driver()->primary_retain(&place->context,
                                              place->ordinal) == CUDA_SUCCESS;
}

spar_cuda_place_t spar_cuda_locate(const void *pointer, int *device_p)
{
    place_t place;

    if (!ask(pointer, &place)) {
        return SPAR_CUDA_HOST;
    }
    if (place.managed != 0) {
        return SPAR_CUDA_MANAGED;
    }
    if (place.type != CU_MEMORYTYPE_DEVICE) {
        return SPAR_CUDA_HOST;
    }
    /* Where none is left, every use of the device is refused. */
    *device_p = context_of(&place) ? number_of(place.context, place.ordinal)
                                   : SPAR_CUDA_DEVICES;
    return SPAR_CUDA_DEVICE;
}

/* How many bytes are there from `pointer` on, looking no further than needed.
 * Several allocations may follow each other as one array (virtual memory that
 * is mapped piece by piece). */
static uint64_t length_at(const void *pointer, uint64_t bytes)
{
    const CUdeviceptr begin = (CUdeviceptr)pointer;
    CUdeviceptr at = begin;
    CUdeviceptr base;
    size_t size;

    do {
        if (spar_cuda_driver()->address_range(&base, &size, at) !=
                CUDA_SUCCESS ||
            base + size <= at) {
            break;
        }
        at = base + size;
    } while (at - begin < bytes);
    return at - begin;
}

/* The driver knows the range only where a context is current; the caller may be
 * a thread that has none, or another device's. Nothing before this has needed
 * the runtime, so whether that works is found out here. */
spar_status_t spar_cuda_check(const void *pointer, uint64_t bytes)
{
    spar_cuda_device_t *device;
    spar_status_t status;
    uint64_t length = 0;
    place_t place;

    if (spar_cuda_driver() == NULL) {
        return spar_cuda_error(SPAR_ERR_INVALID, "no CUDA driver is loaded");
    }
    if (ask(pointer, &place) && context_of(&place)) {
        status =
            spar_cuda_enter(number_of(place.context, place.ordinal), &device);
        if (status != SPAR_OK) {
            return status;
        }
        length = length_at(pointer, bytes);
        spar_cuda_leave();
    }
    if (length == 0 || length < bytes) {
        return spar_cuda_error(
            SPAR_ERR_INVALID,
            length == 0 ? "not a device's memory (any more)"
                        : "the device's memory ends within the buffer");
    }
    return SPAR_OK;
}

uint64_t spar_cuda_pool(void)
{
    uint64_t bytes = 0;

    pthread_mutex_lock(&mutex);
    for (int i = 0; i < device_count; i++) {
        pthread_mutex_lock(&devices[i].mutex);
        bytes += devices[i].bytes;
        pthread_mutex_unlock(&devices[i].mutex);
    }
    pthread_mutex_unlock(&mutex);
    return bytes;
}

/* How often this thread has entered without having left, and the mode that it
 * had before. */
static thread_local unsigned entered;
static thread_local CUstreamCaptureMode mode_before;

static void exchange_mode(void)
{
    const spar_cuda_driver_t *driver = spar_cuda_driver();

    if (driver->exchange_mode != NULL) {
        driver->exchange_mode(&mode_before);
    }
}

/* An application that captures a graph must not find its capture broken because
 * this library, in whatever thread, allocates or looks at an event. */
static void relax(void)
{
    if (entered++ == 0) {
        mode_before = CU_STREAM_CAPTURE_MODE_RELAXED;
        exchange_mode();
    }
}

/* What cannot be opened is not tried again: otherwise each call would, and each
 * say something else. */
static spar_status_t set_up(spar_cuda_device_t *device)
{
    spar_status_t status;

    pthread_mutex_lock(&device->mutex);
    if (!device->tried) {
        device->status = spar_cuda_open(device);
        device->tried = true;
    }
    status = device->status;
    pthread_mutex_unlock(&device->mutex);
    return status == SPAR_OK ? status : spar_cuda_error(status, device->cause);
}

spar_status_t spar_cuda_enter_again(spar_cuda_device_t *device)
{
    spar_status_t status;

    if (spar_cuda_driver()->push(device->context) != CUDA_SUCCESS) {
        return spar_cuda_error(SPAR_ERR_IO, "the context is gone");
    }
    relax();
    status = set_up(device);
    if (status != SPAR_OK) {
        spar_cuda_leave();
    }
    return status;
}

spar_status_t spar_cuda_enter(int number, spar_cuda_device_t **device_p)
{
    spar_status_t status;
    int known;

    pthread_mutex_lock(&mutex);
    known = device_count;
    pthread_mutex_unlock(&mutex);
    if (number < 0 || number >= known) {
        return spar_cuda_error(SPAR_ERR_INVALID, "no such device");
    }
    status = spar_cuda_enter_again(&devices[number]);
    if (status == SPAR_OK) {
        *device_p = &devices[number];
    }
    return status;
}

void spar_cuda_leave(void)
{
    CUcontext context;

    if (--entered == 0) {
        exchange_mode();
    }
    spar_cuda_driver()->pop(&context);
}
