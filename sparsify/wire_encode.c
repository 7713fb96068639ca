#include "sparsify/wire_bytes.h"
#include "sparsify/wire_kernels.h"
#include "sparsify/wire_sizes.h"

/* Entries to encode, and how their indices will be coded. */
typedef struct entries {
    const uint32_t *indices;
    size_t count;
    uint32_t base;
    uint32_t span;
} entries_t;

typedef struct choice {
    spar_wire_coding_t coding;
    unsigned parameter;
    uint64_t bits_bytes;
    uint64_t low_bytes;
} choice_t;

static uint64_t choice_bytes(const choice_t *choice)
{
    return choice->bits_bytes + choice->low_bytes;
}

/* The parameter whose bound is the least is near the best one if the entries
 * lie evenly; where they lie in clusters the best one is smaller. Its bound
 * also holds for what is chosen here, because it is tried first. */
static choice_t choose_parameter(const entries_t *entries)
{
    unsigned most = spar_wire_rice_parameter(entries->span, entries->count);
    choice_t best = {SPAR_WIRE_RICE, 0, UINT64_MAX / 2, 0};
    unsigned j;

    for (;;) {
        uint64_t sums[SPAR_WIRE_TRIALS];

        spar_wire_kernels()->rice_sums(entries->indices, entries->count,
                                       entries->base, most, sums);
        for (j = 0; j < SPAR_WIRE_TRIALS && j <= most; j++) {
            choice_t choice = {SPAR_WIRE_RICE, most - j,
                               spar_wire_bit_bytes(entries->count + sums[j]),
                               spar_wire_low_bytes(entries->count, most - j)};

            if (choice_bytes(&choice) < choice_bytes(&best)) {
                best = choice;
            }
        }
        /* Once fewer bits do not pay, still fewer do not either. */
        if (most < SPAR_WIRE_TRIALS ||
            best.parameter != most - (SPAR_WIRE_TRIALS - 1)) {
            return best;
        }
        most -= SPAR_WIRE_TRIALS;
    }
}

static choice_t choose(const entries_t *entries)
{
    if (entries->count == 0) {
        return (choice_t){SPAR_WIRE_RICE, 0, 0, 0};
    }
    if (entries->count == entries->span) {
        return (choice_t){SPAR_WIRE_ALL, 0, 0, 0};
    }
    return choose_parameter(entries);
}

static void put_indices(const entries_t *entries, const choice_t *choice,
                        unsigned char *to)
{
    const spar_wire_section_t section = {to, choice->bits_bytes,
                                         to + choice->bits_bytes,
                                         choice->low_bytes, choice->parameter};

    if (choice->coding == SPAR_WIRE_RICE) {
        spar_wire_kernels()->rice_put(entries->indices, entries->count,
                                      entries->base, &section);
    }
}

static void put_values(const spar_selection_t *selection, size_t begin,
                       size_t end, unsigned phase, unsigned char *to)
{
    spar_values_t travels = selection->travels;
    const char *from = selection->values;

    spar_values_put(travels, from + begin * spar_dtype_size(selection->dtype),
                    phase, end - begin, to,
                    to + spar_values_scales(travels, phase, end - begin));
}

/* As a minimum of sums that never fall, the number of bits does not either;
 * each of the two bit vectors takes at most 7 bits more to end with a byte. */
size_t spar_wire_payload_bound(spar_values_t values, uint64_t span,
                               uint64_t selected)
{
    unsigned parameter = spar_wire_rice_parameter(span, selected);
    uint64_t bits =
        selected * (parameter + 1) + ((span - selected) >> parameter);

    if (selected == 0) {
        return 0;
    }
    return (
        size_t)((bits + 14) / 8 +
                spar_values_scales(values, SPAR_VALUES_GROUP - 1, selected) +
                selected * spar_values_size(values));
}

spar_status_t spar_wire_encode(const spar_selection_t *selection, size_t begin,
                               size_t end, uint32_t base, uint32_t span,
                               void *payload, size_t capacity,
                               spar_wire_header_t *header_p)
{
    const entries_t entries = {end > begin ? selection->indices + begin : NULL,
                               end - begin, base, span};
    const choice_t choice = choose(&entries);
    const uint64_t index_bytes = choice_bytes(&choice);
    const spar_values_t travels = selection->travels;
    const unsigned phase =
        spar_values_scaled(travels) ? begin % SPAR_VALUES_GROUP : 0;
    const uint64_t bytes = index_bytes +
                           spar_values_scales(travels, phase, entries.count) +
                           entries.count * spar_values_size(travels);

    if (bytes > capacity) {
        return SPAR_ERR_INVALID;
    }
    if (entries.count > 0) {
        put_indices(&entries, &choice, payload);
        put_values(selection, begin, end, phase,
                   (unsigned char *)payload + index_bytes);
    }
    header_p->values = travels;
    header_p->dtype = selection->dtype;
    header_p->coding = choice.coding;
    header_p->parameter = (uint8_t)choice.parameter;
    header_p->phase = (uint8_t)phase;
    header_p->span = span;
    header_p->selected = entries.count;
    header_p->payload_bytes = bytes;
    return SPAR_OK;
}
