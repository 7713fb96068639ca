/*
 * Damaged blocks: an error or a success, but never an access outside of the
 * payload or the layer. Both are allocated to the byte, so that the address
 * sanitizer and valgrind see any such access; a canary sees wrong writes
 * without them.
 */
#include "tests/unit/select_data.h"

#include "sparsify/wire.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MUTATIONS 200000
#define LAYER     3000

typedef struct block {
    unsigned char header[SPAR_WIRE_HEADER_BYTES];
    unsigned char *payload;
    size_t bytes;
} block_t;

static block_t block_make(uint64_t *seed)
{
    const unsigned strides[] = {1, 2, 5, 200, 700};
    unsigned stride = strides[data_random(seed) % 5];
    /* The region; the layer is longer on both sides. */
    uint32_t span = stride <= 2 ? 40 : LAYER;
    spar_wire_header_t header = {.count = 3 * (uint64_t)LAYER, .first = LAYER};
    spar_selection_t selection;
    block_t block;
    size_t begin;
    uint32_t i;

    spar_selection_init(&selection);
    assert_int_equal(spar_selection_reserve(&selection, SPAR_DTYPE_F64, LAYER),
                     SPAR_OK);
    selection.dtype =
        data_random(seed) % 2 == 0 ? SPAR_DTYPE_F32 : SPAR_DTYPE_F64;
    memset(selection.values, 0x3f, 8 * (size_t)LAYER);
    for (i = 0; i < span && selection.count < 40; i++) {
        if (data_random(seed) % stride == 0) {
            selection.indices[selection.count++] = i;
        }
    }
    spar_selection_round(
        &selection, (spar_values_t)(data_random(seed) % (SPAR_VALUES_INT8 + 1)),
        data_random(seed) % 2);
    begin = selection.count == 0 ? 0 : data_random(seed) % selection.count;
    begin = data_random(seed) % 2 == 0 ? 0 : begin;
    block.bytes = spar_wire_payload_bound(SPAR_VALUES_F64, LAYER, 40);
    block.payload = data_alloc(block.bytes, 1);
    assert_int_equal(spar_wire_encode(&selection, begin, selection.count, 0,
                                      span, block.payload, block.bytes,
                                      &header),
                     SPAR_OK);
    block.bytes = header.payload_bytes;
    spar_wire_header_pack(&header, block.header);
    spar_selection_cleanup(&selection);
    return block;
}

static void header_seal(unsigned char *header)
{
    uint64_t sum = XXH3_64bits(header, 64);
    int i;

    for (i = 0; i < 8; i++) {
        header[64 + i] = (unsigned char)(sum >> (8 * i));
    }
}

static void bytes_damage(unsigned char *bytes, size_t size, uint64_t *seed)
{
    size_t times = 1 + data_random(seed) % 3;

    while (size > 0 && times-- > 0) {
        size_t at = data_random(seed) % size;
        const unsigned char odd[] = {0x00, 0x01, 0x7f, 0xfe, 0xff};

        if (data_random(seed) % 2 == 0) {
            bytes[at] = odd[data_random(seed) % 5];
        } else {
            bytes[at] ^= (unsigned char)(1u << data_random(seed) % 8);
        }
    }
}

/* What a list of `entries` entries holds after decoding, if it was. */
static void decode_checked(const spar_wire_header_t *header,
                           const unsigned char *payload, size_t bytes,
                           spar_status_t added)
{
    spar_dtype_t dtype = spar_values_dtype(header->values);
    spar_selection_t list;
    size_t i;

    spar_selection_init(&list);
    if (header->selected <= LAYER) {
        assert_int_equal(spar_selection_reserve(&list, dtype, header->selected),
                         SPAR_OK);
    }
    list.count = 77;
    assert_int_equal(spar_wire_decode(header, payload, bytes, &list, NULL),
                     added);
    assert_int_equal(list.count, added == SPAR_OK ? header->selected : 77);
    for (i = 0; added == SPAR_OK && i < list.count; i++) {
        assert_true(list.indices[i] < header->span);
        assert_true(i == 0 || list.indices[i] > list.indices[i - 1]);
    }
    spar_selection_cleanup(&list);
}

/* Adds into a region of the size that the header tells, as a receiver that
 * agreed on that size beforehand would have. */
static spar_status_t add_checked(const spar_wire_header_t *header,
                                 const block_t *block, size_t bytes)
{
    size_t size =
        spar_dtype_size(spar_values_dtype(header->values)) * header->span;
    unsigned char *exact = data_alloc(bytes, 1);
    unsigned char *out = data_alloc(size, 1);
    const char *cause = NULL;
    spar_status_t status;

    memcpy(exact, block->payload, bytes < block->bytes ? bytes : block->bytes);
    if (bytes > block->bytes) {
        memset(exact + block->bytes, 0xff, bytes - block->bytes);
    }
    memset(out, 0, size);
    status = spar_wire_add(header, exact, bytes, out, &cause);
    if (status != SPAR_OK) {
        assert_int_equal(status, SPAR_ERR_WIRE);
        assert_non_null(cause);
        /* All bytes are zero. */
        assert_true(size == 0 ||
                    (out[0] == 0 && memcmp(out, out + 1, size - 1) == 0));
    }
    decode_checked(header, exact, bytes, status);
    free(exact);
    free(out);
    return status;
}

