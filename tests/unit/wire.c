/* The wire block: round trips, the smallest coding, the frozen layout. */
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
    spar_selection_round(selection, travels);
    assert_int_equal(selection->travels, travels);
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

/* Encodes, packs, unpacks, adds; returns the coding that was chosen. */
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
    spar_wire_header_t header = {
        .flags = SPAR_WIRE_PAUSED, .slot = 3, .plan = 4, .step = 0xfffffffeu};
    spar_wire_header_t back;

    assert_int_equal(
        spar_wire_encode(selection, count, payload, bound, &header), SPAR_OK);
    exact = data_alloc(header.payload_bytes, 1);
    assert_int_equal(spar_wire_encode(selection, count, exact,
                                      header.payload_bytes, &header),
                     SPAR_OK);
    assert_memory_equal(exact, payload, header.payload_bytes);
    if (header.payload_bytes > 0) {
        assert_int_equal(spar_wire_encode(selection, count, payload,
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
            for (travels = 0; travels < 3; travels++) {
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
    assert_int_equal(trip(&selection, 0), SPAR_WIRE_DELTA8);
    spar_selection_cleanup(&selection);
    selection_make(&selection, SPAR_VALUES_F32, 500, 2000, 1);
    assert_int_equal(trip(&selection, 0), SPAR_WIRE_DELTA16);
    spar_selection_cleanup(&selection);
    selection_make(&selection, SPAR_VALUES_F32, 20, 300000, 1);
    assert_int_equal(trip(&selection, 0), SPAR_WIRE_RAW32);
    spar_selection_cleanup(&selection);
}

/* Distances around the escapes, alone at the start of the layer. */
static void escapes_are_exact(void **state)
{
    const uint32_t distances[] = {0,   1,    254,  255,   256,   509,   510,
                                  511, 2040, 2295, 65534, 65535, 65536, 131070};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
        size_t n;

        /* More entries behind it change the coding. */
        for (n = 1; n < 2000; n = 3 * n + 1) {
            spar_selection_t selection;
            size_t j;

            selection_make(&selection, SPAR_VALUES_F32, n, 1, 1);
            for (j = 0; j < n; j++) {
                selection.indices[j] += distances[i];
            }
            trip(&selection, i % 2);
            spar_selection_cleanup(&selection);
        }
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
    assert_int_equal(
        spar_wire_encode(&selection, 3, payload, sizeof(payload), &header),
        SPAR_OK);
    assert_int_equal(
        spar_wire_add(&header, payload, header.payload_bytes, out, NULL),
        SPAR_OK);
    assert_true(isnan(out[0]) && isinf(out[1]) && out[2] == 1.0f);
    spar_selection_cleanup(&selection);
}

/* Version 1 is frozen: other versions of Spar must read these bytes. A change
 * here needs a new version number. */
static const unsigned char golden[] = {
    'S',  'P',  'A',  'R',  0x01, 0x00, 0x00, 0x00, /* version, type, coding */
    0x05, 0x00, 0x00, 0x00,                         /* flags */
    0x44, 0x33, 0x22, 0x11,                         /* slot */
    0x88, 0x77, 0x66, 0x55,                         /* plan */
    0xcc, 0xbb, 0xaa, 0x99,                         /* step */
    0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* count 4096 */
    0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* selected */
    0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* payload bytes */
    0xaf, 0x4f, 0x8e, 0xd0, 0xd9, 0xad, 0x86, 0x07, /* XXH3 */
    0x02, 0x00, 0xff, 0x2d,                         /* 2, 3, 3 + 1 + 300 */
    0x00, 0x00, 0x80, 0x3f,                         /* 1 */
    0x00, 0x00, 0x00, 0xc0,                         /* -2 */
    0x00, 0x00, 0x00, 0x3f,                         /* 0.5 */
};

static void layout_of_version_1_is_frozen(void **state)
{
    unsigned char bytes[sizeof(golden)];
    spar_wire_header_t header = {.flags =
                                     SPAR_WIRE_NONFINITE | SPAR_WIRE_PAUSED,
                                 .slot = 0x11223344,
                                 .plan = 0x55667788,
                                 .step = 0x99aabbcc};
    spar_selection_t selection;

    (void)state;
    selection_make(&selection, SPAR_VALUES_F32, 3, 1, 1);
    memcpy(selection.indices, (uint32_t[]){2, 3, 304}, 12);
    memcpy(selection.values, (float[]){1.0f, -2.0f, 0.5f}, 12);
    assert_int_equal(
        spar_wire_encode(&selection, 4096, bytes + SPAR_WIRE_HEADER_BYTES,
                         sizeof(bytes) - SPAR_WIRE_HEADER_BYTES, &header),
        SPAR_OK);
    spar_wire_header_pack(&header, bytes);
    assert_memory_equal(bytes, golden, sizeof(golden));
    spar_selection_cleanup(&selection);
}

static void layout_of_bf16_is_frozen(void **state)
{
    /* distances 2, 0, 300 and the upper halves of 1, -2, 0.5 */
    const unsigned char expected[] = {0x02, 0x00, 0xff, 0x2d, 0x80,
                                      0x3f, 0x00, 0xc0, 0x00, 0x3f};
    unsigned char bytes[SPAR_WIRE_HEADER_BYTES], payload[16];
    spar_wire_header_t header = {0};
    spar_selection_t selection;

    (void)state;
    selection_make(&selection, SPAR_VALUES_BF16, 3, 1, 1);
    memcpy(selection.indices, (uint32_t[]){2, 3, 304}, 12);
    memcpy(selection.values, (float[]){1.0f, -2.0f, 0.5f}, 12);
    assert_int_equal(
        spar_wire_encode(&selection, 4096, payload, sizeof(payload), &header),
        SPAR_OK);
    assert_int_equal(header.payload_bytes, sizeof(expected));
    assert_memory_equal(payload, expected, sizeof(expected));
    spar_wire_header_pack(&header, bytes);
    assert_int_equal(bytes[6], 2);
    spar_selection_cleanup(&selection);
}

/* The other two codings, of which only the payload differs. */
static void other_codings_are_frozen(void **state)
{
    const unsigned char delta16[] = {0xff, 0xff, 0x01, 0x00, 0x2c, 0x01};
    const unsigned char raw32[] = {0x00, 0x00, 0x01, 0x00,
                                   0x2d, 0x01, 0x01, 0x00};
    float zeros[2] = {0};
    unsigned char payload[16];
    float *out = data_alloc(70000, sizeof(float));
    spar_wire_header_t header = {.dtype = SPAR_DTYPE_F32,
                                 .coding = SPAR_WIRE_DELTA16,
                                 .count = 70000,
                                 .selected = 2,
                                 .payload_bytes = 14};

    (void)state;
    memset(out, 0, 70000 * sizeof(float));
    zeros[0] = 1.0f;
    zeros[1] = 2.0f;
    memcpy(payload, delta16, 6);
    memcpy(payload + 6, zeros, 8);
    assert_int_equal(spar_wire_add(&header, payload, 14, out, NULL), SPAR_OK);
    header.coding = SPAR_WIRE_RAW32;
    header.payload_bytes = 16;
    memcpy(payload, raw32, 8);
    memcpy(payload + 8, zeros, 8);
    assert_int_equal(spar_wire_add(&header, payload, 16, out, NULL), SPAR_OK);
    assert_true(out[65536] == 2.0f && out[65837] == 4.0f);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_all_densities),
        cmocka_unit_test(smallest_coding_is_taken),
        cmocka_unit_test(escapes_are_exact),
        cmocka_unit_test(nothing_selected_is_a_block),
        cmocka_unit_test(values_may_be_any_pattern),
        cmocka_unit_test(layout_of_version_1_is_frozen),
        cmocka_unit_test(layout_of_bf16_is_frozen),
        cmocka_unit_test(other_codings_are_frozen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
