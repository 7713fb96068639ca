/*
 * Spar: the merge of one element type. No include guard. The including file
 * defines REAL, the type, BITS, the unsigned integer of its size, and NAME(x),
 * its suffix.
 */

/* The value or a negative zero, which changes nothing when it is added; in
 * integers, because compilers make a branch of the choice between floats. */
static inline REAL NAME(only_if)(bool wanted, REAL value)
{
    const BITS none = (BITS)1 << (8 * sizeof(BITS) - 1);
    BITS bits;

    memcpy(&bits, &value, sizeof(bits));
    bits = none ^ ((bits ^ none) & ((BITS)0 - wanted));
    memcpy(&value, &bits, sizeof(bits));
    return value;
}

/* Entries of the sum, or SIZE_MAX if there are more than `capacity`. */
static size_t NAME(merge)(const spar_selection_t *a, const spar_selection_t *b,
                          size_t capacity, uint32_t *indices, REAL *values)
{
    const REAL *a_values = a->values, *b_values = b->values;
    size_t i = 0, j = 0, n = 0;
    size_t rest;

    for (;;) {
        /* Each step takes at most one entry of each list and writes one. */
        size_t steps =
            a->count - i < b->count - j ? a->count - i : b->count - j;

        steps = capacity - n < steps ? capacity - n : steps;
        if (steps == 0) {
            break;
        }
        /* Which list is ahead cannot be predicted: no branch depends on it. */
        for (; steps > 0; steps--) {
            uint32_t x = a->indices[i], y = b->indices[j];
            bool from_a = x <= y, from_b = y <= x;

            indices[n] = from_a ? x : y;
            values[n++] = NAME(only_if)(from_a, a_values[i]) +
                          NAME(only_if)(from_b, b_values[j]);
            i += from_a;
            j += from_b;
        }
    }
    /* If both lists have entries left, there is no room. */
    rest = a->count - i + (b->count - j);
    if (rest > capacity - n) {
        return SIZE_MAX;
    }
    if (i < a->count) {
        memcpy(indices + n, a->indices + i, rest * sizeof(*indices));
        memcpy(values + n, a_values + i, rest * sizeof(*values));
    } else if (rest > 0) {
        memcpy(indices + n, b->indices + j, rest * sizeof(*indices));
        memcpy(values + n, b_values + j, rest * sizeof(*values));
    }
    return n + rest;
}
