/* Spar: the monotonic clock that every duration is measured with. */
#ifndef SPAR_BASE_CLOCK_H
#define SPAR_BASE_CLOCK_H

#include <time.h>

/* Seconds since an arbitrary start; never goes back. */
static inline double spar_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
