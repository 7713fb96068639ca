/*
 * Spar: bits written one behind the other, and with them the index section of
 * any entries. What the wire kernels of all instruction sets share; the vector
 * ones leave the last entries to it.
 */
#ifndef SPAR_SPARSIFY_WIRE_WRITER_H
#define SPAR_SPARSIFY_WIRE_WRITER_H

#include "sparsify/wire_bytes.h"
#include "sparsify/wire_kernels.h"

typedef struct spar_wire_writer {
    unsigned char *to; /* where `word` will be stored */
    const unsigned char *end;
    uint64_t word;
    unsigned used; /* bits of `word`; less than 64 */
} spar_wire_writer_t;

/* The lower `bits` (less than 32) bits of value; its other bits are zero. */
static inline void spar_wire_writer_put(spar_wire_writer_t *writer,
                                        uint32_t value, unsigned bits)
{
    unsigned used = writer->used + bits;

    writer->word |= (uint64_t)value << writer->used;
    if (used >= 64) {
        spar_wire_store64(writer->to, writer->word);
        writer->to += 8;
        used -= 64;
        writer->word = (uint64_t)value >> (bits - used);
    }
    writer->used = used;
}

/* A one, after `zeros` zeros. */
static inline void spar_wire_writer_put_unary(spar_wire_writer_t *writer,
                                              uint32_t zeros)
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

/* What is left, up to the end of the section. */
static inline void spar_wire_writer_end(const spar_wire_writer_t *writer)
{
    spar_wire_store_part(writer->to, writer->word,
                         (size_t)(writer->end - writer->to));
}

/* The index section of a block that is being encoded. */
typedef struct spar_wire_writers {
    spar_wire_writer_t unary;
    spar_wire_writer_t low;
} spar_wire_writers_t;

static inline spar_wire_writers_t spar_wire_writers_open(
    const spar_wire_section_t *section)
{
    const spar_wire_writers_t writers = {
        {section->bits, section->bits + section->bits_bytes, 0, 0},
        {section->low, section->low + section->low_bytes, 0, 0}};

    return writers;
}

/* n entries; `next` is the least that the first index can be. */
static inline void spar_wire_writers_put(spar_wire_writers_t *writers,
                                         const uint32_t *indices, size_t n,
                                         uint32_t next, unsigned parameter)
{
    const uint32_t mask = ((uint32_t)1 << parameter) - 1;
    spar_wire_writers_t all = *writers;
    size_t i;

    for (i = 0; i < n; i++) {
        uint32_t distance = indices[i] - next;

        spar_wire_writer_put_unary(&all.unary, distance >> parameter);
        spar_wire_writer_put(&all.low, distance & mask, parameter);
        next = indices[i] + 1;
    }
    *writers = all;
}

static inline void spar_wire_writers_end(const spar_wire_writers_t *writers)
{
    spar_wire_writer_end(&writers->unary);
    spar_wire_writer_end(&writers->low);
}

#endif
