/* Who has only the rows that are looked at sees what is in the whole buffer. */
#include "unit.h"

#include "policy/content.h"
#include "policy/loss_scale.h"
#include "policy/turns.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t counts[] = {1,     2,     63,    64,    65,
                                  1000,  1024,  1025,  2048,  2049,
                                  16384, 65535, 65536, 100003};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))
#define MOST   100003
#define LOOKS  20

static float values[MOST];
static float packed[MOST];

/* Another size in each look, so that its level and turn can be told. */
static void fill(uint64_t count, int look)
{
    for (uint64_t i = 0; i < count; i++) {
        values[i] = ((float)rand() / (float)RAND_MAX - 0.4F) *
                    (look == LOOKS - 1 ? 16.0F : 1.0F + (float)(look % 3));
    }
}

static void pack(spar_element_rows_t rows, uint64_t count)
{
    memset(packed, 0, sizeof(packed));
    assert_true(rows.number * rows.width <= count);
    for (uint64_t i = 0; i < rows.number; i++) {
        assert_true(i * rows.stride + rows.width <= count);
        memcpy(&packed[i * rows.width], &values[i * rows.stride],
               rows.width * sizeof(values[0]));
    }
}

static void content_sees_the_same(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        spar_element_rows_t rows = spar_content_rows(counts[c]);
        spar_content_t whole = {0}, some = {0};

        for (int look = 0; look < LOOKS; look++) {
            fill(counts[c], look);
            pack(rows, counts[c]);
            spar_content_look(&whole, SPAR_DTYPE_F32, values, counts[c]);
            spar_content_look(&some, SPAR_DTYPE_F32, packed,
                              rows.number * rows.width);
            assert_memory_equal(&whole, &some, sizeof(whole));
        }
        assert_int_equal(whole.looks, LOOKS);
    }
}

static void turns_see_the_same(void **state)
{
    spar_turns_t whole = {0}, some = {0};

    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        for (int look = 0; look < LOOKS; look++) {
            fill(counts[c], look);
            pack(spar_turns_rows(counts[c]), counts[c]);
            spar_turns_look(&whole, SPAR_DTYPE_F32, values, counts[c]);
            spar_turns_look_at_rows(&some, SPAR_DTYPE_F32, packed, counts[c]);
            assert_memory_equal(&whole, &some, sizeof(whole));
        }
        assert_int_equal(whole.seen, LOOKS);
    }
}

static void loss_scale_sees_the_same(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        spar_loss_scale_t whole = {0}, some = {0};
        bool jumped = false;

        for (int look = 0; look < LOOKS; look++) {
            fill(counts[c], look == LOOKS - 1 ? look : 0);
            pack(spar_loss_scale_rows(counts[c]), counts[c]);
            jumped =
                spar_loss_scale_look(&whole, SPAR_DTYPE_F32, values, counts[c]);
            assert_int_equal(spar_loss_scale_look_at_rows(&some, SPAR_DTYPE_F32,
                                                          packed, counts[c]),
                             jumped);
            spar_loss_scale_keep(&whole);
            spar_loss_scale_keep(&some);
            assert_memory_equal(&whole, &some, sizeof(whole));
        }
        assert_true(jumped || counts[c] < 16384);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_sees_the_same),
        cmocka_unit_test(turns_see_the_same),
        cmocka_unit_test(loss_scale_sees_the_same)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
