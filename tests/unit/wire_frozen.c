/*
 * Version 2 of the wire block, byte by byte: ranks with other builds of Spar
 * must read these blocks. A change here needs a new version number. Written
 * for little-endian values; on other processors the tests are skipped.
 */
#include "tests/unit/unit.h"

#include "sparsify/wire.h"

#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SKIP_ON_BIG_ENDIAN() ((void)state)
#else
#define SKIP_ON_BIG_ENDIAN()                                                   \
    do {                                                                       \
        (void)state;                                                           \
        skip();                                                                \
    } while (0)
#endif

#define ROOM 256

/* Encodes three entries with the values 1, -2, 0.5; returns all bytes. */
static size_t block_make(const uint32_t indices[3], uint32_t base,
                         uint32_t span, spar_values_t travels,
                         unsigned char bytes[ROOM])
{
    float values[3] = {1.0f, -2.0f, 0.5f};
    uint32_t places[3];
    spar_selection_t selection = {.indices = places,
                                  .values = values,
                                  .count = 3,
                                  .dtype = SPAR_DTYPE_F32};
    spar_wire_header_t header = {.flags =
                                     SPAR_WIRE_NONFINITE | SPAR_WIRE_PAUSED,
                                 .slot = 0x11223344,
                                 .plan = 0x55667788,
                                 .step = 0x99aabbcc,
                                 .count = UINT64_C(0x100001000),
                                 .first = 0x0f00};

    memcpy(places, indices, sizeof(places));
    spar_selection_round(&selection, travels, 0);
    assert_int_equal(spar_wire_encode(&selection, 0, 3, base, span,
                                      bytes + SPAR_WIRE_HEADER_BYTES,
                                      ROOM - SPAR_WIRE_HEADER_BYTES, &header),
                     SPAR_OK);
    spar_wire_header_pack(&header, bytes);
    return SPAR_WIRE_HEADER_BYTES + header.payload_bytes;
}

static void header_and_rice_are_frozen(void **state)
{
    static const unsigned char golden[] = {
        'S',  'P',  'A',  'R',  0x02, 0x00, 0x00, 0x00, /* version, f32, RICE */
        0x06, 0x00, 0x02, 0x01,                         /* parameter, order */
        0x05, 0x00, 0x00, 0x00,                         /* flags */
        0x44, 0x33, 0x22, 0x11,                         /* slot */
        0x88, 0x77, 0x66, 0x55,                         /* plan */
        0xcc, 0xbb, 0xaa, 0x99,                         /* step */
        0x2d, 0x01, 0x00, 0x00,                         /* span 301 */
        0x00, 0x10, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, /* count */
        0x00, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* first */
        0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* selected */
        0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* payload bytes */
        0x7a, 0xe1, 0x43, 0x46, 0xdd, 0x93, 0x9d, 0xf4, /* XXH3 */
        0x43,             /* distances 2, 3, 265: quotients 0, 0, 4 */
        0xc2, 0x90, 0x00, /* low parts 2, 3, 9 in 6 bits */
        0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x3f};
    const uint32_t indices[3] = {1002, 1006, 1272};
    unsigned char bytes[ROOM];

    SKIP_ON_BIG_ENDIAN();
    assert_int_equal(block_make(indices, 1000, 301, SPAR_VALUES_F32, bytes),
                     sizeof(golden));
    assert_memory_equal(bytes, golden, sizeof(golden));
}

static void parameter_0_and_bf16_are_frozen(void **state)
{
    static const unsigned char payload[] = {0x83, 0x80, 0x3f, 0x00,
                                            0xc0, 0x00, 0x3f};
    const uint32_t indices[3] = {0, 1, 7};
    unsigned char bytes[ROOM];

    SKIP_ON_BIG_ENDIAN();
    assert_int_equal(block_make(indices, 0, 8, SPAR_VALUES_BF16, bytes),
                     SPAR_WIRE_HEADER_BYTES + sizeof(payload));
    assert_int_equal(bytes[6], 2);
    assert_int_equal(bytes[8], 0);
    assert_memory_equal(bytes + SPAR_WIRE_HEADER_BYTES, payload,
                        sizeof(payload));
}

static void all_is_frozen(void **state)
{
    static const unsigned char payload[] = {0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f};
    const uint32_t indices[3] = {4, 5, 6};
    unsigned char bytes[ROOM];

    SKIP_ON_BIG_ENDIAN();
    assert_int_equal(block_make(indices, 4, 3, SPAR_VALUES_BF16, bytes),
                     SPAR_WIRE_HEADER_BYTES + sizeof(payload));
    assert_int_equal(bytes[7], SPAR_WIRE_ALL);
    assert_memory_equal(bytes + SPAR_WIRE_HEADER_BYTES, payload,
                        sizeof(payload));
}

/* One scale for all three, then the values. */
static void scaled_values_are_frozen(void **state)
{
    static const unsigned char int8[] = {0x7a, 0x20, 0xc0, 0x10}; /* 2^-5 */
    static const unsigned char fp16[] = {0x71, 0x00, 0x74, 0x00,  /* 2^-14 */
                                         0xf8, 0x00, 0x70};
    const uint32_t indices[3] = {4, 5, 6};
    unsigned char bytes[ROOM];

    SKIP_ON_BIG_ENDIAN();
    assert_int_equal(block_make(indices, 4, 3, SPAR_VALUES_INT8, bytes),
                     SPAR_WIRE_HEADER_BYTES + sizeof(int8));
    assert_int_equal(bytes[6], 4);
    assert_memory_equal(bytes + SPAR_WIRE_HEADER_BYTES, int8, sizeof(int8));
    assert_int_equal(block_make(indices, 4, 3, SPAR_VALUES_FP16, bytes),
                     SPAR_WIRE_HEADER_BYTES + sizeof(fp16));
    assert_int_equal(bytes[6], 3);
    assert_memory_equal(bytes + SPAR_WIRE_HEADER_BYTES, fp16, sizeof(fp16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_rice_are_frozen),
        cmocka_unit_test(parameter_0_and_bf16_are_frozen),
        cmocka_unit_test(all_is_frozen),
        cmocka_unit_test(scaled_values_are_frozen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
