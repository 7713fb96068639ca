#include "internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct work {
    struct work *next;
    void (*run)(struct work *work);
    CUcontext context;
    /* A kernel */
    spar_emulated_dim_t grid, block;
    size_t shared;
    void (*thread)(void *closure);
    void (*destroy)(void *closure);
    void *closure;
    /* A copy, or to fill */
    char *to;
    const char *from;
    size_t to_pitch, from_pitch, width, height;
    int value;
    /* An event: to be recorded, or to be waited for until it is */
    cudaEvent_t event;
    uint64_t turn;
} work_t;

struct CUstream_st {
    CUcontext context;
    cudaStream_t next;
    work_t *first;
    work_t **last;
};

struct CUevent_st {
    uint64_t recorded, done;
    cudaStream_t stream;
};

static cudaStream_t streams;

static void drain(cudaStream_t stream);

static void destroy(work_t *work)
{
    if (work->destroy != NULL) {
        work->destroy(work->closure);
    }
    free(work);
}

static void run_kernel(work_t *work)
{
    spar_emulated_run(work->grid, work->block, work->shared, work->thread,
                      work->closure);
}

static void run_copy(work_t *work)
{
    for (size_t row = 0; row < work->height; row++) {
        memmove(work->to + row * work->to_pitch,
                work->from + row * work->from_pitch, work->width);
    }
}

static void run_fill(work_t *work)
{
    memset(work->to, work->value, work->width);
}

static void run_record(work_t *work)
{
    work->event->done = work->turn;
}

static void run_wait(work_t *work)
{
    if (work->event->done < work->turn) {
        drain(work->event->stream);
    }
}

/* A kernel may use all memory of its context, a copy only its own: opening the
 * rest would take its time. */
static void run(work_t *work)
{
    const void *ends[2] = {work->to, work->from};
    int number = work->thread != NULL ? 1 : 2;

    for (int i = 0; i < number; i++) {
        if (work->thread != NULL || ends[i] != NULL) {
            spar_emulated_open(work->context, ends[i]);
        }
    }
    work->run(work);
    for (int i = 0; i < number; i++) {
        if (work->thread != NULL || ends[i] != NULL) {
            spar_emulated_close(work->context, ends[i]);
        }
    }
}

static bool step(cudaStream_t stream)
{
    work_t *work = stream->first;

    if (work == NULL) {
        return false;
    }
    stream->first = work->next;
    if (stream->first == NULL) {
        stream->last = &stream->first;
    }
    if (spar_emulated_health() == cudaSuccess) {
        run(work);
    }
    destroy(work);
    return true;
}

static void drain(cudaStream_t stream)
{
    while (step(stream)) {
    }
}

void spar_emulated_drain(void)
{
    for (cudaStream_t stream = streams; stream != NULL; stream = stream->next) {
        drain(stream);
    }
}

