/* What is measured of the steps, and how it is printed. */
#ifndef REPLAY_TIMES_H
#define REPLAY_TIMES_H

#include <stdio.h>

typedef struct times {
    int count;
    double *step; /* seconds of each step */
    double *post;
    double *wait;
    FILE *file; /* gets a line per step as it ends, or NULL */
} times_t;

/* For `capacity` steps; `path` of the file, or NULL for none. 0, or -1 with
 * errno; then nothing is left open. */
int times_open(times_t *times, int capacity, const char *path);

void times_add(times_t *times, double step, double post, double wait);

/* Prints the figures; sorts the times. `compute`: seconds of computation. */
void times_print(times_t *times, double compute);

/* 0, or -1 with errno if not all of the file could be written. Does nothing
 * once it is closed. */
int times_close(times_t *times);

#endif