static void damaged_blocks_do_no_harm(void **state)
{
    uint64_t seed = 1;
    size_t accepted = 0, refused = 0, unpacked = 0;
    int i;

    (void)state;
    for (i = 0; i < MUTATIONS; i++) {
        block_t block = block_make(&seed);
        unsigned what = (unsigned)(data_random(&seed) % 4);
        spar_wire_header_t header;
        size_t bytes = block.bytes;

        if (what == 0) {
            bytes_damage(block.header, SPAR_WIRE_HEADER_BYTES, &seed);
        } else if (what == 1) {
            bytes_damage(block.header, 64, &seed);
            header_seal(block.header);
        } else if (what == 2) {
            bytes_damage(block.payload, block.bytes, &seed);
        } else {
            bytes_damage(block.payload, block.bytes, &seed);
            bytes = data_random(&seed) % (block.bytes + 20);
        }
        if (spar_wire_header_unpack(block.header, SPAR_WIRE_HEADER_BYTES,
                                    &header, NULL) == SPAR_OK) {
            unpacked++;
            bytes = what == 1 ? header.payload_bytes : bytes;
            if (header.span <= LAYER &&
                add_checked(&header, &block, bytes) == SPAR_OK) {
                accepted++;
            } else {
                refused++;
            }
        }
        free(block.payload);
    }
    /* All three ways have been gone, many times. */
    assert_true(accepted > MUTATIONS / 50);
    assert_true(refused > MUTATIONS / 50);
    assert_true(unpacked < MUTATIONS - MUTATIONS / 50);
}

/* Headers that nobody checked reach the decoder with any numbers. */
static void random_headers_do_no_harm(void **state)
{
    uint64_t seed = 2;
    int i;

    (void)state;
    for (i = 0; i < 20000; i++) {
        block_t block = block_make(&seed);
        spar_wire_header_t header;

        assert_int_equal(spar_wire_header_unpack(block.header,
                                                 SPAR_WIRE_HEADER_BYTES,
                                                 &header, NULL),
                         SPAR_OK);
        header.coding = (spar_wire_coding_t)(data_random(&seed) % 3);
        header.parameter = (uint8_t)(data_random(&seed) % 40);
        header.selected = data_random(&seed) >> (data_random(&seed) % 64);
        header.payload_bytes =
            data_random(&seed) % 2 == 0 ? block.bytes : data_random(&seed);
        add_checked(&header, &block, block.bytes);
        free(block.payload);
    }
}

typedef struct fault {
    size_t at;
    unsigned char byte;
    const char *cause;
} fault_t;

static void each_fault_has_its_cause(void **state)
{
    static const fault_t faults[] = {
        {0, 'X', "this is no Spar block"},
        {4, 1, "the block has another format version"},
        {6, 5, "the value type is unknown"},
        {7, 2, "the index coding is unknown"},
        {8, 32, "the parameter of the index coding is out of range"},
        {9, 64, "the values begin within a group that they do not have"},
        {10, 1, "the values are in another byte order"},
        {13, 0x01, "unknown flags are set"},
        {31, 1, "the region does not lie within the layer"},
        {44, 1, "the region does not lie within the layer"},
        {52, 1, "more entries than the region has elements"},
        {57, 0xff, "the payload size does not fit the number of entries"},
    };
    uint64_t seed = 3;
    block_t block = block_make(&seed);
    spar_wire_header_t header, before;
    const char *cause = NULL;
    size_t i;

    (void)state;
    memset(&header, 0x77, sizeof(header));
    before = header;
    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        unsigned char bytes[SPAR_WIRE_HEADER_BYTES];

        memcpy(bytes, block.header, sizeof(bytes));
        bytes[faults[i].at] = faults[i].byte;
        header_seal(bytes);
        assert_int_equal(
            spar_wire_header_unpack(bytes, sizeof(bytes), &header, &cause),
            SPAR_ERR_WIRE);
        assert_string_equal(cause, faults[i].cause);
        assert_memory_equal(&header, &before, sizeof(header));
    }
    assert_int_equal(spar_wire_header_unpack(block.header, 71, &header, &cause),
                     SPAR_ERR_WIRE);
    assert_string_equal(cause, "the header has a wrong size");
    block.header[24] ^= 1;
    assert_int_equal(spar_wire_header_unpack(block.header, 72, &header, &cause),
                     SPAR_ERR_WIRE);
    assert_string_equal(cause, "the checksum of the header does not match");
    free(block.payload);
}