/* Takes *work over; the default stream does at once what it is given. */
static cudaError_t put(cudaStream_t stream, const work_t *work)
{
    cudaError_t error = cudaSuccess;
    work_t *copy = malloc(sizeof(*copy));

    if (copy == NULL) {
        spar_emulated_forbidden("no memory");
    }
    *copy = *work;
    copy->next = NULL;
    spar_emulated_lock();
    copy->context = spar_emulated_current();
    error = spar_emulated_health();
    if (error != cudaSuccess) {
        destroy(copy);
    } else if (stream == NULL) {
        run(copy);
        destroy(copy);
    } else if (stream->context != copy->context) {
        error = cudaErrorInvalidResourceHandle;
        destroy(copy);
    } else {
        *stream->last = copy;
        stream->last = &copy->next;
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

void spar_emulated_launch(spar_emulated_dim_t grid, spar_emulated_dim_t block,
                          size_t shared, cudaStream_t stream,
                          const void *kernel, void (*thread)(void *),
                          void (*destroy_closure)(void *), void *closure)
{
    work_t work = {.run = run_kernel,
                   .grid = grid,
                   .block = block,
                   .shared = shared,
                   .thread = thread,
                   .destroy = destroy_closure,
                   .closure = closure};
    cudaError_t error;

    spar_emulated_lock();
    error = spar_emulated_may_launch();
    spar_emulated_now.late_loads += spar_emulated_load(kernel);
    spar_emulated_unlock();
    if (error == cudaSuccess &&
        (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 ||
         block.x == 0 || block.x * block.y * block.z > 1024)) {
        error = cudaErrorInvalidValue;
    }
    if (error != cudaSuccess) {
        spar_emulated_error(error);
        destroy_closure(closure);
        return;
    }
    put(stream, &work);
}

static cudaError_t copy(void *to, size_t to_pitch, const void *from,
                        size_t from_pitch, size_t width, size_t height,
                        cudaStream_t stream)
{
    work_t work = {.run = run_copy,
                   .to = to,
                   .from = from,
                   .to_pitch = to_pitch,
                   .from_pitch = from_pitch,
                   .width = width,
                   .height = height};

    if (width == 0 || height == 0) {
        return cudaSuccess;
    }
    return put(stream, &work);
}

/* Pageable memory would make the copy wait for the stream. */
static void check_pinned(const void *pointer, size_t bytes)
{
    spar_emulated_lock();
    bool pinned = bytes == 0 || spar_emulated_is_pinned(pointer, bytes);
    spar_emulated_unlock();
    if (!pinned) {
        spar_emulated_forbidden("asynchronous copy of %zu bytes at %p, which "
                                "are neither a device's nor page-locked",
                                bytes, pointer);
    }
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            enum cudaMemcpyKind kind, cudaStream_t stream)
{
    (void)kind;
    check_pinned(to, bytes);
    check_pinned(from, bytes);
    return copy(to, bytes, from, bytes, bytes, 1, stream);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from,
                              size_t from_pitch, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t stream)
{
    (void)kind;
    if (width > to_pitch || width > from_pitch) {
        return spar_emulated_error(cudaErrorInvalidValue);
    }
    check_pinned(to, height > 0 ? (height - 1) * to_pitch + width : 0);
    check_pinned(from, height > 0 ? (height - 1) * from_pitch + width : 0);
    return copy(to, to_pitch, from, from_pitch, width, height, stream);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes,
                            cudaStream_t stream)
{
    work_t work = {.run = run_fill, .to = to, .value = value, .width = bytes};

    check_pinned(to, bytes);
    return bytes == 0 ? cudaSuccess : put(stream, &work);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       enum cudaMemcpyKind kind)
{
    (void)kind;
    return copy(to, bytes, from, bytes, bytes, 1, NULL);
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    return cudaMemsetAsync(to, value, bytes, NULL);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream_p, unsigned flags)
{
    cudaStream_t stream = calloc(1, sizeof(*stream));

    if (stream == NULL || flags != cudaStreamNonBlocking) {
        free(stream);
        return spar_emulated_error(cudaErrorInvalidValue);
    }
    spar_emulated_lock();
    if (spar_emulated_is_driver_old()) {
        spar_emulated_unlock();
        free(stream);
        return spar_emulated_error(cudaErrorInsufficientDriver);
    }
    stream->context = spar_emulated_current();
    stream->last = &stream->first;
    stream->next = streams;
    streams = stream;
    spar_emulated_unlock();
    *stream_p = stream;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    cudaStream_t *link = &streams;

    spar_emulated_lock();
    drain(stream);
    while (*link != stream) {
        link = &(*link)->next;
    }
    *link = stream->next;
    spar_emulated_unlock();
    free(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    cudaError_t error;

    spar_emulated_lock();
    spar_emulated_unsafe();
    if (stream != NULL) {
        drain(stream);
    }
    error = spar_emulated_health();
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    cudaError_t error;

    spar_emulated_lock();
    error = stream != NULL && step(stream) ? cudaErrorNotReady : cudaSuccess;
    if (spar_emulated_health() != cudaSuccess) {
        error = spar_emulated_health();
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaDeviceSynchronize(void)
{
    cudaError_t error;

    spar_emulated_lock();
    spar_emulated_unsafe();
    spar_emulated_now.device_waits++;
    spar_emulated_drain();
    error = spar_emulated_health();
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event_p, unsigned flags)
{
    (void)flags;
    *event_p = calloc(1, sizeof(**event_p));
    return spar_emulated_error(*event_p != NULL ? cudaSuccess
                                                : cudaErrorMemoryAllocation);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    spar_emulated_lock();
    if (event->stream != NULL && event->done < event->recorded) {
        drain(event->stream);
    }
    spar_emulated_unlock();
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    work_t work = {
        .run = run_record, .event = event, .turn = event->recorded + 1};
    cudaError_t error = put(stream, &work);

    if (error == cudaSuccess) {
        event->recorded++;
        event->stream = stream;
    }
    return error;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags)
{
    work_t work = {.run = run_wait, .event = event, .turn = event->recorded};

    (void)flags;
    return event->recorded == 0 ? cudaSuccess : put(stream, &work);
}

static cudaError_t look(cudaEvent_t event, bool wait)
{
    cudaError_t error = cudaSuccess;

    spar_emulated_lock();
    spar_emulated_unsafe();
    if (event->done < event->recorded) {
        if (wait) {
            drain(event->stream);
        } else {
            step(event->stream);
            error = cudaErrorNotReady;
        }
    }
    if (spar_emulated_health() != cudaSuccess) {
        error = spar_emulated_health();
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    return look(event, false);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    return look(event, true);
}
