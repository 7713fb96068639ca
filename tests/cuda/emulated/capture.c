#include "internal.h"

static bool capturing;
static _Thread_local CUstreamCaptureMode thread_mode;

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    CUstreamCaptureMode before = thread_mode;

    thread_mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}

void spar_emulated_capture(bool on)
{
    spar_emulated_lock();
    capturing = on;
    spar_emulated_unlock();
}

void spar_emulated_unsafe(void)
{
    if (capturing && thread_mode != CU_STREAM_CAPTURE_MODE_RELAXED) {
        spar_emulated_now.broken_captures++;
    }
}