/* Index sections for two entries that are wrong in just one way each. */
static void wrong_indices_are_refused(void **state)
{
    static const struct {
        spar_wire_coding_t coding;
        uint8_t parameter;
        uint32_t span;
        unsigned char indices[8];
        size_t bytes;
        bool valid;
    } sections[] = {
        {SPAR_WIRE_RICE, 0, 10, {0x28, 0}, 1, true},
        {SPAR_WIRE_RICE, 0, 10, {0x28, 0}, 2, false},    /* a byte too many */
        {SPAR_WIRE_RICE, 0, 10, {0x08}, 1, false},       /* one too few */
        {SPAR_WIRE_RICE, 0, 10, {0x68}, 1, false},       /* one too many */
        {SPAR_WIRE_RICE, 0, 10, {0x00, 0x06}, 2, false}, /* behind the end */
        {SPAR_WIRE_RICE, 0, 10, {0x00, 0x03}, 2, true},
        {SPAR_WIRE_RICE, 0, 11, {0x00, 0x05}, 2, true},
        {SPAR_WIRE_RICE, 2, 10, {0x03, 0x05}, 2, true},
        {SPAR_WIRE_RICE, 2, 10, {0x05, 0x0f}, 2, false}, /* behind the end */
        {SPAR_WIRE_RICE, 2, 10, {0x05, 0x00}, 2, true},
        {SPAR_WIRE_RICE, 2, 10, {0x03, 0x15}, 2, false}, /* unused bits set */
        {SPAR_WIRE_RICE, 2, 10, {0x03}, 1, false},       /* no low parts */
        {SPAR_WIRE_RICE, 31, 10, {0x03, 0, 0, 0, 0, 0, 0, 0}, 8, false},
        {SPAR_WIRE_RICE, 32, 10, {0x03}, 8, false},
        {SPAR_WIRE_RICE, 0, 10, {0x81, 0x00}, 2, false}, /* ends with zeros */
        {SPAR_WIRE_ALL, 0, 2, {0}, 0, true},
        {SPAR_WIRE_ALL, 0, 3, {0}, 0, false},
        {SPAR_WIRE_ALL, 0, 2, {0}, 1, false},
    };
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        size_t bytes = sections[i].bytes + 2 * sizeof(float);
        unsigned char *payload = data_alloc(bytes, 1);
        spar_wire_header_t header = {.coding = sections[i].coding,
                                     .parameter = sections[i].parameter,
                                     .span = sections[i].span,
                                     .count = sections[i].span,
                                     .selected = 2,
                                     .payload_bytes = bytes};
        float out[11] = {0};
        int entries = 0;

        memcpy(payload, sections[i].indices, sections[i].bytes);
        memset(payload + sections[i].bytes, 0x3f, 2 * sizeof(float));
        assert_int_equal(spar_wire_add(&header, payload, bytes, out, NULL),
                         sections[i].valid ? SPAR_OK : SPAR_ERR_WIRE);
        for (j = 0; j < 11; j++) {
            entries += out[j] != 0.0f;
        }
        assert_int_equal(entries, sections[i].valid ? 2 : 0);
        free(payload);
    }
}

static void wrong_scales_are_refused(void **state)
{
    const unsigned char wrong[] = {0, 249, 255};
    spar_wire_header_t header = {.values = SPAR_VALUES_INT8,
                                 .coding = SPAR_WIRE_ALL,
                                 .phase = 63,
                                 .span = 2,
                                 .count = 2,
                                 .selected = 2,
                                 .payload_bytes = 4};
    unsigned char payload[4] = {127, 128, 3, 0xfc};
    const char *cause = NULL;
    float out[2] = {1.0f, 1.0f};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong); i++) {
        unsigned char damaged[4];

        memcpy(damaged, payload, sizeof(payload));
        damaged[i % 2] = wrong[i];
        assert_int_equal(spar_wire_add(&header, damaged, 4, out, &cause),
                         SPAR_ERR_WIRE);
        assert_string_equal(cause, "a scale of the values is out of range");
        assert_true(out[0] == 1.0f && out[1] == 1.0f);
    }
    assert_int_equal(spar_wire_add(&header, payload, 4, out, NULL), SPAR_OK);
    assert_true(out[0] == 4.0f && out[1] == -7.0f);
    header.phase = 62;
    assert_int_equal(spar_wire_add(&header, payload, 4, out, NULL),
                     SPAR_ERR_WIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_blocks_do_no_harm),
        cmocka_unit_test(random_headers_do_no_harm),
        cmocka_unit_test(each_fault_has_its_cause),
        cmocka_unit_test(wrong_indices_are_refused),
        cmocka_unit_test(wrong_scales_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
