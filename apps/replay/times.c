#include "times.h"

#include <stdlib.h>
#include <string.h>

#include "quantile.h"

int times_open(times_t *times, int capacity, const char *path)
{
    const size_t bytes = (size_t)capacity * sizeof(double);

    memset(times, 0, sizeof(*times));
    times->step = malloc(bytes);
    times->post = malloc(bytes);
    times->wait = malloc(bytes);
    if (!times->step || !times->post || !times->wait)
        goto failed;
    if (path) {
        times->file = fopen(path, "w");
        if (!times->file)
            goto failed;
        /* Others follow a run by this file. */
        setvbuf(times->file, NULL, _IOLBF, BUFSIZ);
        fputs("time_s,wait_s\n", times->file);
    }
    return 0;

failed:
    (void)times_close(times);
    return -1;
}

void times_add(times_t *times, double step, double post, double wait)
{
    const int i = times->count++;

    times->step[i] = step;
    times->post[i] = post;
    times->wait[i] = wait;
    if (times->file)
        fprintf(times->file, "%.6f,%.6f\n", step, wait);
}

void times_print(times_t *times, double compute)
{
    const int n = times->count;

    printf("steps %d\n", n);
    printf("step_time_median_s %.6f\n", quantile(times->step, n, 0.5));
    printf("step_time_p10_s %.6f\n", quantile(times->step, n, 0.1));
    printf("step_time_p90_s %.6f\n", quantile(times->step, n, 0.9));
    printf("compute_time_s %.6f\n", compute);
    printf("post_time_median_s %.6f\n", quantile(times->post, n, 0.5));
    printf("wait_time_median_s %.6f\n", quantile(times->wait, n, 0.5));
}

int times_close(times_t *times)
{
    int failed = times->file && ferror(times->file);

    if (times->file && fclose(times->file) != 0)
        failed = 1;
    free(times->step);
    free(times->post);
    free(times->wait);
    memset(times, 0, sizeof(*times));
    return failed ? -1 : 0;
}
