#include "sparsify/sweep.h"

#include "sparsify/kernels_internal.h"
#include "sparsify/radix.h"

/* Entries beyond k in the least scratch. */
#define LEAST_SPARE 4096
/* Elements of the shortest call of a kernel: with less room, prune. */
#define LEAST_SPAN 1024
/* Elements that the kernels of all instruction sets take in whole blocks. */
#define BLOCK 64

uint64_t spar_sweep_key(const spar_layer_t *layer, double magnitude)
{
    return layer->dtype == SPAR_DTYPE_F64
               ? (uint64_t)spar_key_f64(magnitude)
               : (uint64_t)spar_key_f32((float)magnitude);
}

static double f64_of(uint64_t key)
{
    double value;

    memcpy(&value, &key, sizeof(value));
    return value;
}

static float f32_of(uint64_t key)
{
    uint32_t bits = (uint32_t)key;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

double spar_sweep_magnitude(const spar_layer_t *layer, uint64_t key)
{
    return layer->dtype == SPAR_DTYPE_F64 ? f64_of(key) : (double)f32_of(key);
}

static const void *element(const void *array, size_t index, size_t size)
{
    return array == NULL ? NULL : (const char *)array + index * size;
}

/* Appends the entries of [begin, end), as many as there is room for; returns
 * how many there are. The caller adds them to the count. */
static size_t append(const spar_layer_t *layer, size_t begin, size_t end,
                     uint64_t floor, size_t room, spar_selection_t *selection)
{
    const spar_kernels_t *kernels = spar_kernels();
    size_t size = spar_dtype_size(layer->dtype);
    const void *gradient = element(layer->gradient, begin, size);
    const void *residual = element(layer->residual, begin, size);
    uint32_t *indices = selection->indices + selection->count;
    void *sum = layer->sum == NULL ? NULL : (char *)layer->sum + begin * size;

    if (layer->dtype == SPAR_DTYPE_F64) {
        return kernels->scan_f64(gradient, residual, end - begin, f64_of(floor),
                                 (uint32_t)begin, room, indices,
                                 (double *)selection->values + selection->count,
                                 sum, &selection->nonfinite);
    }
    return kernels->scan_f32(gradient, residual, end - begin, f32_of(floor),
                             (uint32_t)begin, room, indices,
                             (float *)selection->values + selection->count, sum,
                             &selection->nonfinite);
}

/* Elements of [begin, end) whose key is at least `floor` (>= 1). They are in
 * the caches: a scan has just seen them. */
static size_t count(const spar_layer_t *layer, size_t begin, size_t end,
                    uint64_t floor)
{
    const spar_kernels_t *kernels = spar_kernels();
    size_t size = spar_dtype_size(layer->dtype);
    const void *gradient = element(layer->gradient, begin, size);
    const void *residual = element(layer->residual, begin, size);

    return layer->dtype == SPAR_DTYPE_F64
               ? kernels->count_f64(gradient, residual, end - begin,
                                    f64_of(floor - 1))
               : kernels->count_f32(gradient, residual, end - begin,
                                    f32_of(floor - 1));
}

static void start(const spar_layer_t *layer, spar_selection_t *selection)
{
    selection->dtype = layer->dtype;
    selection->travels = spar_values_native(layer->dtype);
    selection->count = 0;
    selection->nonfinite = false;
    selection->passes++;
}

/* Entries between two prunings: no more than this even if the scratch has
 * more room, because a late first pruning lets many candidates in. */
static size_t scratch_limit(size_t n, size_t k)
{
    size_t wanted = k + (k > LEAST_SPARE ? k : LEAST_SPARE);

    return wanted < n ? wanted : n;
}

/* Where a span that could end at `end` ends better: the next one begins with a
 * whole block, and where the sum does, at an aligned place. */
static size_t whole_blocks(const spar_layer_t *layer, size_t end)
{
    uintptr_t place = (uintptr_t)layer->sum / spar_dtype_size(layer->dtype);

    return end - (place + end) % BLOCK;
}

spar_status_t spar_sweep_largest(const spar_layer_t *layer, size_t k,
                                 uint64_t floor, spar_selection_t *selection,
                                 spar_found_t *found_p)
{
    const uint64_t guess = floor;
    size_t limit = scratch_limit(layer->n, k);
    size_t begin = 0;
    spar_status_t status =
        spar_selection_reserve(selection, layer->dtype, limit);

    if (status != SPAR_OK) {
        return status;
    }
    start(layer, selection);
    found_p->least = 0;
    found_p->candidates = 0;
    while (begin < layer->n && !selection->nonfinite) {
        size_t room = limit - selection->count;
        size_t left = layer->n - begin;
        size_t found;

        if (room < left && room < LEAST_SPAN) {
            /* Later elements of the same magnitude would lose the tie. */
            floor = spar_radix_keep(selection, k) + 1;
            room = limit - selection->count;
        }
        /* No more elements than there is room: nothing can overflow. */
        if (room < left) {
            left = whole_blocks(layer, begin + room) - begin;
        }
        found = append(layer, begin, begin + left, floor, room, selection);
        selection->count += found;
        if (floor > guess && guess > SPAR_SWEEP_NONZERO &&
            found_p->candidates <= SPAR_SWEEP_MANY * k) {
            found = count(layer, begin, begin + left, guess);
        }
        found_p->candidates += found;
        begin += left;
    }
    if (!selection->nonfinite && selection->count >= k) {
        found_p->least = spar_radix_keep(selection, k);
    }
    return SPAR_OK;
}

spar_status_t spar_sweep_all(const spar_layer_t *layer, uint64_t floor,
                             size_t expected, spar_selection_t *selection)
{
    spar_status_t status =
        spar_selection_reserve(selection, layer->dtype, expected);

    while (status == SPAR_OK) {
        size_t found;

        start(layer, selection);
        found =
            append(layer, 0, layer->n, floor, selection->capacity, selection);
        if (selection->nonfinite) {
            break;
        }
        if (found <= selection->capacity) {
            selection->count = found;
            break;
        }
        status = spar_selection_reserve(selection, layer->dtype, found);
    }
    return status;
}
