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
    spar_wire_choice_t rice;
} choice_t;

static uint64_t choice_bytes(const choice_t *choice)
{
    return choice->rice.bits_bytes + choice->rice.low_bytes;
}

static choice_t choose_parameter(const entries_t *entries)
{
    unsigned most = spar_wire_rice_parameter(entries->span, entries->count);
    choice_t choice = {SPAR_WIRE_RICE, spar_wire_choice_none()};
    uint64_t sums[SPAR_WIRE_TRIALS];

    spar_wire_kernels()->rice_sums(entries->indices, entries->count,
                                   entries->base, most, sums);
    while (spar_wire_choose(entries->count, most, sums, &choice.rice)) {
        most -= SPAR_WIRE_TRIALS;
        spar_wire_kernels()->rice_sums(entries->indices, entries->count,
                                       entries->base, most, sums);
    }
    return choice;
}

static choice_t choose(const entries_t *entries)
{
    if (entries->count == 0) {
        return (choice_t){SPAR_WIRE_RICE, {0, 0, 0}};
    }
    if (entries->count == entries->span) {
        return (choice_t){SPAR_WIRE_ALL, {0, 0, 0}};
    }
    return choose_parameter(entries);
}

static void put_indices(const entries_t *entries, const choice_t *choice,
                        unsigned char *to)
{
    const spar_wire_choice_t *rice = &choice->rice;
    const spar_wire_section_t section = {to, rice->bits_bytes,
                                         to + rice->bits_bytes, rice->low_bytes,
                                         rice->parameter};

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
    header_p->parameter = (uint8_t)choice.rice.parameter;
    header_p->phase = (uint8_t)phase;
    header_p->span = span;
    header_p->selected = entries.count;
    header_p->payload_bytes = bytes;
    return SPAR_OK;
}

spar_status_t spar_wire_join(const spar_wire_parts_t *parts, void *payload,
                             size_t capacity, spar_wire_header_t *header_p)
{
    unsigned char *to = payload;
    size_t i;

    if (parts->header.payload_bytes > capacity) {
        return SPAR_ERR_INVALID;
    }
    for (i = 0; i < SPAR_WIRE_PARTS; i++) {
        if (parts->bytes[i] > 0) {
            memcpy(to, parts->from[i], parts->bytes[i]);
            to += parts->bytes[i];
        }
    }
    header_p->values = parts->header.values;
    header_p->dtype = parts->header.dtype;
    header_p->coding = parts->header.coding;
    header_p->parameter = parts->header.parameter;
    header_p->phase = parts->header.phase;
    header_p->span = parts->header.span;
    header_p->selected = parts->header.selected;
    header_p->payload_bytes = parts->header.payload_bytes;
    return SPAR_OK;
}
