#include "sparsify/wire_bytes.h"
#include "sparsify/wire_kernels.h"

static void rice_sums(const uint32_t *indices, size_t n, uint32_t base,
                      unsigned most, uint64_t sums_p[SPAR_WIRE_TRIALS])
{
    uint64_t sums[SPAR_WIRE_TRIALS] = {0};
    uint32_t next = base;
    unsigned j;
    size_t i;

    for (i = 0; i < n; i++) {
        uint32_t distance = indices[i] - next;

        for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
            sums[j] += distance >> (most > j ? most - j : 0);
        }
        next = indices[i] + 1;
    }
    memcpy(sums_p, sums, sizeof(sums));
}

/* Bits that are written one behind the other, whole words at a time. */
typedef struct writer {
    unsigned char *to;
    const unsigned char *end;
    uint64_t word;
    unsigned used; /* bits of word; less than 64 */
} writer_t;

static inline void writer_put(writer_t *writer, uint32_t value, unsigned bits)
{
    unsigned used = writer->used + bits;

    writer->word |= (uint64_t)value << writer->used;
    if (used >= 64) {
        spar_wire_store64(writer->to, writer->word);
        writer->to += 8;
        used -= 64;
        /* What did not fit; never shifts by 64, because bits < 32. */
        writer->word = used == 0 ? 0 : (uint64_t)value >> (bits - used);
    }
    writer->used = used;
}

/* A one, after `zeros` zeros. */
static inline void writer_put_unary(writer_t *writer, uint32_t zeros)
{
    uint64_t at = (uint64_t)writer->used + zeros;

    for (; at >= 64; at -= 64) {
        spar_wire_store64(writer->to, writer->word);
        writer->to += 8;
        writer->word = 0;
    }
    writer->word |= (uint64_t)1 << at;
    if (at == 63) {
        spar_wire_store64(writer->to, writer->word);
        writer->to += 8;
        writer->word = 0;
    }
    writer->used = (unsigned)(at + 1) % 64;
}

/* Fills up to the end of the section. */
static void writer_end(writer_t *writer)
{
    for (; writer->end - writer->to >= 8; writer->to += 8) {
        spar_wire_store64(writer->to, writer->word);
        writer->word = 0;
    }
    spar_wire_store_part(writer->to, writer->word,
                         (size_t)(writer->end - writer->to));
}

static void rice_put(const uint32_t *indices, size_t n, uint32_t base,
                     const spar_wire_section_t *section)
{
    const unsigned parameter = section->parameter;
    const uint32_t mask = ((uint32_t)1 << parameter) - 1;
    writer_t unary = {section->bits, section->bits + section->bits_bytes, 0, 0};
    writer_t low = {section->low, section->low + section->low_bytes, 0, 0};
    uint32_t next = base;
    size_t i;

    for (i = 0; i < n; i++) {
        uint32_t distance = indices[i] - next;

        writer_put_unary(&unary, distance >> parameter);
        writer_put(&low, distance & mask, parameter);
        next = indices[i] + 1;
    }
    writer_end(&unary);
    writer_end(&low);
}

static uint64_t ones(const unsigned char *bits, size_t bytes)
{
    uint64_t sum = 0;
    size_t at;

    for (at = 0; at < bytes; at += 8) {
        sum += (uint64_t)__builtin_popcountll(
            spar_wire_load_part(bits, bytes, at));
    }
    return sum;
}

static inline uint32_t low_at(const unsigned char *low, size_t bytes,
                              uint64_t entry, unsigned parameter)
{
    uint64_t bit = entry * parameter;
    uint64_t word = spar_wire_load_part(low, bytes, bit / 8) >> (bit % 8);

    return (uint32_t)word & (((uint32_t)1 << parameter) - 1);
}

static uint64_t lows(const unsigned char *low, size_t bytes, size_t n,
                     unsigned parameter)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        sum += low_at(low, bytes, i, parameter);
    }
    return sum;
}

/* The place of the next one in the bits. */
static inline uint64_t next_one(spar_wire_reader_t *reader)
{
    uint64_t place;

    while (reader->word == 0) {
        reader->word =
            spar_wire_load_part(reader->bits, reader->bits_bytes, reader->at);
        reader->at += 8;
    }
    place = 8 * (uint64_t)(reader->at - 8) +
            (uint64_t)__builtin_ctzll(reader->word);
    reader->word &= reader->word - 1;
    return place;
}

static inline size_t chunk_of(const spar_wire_reader_t *reader)
{
    uint64_t left = reader->selected - reader->done;

    return left < SPAR_WIRE_CHUNK ? (size_t)left : SPAR_WIRE_CHUNK;
}

/* Before the one of entry i lie i ones and the zeros of all quotients up to
 * it; so the index follows from the place of the one and the sum of the low
 * parts. */
static size_t rice_next(spar_wire_reader_t *reader, uint32_t *indices)
{
    const size_t n = chunk_of(reader);
    const unsigned parameter = reader->parameter;
    size_t i;

    for (i = 0; i < n; i++) {
        uint64_t entry = reader->done + i;
        uint64_t zeros = next_one(reader) - entry;

        reader->lows +=
            low_at(reader->low, reader->low_bytes, entry, parameter);
        indices[i] = (uint32_t)((zeros << parameter) + reader->lows + entry);
    }
    reader->done += n;
    return n;
}

static const spar_wire_kernels_t scalar = {.name = "scalar",
                                           .rice_sums = rice_sums,
                                           .rice_put = rice_put,
                                           .ones = ones,
                                           .lows = lows,
                                           .rice_next = rice_next};

const spar_wire_kernels_t *spar_wire_kernels(void)
{
    return &scalar;
}
