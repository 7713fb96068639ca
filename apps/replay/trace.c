#include "trace.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HEADER[] = "name,elements,forward_ms,backward_ms";
static const char RMS_COLUMN[] = ",rms";
static const double USUAL_RMS = 1e-3;

/* Reads a number that ends with `end`; *text moves behind it. */
static bool read_number(const char **text, char end, double most, double *p)
{
    char *stop;
    double value = strtod(*text, &stop);

    if (stop == *text || *stop != end || !(value >= 0 && value <= most))
        return false;
    *text = stop + (end != '\0');
    *p = value;
    return true;
}

/* Takes the first line. */
static bool parse_header(const char *line, bool *has_rms_p)
{
    const size_t length = sizeof(HEADER) - 1;

    if (strncmp(line, HEADER, length) != 0)
        return false;
    *has_rms_p = strcmp(line + length, RMS_COLUMN) == 0;
    return *has_rms_p || line[length] == '\0';
}

static bool parse_layer(const char *line, double scale, bool has_rms,
                        trace_layer_t *layer)
{
    const char *text = strchr(line, ',');
    double elements;
    double forward;
    double backward;
    double rms = USUAL_RMS;

    if (!text++ || !read_number(&text, ',', INT_MAX, &elements) ||
        !read_number(&text, ',', 1e6, &forward) ||
        !read_number(&text, has_rms ? ',' : '\0', 1e6, &backward) ||
        (has_rms && !read_number(&text, '\0', 1e6, &rms)) || elements < 1)
        return false;
    layer->rms = (float)rms;
    layer->elements = (size_t)elements;
    layer->forward = 1e-3 * scale * forward;
    layer->backward = 1e-3 * scale * backward;
    return true;
}

static int append(trace_t *trace, const trace_layer_t *layer)
{
    trace_layer_t *layers = realloc(trace->layers, (size_t)(trace->count + 1) *
                                                       sizeof(*trace->layers));

    if (!layers)
        return -1;
    trace->layers = layers;
    layers[trace->count++] = *layer;
    trace->elements += layer->elements;
    trace->forward += layer->forward;
    trace->backward += layer->backward;
    return 0;
}

/* NULL, or what is wrong with the line. */
static const char *take_line(trace_t *trace, const char *line, double scale,
                             bool has_rms)
{
    trace_layer_t layer = {0};

    if (!parse_layer(line, scale, has_rms, &layer))
        return has_rms ? "not name,elements,forward_ms,backward_ms,rms"
                       : "not name,elements,forward_ms,backward_ms";
    if (append(trace, &layer) != 0)
        return "out of memory";
    return trace->elements <= INT_MAX ? NULL : "too many elements for one call";
}

int trace_read(const char *path, double scale, char *reason, size_t capacity,
               trace_t *trace_p)
{
    trace_t trace = {0};
    const char *wrong = NULL;
    char line[512];
    int number = 0;
    bool has_rms = false;
    FILE *file = fopen(path, "r");

    if (!file) {
        snprintf(reason, capacity, "%s: %s", path, strerror(errno));
        return -1;
    }
    while (!wrong && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (++number > 1)
            wrong = take_line(&trace, line, scale, has_rms);
        else if (!parse_header(line, &has_rms))
            wrong = "not the expected header";
    }
    fclose(file);
    if (!wrong && trace.count == 0)
        wrong = "no layers";
    if (wrong) {
        snprintf(reason, capacity, "%s:%d: %s", path, number, wrong);
        trace_free(&trace);
        return -1;
    }
    *trace_p = trace;
    return 0;
}

void trace_free(trace_t *trace)
{
    free(trace->layers);
}
