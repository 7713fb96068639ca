#include "sparsify/half_sum.h"

#include "base/half.h"

#include <math.h>

/* Twice this is the largest half; as bfloat16 it is 1e34. */
#define LARGEST 0x77ffu
/* Patterns below are subnormal halves, and subnormal bfloat16 among them. */
#define SUBNORMAL 0x400u

/* Bits of the fraction, and the exponent of the least normal number. */
typedef struct format {
    spar_dtype_t dtype;
    int fraction;
    int least;
    double flushed; /* how far sums may be off that are taken for zero */
} format_t;

static const format_t formats[] = {{SPAR_DTYPE_F16, 10, -14, 0},
                                   {SPAR_DTYPE_BF16, 7, -126, 0x1p-125}};

static uint32_t next(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

/* Of `a` most that differ by less than a few binades are interesting: wider
 * apart, the sum is the larger one. */
static uint32_t neighbour(uint32_t a, uint32_t *random)
{
    static const uint32_t distances[] = {4, 0x80, 0x400, 0x1000};
    uint32_t distance = distances[next(random) % 4];
    uint32_t b = a + next(random) % (2 * distance);

    b = b > distance ? b - distance : 0;
    return b > LARGEST ? LARGEST : b;
}

void spar_half_sum_fill(spar_half_sum_t *pairs)
{
    uint32_t random = 1;

    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        uint32_t limit = i % 8 == 0 ? SUBNORMAL : LARGEST + 1;
        uint32_t a = next(&random) % limit;
        uint32_t b = neighbour(a, &random);
        uint32_t signs = next(&random);

        pairs->a[i] = (uint16_t)(a | (signs & 1u) << 15);
        pairs->b[i] = (uint16_t)(b | (signs & 2u) << 14);
    }
}

static double value(spar_dtype_t dtype, uint16_t element)
{
    return dtype == SPAR_DTYPE_F16 ? spar_half_value(element)
                                   : spar_bf16_value(element);
}

static bool is_sum(const format_t *format, uint16_t a, uint16_t b, uint16_t sum)
{
    double exact = value(format->dtype, a) + value(format->dtype, b);
    double error = fabs(value(format->dtype, sum) - exact);
    int exponent = exact != 0 ? ilogb(exact) : format->least;
    double unit =
        ldexp(1, (exponent > format->least ? exponent : format->least) -
                     format->fraction);

    /* NaN is none. */
    return error < unit || error < format->flushed;
}

static bool are_sums(const format_t *format, const spar_half_sum_t *pairs,
                     const uint16_t *sums)
{
    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        if (!is_sum(format, pairs->a[i], pairs->b[i], sums[i])) {
            return false;
        }
    }
    return true;
}

spar_dtype_t spar_half_sum_judge(const spar_half_sum_t *pairs,
                                 const uint16_t *sums)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (are_sums(&formats[i], pairs, sums)) {
            return formats[i].dtype;
        }
    }
    return SPAR_DTYPE_BITS16;
}
