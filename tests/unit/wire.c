/* The wire block: round trips, the smallest coding, regions, bounds. */
#include "tests/unit/select_data.h"

#include "sparsify/wire.h"

/* One entry in `stride` elements on the average. */
static void selection_make(spar_selection_t *selection, spar_values_t travels,
                           size_t count, uint64_t stride, uint64_t seed)
{
    spar_dtype_t dtype = spar_values_dtype(travels);
    uint64_t index = 0;
    size_t i;

    spar_selection_init(selection);
    assert_int_equal(spar_selection_reserve(selection, dtype, count), SPAR_OK);
    selection->dtype = dtype;
    selection->count = count;
    for (i = 0; i < count; i++) {
        index += stride == 1 ? 0 : data_random(&seed) % (2 * stride - 1);
        selection->indices[i] = (uint32_t)index++;
        if (dtype == SPAR_DTYPE_F64) {
            ((double *)selection->values)[i] = data_normal(&seed);
        } else {
            ((float *)selection->values)[i] = (float)data_normal(&seed);
        }
    }
    spar_selection_round(selection, travels, 0);
    assert_int_equal(selection->travels, travels);
}

static void selection_make_again(spar_selection_t *selection, size_t count,
                                 uint64_t stride)
{
    spar_selection_cleanup(selection);
    selection_make(selection, SPAR_VALUES_F32, count, stride, 1);
}

static uint64_t layer_of(const spar_selection_t *selection, uint64_t behind)
{
    return selection->count == 0
               ? behind
               : selection->indices[selection->count - 1] + 1 + behind;
}

static void out_check(const spar_selection_t *selection, const void *out,
                      size_t count)
{
    size_t i, at = 0;

    for (i = 0; i < count; i++) {
        bool sent = at < selection->count && selection->indices[at] == i;

        if (selection->dtype == SPAR_DTYPE_F64) {
            assert_true(((const double *)out)[i] ==
                        (sent ? 2.0 + ((double *)selection->values)[at] : 2.0));
        } else {
            assert_true(
                ((const float *)out)[i] ==
                (sent ? 2.0f + ((float *)selection->values)[at] : 2.0f));
        }
        at += sent;
    }
    assert_int_equal(at, selection->count);
}

static void *twos(spar_dtype_t dtype, size_t count)
{
    void *out = data_alloc(count, spar_dtype_size(dtype));
    size_t i;

    for (i = 0; i < count; i++) {
        if (dtype == SPAR_DTYPE_F64) {
            ((double *)out)[i] = 2.0;
        } else {
            ((float *)out)[i] = 2.0f;
        }
    }
    return out;
}

static void list_check(const spar_selection_t *selection, size_t begin,
                       size_t end, uint32_t base,
                       const spar_wire_header_t *head, const void *payload)
{
    size_t width = spar_dtype_size(selection->dtype);
    spar_selection_t list;
    size_t i;

    spar_selection_init(&list);
    if (end > begin) {
        assert_int_equal(
            spar_wire_decode(head, payload, head->payload_bytes, &list, NULL),
            SPAR_ERR_INVALID);
    }
    assert_int_equal(
        spar_selection_reserve(&list, selection->dtype, end - begin), SPAR_OK);
    assert_int_equal(
        spar_wire_decode(head, payload, head->payload_bytes, &list, NULL),
        SPAR_OK);
    assert_int_equal(list.count, end - begin);
    assert_int_equal(list.dtype, selection->dtype);
    assert_int_equal(list.travels, selection->travels);
    for (i = 0; i < list.count; i++) {
        assert_int_equal(list.indices[i], selection->indices[begin + i] - base);
    }
    if (list.count > 0) {
        assert_memory_equal(list.values,
                            (char *)selection->values + begin * width,
                            list.count * width);
    }
    spar_selection_cleanup(&list);
}

/* Encodes, packs, unpacks, adds, lists; returns the coding that was chosen. */
static spar_wire_coding_t trip(const spar_selection_t *selection,
                               uint64_t behind)
{
    uint64_t count = layer_of(selection, behind);
    size_t bound =
        spar_wire_payload_bound(selection->travels, count, selection->count);
    unsigned char *payload = data_alloc(bound, 1), *exact;
    void *out = twos(selection->dtype, count);
    unsigned char bytes[SPAR_WIRE_HEADER_BYTES];
    unsigned char again[SPAR_WIRE_HEADER_BYTES];
    spar_wire_header_t header = {.flags = SPAR_WIRE_PAUSED,
                                 .slot = 3,
                                 .plan = 4,
                                 .step = 0xfffffffeu,
                                 .count = count};
    spar_wire_header_t back;

    assert_int_equal(spar_wire_encode(selection, 0, selection->count, 0,
                                      (uint32_t)count, payload, bound, &header),
                     SPAR_OK);
    exact = data_alloc(header.payload_bytes, 1);
    assert_int_equal(spar_wire_encode(selection, 0, selection->count, 0,
                                      (uint32_t)count, exact,
                                      header.payload_bytes, &header),
                     SPAR_OK);
    assert_memory_equal(exact, payload, header.payload_bytes);
    if (header.payload_bytes > 0) {
        assert_int_equal(spar_wire_encode(selection, 0, selection->count, 0,
                                          (uint32_t)count, payload,
                                          header.payload_bytes - 1, &header),
                         SPAR_ERR_INVALID);
    }
    spar_wire_header_pack(&header, bytes);
    assert_int_equal(spar_wire_header_unpack(bytes, sizeof(bytes), &back, NULL),
                     SPAR_OK);
    spar_wire_header_pack(&back, again);
    assert_memory_equal(again, bytes, sizeof(bytes));
    assert_int_equal(back.dtype, header.dtype);
    assert_int_equal(
        spar_wire_add(&back, exact, header.payload_bytes, out, NULL), SPAR_OK);
    out_check(selection, out, count);
    list_check(selection, 0, selection->count, 0, &back, exact);
    free(payload);
    free(exact);
    free(out);
    return header.coding;
}

