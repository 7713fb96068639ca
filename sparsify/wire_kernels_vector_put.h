/*
 * Spar: to write the index section with vectors. No include guard; see
 * sparsify/wire_kernels_vector_body.h.
 */

/* Numbers of more bits are left to the scalar kernels: distances of half a
 * billion elements. */
#define MOST_BITS 28

static void rice_sums(const uint32_t *indices, size_t n, uint32_t base,
                      unsigned most, uint64_t sums_p[SPAR_WIRE_TRIALS])
{
    VEC sums[SPAR_WIRE_TRIALS];
    size_t i, head;
    unsigned j;

    /* The first entry has none before it. */
    spar_wire_kernels_scalar.rice_sums(indices, 1, base, most, sums_p);
    for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
        sums[j] = vec_set(0);
    }
    /* No lane overflows: all distances together are less than 2^32. */
    for (i = 1; i + LANES <= n; i += LANES) {
        VEC distance =
            vec_sub(vec_sub(vec_load(indices + i), vec_load(indices + i - 1)),
                    vec_set(1));

        for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
            sums[j] =
                vec_add(sums[j], vec_shr(distance, most > j ? most - j : 0));
        }
    }
    head = i;
    for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
        unsigned bits = most > j ? most - j : 0;

        sums_p[j] += wide_sum(wide_add(wide_zero(), sums[j]));
        for (i = head; i < n; i++) {
            sums_p[j] += (indices[i] - indices[i - 1] - 1) >> bits;
        }
    }
}

/* 8 numbers of `bits` bits, given in pairs, to `bits` bytes; writes up to 8
 * bytes more. Whole words are stored at the byte where each one begins, with
 * what the one before left of that byte. */
static inline void pack(const uint64_t units[4], unsigned bits,
                        unsigned char *to)
{
    if (4 * bits + 4 <= 64) {
        uint64_t first = units[0] | units[1] << (2 * bits);
        uint64_t second = units[2] | units[3] << (2 * bits);
        unsigned at = 4 * bits / 8;

        spar_wire_store64(to, first);
        spar_wire_store64(to + at,
                          first >> (8 * at) | second << (4 * bits % 8));
    } else {
        uint64_t word = units[0];
        unsigned at = 0;
        unsigned j;

        spar_wire_store64(to, word);
        for (j = 1; j < 4; j++) {
            unsigned next = 2 * bits * j / 8;

            word = word >> (8 * (next - at)) | units[j] << (2 * bits * j % 8);
            spar_wire_store64(to + next, word);
            at = next;
        }
    }
}

/* `bits` bits at once, 1 to 64; stores a word even if it is not full. */
static inline void writer_put_many(spar_wire_writer_t *writer, uint64_t value,
                                   unsigned bits)
{
    unsigned used = writer->used + bits;
    uint64_t word = writer->word | value << writer->used;
    uint64_t rest = (value >> 1) >> (63 - writer->used);

    spar_wire_store64(writer->to, word);
    writer->word = used >= 64 ? rest : word;
    writer->to += used / 64 * 8;
    writer->used = used % 64;
}

/* The next LANES distances; there is room for whole words behind the low
 * parts. */
static inline void put_group(spar_wire_writers_t *writers, VEC distance,
                             unsigned parameter)
{
    const VEC quotient = vec_shr(distance, parameter);
    const VEC ends = vec_prefix(vec_add(quotient, vec_set(1)));
    const uint32_t bits = vec_first(vec_last(ends));
    unsigned i;

    if (bits <= 64) {
        writer_put_many(&writers->unary, unary_bits(ends), bits);
    } else {
        uint32_t zeros[LANES];

        vec_store(zeros, quotient);
        for (i = 0; i < LANES; i++) {
            spar_wire_writer_put_unary(&writers->unary, zeros[i]);
        }
    }
    if (parameter > 0) {
        uint64_t units[LANES / 2];

        pairs(vec_sub(distance, vec_shl(quotient, parameter)), parameter,
              units);
        for (i = 0; i < LANES / 8; i++) {
            pack(units + 4 * (size_t)i, parameter, writers->low.to);
            writers->low.to += parameter;
        }
    }
}

/* Whether put_group stays within the sections. */
static inline bool group_fits(const spar_wire_writers_t *writers,
                              unsigned parameter)
{
    size_t low = LANES / 8 * parameter + 8;

    return writers->unary.end - writers->unary.to >= 8 &&
           (parameter == 0 ||
            (size_t)(writers->low.end - writers->low.to) >= low);
}

static void rice_put(const uint32_t *indices, size_t n, uint32_t base,
                     const spar_wire_section_t *section)
{
    const unsigned parameter = section->parameter;
    spar_wire_writers_t writers = spar_wire_writers_open(section);
    uint32_t before[LANES];
    uint32_t next = base;
    size_t i;

    /* The first entry has none before it. */
    before[0] = base - 1;
    if (n >= LANES) {
        memcpy(before + 1, indices, (LANES - 1) * sizeof(*indices));
    }
    for (i = 0; i + LANES <= n && parameter <= MOST_BITS &&
                group_fits(&writers, parameter);
         i += LANES) {
        VEC last = vec_load(i == 0 ? before : indices + i - 1);
        VEC distance = vec_sub(vec_load(indices + i), last);

        put_group(&writers, vec_sub(distance, vec_set(1)), parameter);
        next = indices[i + LANES - 1] + 1;
    }
    spar_wire_writers_put(&writers, indices + i, n - i, next, parameter);
    spar_wire_writers_end(&writers);
}

#undef MOST_BITS
