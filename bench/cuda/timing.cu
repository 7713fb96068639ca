#include "bench/cuda/timing.h"

#include <stdio.h>
#include <stdlib.h>

#define WARM_UP 3
#define MOST    1000

void bench_ok(cudaError_t error, const char *doing)
{
    if (error != cudaSuccess) {
        fprintf(stderr, "bench_cuda: %s: %s\n", doing,
                cudaGetErrorString(error));
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

double bench_median(double *values, int number)
{
    qsort(values, number, sizeof(*values), compare);
    return values[number / 2];
}

double bench_time(bench_work_t *prepare, bench_work_t *work, void *data,
                  int repeats)
{
    static double seconds[MOST];
    cudaStream_t stream;
    cudaEvent_t begin, end;
    float milliseconds;

    repeats = repeats < MOST ? repeats : MOST;
    bench_ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
             "making a stream");
    bench_ok(cudaEventCreate(&begin), "making an event");
    bench_ok(cudaEventCreate(&end), "making an event");
    for (int i = -WARM_UP; i < repeats; i++) {
        if (prepare != NULL) {
            prepare(data, stream);
        }
        bench_ok(cudaEventRecord(begin, stream), "recording");
        work(data, stream);
        bench_ok(cudaEventRecord(end, stream), "recording");
        bench_ok(cudaStreamSynchronize(stream), "working");
        bench_ok(cudaEventElapsedTime(&milliseconds, begin, end), "timing");
        if (i >= 0) {
            seconds[i] = milliseconds / 1e3;
        }
    }
    bench_ok(cudaEventDestroy(begin), "ending");
    bench_ok(cudaEventDestroy(end), "ending");
    bench_ok(cudaStreamDestroy(stream), "ending");
    return bench_median(seconds, repeats);
}

typedef struct copy {
    void *to;
    const void *from;
    uint64_t bytes;
} copy_t;

static void run_copy(void *data, cudaStream_t stream)
{
    const copy_t *copy = (const copy_t *)data;

    bench_ok(cudaMemcpyAsync(copy->to, copy->from, copy->bytes,
                             cudaMemcpyDeviceToDevice, stream),
             "copying");
}

double bench_copy(void *to, const void *from, uint64_t bytes, int repeats)
{
    copy_t copy = {to, from, bytes / 2};

    return bench_time(NULL, run_copy, &copy, repeats);
}

void bench_print(const char *what, uint64_t count, uint64_t bytes,
                 double seconds, double copy)
{
    printf("%-34s %10.1f M %9.4f ms %8.1f GB/s %6.2f of a copy\n", what,
           (double)count / 1e6, seconds * 1e3, (double)bytes / seconds / 1e9,
           copy / seconds);
}