static void round_trips_at_all_densities(void **state)
{
    const uint64_t strides[] = {1, 2, 8, 100, 127, 200, 255, 300, 1000, 5000};
    const size_t counts[] = {1, 2, 7, 100, 1000};
    size_t s, c;
    int travels;

    (void)state;
    for (s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
        for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
            for (travels = 0; travels <= SPAR_VALUES_INT8; travels++) {
                spar_selection_t selection;

                selection_make(&selection, (spar_values_t)travels, counts[c],
                               strides[s], s);
                trip(&selection, c % 2 == 0 ? 0 : 300);
                spar_selection_cleanup(&selection);
            }
        }
    }
}

static void smallest_coding_is_taken(void **state)
{
    spar_selection_t selection;

    (void)state;
    selection_make(&selection, SPAR_VALUES_F32, 500, 20, 1);
    assert_int_equal(trip(&selection, 0), SPAR_WIRE_RICE);
    selection_make_again(&selection, 500, 1);
    assert_int_equal(trip(&selection, 0), SPAR_WIRE_ALL);
    assert_int_equal(trip(&selection, 1000000), SPAR_WIRE_RICE);
    assert_int_equal(trip(&selection, 1), SPAR_WIRE_RICE);
    spar_selection_cleanup(&selection);
}

/* Distances of every length, alone or in front of others. */
static void lone_distances_are_exact(void **state)
{
    uint32_t distance;

    (void)state;
    for (distance = 1; distance < 3000000; distance += distance / 3 + 1) {
        size_t n;

        for (n = 1; n < 2000; n = 3 * n + 1) {
            spar_selection_t selection;
            size_t j;

            selection_make(&selection, SPAR_VALUES_F32, n, 1, 1);
            for (j = 0; j < n; j++) {
                selection.indices[j] += distance;
            }
            trip(&selection, n % 2);
            spar_selection_cleanup(&selection);
        }
    }
}

/* Slices of one selection, each a block of its own region. */
static void regions_make_the_whole(void **state)
{
    const uint32_t widths[] = {1, 7, 64, 1000, 5000};
    size_t w;
    int travels;

    (void)state;
    for (travels = 0; travels <= SPAR_VALUES_INT8; travels++) {
        spar_selection_t selection;

        selection_make(&selection, (spar_values_t)travels, 1000, 4, 7);
        for (w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            uint32_t last = selection.indices[999];
            uint32_t base;
            size_t begin = 0, end;

            for (base = 0; base <= last; base += widths[w], begin = end) {
                unsigned char payload[9000];
                spar_wire_header_t header = {.count = 1u << 20, .first = base};

                end = begin;
                while (end < 1000 &&
                       selection.indices[end] < base + widths[w]) {
                    end++;
                }
                assert_int_equal(spar_wire_encode(&selection, begin, end, base,
                                                  widths[w], payload,
                                                  sizeof(payload), &header),
                                 SPAR_OK);
                assert_int_equal(header.span, widths[w]);
                assert_true(header.payload_bytes <=
                            spar_wire_payload_bound((spar_values_t)travels,
                                                    widths[w], end - begin));
                assert_int_equal(header.phase,
                                 spar_values_scaled((spar_values_t)travels)
                                     ? begin % SPAR_VALUES_GROUP
                                     : 0);
                list_check(&selection, begin, end, base, &header, payload);
            }
            assert_int_equal(begin, 1000);
        }
        spar_selection_cleanup(&selection);
    }
}

