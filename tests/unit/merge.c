/* The sum of two sorted lists, against a dense sum. */
#include "tests/unit/select_data.h"

#include "sparsify/merge.h"

#define SPAN 3000

/* The same place in both lists with a probability that differs. */
static void list_make(spar_selection_t *list, spar_dtype_t dtype,
                      unsigned share, uint64_t seed)
{
    uint32_t i;

    spar_selection_init(list);
    assert_int_equal(spar_selection_reserve(list, dtype, SPAN), SPAR_OK);
    list->dtype = dtype;
    for (i = 0; i < SPAN; i++) {
        if (data_random(&seed) % 100 < share) {
            double value =
                data_random(&seed) % 50 == 0 ? -0.0 : data_normal(&seed) * 1e3;

            list->indices[list->count] = i;
            if (dtype == SPAR_DTYPE_F64) {
                ((double *)list->values)[list->count++] = value;
            } else {
                ((float *)list->values)[list->count++] = (float)value;
            }
        }
    }
}

static double value_of(const spar_selection_t *list, size_t i)
{
    return list->dtype == SPAR_DTYPE_F64 ? ((const double *)list->values)[i]
                                         : ((const float *)list->values)[i];
}

/* Entries of a and b, and their sums in the lists' own type. */
static void out_check(const spar_selection_t *a, const spar_selection_t *b,
                      const spar_selection_t *out)
{
    size_t i = 0, j = 0, n = 0;
    uint32_t index;

    for (index = 0; index < SPAN; index++) {
        bool in_a = i < a->count && a->indices[i] == index;
        bool in_b = j < b->count && b->indices[j] == index;
        double expected;

        if (!in_a && !in_b) {
            continue;
        }
        expected = in_a ? value_of(a, i) : value_of(b, j);
        if (in_a && in_b) {
            expected = value_of(a, i) + value_of(b, j);
            expected = a->dtype == SPAR_DTYPE_F64 ? expected : (float)expected;
        }
        assert_true(n < out->count);
        assert_int_equal(out->indices[n], index);
        assert_true(value_of(out, n) == expected);
        assert_true(signbit(value_of(out, n)) == signbit(expected));
        i += in_a;
        j += in_b;
        n++;
    }
    assert_int_equal(n, out->count);
}

static void lists_equal(const spar_selection_t *a, const spar_selection_t *b)
{
    size_t width = spar_dtype_size(a->dtype);

    assert_int_equal(a->count, b->count);
    if (a->count > 0) {
        assert_memory_equal(a->indices, b->indices, a->count * 4);
        assert_memory_equal(a->values, b->values, a->count * width);
    }
}

/* Either order, with more room than needed, just enough and too little. */
static void merge_check(const spar_selection_t *a, const spar_selection_t *b)
{
    spar_selection_t out, swapped, exact;

    spar_selection_init(&out);
    spar_selection_init(&swapped);
    spar_selection_init(&exact);
    assert_int_equal(
        spar_selection_reserve(&out, a->dtype, a->count + b->count + 1),
        SPAR_OK);
    assert_int_equal(
        spar_selection_reserve(&swapped, a->dtype, a->count + b->count + 1),
        SPAR_OK);
    out.travels = SPAR_VALUES_INT8;
    assert_int_equal(spar_merge_add(a, b, &out), SPAR_OK);
    out_check(a, b, &out);
    assert_int_equal(out.dtype, a->dtype);
    assert_int_equal(out.travels, spar_values_native(a->dtype));
    assert_int_equal(spar_merge_add(b, a, &swapped), SPAR_OK);
    lists_equal(&out, &swapped);
    if (out.count > 0) {
        size_t count = out.count;

        assert_int_equal(spar_selection_reserve(&exact, a->dtype, count),
                         SPAR_OK);
        assert_int_equal(spar_merge_add(a, b, &exact), SPAR_OK);
        lists_equal(&out, &exact);
        exact.capacity = count - 1;
        exact.count = 12345;
        /* What lies behind the capacity is not touched. */
        memset(exact.values, 0x55, count * spar_dtype_size(a->dtype));
        exact.indices[count - 1] = 0x55555555;
        assert_int_equal(spar_merge_add(a, b, &exact), SPAR_ERR_INVALID);
        assert_int_equal(exact.count, 12345);
        assert_int_equal(exact.indices[count - 1], 0x55555555);
        assert_int_equal(((unsigned char *)exact
                              .values)[(count - 1) * spar_dtype_size(a->dtype)],
                         0x55);
        exact.capacity = count;
    }
    spar_selection_cleanup(&out);
    spar_selection_cleanup(&swapped);
    spar_selection_cleanup(&exact);
}

