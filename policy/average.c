#include "policy/average.h"

#include "policy/element.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number_of_samples(uint64_t count)
{
    uint64_t part = count / SPAR_AVERAGE_PART;

    part = part < SPAR_AVERAGE_LEAST ? SPAR_AVERAGE_LEAST
           : part > SPAR_AVERAGE_MOST
               ? SPAR_AVERAGE_MOST
               : part / SPAR_AVERAGE_ROW * SPAR_AVERAGE_ROW;
    return part < count ? part : count;
}

static spar_element_rows_t rows_of(const spar_average_t *average)
{
    uint64_t number = average->samples / SPAR_AVERAGE_ROW;

    return average->samples == average->count
               ? (spar_element_rows_t){1, average->count, average->count}
               : (spar_element_rows_t){number, SPAR_AVERAGE_ROW,
                                       (average->count - SPAR_AVERAGE_ROW) /
                                           (number - 1)};
}

bool spar_average_reserve(spar_average_t *average, spar_dtype_t dtype,
                          uint64_t count)
{
    if (average->memory == NULL) {
        average->dtype = dtype;
        average->count = count;
        average->samples = number_of_samples(count);
        average->memory = calloc(2 * average->samples, spar_dtype_size(dtype));
    }
    return average->memory != NULL;
}

void spar_average_cleanup(spar_average_t *average)
{
    free(average->memory);
    *average = (spar_average_t){0};
}

size_t spar_average_bytes(const spar_average_t *average)
{
    return average->memory == NULL
               ? 0
               : 2 * average->samples * spar_dtype_size(average->dtype);
}

static char *input_of(const spar_average_t *average)
{
    return average->memory;
}

static char *sum_of(const spar_average_t *average)
{
    return (char *)average->memory +
           average->samples * spar_dtype_size(average->dtype);
}

static void copy(const spar_average_t *average, const void *from, char *to)
{
    spar_element_rows_t rows = rows_of(average);
    size_t size = spar_dtype_size(average->dtype);

    for (uint64_t i = 0; i < rows.number; i++) {
        memcpy(to + i * rows.width * size,
               (const char *)from + i * rows.stride * size, rows.width * size);
    }
}

typedef struct products {
    double dot;
    double square;   /* of the sum */
    double distance; /* of input and share * sum */
} products_t;

/* A template for both types: converting element by element would be slow. */
#define MULTIPLY(type)                                                         \
    do {                                                                       \
        const type *x = (const type *)input_of(average);                       \
        const type *r = (const type *)sum_of(average);                         \
        for (uint64_t i = 0; i < average->samples; i++) {                      \
            double a = (double)x[i], b = (double)r[i];                         \
            all.dot += a * b;                                                  \
            all.square += b * b;                                               \
            all.distance += (a - share * b) * (a - share * b);                 \
        }                                                                      \
    } while (0)

static products_t multiply(const spar_average_t *average, double share)
{
    products_t all = {0, 0, 0};

    if (average->dtype == SPAR_DTYPE_F64) {
        MULTIPLY(double);
    } else {
        MULTIPLY(float);
    }
    return all;
}

/* Of the samples, for the whole layer. */
static double scale(const spar_average_t *average, double sum)
{
    return sum * (double)average->count / (double)average->samples;
}

/* Inputs with NaN or Inf tell nothing of the trainer. */
static void compare(spar_average_t *average, int ranks)
{
    products_t all = multiply(average, ranks > 0 ? 1.0 / ranks : 0);

    if (!isfinite(all.dot) || !isfinite(all.square) ||
        !isfinite(all.distance)) {
        return;
    }
    average->dot += all.dot;
    average->square += all.square;
    average->update += scale(average, all.distance);
    average->updates++;
}

void spar_average_take_input(spar_average_t *average, const void *input)
{
    if (average->memory == NULL) {
        return;
    }
    copy(average, input, input_of(average));
    average->has_input = true;
    average->is_pair = false;
}

void spar_average_look_at_input(spar_average_t *average, const void *input,
                                int ranks)
{
    spar_average_take_input(average, input);
    if (average->has_input && (average->has_sum || ranks == 0)) {
        compare(average, ranks);
    }
}

void spar_average_look_at_sum(spar_average_t *average, const void *sum)
{
    if (average->memory == NULL) {
        return;
    }
    copy(average, sum, sum_of(average));
    average->has_sum = true;
    average->is_pair = average->has_input;
    average->has_input = false;
}

double spar_average_share(const spar_average_t *average, int ranks)
{
    return average->square > 0 ? average->dot / average->square * ranks : 0;
}

bool spar_average_divides(const spar_average_t *average, int ranks)
{
    return fabs(spar_average_share(average, ranks) - 1) <=
           SPAR_AVERAGE_TOLERANCE;
}

double spar_average_distance(const spar_average_t *average, int ranks)
{
    return average->is_pair
               ? scale(average, multiply(average, 1.0 / ranks).distance)
               : 0;
}

double spar_average_update(const spar_average_t *average)
{
    return average->updates > 0 ? average->update / (double)average->updates
                                : 0;
}

void spar_average_forget_updates(spar_average_t *average)
{
    average->update = 0;
    average->updates = 0;
}
