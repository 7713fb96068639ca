#include "sparsify/wire_writer.h"

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

static void rice_put(const uint32_t *indices, size_t n, uint32_t base,
                     const spar_wire_section_t *section)
{
    spar_wire_writers_t writers = spar_wire_writers_open(section);

    spar_wire_writers_put(&writers, indices, n, base, section->parameter);
    spar_wire_writers_end(&writers);
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

static inline uint32_t low_at(const spar_wire_reader_t *reader, uint64_t entry)
{
    uint64_t bit = entry * reader->parameter;
    uint64_t word = spar_wire_load_part(reader->low, reader->readable, bit / 8);

    return (uint32_t)(word >> (bit % 8)) &
           (((uint32_t)1 << reader->parameter) - 1);
}

static uint64_t lows(const spar_wire_reader_t *reader)
{
    uint64_t sum = 0;
    uint64_t i;

    for (i = 0; i < reader->selected; i++) {
        sum += low_at(reader, i);
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

        reader->lows += low_at(reader, entry);
        indices[i] = (uint32_t)((zeros << parameter) + reader->lows + entry);
    }
    reader->done += n;
    return n;
}

const spar_wire_kernels_t spar_wire_kernels_scalar =
    SPAR_WIRE_KERNELS_TABLE("scalar");
