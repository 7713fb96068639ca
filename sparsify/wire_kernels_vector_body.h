/*
 * Spar: the vector kernels of the wire block on one instruction set. No
 * include guard. The including file defines
 *
 *   VEC, LANES            vector of LANES (8 or 16) unsigned 32-bit numbers
 *   vec_load, vec_store, vec_set, vec_numbers   lane i: i
 *   vec_add, vec_sub, vec_and, vec_shl, vec_shr
 *   vec_prefix(v)         lane i: sum of the lanes 0 to i
 *   vec_last(v)           all lanes: the last one
 *   vec_first(v)          lane 0 as a number
 *   unpack_t, unpack_plan(parameter), unpack(plan, from)
 *                         LANES numbers of `parameter` bits from the 4 LANES
 *                         bytes at `from`
 *   expand(word, first, places)
 *                         writes first + i for each bit i set in word, and up
 *                         to LANES - 1 numbers behind them; returns how many
 *   pairs(v, bits, units) LANES / 2 numbers of 2 bits each: lane 2i, and above
 *                         it lane 2i + 1
 *   unary_bits(ends)      a word with the bits ends - 1 (0 to 63) of all lanes
 *   WIDE, wide_zero, wide_add(wide, v), wide_sum
 *                         64-bit sums
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

static void rice_put(const uint32_t *indices, size_t n, uint32_t base,
                     const spar_wire_section_t *section)
{
    const unsigned parameter = section->parameter;
    const size_t group_bytes = LANES / 8 * parameter;
    const VEC mask = vec_set(((uint32_t)1 << parameter) - 1);
    spar_wire_writers_t writers = spar_wire_writers_open(section);
    uint32_t next = base;
    size_t i = 0;

    for (; i + LANES <= n && parameter <= MOST_BITS; i += LANES) {
        VEC before, distance, ends;
        uint32_t shifted[LANES];
        uint64_t units[LANES / 2];
        uint32_t bits;

        if (writers.unary.end - writers.unary.to < 8 ||
            (size_t)(writers.low.end - writers.low.to) < group_bytes + 8) {
            break;
        }
        if (i == 0) {
            shifted[0] = base - 1;
            memcpy(shifted + 1, indices, (LANES - 1) * sizeof(*indices));
            before = vec_load(shifted);
        } else {
            before = vec_load(indices + i - 1);
        }
        distance = vec_sub(vec_sub(vec_load(indices + i), before), vec_set(1));
        ends = vec_prefix(vec_add(vec_shr(distance, parameter), vec_set(1)));
        bits = vec_first(vec_last(ends));
        if (bits <= 64) {
            writer_put_many(&writers.unary, unary_bits(ends), bits);
        } else {
            unsigned lane;

            vec_store(shifted, vec_shr(distance, parameter));
            for (lane = 0; lane < LANES; lane++) {
                spar_wire_writer_put_unary(&writers.unary, shifted[lane]);
            }
        }
        if (parameter > 0) {
            unsigned part;

            pairs(vec_and(distance, mask), parameter, units);
            for (part = 0; part < LANES / 8; part++) {
                pack(units + 4 * part, parameter,
                     writers.low.to + (size_t)part * parameter);
            }
            writers.low.to += group_bytes;
        }
        next = indices[i + LANES - 1] + 1;
    }
    spar_wire_writers_put(&writers, indices + i, n - i, next, parameter);
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

/* The next LANES low parts, which begin `at` bytes into the section. Behind
 * the last one comes whatever follows in the payload, or zeros. */
static inline VEC unpack_at(unpack_t plan, const spar_wire_reader_t *reader,
                            size_t at)
{
    unsigned char some[4 * LANES] = {0};

    if (at + sizeof(some) <= reader->readable) {
        return unpack(plan, reader->low + at);
    }
    memcpy(some, reader->low + at, reader->readable - at);
    return unpack(plan, some);
}

static uint64_t lows(const spar_wire_reader_t *reader)
{
    const unpack_t plan = unpack_plan(reader->parameter);
    WIDE sum = wide_zero();
    uint32_t some[LANES];
    uint64_t total;
    uint64_t i;
    size_t at = 0;

    if (reader->parameter == 0) {
        return 0;
    }
    for (i = 0; i + LANES <= reader->selected; i += LANES) {
        sum = wide_add(sum, unpack_at(plan, reader, at));
        at += LANES / 8 * reader->parameter;
    }
    total = wide_sum(sum);
    if (i < reader->selected) {
        vec_store(some, unpack_at(plan, reader, at));
        for (; i < reader->selected; i++) {
            total += some[i % LANES];
        }
    }
    return total;
}

/* Most bits of the unary vector that are looked at before their entries are
 * delivered. */
#define PLACES (SPAR_WIRE_CHUNK + LANES)

/* The places of the next ones: all of the last entries, or a multiple of
 * LANES; how many is the result. */
static inline size_t next_ones(spar_wire_reader_t *reader, uint32_t *places)
{
    uint64_t left = reader->selected - reader->done;
    size_t found = 0;
    size_t n;

    found = expand(reader->word, 8 * (uint32_t)(reader->at - 8), places);
    while (found < left && found <= SPAR_WIRE_CHUNK - 64) {
        uint64_t word =
            spar_wire_load_part(reader->bits, reader->bits_bytes, reader->at);

        found += expand(word, 8 * (uint32_t)reader->at, places + found);
        reader->at += 8;
    }
    n = found < left ? found - found % LANES : (size_t)left;
    reader->word = 0;
    if (n < found) {
        /* Back to the first one that is not delivered. */
        size_t at = places[n] / 64 * 8;

        reader->word =
            spar_wire_load_part(reader->bits, reader->bits_bytes, at) &
            ~(uint64_t)0 << places[n] % 64;
        reader->at = at + 8;
    }
    return n;
}

/* As in the scalar kernel; the arithmetic is modulo 2^32, like the indices. */
static size_t rice_next(spar_wire_reader_t *reader, uint32_t *indices)
{
    uint32_t places[PLACES];
    const unsigned parameter = reader->parameter;
    const unpack_t plan = unpack_plan(parameter);
    const size_t n = next_ones(reader, places);
    size_t at = (size_t)(reader->done / 8) * parameter;
    VEC entry = vec_add(vec_numbers(), vec_set((uint32_t)reader->done));
    VEC sum = vec_set((uint32_t)reader->lows);
    size_t i;

    for (i = 0; i < n; i += LANES) {
        VEC zeros = vec_sub(vec_load(places + i), entry);
        VEC index = vec_add(vec_shl(zeros, parameter), entry);

        if (parameter > 0) {
            VEC low = vec_prefix(unpack_at(plan, reader, at));

            index = vec_add(index, vec_add(low, sum));
            sum = vec_add(sum, vec_last(low));
            at += LANES / 8 * parameter;
        }
        if (i + LANES <= n) {
            vec_store(indices + i, index);
        } else {
            uint32_t some[LANES];

            vec_store(some, index);
            memcpy(indices + i, some, (n - i) * sizeof(*indices));
        }
        entry = vec_add(entry, vec_set(LANES));
    }
    reader->done += n;
    reader->lows = vec_first(sum);
    return n;
}

#undef PLACES
#undef MOST_BITS
