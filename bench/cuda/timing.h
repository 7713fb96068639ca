/* Times of work on a device, by its own clock. */
#ifndef SPAR_BENCH_CUDA_TIMING_H
#define SPAR_BENCH_CUDA_TIMING_H

#include <cuda_runtime.h>
#include <stdint.h>

/* Ends the program with a line. */
void bench_ok(cudaError_t error, const char *doing);

/* Seconds of work(data, stream), the median of `repeats` after a few that do
 * not count; what prepare(data, stream) does before each (NULL: nothing) does
 * not either. */
typedef void bench_work_t(void *data, cudaStream_t stream);
double bench_time(bench_work_t *prepare, bench_work_t *work, void *data,
                  int repeats);

/* Seconds of a copy within the device that reads and writes `bytes` in all. */
double bench_copy(void *to, const void *from, uint64_t bytes, int repeats);

/* The middle one; sorts them. */
double bench_median(double *values, int number);

/* A line: bytes read and written per second, and as a share of the copy's. */
void bench_print(const char *what, uint64_t count, uint64_t bytes,
                 double seconds, double copy);

#endif
