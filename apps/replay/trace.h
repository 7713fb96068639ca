/* The layers of a network and how long each takes, read from a CSV file. */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include <stddef.h>

typedef struct trace_layer {
    size_t elements;
    double forward;  /* seconds */
    double backward; /* seconds */
    float rms;       /* of its gradient */
} trace_layer_t;

typedef struct trace {
    trace_layer_t *layers; /* in forward order */
    int count;
    size_t elements; /* of all layers */
    double forward;  /* seconds of all layers */
    double backward; /* seconds of all layers */
} trace_t;

/*
 * Reads a file whose first line is name,elements,forward_ms,backward_ms with or
 * without ,rms and multiplies the times by `scale`. Without that column the
 * gradient of every layer has an rms of 0.001. Returns 0 or -1; then `reason`
 * says why.
 */
int trace_read(const char *path, double scale, char *reason, size_t capacity,
               trace_t *trace_p);
void trace_free(trace_t *trace);

#endif
