/*
 * Spar: to read the index section with vectors. No include guard; see
 * sparsify/wire_kernels_vector_body.h.
 */

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
