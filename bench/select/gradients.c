#include "bench/select/gradients.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)
#define TABLE     65536

float *floats_alloc(size_t n, bool huge_pages)
{
    size_t bytes = (n * sizeof(float) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    float *array = aligned_alloc(HUGE_PAGE, bytes);

    if (array == NULL) {
        fputs("bench_select: no memory\n", stderr);
        exit(1);
    }
    madvise(array, bytes, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    memset(array, 0, bytes);
    return array;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double normal(uint64_t *state)
{
    double u = ((double)(next_random(state) >> 11) + 0.5) / 9007199254740992.0;
    double v = (double)(next_random(state) >> 11) / 9007199254740992.0;

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* Drawing from a table is fast enough to make a new gradient each step. */
static void table_fill(gradients_t *gradients)
{
    size_t i;

    for (i = 0; i < TABLE; i++) {
        double value = 1e-3 * normal(&gradients->state);

        if (gradients->heavy) {
            value *= exp(1.5 * normal(&gradients->state));
        }
        gradients->table[i] = (float)value;
    }
}

void gradients_open(gradients_t *gradients, const options_t *options)
{
    memset(gradients, 0, sizeof(*gradients));
    gradients->heavy = options->heavy;
    gradients->state = 0x2545f4914f6cdd1du;
    if (options->gradients != NULL) {
        gradients->file = fopen(options->gradients, "rb");
        if (gradients->file == NULL) {
            perror(options->gradients);
            exit(1);
        }
        return;
    }
    gradients->table = floats_alloc(TABLE, false);
    table_fill(gradients);
}

static void synthesise(gradients_t *gradients, float *to, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        uint64_t random = next_random(&gradients->state);
        float spread = 0.75f + (float)((random >> 16) & 0xffff) / 131072.0f;

        to[i] = spread * gradients->table[random >> 48];
    }
}

void gradients_next(gradients_t *gradients, float *to, size_t n)
{
    if (gradients->file == NULL) {
        synthesise(gradients, to, n);
        return;
    }
    if (fread(to, sizeof(float), n, gradients->file) != n) {
        rewind(gradients->file);
        if (fread(to, sizeof(float), n, gradients->file) != n) {
            fputs("bench_select: the recording is shorter than one gradient\n",
                  stderr);
            exit(1);
        }
    }
}

void gradients_close(gradients_t *gradients)
{
    if (gradients->file != NULL) {
        fclose(gradients->file);
    }
    free(gradients->table);
}
