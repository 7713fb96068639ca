/* Spar: little-endian loads and stores at any alignment. */
#ifndef SPAR_SPARSIFY_WIRE_BYTES_H
#define SPAR_SPARSIFY_WIRE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define spar_wire_order16(x) (x)
#define spar_wire_order32(x) (x)
#define spar_wire_order64(x) (x)
#else
#define spar_wire_order16(x) __builtin_bswap16(x)
#define spar_wire_order32(x) __builtin_bswap32(x)
#define spar_wire_order64(x) __builtin_bswap64(x)
#endif

static inline void spar_wire_store16(void *to, uint16_t value)
{
    const uint16_t ordered = spar_wire_order16(value);

    memcpy(to, &ordered, sizeof(ordered));
}

static inline void spar_wire_store32(void *to, uint32_t value)
{
    const uint32_t ordered = spar_wire_order32(value);

    memcpy(to, &ordered, sizeof(ordered));
}

static inline void spar_wire_store64(void *to, uint64_t value)
{
    const uint64_t ordered = spar_wire_order64(value);

    memcpy(to, &ordered, sizeof(ordered));
}

static inline uint16_t spar_wire_load16(const void *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof(value));
    return spar_wire_order16(value);
}

static inline uint32_t spar_wire_load32(const void *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return spar_wire_order32(value);
}

static inline uint64_t spar_wire_load64(const void *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof(value));
    return spar_wire_order64(value);
}

/* The first `bytes` bytes (at most 8) of a word. */
static inline void spar_wire_store_part(void *to, uint64_t value, size_t bytes)
{
    const uint64_t ordered = spar_wire_order64(value);

    memcpy(to, &ordered, bytes);
}

/* The word at from + at of a section; zeros behind the section's end. */
static inline uint64_t spar_wire_load_part(const unsigned char *from,
                                           size_t bytes, size_t at)
{
    uint64_t value = 0;

    if (at + sizeof(value) <= bytes) {
        return spar_wire_load64(from + at);
    }
    if (at < bytes) {
        memcpy(&value, from + at, bytes - at);
    }
    return spar_wire_order64(value);
}

#endif
