#include "sparsify/wire_bytes.h"
#include "sparsify/wire_sizes.h"

/* Bytes that the fast path of DELTA8 writes ahead. */
#define AHEAD 8

/* Bytes of the index section in each coding. */
typedef struct sizes {
    uint64_t bytes[3];
} sizes_t;

static sizes_t index_sizes(const spar_selection_t *selection)
{
    const uint32_t *indices = selection->indices;
    /* The distances sum up to less than 2^32, so 32 bits are enough. */
    uint32_t escapes8 = 0;
    uint32_t escapes16 = 0;
    sizes_t sizes;
    size_t i;

    if (selection->count > 0) {
        escapes8 = indices[0] / SPAR_WIRE_ESCAPE8;
        escapes16 = indices[0] / SPAR_WIRE_ESCAPE16;
    }
    for (i = 1; i < selection->count; i++) {
        uint32_t distance = indices[i] - indices[i - 1] - 1;

        escapes8 += distance / SPAR_WIRE_ESCAPE8;
        escapes16 += distance / SPAR_WIRE_ESCAPE16;
    }
    sizes.bytes[SPAR_WIRE_DELTA8] = selection->count + (uint64_t)escapes8;
    sizes.bytes[SPAR_WIRE_DELTA16] =
        2 * (selection->count + (uint64_t)escapes16);
    sizes.bytes[SPAR_WIRE_RAW32] = 4 * (uint64_t)selection->count;
    return sizes;
}

static spar_wire_coding_t smallest(const sizes_t *sizes)
{
    spar_wire_coding_t best = SPAR_WIRE_DELTA8;
    int coding;

    for (coding = SPAR_WIRE_DELTA16; coding <= SPAR_WIRE_RAW32; coding++) {
        if (sizes->bytes[coding] < sizes->bytes[best]) {
            best = (spar_wire_coding_t)coding;
        }
    }
    return best;
}

/* Whether a distance needs escapes is hard to predict: writes a run of them
 * always, and skips those that do not count. The values behind the index
 * section, written later, are what makes that safe. */
static unsigned char *put_delta8(const spar_selection_t *selection,
                                 unsigned char *to, const unsigned char *end)
{
    uint32_t next = 0;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        uint32_t distance = selection->indices[i] - next;
        uint32_t escapes = distance / SPAR_WIRE_ESCAPE8;

        if (escapes <= AHEAD && end - to >= AHEAD) {
            memset(to, SPAR_WIRE_ESCAPE8, AHEAD);
        } else {
            memset(to, SPAR_WIRE_ESCAPE8, escapes);
        }
        to += escapes;
        *to++ = (unsigned char)(distance % SPAR_WIRE_ESCAPE8);
        next = selection->indices[i] + 1;
    }
    return to;
}

static unsigned char *put_delta16(const spar_selection_t *selection,
                                  unsigned char *to)
{
    uint32_t next = 0;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        uint32_t distance = selection->indices[i] - next;

        for (; distance >= SPAR_WIRE_ESCAPE16; distance -= SPAR_WIRE_ESCAPE16) {
            spar_wire_store16(to, SPAR_WIRE_ESCAPE16);
            to += 2;
        }
        spar_wire_store16(to, (uint16_t)distance);
        to += 2;
        next = selection->indices[i] + 1;
    }
    return to;
}

static unsigned char *put_raw32(const spar_selection_t *selection,
                                unsigned char *to)
{
    size_t i;

    for (i = 0; i < selection->count; i++, to += 4) {
        spar_wire_store32(to, selection->indices[i]);
    }
    return to;
}

static void put_f64(const unsigned char *from, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < 8 * count; i += 8) {
        uint64_t bits;

        memcpy(&bits, from + i, sizeof(bits));
        spar_wire_store64(to + i, bits);
    }
}

static void put_f32(const unsigned char *from, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < 4 * count; i += 4) {
        uint32_t bits;

        memcpy(&bits, from + i, sizeof(bits));
        spar_wire_store32(to + i, bits);
    }
}

/* The values have been rounded: their lower halves are zero. */
static void put_bf16(const unsigned char *from, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, from + 4 * i, sizeof(bits));
        spar_wire_store16(to + 2 * i, (uint16_t)(bits >> 16));
    }
}

static void put_values(const spar_selection_t *selection, unsigned char *to)
{
    switch (selection->travels) {
    case SPAR_VALUES_F32:
        put_f32(selection->values, selection->count, to);
        break;
    case SPAR_VALUES_F64:
        put_f64(selection->values, selection->count, to);
        break;
    case SPAR_VALUES_BF16:
        put_bf16(selection->values, selection->count, to);
        break;
    }
}

size_t spar_wire_payload_bound(spar_values_t values, uint64_t count,
                               uint64_t selected)
{
    uint64_t least = UINT64_MAX;
    int coding;

    for (coding = SPAR_WIRE_DELTA8; coding <= SPAR_WIRE_RAW32; coding++) {
        uint64_t bytes =
            spar_wire_index_bound((spar_wire_coding_t)coding, count, selected);

        least = bytes < least ? bytes : least;
    }
    return (size_t)(least + selected * spar_values_size(values));
}

spar_status_t spar_wire_encode(const spar_selection_t *selection,
                               uint64_t count, void *payload, size_t capacity,
                               spar_wire_header_t *header_p)
{
    sizes_t sizes = index_sizes(selection);
    spar_wire_coding_t coding = smallest(&sizes);
    size_t values = selection->count * spar_values_size(selection->travels);
    unsigned char *to = payload;

    if (sizes.bytes[coding] + values > capacity) {
        return SPAR_ERR_INVALID;
    }
    switch (coding) {
    case SPAR_WIRE_DELTA8:
        to = put_delta8(selection, to, to + sizes.bytes[coding] + values);
        break;
    case SPAR_WIRE_DELTA16:
        to = put_delta16(selection, to);
        break;
    case SPAR_WIRE_RAW32:
        to = put_raw32(selection, to);
        break;
    }
    put_values(selection, to);
    header_p->values = selection->travels;
    header_p->dtype = selection->dtype;
    header_p->coding = coding;
    header_p->count = count;
    header_p->selected = selection->count;
    header_p->payload_bytes = sizes.bytes[coding] + values;
    return SPAR_OK;
}
