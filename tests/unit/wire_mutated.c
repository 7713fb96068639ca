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
    const unsigned strides[] = {1, 5, 200, 700};
    unsigned stride = strides[data_random(seed) % 4];
    spar_wire_header_t header = {0};
    spar_selection_t selection;
    block_t block;
    uint32_t i;

    spar_selection_init(&selection);
    assert_int_equal(spar_selection_reserve(&selection, SPAR_DTYPE_F64, LAYER),
                     SPAR_OK);
    selection.dtype =
        data_random(seed) % 2 == 0 ? SPAR_DTYPE_F32 : SPAR_DTYPE_F64;
    memset(selection.values, 0x3f, 8 * (size_t)LAYER);
    for (i = 0; i < LAYER && selection.count < 40; i++) {
        if (data_random(seed) % stride == 0) {
            selection.indices[selection.count++] = i;
        }
    }
    spar_selection_round(&selection, data_random(seed) % 2 == 0
                                         ? SPAR_VALUES_BF16
                                         : SPAR_VALUES_F32);
    block.bytes = spar_wire_payload_bound(SPAR_VALUES_F64, LAYER, 40);
    block.payload = data_alloc(block.bytes, 1);
    assert_int_equal(spar_wire_encode(&selection, LAYER, block.payload,
                                      block.bytes, &header),
                     SPAR_OK);
    block.bytes = header.payload_bytes;
    spar_wire_header_pack(&header, block.header);
    spar_selection_cleanup(&selection);
    return block;
}

static void header_seal(unsigned char *header)
{
    uint64_t sum = XXH3_64bits(header, 48);
    int i;

    for (i = 0; i < 8; i++) {
        header[48 + i] = (unsigned char)(sum >> (8 * i));
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

/* Adds into a layer of the size that the header tells, as a receiver that
 * agreed on that size beforehand would have. */
static spar_status_t add_checked(const spar_wire_header_t *header,
                                 const block_t *block, size_t bytes)
{
    size_t size = spar_dtype_size(header->dtype) * LAYER;
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
        assert_true(out[0] == 0 && memcmp(out, out + 1, size - 1) == 0);
    }
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
            bytes_damage(block.header, 48, &seed);
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
            if (header.count == LAYER &&
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
        header.coding = (spar_wire_coding_t)(data_random(&seed) % 4);
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
        {4, 2, "the block has another format version"},
        {6, 3, "the value type is unknown"},
        {7, 3, "the index coding is unknown"},
        {8, 0x20, "unknown flags are set"},
        {28, 1, "the layer is too large for 32-bit indices"},
        {36, 1, "more entries than the layer has elements"},
        {41, 0xff, "the payload size does not fit the number of entries"},
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
    assert_int_equal(spar_wire_header_unpack(block.header, 55, &header, &cause),
                     SPAR_ERR_WIRE);
    assert_string_equal(cause, "the header has a wrong size");
    block.header[20] ^= 1;
    assert_int_equal(spar_wire_header_unpack(block.header, 56, &header, &cause),
                     SPAR_ERR_WIRE);
    assert_string_equal(cause, "the checksum of the header does not match");
    free(block.payload);
}

/* Index sections that are wrong in just one way each. */
static void wrong_indices_are_refused(void **state)
{
    static const struct {
        spar_wire_coding_t coding;
        uint64_t count;
        unsigned char indices[8];
        size_t bytes;
    } sections[] = {
        {SPAR_WIRE_DELTA8, 10, {3, 6}, 2},               /* behind the end */
        {SPAR_WIRE_DELTA8, 10, {0, 0, 0}, 3},            /* one too many */
        {SPAR_WIRE_DELTA8, 10, {0}, 1},                  /* one too few */
        {SPAR_WIRE_DELTA8, 999, {0, 255}, 2},            /* open at its end */
        {SPAR_WIRE_DELTA8, 999, {0, 0, 255}, 3},         /* the same */
        {SPAR_WIRE_DELTA16, 10, {3, 0, 6, 0}, 4},        /* behind the end */
        {SPAR_WIRE_DELTA16, 10, {0, 0, 0}, 3},           /* half an index */
        {SPAR_WIRE_DELTA16, 99999, {0, 0, 255, 255}, 4}, /* open at its end */
        {SPAR_WIRE_DELTA16, 99999, {0, 0, 0, 0, 255, 255}, 6}, /* the same */
        {SPAR_WIRE_RAW32, 10, {1, 0, 0, 0, 10}, 8}, /* behind the end */
        {SPAR_WIRE_RAW32, 10, {1, 0, 0, 0, 1}, 8},  /* twice */
        {SPAR_WIRE_RAW32, 10, {5, 0, 0, 0, 1}, 8},  /* descending */
        {SPAR_WIRE_RAW32, 10, {5, 0, 0, 0}, 4},     /* one too few */
    };
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        size_t bytes = sections[i].bytes + 2 * sizeof(float);
        unsigned char *payload = data_alloc(bytes, 1);
        spar_wire_header_t header = {.coding = sections[i].coding,
                                     .count = sections[i].count,
                                     .selected = 2,
                                     .payload_bytes = bytes};
        float out[10] = {0};

        memset(payload, 0x3f, bytes);
        memcpy(payload, sections[i].indices, sections[i].bytes);
        assert_int_equal(spar_wire_add(&header, payload, bytes, out, NULL),
                         SPAR_ERR_WIRE);
        for (j = 0; j < 10; j++) {
            assert_true(out[j] == 0.0f);
        }
        free(payload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_blocks_do_no_harm),
        cmocka_unit_test(random_headers_do_no_harm),
        cmocka_unit_test(each_fault_has_its_cause),
        cmocka_unit_test(wrong_indices_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