static void sums_are_those_of_dense_vectors(void **state)
{
    const unsigned shares[] = {0, 1, 20, 90, 100};
    size_t i, j;
    int dtype;

    (void)state;
    for (dtype = SPAR_DTYPE_F32; dtype <= SPAR_DTYPE_F64; dtype++) {
        for (i = 0; i < 5; i++) {
            for (j = 0; j < 5; j++) {
                spar_selection_t a, b;

                list_make(&a, (spar_dtype_t)dtype, shares[i], i);
                list_make(&b, (spar_dtype_t)dtype, shares[j], 10 + j);
                merge_check(&a, &b);
                spar_selection_cleanup(&a);
                spar_selection_cleanup(&b);
            }
        }
    }
}

static void one_after_the_other_is_fine(void **state)
{
    spar_selection_t a, b;
    uint32_t i;

    (void)state;
    list_make(&a, SPAR_DTYPE_F32, 100, 1);
    list_make(&b, SPAR_DTYPE_F32, 100, 2);
    a.count = 700;
    b.count = 900;
    for (i = 0; i < 900; i++) {
        b.indices[i] = 1000 + 2 * i;
    }
    merge_check(&a, &b);
    merge_check(&b, &a);
    spar_selection_cleanup(&a);
    spar_selection_cleanup(&b);
}

static void sums_of_zero_stay(void **state)
{
    spar_selection_t a, b, out;
    size_t i;

    (void)state;
    list_make(&a, SPAR_DTYPE_F32, 50, 3);
    list_make(&b, SPAR_DTYPE_F32, 50, 3);
    for (i = 0; i < b.count; i++) {
        ((float *)b.values)[i] = -((float *)a.values)[i];
    }
    spar_selection_init(&out);
    assert_int_equal(spar_selection_reserve(&out, SPAR_DTYPE_F32, a.count),
                     SPAR_OK);
    assert_int_equal(spar_merge_add(&a, &b, &out), SPAR_OK);
    assert_int_equal(out.count, a.count);
    for (i = 0; i < out.count; i++) {
        assert_true(((float *)out.values)[i] == 0.0f);
    }
    spar_selection_cleanup(&a);
    spar_selection_cleanup(&b);
    spar_selection_cleanup(&out);
}

static void types_must_agree(void **state)
{
    spar_selection_t a, b, out;

    (void)state;
    list_make(&a, SPAR_DTYPE_F32, 50, 3);
    list_make(&b, SPAR_DTYPE_F64, 50, 4);
    spar_selection_init(&out);
    assert_int_equal(spar_selection_reserve(&out, SPAR_DTYPE_F32, 2 * SPAN),
                     SPAR_OK);
    assert_int_equal(spar_merge_add(&a, &b, &out), SPAR_ERR_INVALID);
    assert_int_equal(spar_merge_add(&b, &b, &out), SPAR_ERR_INVALID);
    assert_int_equal(out.count, 0);
    spar_selection_cleanup(&a);
    spar_selection_cleanup(&b);
    spar_selection_cleanup(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_dense_vectors),
        cmocka_unit_test(one_after_the_other_is_fine),
        cmocka_unit_test(sums_of_zero_stay),
        cmocka_unit_test(types_must_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
