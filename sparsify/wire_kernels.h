/*
 * Spar: the loops of the wire block, one table per instruction set, chosen
 * with the table in sparsify/kernels.h; all give the same bytes. They trust
 * their arguments: sizes of sections fit, and what is read has been checked.
 */
#ifndef SPAR_SPARSIFY_WIRE_KERNELS_H
#define SPAR_SPARSIFY_WIRE_KERNELS_H

#include "sparsify/kernels.h"
#include "sparsify/wire.h"
#include "sparsify/wire_choose.h"

/* Most entries that one step of a reader delivers. */
#define SPAR_WIRE_CHUNK 1024

/* The index section of a block that is being encoded. */
typedef struct spar_wire_section {
    unsigned char *bits; /* unary quotients */
    size_t bits_bytes;
    unsigned char *low;
    size_t low_bytes;
    unsigned parameter;
} spar_wire_section_t;

/* The index section of a received block, and how far it has been read. */
typedef struct spar_wire_reader {
    const unsigned char *bits; /* unary quotients */
    size_t bits_bytes;
    const unsigned char *low;
    size_t low_bytes;
    size_t readable; /* bytes from `low` to the end of the payload */
    unsigned parameter;
    uint64_t selected;
    uint64_t done; /* entries delivered */
    size_t at;     /* bytes of `bits` that were taken into `word` */
    uint64_t word; /* ones of the last 8 bytes that are not delivered */
    uint64_t lows; /* sum of the low parts delivered */
} spar_wire_reader_t;

struct spar_wire_kernels {
    const char *name;
    /* sums_p[j] = sum of the quotients of n >= 1 distances with parameter
     * `most` - j, or 0 if that is negative. */
    void (*rice_sums)(const uint32_t *indices, size_t n, uint32_t base,
                      unsigned most, uint64_t sums_p[SPAR_WIRE_TRIALS]);
    void (*rice_put)(const uint32_t *indices, size_t n, uint32_t base,
                     const spar_wire_section_t *section);
    /* Ones in a bit vector. */
    uint64_t (*ones)(const unsigned char *bits, size_t bytes);
    /* Sum of all low parts. */
    uint64_t (*lows)(const spar_wire_reader_t *reader);
    /* Writes the next indices, relative to the region, and returns how many:
     * at most SPAR_WIRE_CHUNK, at least 1 while there are more. Nothing is
     * written behind them. */
    size_t (*rice_next)(spar_wire_reader_t *reader, uint32_t *indices);
};

extern const spar_wire_kernels_t spar_wire_kernels_scalar;
#ifdef SPAR_KERNELS_X86
extern const spar_wire_kernels_t spar_wire_kernels_avx2;
extern const spar_wire_kernels_t spar_wire_kernels_avx512;
#endif

/* The table in use; never NULL. */
static inline const spar_wire_kernels_t *spar_wire_kernels(void)
{
    return spar_kernels()->wire;
}

/* The table of the functions that the including file defines. */
#define SPAR_WIRE_KERNELS_TABLE(set)                                           \
    {                                                                          \
        .name = (set), .rice_sums = rice_sums, .rice_put = rice_put,           \
        .ones = ones, .lows = lows, .rice_next = rice_next                     \
    }

#endif
