/* Whole arrays with fewer bits: the values that can travel, no bias, and what
 * is not finite. */
#include "tests/unit/select_data.h"

#include "sparsify/quantise.h"

#define N (5 * SPAR_VALUES_GROUP + 17)

static const spar_values_t types[] = {SPAR_VALUES_F32, SPAR_VALUES_BF16,
                                      SPAR_VALUES_FP16, SPAR_VALUES_INT8};
#define TYPES (sizeof(types) / sizeof(types[0]))

static void bytes_are_counted(void **state)
{
    (void)state;
    assert_int_equal(spar_quantise_bytes(SPAR_VALUES_F32, 100), 400);
    assert_int_equal(spar_quantise_bytes(SPAR_VALUES_BF16, 100), 200);
    assert_int_equal(spar_quantise_bytes(SPAR_VALUES_FP16, 100), 202);
    assert_int_equal(spar_quantise_bytes(SPAR_VALUES_INT8, 128), 130);
    assert_int_equal(spar_quantise_bytes(SPAR_VALUES_INT8, 0), 0);
}

/* Without a seed, as the entries of a selection; but zeros may keep a sign. */
static void to_the_nearest_as_selections_are(void **state)
{
    unsigned char payload[5 * N];
    float read[N];

    (void)state;
    for (unsigned i = 0; i < TYPES * DATA_SHAPES; i++) {
        spar_values_t type = types[i / DATA_SHAPES];
        float *array = data_f32((data_shape_t)(i % DATA_SHAPES), N, i);

        spar_quantise(type, array, N, 0, 0, payload);
        spar_values_round(type, array, N, 0);
        assert_true(spar_values_scales_valid(type, payload,
                                             spar_values_scales(type, 0, N)));
        spar_quantise_get(type, payload, N, read);
        for (size_t j = 0; j < N; j++) {
            assert_true(read[j] == array[j]);
        }
        /* What selections read of it is the same. */
        spar_values_get(type, payload, 0,
                        payload + spar_values_scales(type, 0, N), 0, N, array);
        assert_memory_equal(read, array, sizeof(read));
        free(array);
    }
}

/* Values that can travel do, whatever the random numbers are. */
static void what_fits_stays_as_it_is(void **state)
{
    unsigned char payload[5 * N];
    float read[N];

    (void)state;
    for (unsigned i = 0; i < TYPES * DATA_SHAPES; i++) {
        spar_values_t type = types[i / DATA_SHAPES];
        float *array = data_f32((data_shape_t)(i % DATA_SHAPES), N, i);

        spar_values_round(type, array, N, 0);
        for (uint64_t seed = 1; seed < 50; seed++) {
            spar_quantise(type, array, N, seed, seed, payload);
            spar_quantise_get(type, payload, N, read);
            assert_memory_equal(read, array, sizeof(read));
        }
        free(array);
    }
}

/* The place decides, not where the array was cut. */
static void parts_are_rounded_as_the_whole(void **state)
{
    unsigned char whole[5 * N], part[5 * N];
    float *array = data_f32(DATA_NORMAL, N, 1), read[N], again[N];

    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        spar_quantise(types[i], array, N, 9, 40, whole);
        spar_quantise_get(types[i], whole, N, read);
        for (size_t cut = 0; cut < N; cut += SPAR_VALUES_GROUP) {
            spar_quantise(types[i], array + cut, N - cut, 9,
                          40 + cut / SPAR_VALUES_GROUP, part);
            spar_quantise_get(types[i], part, N - cut, again);
            assert_memory_equal(again, read + cut, (N - cut) * sizeof(*read));
        }
    }
    free(array);
}

static void finite_values_stay_finite(void **state)
{
    static const float huge[] = {FLT_MAX, -FLT_MAX, 0x1.fffffcp127f,
                                 0x1.ff8p127f, 1.0f};
    unsigned char payload[5 * 5];
    float read[5];

    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        for (uint64_t seed = 0; seed < 300; seed++) {
            spar_quantise(types[i], huge, 5, seed, 0, payload);
            spar_quantise_get(types[i], payload, 5, read);
            assert_true(spar_quantise_is_finite(read, 5));
            assert_true(read[0] > 0.99f * FLT_MAX && read[1] == -read[0]);
        }
    }
}

static void what_is_not_finite_is_seen(void **state)
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    unsigned char payload[5 * N];
    float *array = data_f32(DATA_HUGE, N, 2), read[N];

    (void)state;
    assert_true(spar_quantise_is_finite(array, N));
    assert_true(spar_quantise_is_finite(array, 0));
    for (size_t i = 0; i < 4; i++) {
        for (size_t at = 0; at < N; at += 37) {
            float before = array[at];

            array[at] = bad[i];
            assert_false(spar_quantise_is_finite(array, N));
            for (uint64_t seed = 0; seed < 20; seed++) {
                spar_quantise(SPAR_VALUES_BF16, array, N, seed, 0, payload);
                spar_quantise_get(SPAR_VALUES_BF16, payload, N, read);
                assert_true(i < 2 ? isnan(read[at]) : read[at] == bad[i]);
            }
            array[at] = before;
        }
    }
    free(array);
}

/* Neighbours and seeds are independent: so are the sums of their errors. */
static void errors_do_not_add_up(void **state)
{
    unsigned char payload[2 * N];
    float array[N], read[N];
    double total[3] = {0}; /* over seeds, along the array, with a neighbour */
    const int seeds = 2000;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        array[i] = i % SPAR_VALUES_GROUP == 0 ? 127.0f : 0.5f;
    }
    for (int seed = 1; seed <= seeds; seed++) {
        double along = 0;

        spar_quantise(SPAR_VALUES_INT8, array, N,
                      spar_quantise_seed((uint64_t)seed, 1), 0, payload);
        spar_quantise_get(SPAR_VALUES_INT8, payload, N, read);
        for (size_t i = 0; i < N; i++) {
            along += 2 * (read[i] - array[i]);
        }
        total[0] += along;
        total[1] += along * along / N;
        total[2] += 4 * (read[1] - array[1]) * (read[2] - array[2]);
    }
    assert_true(fabs(total[0]) < 5 * sqrt((double)N * seeds));
    assert_true(fabs(total[1] / seeds - 1) < 5 * sqrt(2.0 / seeds));
    assert_true(fabs(total[2]) < 5 * sqrt(seeds));
    assert_int_equal(spar_quantise_seed(0, 1), 0);
    assert_true(spar_quantise_seed(5, 0) != spar_quantise_seed(5, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_counted),
        cmocka_unit_test(to_the_nearest_as_selections_are),
        cmocka_unit_test(what_fits_stays_as_it_is),
        cmocka_unit_test(parts_are_rounded_as_the_whole),
        cmocka_unit_test(finite_values_stay_finite),
        cmocka_unit_test(what_is_not_finite_is_seen),
        cmocka_unit_test(errors_do_not_add_up)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
