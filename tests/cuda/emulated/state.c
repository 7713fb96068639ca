#include "internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t mutex;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int devices = 1;
static spar_emulated_fail_t failing = {
    .allocations = UINT64_MAX, .launches = UINT64_MAX, .lost = UINT64_MAX};
static bool lost;
static uint64_t random_state;
static _Thread_local cudaError_t last;

spar_emulated_counts_t spar_emulated_now;

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void begin(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    devices = (int)number("SPAR_EMULATED_DEVICES", 1);
    devices = devices > SPAR_EMULATED_DEVICES ? SPAR_EMULATED_DEVICES : devices;
    failing.allocations = number("SPAR_EMULATED_ALLOCATIONS", UINT64_MAX);
    failing.launches = number("SPAR_EMULATED_LAUNCHES", UINT64_MAX);
    failing.lost = number("SPAR_EMULATED_LOST", UINT64_MAX);
    random_state = number("SPAR_EMULATED_SHUFFLE", 0);
}

void spar_emulated_lock(void)
{
    pthread_once(&once, begin);
    pthread_mutex_lock(&mutex);
}

void spar_emulated_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void spar_emulated_count(spar_emulated_counts_t *counts_p)
{
    spar_emulated_lock();
    *counts_p = spar_emulated_now;
    spar_emulated_unlock();
}

void spar_emulated_fail(const spar_emulated_fail_t *fail)
{
    static const spar_emulated_fail_t never = {
        .allocations = UINT64_MAX, .launches = UINT64_MAX, .lost = UINT64_MAX};

    spar_emulated_lock();
    failing = fail != NULL ? *fail : never;
    lost = lost && fail != NULL;
    spar_emulated_unlock();
}

void spar_emulated_shuffle(uint64_t seed)
{
    spar_emulated_lock();
    random_state = seed;
    spar_emulated_unlock();
}

uint64_t spar_emulated_random(void)
{
    if (random_state == 0) {
        return 0;
    }
    /* xorshift64 never becomes 0. */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static bool spend(uint64_t *left)
{
    if (*left == UINT64_MAX) {
        return true;
    }
    if (*left == 0) {
        return false;
    }
    (*left)--;
    return true;
}

bool spar_emulated_may_allocate(void)
{
    if (!spend(&failing.allocations)) {
        return false;
    }
    spar_emulated_now.allocations++;
    return true;
}

cudaError_t spar_emulated_may_launch(void)
{
    lost = lost || !spend(&failing.lost);
    if (lost) {
        return cudaErrorLaunchFailure;
    }
    if (!spend(&failing.launches)) {
        return cudaErrorLaunchOutOfResources;
    }
    spar_emulated_now.launches++;
    return cudaSuccess;
}

bool spar_emulated_is_driver_old(void)
{
    return failing.old_driver;
}

cudaError_t spar_emulated_health(void)
{
    return lost ? cudaErrorLaunchFailure : cudaSuccess;
}

int spar_emulated_devices(void)
{
    return devices;
}

cudaError_t spar_emulated_error(cudaError_t error)
{
    if (error != cudaSuccess && error != cudaErrorNotReady) {
        last = error;
    }
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last;
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last;

    last = cudaSuccess;
    return error;
}

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
    case cudaSuccess:
        return "cudaSuccess";
    case cudaErrorInvalidValue:
        return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
        return "cudaErrorMemoryAllocation";
    case cudaErrorInsufficientDriver:
        return "cudaErrorInsufficientDriver";
    case cudaErrorInvalidDevice:
        return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
        return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady:
        return "cudaErrorNotReady";
    case cudaErrorLaunchOutOfResources:
        return "cudaErrorLaunchOutOfResources";
    case cudaErrorLaunchFailure:
        return "cudaErrorLaunchFailure";
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    return cudaGetErrorName(error);
}

void spar_emulated_forbidden(const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    fputs("emulated device: ", stderr);
    vfprintf(stderr, what, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}
