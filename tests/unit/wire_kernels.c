/*
 * The index section of the wire block on every instruction set: the same bytes
 * and the same numbers as the scalar reference, from buffers that are
 * allocated to the byte.
 */
#include "tests/unit/select_data.h"

#include "sparsify/wire_kernels.h"
#include "sparsify/wire_sizes.h"

#define MOST 5000

static const spar_wire_kernels_t *tables[4];
static size_t table_count;

typedef enum spread {
    EVEN,
    DENSE,
    CLUSTERS,
    FAR,
    SPREADS
} spread_t;

/* Distances that are short, long, or now and then very long. */
static void indices_make(spread_t spread, uint32_t base, size_t n,
                         uint32_t *indices, uint64_t *seed)
{
    uint64_t most = UINT32_MAX - base - MOST;
    uint64_t index = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        uint64_t draw = data_random(seed);

        if (spread == EVEN) {
            index += draw % 300;
        } else if (spread == DENSE) {
            index += draw % 8 == 0;
        } else if (spread == CLUSTERS) {
            index += draw % 40 == 0 ? (draw >> 32) % 20000 : draw % 3;
        } else {
            index += (draw >> 8) % (most / MOST);
        }
        indices[i] = base + (uint32_t)index++;
    }
}

static uint32_t span_of(const uint32_t *indices, size_t n, uint32_t base)
{
    return indices[n - 1] - base + 1;
}

/* The unary and the low section; NULL: too large to be worth a test. */
static unsigned char *put(const spar_wire_kernels_t *table,
                          const uint32_t *indices, size_t n, uint32_t base,
                          unsigned parameter, spar_wire_section_t *section)
{
    uint64_t sums[SPAR_WIRE_TRIALS];
    unsigned char *bytes;

    spar_wire_kernels_scalar.rice_sums(indices, n, base, parameter, sums);
    section->parameter = parameter;
    section->bits_bytes = spar_wire_bit_bytes(n + sums[0]);
    section->low_bytes = spar_wire_low_bytes(n, parameter);
    if (section->bits_bytes > 100 * n + 100) {
        return NULL;
    }
    bytes = data_alloc(section->bits_bytes + section->low_bytes, 1);
    memset(bytes, 0xa5, section->bits_bytes + section->low_bytes);
    section->bits = bytes;
    section->low = bytes + section->bits_bytes;
    table->rice_put(indices, n, base, section);
    return bytes;
}

static void get(const spar_wire_kernels_t *table,
                const spar_wire_section_t *section, size_t readable,
                const uint32_t *indices, size_t n, uint32_t base)
{
    spar_wire_reader_t reader = {.bits = section->bits,
                                 .bits_bytes = section->bits_bytes,
                                 .low = section->low,
                                 .low_bytes = section->low_bytes,
                                 .readable = readable,
                                 .parameter = section->parameter,
                                 .selected = n};
    uint32_t *list = data_alloc(n, sizeof(*list));
    size_t done = 0, i;

    assert_int_equal(table->lows(&reader),
                     spar_wire_kernels_scalar.lows(&reader));
    while (done < n) {
        size_t some = table->rice_next(&reader, list + done);

        assert_true(some > 0 && some <= SPAR_WIRE_CHUNK);
        done += some;
        assert_int_equal(reader.done, done);
    }
    assert_int_equal(done, n);
    for (i = 0; i < n; i++) {
        assert_int_equal(list[i], indices[i] - base);
    }
    free(list);
}

static void check(const uint32_t *indices, size_t n, uint32_t base,
                  unsigned parameter)
{
    spar_wire_section_t section, other;
    unsigned char *bytes =
        put(&spar_wire_kernels_scalar, indices, n, base, parameter, &section);
    unsigned char *longer;
    size_t size, t;

    if (bytes == NULL) {
        return;
    }
    size = section.bits_bytes + section.low_bytes;
    longer = data_alloc(size + 70, 1);
    memcpy(longer, bytes, size);
    memset(longer + size, 0xff, 70);
    for (t = 0; t < table_count; t++) {
        unsigned char *again =
            put(tables[t], indices, n, base, parameter, &other);

        assert_memory_equal(again, bytes, size);
        assert_int_equal(tables[t]->ones(section.bits, section.bits_bytes), n);
        get(tables[t], &other, other.low_bytes, indices, n, base);
        other.bits = longer;
        other.low = longer + other.bits_bytes;
        get(tables[t], &other, other.low_bytes + 70, indices, n, base);
        free(again);
    }
    free(bytes);
    free(longer);
}

static void sections_are_the_same(void **state)
{
    const size_t counts[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 100, 1023, MOST};
    uint32_t *indices = data_alloc(MOST, sizeof(*indices));
    uint64_t seed = 1;
    int spread;
    size_t c;
    unsigned parameter;

    (void)state;
    for (spread = 0; spread < SPREADS; spread++) {
        for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
            uint32_t base = c % 2 == 0 ? 0 : 123457;

            for (parameter = 0; parameter <= 31; parameter++) {
                indices_make((spread_t)spread, base, counts[c], indices, &seed);
                check(indices, counts[c], base, parameter);
            }
        }
    }
    free(indices);
}

static void sums_are_the_same(void **state)
{
    uint32_t *indices = data_alloc(MOST, sizeof(*indices));
    uint64_t seed = 2;
    unsigned most;
    size_t n, t;

    (void)state;
    for (n = 1; n <= MOST; n += n / 3 + 1) {
        for (most = 0; most <= 31; most++) {
            uint64_t expected[SPAR_WIRE_TRIALS], sums[SPAR_WIRE_TRIALS];

            indices_make((spread_t)(most % SPREADS), 77, n, indices, &seed);
            spar_wire_kernels_scalar.rice_sums(indices, n, 77, most, expected);
            assert_true(most > 0 || expected[0] + n == span_of(indices, n, 77));
            for (t = 0; t < table_count; t++) {
                tables[t]->rice_sums(indices, n, 77, most, sums);
                assert_memory_equal(sums, expected, sizeof(sums));
            }
        }
    }
    free(indices);
}

/* What only a damaged block holds: low parts whose sum needs 64 bits. */
static void sums_do_not_overflow(void **state)
{
    unsigned char low[31 * 8];
    spar_wire_reader_t reader = {.low = low,
                                 .low_bytes = sizeof(low),
                                 .readable = sizeof(low),
                                 .parameter = 31,
                                 .selected = 64};
    size_t t;

    (void)state;
    memset(low, 0xff, sizeof(low));
    for (t = 0; t < table_count; t++) {
        assert_true(tables[t]->lows(&reader) == 64 * UINT64_C(0x7fffffff));
    }
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(sections_are_the_same),
        cmocka_unit_test(sums_are_the_same),
        cmocka_unit_test(sums_do_not_overflow),
    };

#ifdef SPAR_TEST_EMULATED
    spar_kernels();
    tables[table_count++] = &spar_wire_kernels_avx512;
#else
    const char *const names[] = {"scalar", "avx2", "avx512"};
    size_t i;

    for (i = 0; i < 3; i++) {
        const spar_kernels_t *table = spar_kernels_find(names[i]);

        if (table != NULL) {
            tables[table_count++] = table->wire;
        }
    }
#endif
    return cmocka_run_group_tests(all, NULL, NULL);
}