/* The last elements of the largest region, and layers beyond 32 bits. */
static void wide_regions_work(void **state)
{
    const uint32_t indices[3] = {0, 0xfffffffdu, 0xfffffffeu};
    spar_selection_t selection;
    unsigned char payload[64], bytes[SPAR_WIRE_HEADER_BYTES];
    spar_wire_header_t header = {.count = UINT64_C(1) << 40,
                                 .first = (UINT64_C(1) << 40) - UINT32_MAX};
    spar_wire_header_t back;
    size_t n;

    (void)state;
    selection_make(&selection, SPAR_VALUES_F32, 3, 1, 1);
    memcpy(selection.indices, indices, sizeof(indices));
    for (n = 1; n <= 3; n++) {
        size_t begin;

        for (begin = 0; begin + n <= 3; begin++) {
            assert_int_equal(spar_wire_encode(&selection, begin, begin + n, 0,
                                              UINT32_MAX, payload,
                                              sizeof(payload), &header),
                             SPAR_OK);
            assert_true(
                header.payload_bytes <=
                spar_wire_payload_bound(SPAR_VALUES_F32, UINT32_MAX, n));
            spar_wire_header_pack(&header, bytes);
            assert_int_equal(
                spar_wire_header_unpack(bytes, sizeof(bytes), &back, NULL),
                SPAR_OK);
            list_check(&selection, begin, begin + n, 0, &back, payload);
        }
    }
    header.first++;
    spar_wire_header_pack(&header, bytes);
    assert_int_equal(spar_wire_header_unpack(bytes, sizeof(bytes), &back, NULL),
                     SPAR_ERR_WIRE);
    spar_selection_cleanup(&selection);
}

/* Whoever reserves for the most entries has room for fewer, and whoever
 * reserves for the widest region has room for a narrower one. */
static void bounds_never_fall(void **state)
{
    const spar_values_t types[] = {SPAR_VALUES_BF16, SPAR_VALUES_INT8};
    uint64_t span, selected;
    int t;

    (void)state;
    for (span = 1; span < 100000; span += span / 2 + 1) {
        for (t = 0; t < 2; t++) {
            size_t last = 0;

            for (selected = 0; selected <= span; selected++) {
                size_t bound =
                    spar_wire_payload_bound(types[t], span, selected);

                assert_true(bound >= last);
                assert_true(bound <= spar_wire_payload_bound(types[t], span + 1,
                                                             selected));
                last = bound;
            }
        }
    }
}

/* Bits per index against log2 of the number of such selections. */
static void indices_are_near_their_entropy(void **state)
{
    const uint64_t strides[] = {4, 7, 10, 33, 100, 1000, 10000};
    size_t s;

    (void)state;
    for (s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
        const double p = 1.0 / (double)strides[s];
        const double entropy = -log2(p) - (1.0 - p) / p * log2(1.0 - p);
        const size_t n = 20000;
        unsigned char *payload = data_alloc(n * 8, 1);
        spar_selection_t selection;
        spar_wire_header_t header = {0};
        uint64_t seed = s, index = 0;
        size_t i;

        selection_make(&selection, SPAR_VALUES_F32, n, 1, 1);
        for (i = 0; i < n; i++) {
            index += (uint64_t)(log(data_uniform(&seed)) / log1p(-p));
            selection.indices[i] = (uint32_t)index++;
        }
        assert_int_equal(spar_wire_encode(&selection, 0, n, 0, (uint32_t)index,
                                          payload, n * 8, &header),
                         SPAR_OK);
        assert_true(8.0 * (double)(header.payload_bytes - 4 * n) <
                    1.05 * entropy * (double)n);
        spar_selection_cleanup(&selection);
        free(payload);
    }
}

static void nothing_selected_is_a_block(void **state)
{
    spar_selection_t selection;

    (void)state;
    selection_make(&selection, SPAR_VALUES_F32, 0, 1, 1);
    trip(&selection, 0);
    trip(&selection, 100);
    assert_int_equal(spar_wire_payload_bound(SPAR_VALUES_F32, 100, 0), 0);
    spar_selection_cleanup(&selection);
}

/* Adding follows IEEE for any value, also those that no encoder sends. */
static void values_may_be_any_pattern(void **state)
{
    spar_selection_t selection;
    spar_wire_header_t header = {0};
    unsigned char payload[64];
    float out[3] = {1.0f, 1.0f, 1.0f};

    (void)state;
    selection_make(&selection, SPAR_VALUES_F32, 3, 1, 1);
    ((float *)selection.values)[0] = NAN;
    ((float *)selection.values)[1] = -INFINITY;
    ((float *)selection.values)[2] = 0x1p-149f;
    assert_int_equal(spar_wire_encode(&selection, 0, 3, 0, 3, payload,
                                      sizeof(payload), &header),
                     SPAR_OK);
    assert_int_equal(
        spar_wire_add(&header, payload, header.payload_bytes, out, NULL),
        SPAR_OK);
    assert_true(isnan(out[0]) && isinf(out[1]) && out[2] == 1.0f);
    spar_selection_cleanup(&selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_all_densities),
        cmocka_unit_test(smallest_coding_is_taken),
        cmocka_unit_test(lone_distances_are_exact),
        cmocka_unit_test(regions_make_the_whole),
        cmocka_unit_test(wide_regions_work),
        cmocka_unit_test(bounds_never_fall),
        cmocka_unit_test(indices_are_near_their_entropy),
        cmocka_unit_test(nothing_selected_is_a_block),
        cmocka_unit_test(values_may_be_any_pattern),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
