#include "cuda/kernels.cuh"
#include "cuda/layer.h"
#include "cuda/scratch.cuh"

extern "C" {
#include "sparsify/selectors.h"
#include "sparsify/wire_sizes.h"
}

/*
 * Each selection puts all its kernels into the stream and waits once: kernels
 * that find nothing left to do end at once, and what speculation has missed
 * (too high a guess, more candidates than there is room for) is done again from
 * the layer, without candidates.
 */

/* Most k for which the sweep's last block finds the k-th candidate alone;
 * above, kernels of their own do, with all of the device. */
#define ALONE 32768

/* Bits of keys above the floor that the first buckets cover: two binades. */
#define WINDOW_F32 24
#define WINDOW_F64 53

/* Room for candidates: more than the gap lets in once it has adapted. */
#define SPARSE     32 /* with k below n / 32, there is room for */
#define TIMES_MANY 4  /* this times k, */
#define TIMES      2  /* otherwise this, */
#define SPARE      4096

typedef struct job {
    spar_cuda_layer_t *device_layer;
    spar_cuda_scratch_t *scratch;
    cudaStream_t stream;
    spar_cuda_chunk_t *chunk; /* of the state and the entries; NULL: none yet */
    spar_cuda_layout_t layout;
    const spar_cuda_state_t *state; /* the chunk's, in host memory */
    spar_cuda_view_t view;
    spar_layer_t layer; /* for its type */
    spar_selector_t selector;
    size_t k;
    spar_selection_t *selection;
} job_t;

static bool is_f64(const job_t *job)
{
    return job->scratch->size.dtype == SPAR_DTYPE_F64;
}

static uint32_t steps_of(uint32_t width)
{
    return (width + SPAR_CUDA_DIGIT_BITS - 1) / SPAR_CUDA_DIGIT_BITS;
}

/* The kernels' memory, from the pool, with room for `count` entries. */
static spar_status_t take_chunk(job_t *job, uint64_t count)
{
    if (job->chunk != NULL) {
        spar_cuda_chunk_put(job->scratch->device, job->chunk);
        job->chunk = NULL;
    }
    return spar_cuda_scratch_entries(job->scratch, count, &job->chunk,
                                     &job->layout);
}

/* The state that the kernels begin with. */
static spar_status_t begin(job_t *job, const spar_cuda_state_t *state)
{
    const spar_cuda_layout_t *layout = &job->layout;
    const spar_status_t status = spar_cuda_status(
        cudaMemsetAsync(job->chunk->device + layout->bits, 0,
                        layout->scales - layout->bits, job->stream),
        "clearing bits");

    memcpy(job->chunk->host, state, sizeof(*state));
    job->state = (const spar_cuda_state_t *)job->chunk->host;
    return status == SPAR_OK ? spar_cuda_chunk_send(job->scratch->device,
                                                    job->chunk, sizeof(*state))
                             : status;
}

/* Rounds the values, where the kernel before has not. */
static spar_status_t pack(const job_t *job)
{
    const spar_cuda_tables_t *tables = &job->scratch->tables;

    return tables->room > SPAR_CUDA_CODED &&
                   tables->travels != spar_values_native(job->layer.dtype)
               ? spar_cuda_pack(job->stream, tables)
               : SPAR_OK;
}

/* Waits for the kernels; job->state is then what they have left, and all that
 * they have written is in the chunk's host memory. `entries`: has that been
 * more than the state? */
static spar_status_t end(const job_t *job, bool entries)
{
    const uint64_t bytes =
        entries ? job->layout.end : sizeof(spar_cuda_state_t);
    const spar_status_t status = spar_cuda_status(
        cudaMemcpyAsync(job->chunk->host, job->chunk->device, bytes,
                        cudaMemcpyDeviceToHost, job->stream),
        "copying entries");

    return status == SPAR_OK ? spar_cuda_layer_wait(job->device_layer) : status;
}

/* A sweep begins, as on the host. */
static void start(const job_t *job)
{
    spar_selection_t *selection = job->selection;

    selection->dtype = job->scratch->size.dtype;
    selection->travels = spar_values_native(selection->dtype);
    selection->count = 0;
    selection->nonfinite = false;
    selection->passes++;
}

/* Part `i` of the payload, `bytes` from `at` on in the chunk. */
static void part(const job_t *job, unsigned i, uint64_t at, uint64_t bytes)
{
    spar_wire_parts_t *parts = &job->scratch->parts;

    parts->from[i] = job->chunk->host + at;
    parts->bytes[i] = bytes;
    parts->header.payload_bytes += bytes;
}

/* Where the kernels have left what spar_wire_encode would have made. */
static void describe(const job_t *job)
{
    const spar_selection_t *selection = job->selection;
    const spar_cuda_layout_t *layout = &job->layout;
    const spar_cuda_state_t *state = job->state;
    const uint64_t count = state->count;
    const bool rice = count > 0 && count < job->view.n;
    const bool native =
        selection->travels == spar_values_native(selection->dtype);
    spar_wire_parts_t *parts = &job->scratch->parts;

    memset(parts, 0, sizeof(*parts));
    parts->header.values = selection->travels;
    parts->header.dtype = selection->dtype;
    parts->header.coding = count == 0 || rice ? SPAR_WIRE_RICE : SPAR_WIRE_ALL;
    parts->header.parameter = (uint8_t)state->parameter;
    parts->header.span = (uint32_t)job->view.n;
    parts->header.selected = count;
    part(job, 0, layout->bits,
         rice ? spar_wire_bit_bytes(count + state->quotients) : 0);
    part(job, 1, layout->low,
         rice ? spar_wire_low_bytes(count, state->parameter) : 0);
    part(job, 2, layout->scales,
         spar_values_scales(selection->travels, 0, count));
    part(job, 3, native ? layout->values : layout->packed,
         count * spar_values_size(selection->travels));
    job->scratch->coded = state->coded != 0;
}

/* After end: the entries, or that something is not finite. */
static void deliver(const job_t *job)
{
    const uint64_t count = job->state->count;
    spar_selection_t *selection = job->selection;

    if (job->state->nonfinite != 0) {
        selection->nonfinite = true;
        return;
    }
    selection->count = count;
    selection->travels = job->scratch->size.values;
    memcpy(selection->indices, job->chunk->host + job->layout.indices,
           count * sizeof(uint32_t));
    memcpy(selection->values, job->chunk->host + job->layout.values,
           count * spar_dtype_size(job->scratch->size.dtype));
    describe(job);
}

/* The k largest, from all elements. */
static spar_status_t largest_of_layer(job_t *job)
{
    spar_cuda_scratch_t *scratch = job->scratch;
    const spar_dtype_t element = scratch->size.element;
    spar_cuda_state_t state = {};
    spar_status_t status;

    state.low = SPAR_SWEEP_NONZERO;
    state.rank = job->k;
    state.in_range = UINT64_MAX;
    state.width = is_f64(job) ? 63 : 31;
    status = begin(job, &state);
    for (uint32_t i = 0; status == SPAR_OK && i < steps_of(state.width); i++) {
        status = spar_cuda_narrow_layer(element, job->stream, &job->view,
                                        &scratch->tables);
    }
    if (status == SPAR_OK) {
        status = spar_cuda_emit_layer(element, job->stream, &job->view,
                                      &scratch->tables, ++scratch->launch);
    }
    if (status == SPAR_OK) {
        status = pack(job);
    }
    return status == SPAR_OK ? end(job, true) : status;
}

/* The k largest, if they are among the candidates; otherwise
 * job->state->stopped. */
static spar_status_t largest_of_candidates(job_t *job, uint64_t floor)
{
    spar_cuda_scratch_t *scratch = job->scratch;
    const spar_dtype_t dtype = scratch->size.dtype;
    const bool alone = job->k <= ALONE;
    spar_cuda_state_t state = {};
    spar_status_t status;

    state.low = floor;
    state.width = is_f64(job) ? WINDOW_F64 : WINDOW_F32;
    status = begin(job, &state);
    if (status == SPAR_OK) {
        status = spar_cuda_sweep(scratch->size.element, job->stream, &job->view,
                                 &scratch->tables, floor, state.width, job->k,
                                 alone);
    }
    for (uint32_t i = 1;
         status == SPAR_OK && !alone && i < steps_of(state.width); i++) {
        status =
            spar_cuda_narrow_candidates(dtype, job->stream, &scratch->tables);
    }
    if (status == SPAR_OK) {
        status = spar_cuda_emit_candidates(dtype, job->stream, &job->view,
                                           &scratch->tables, ++scratch->launch);
    }
    if (status == SPAR_OK) {
        status = pack(job);
    }
    return status == SPAR_OK ? end(job, true) : status;
}

/* What the state says about the k-th entry. */
static double threshold_of(const job_t *job)
{
    return spar_sweep_magnitude(&job->layer,
                                job->state->few ? 0 : job->state->low);
}

static uint64_t candidates_room(const job_t *job)
{
    const uint64_t k = job->k, n = job->view.n;
    const uint64_t room = SPARE + k * (k < n / SPARSE ? TIMES_MANY : TIMES);

    return room < n ? room : n;
}

static spar_status_t reserve(job_t *job)
{
    const spar_status_t status = spar_selection_reserve(
        job->selection, job->scratch->size.dtype, job->k);

    return status == SPAR_OK ? take_chunk(job, job->k) : status;
}

/* *done_p: the guess was good, or there is nothing to select. */
static spar_status_t exact_by_guess(job_t *job, uint64_t floor, bool *done_p)
{
    spar_status_t status =
        spar_cuda_scratch_candidates(job->scratch, candidates_room(job));
    const spar_cuda_state_t *state;
    spar_found_t found;

    if (status == SPAR_OK) {
        status = largest_of_candidates(job, floor);
    }
    if (status != SPAR_OK) {
        return status;
    }
    state = job->state;
    *done_p = state->stopped == 0 || state->nonfinite != 0;
    if (state->nonfinite == 0) {
        found.candidates = state->found;
        found.least = state->found >= job->k;
        spar_select_exact_adapt(&job->selector, job->k, &found);
        /* The host sweeps again, too. */
        job->selection->passes += found.least == 0;
    }
    return SPAR_OK;
}

static spar_status_t run_exact(job_t *job)
{
    const uint64_t floor =
        spar_select_exact_guess(&job->selector, &job->layer, job->k);
    spar_status_t status = reserve(job);
    bool done = false;

    if (status != SPAR_OK) {
        return status;
    }
    start(job);
    if (floor > SPAR_SWEEP_NONZERO) {
        status = exact_by_guess(job, floor, &done);
    }
    if (status == SPAR_OK && !done) {
        status = largest_of_layer(job);
    }
    if (status != SPAR_OK) {
        return status;
    }
    deliver(job);
    if (!job->selection->nonfinite) {
        job->selector.threshold = threshold_of(job);
        job->selector.last_k = job->k;
    }
    return SPAR_OK;
}

static spar_status_t run_topk(job_t *job)
{
    spar_status_t status = reserve(job);

    if (status == SPAR_OK) {
        start(job);
        status = largest_of_layer(job);
    }
    if (status == SPAR_OK) {
        deliver(job);
    }
    return status;
}

/* The elements whose key is above `low`, as many as there is room for. */
static spar_status_t emit_above(job_t *job, uint64_t low, uint64_t room)
{
    spar_cuda_scratch_t *scratch = job->scratch;
    spar_cuda_state_t state = {};
    spar_status_t status = take_chunk(job, room);

    state.low = low;
    if (status == SPAR_OK) {
        status = begin(job, &state);
    }
    if (status == SPAR_OK) {
        status =
            spar_cuda_emit_layer(scratch->size.element, job->stream, &job->view,
                                 &scratch->tables, ++scratch->launch);
    }
    if (status == SPAR_OK) {
        status = pack(job);
    }
    return status == SPAR_OK ? end(job, true) : status;
}

/* All elements whose key is above `low`, of which there are about as many as
 * expected, or as last time. Sweeps count as they do in spar_sweep_all. */
static spar_status_t run_all(job_t *job, uint64_t low, uint64_t expected)
{
    spar_cuda_scratch_t *scratch = job->scratch;
    const spar_dtype_t dtype = scratch->size.dtype;
    spar_selection_t *selection = job->selection;
    uint64_t room = expected > scratch->last ? expected : scratch->last;
    spar_status_t status = spar_selection_reserve(selection, dtype, expected);

    if (status != SPAR_OK) {
        return status;
    }
    start(job);
    status = emit_above(job, low, room);
    if (status == SPAR_OK && job->state->nonfinite == 0) {
        scratch->last = job->state->count;
        selection->passes += scratch->last > selection->capacity;
        status = spar_selection_reserve(selection, dtype, scratch->last);
        if (status == SPAR_OK && scratch->last > room) {
            status = emit_above(job, low, scratch->last);
        }
    }
    if (status == SPAR_OK) {
        deliver(job);
    }
    return status;
}

static spar_status_t run_nonzero(job_t *job)
{
    return run_all(job, SPAR_SWEEP_NONZERO - 1, 1);
}

static spar_status_t run_gaussian(job_t *job)
{
    const spar_dtype_t element = job->scratch->size.element;
    const spar_cuda_tables_t *tables = &job->scratch->tables;
    const spar_cuda_state_t none = {};
    const double share = (double)job->k / (double)job->view.n;
    spar_status_t status = take_chunk(job, 0);
    spar_cuda_state_t state;

    if (status == SPAR_OK) {
        status = begin(job, &none);
    }
    if (status == SPAR_OK) {
        status = spar_cuda_moments(element, job->stream, &job->view, tables,
                                   spar_select_gaussian_quantile(share));
    }
    for (int i = 0; status == SPAR_OK && i < SPAR_GAUSSIAN_REFINEMENTS; i++) {
        status =
            spar_cuda_refine(element, job->stream, &job->view, tables, job->k);
    }
    if (status == SPAR_OK) {
        status = end(job, false);
    }
    if (status != SPAR_OK) {
        return status;
    }
    state = *job->state;
    job->selection->passes += 1 + state.refined;
    status =
        run_all(job, state.low, state.in_bounds != 0 ? state.expected : job->k);
    if (status == SPAR_OK && !job->selection->nonfinite) {
        job->selector.threshold = state.threshold;
    }
    return status;
}

static spar_status_t run(job_t *job)
{
    job->selection->passes = 0;
    switch (job->selector.kind) {
    case SPAR_SELECT_EXACT:
        return run_exact(job);
    case SPAR_SELECT_GAUSSIAN:
        return run_gaussian(job);
    case SPAR_SELECT_TOPK:
        return run_topk(job);
    case SPAR_SELECT_NONZERO:
        return run_nonzero(job);
    }
    return SPAR_ERR_INVALID;
}

/* Kernels of a kind need its tables, and an aligned gradient: an access that is
 * not would cost the process its device. 16-bit elements may lie anywhere. */
static bool valid(const spar_cuda_size_t *size, const spar_selector_t *selector,
                  const void *gradient, size_t k)
{
    const spar_selector_kind_t kind = selector->kind;
    const size_t bytes = spar_dtype_size(size->element);

    return selector->n == size->count && selector->dtype == size->dtype &&
           (kind == SPAR_SELECT_NONZERO || (k > 0 && k <= selector->n)) &&
           (kind == size->select || kind == SPAR_SELECT_NONZERO ||
            kind == SPAR_SELECT_TOPK) &&
           (bytes == 2 || (uintptr_t)gradient % bytes == 0);
}

/* Within the device. */
static spar_status_t select_within(spar_cuda_layer_t *layer,
                                   spar_selector_t *selector,
                                   const void *gradient, size_t k,
                                   uint64_t seed, spar_selection_t *selection)
{
    spar_cuda_scratch_t *scratch = layer->scratch;
    job_t job = {};
    spar_status_t status;

    job.device_layer = layer;
    job.scratch = scratch;
    job.stream = layer->device->stream;
    job.view.gradient = gradient;
    job.view.residual = layer->residual;
    job.view.n = selector->n;
    job.layer.dtype = layer->size.dtype;
    job.selector = *selector;
    job.k = k;
    job.selection = selection;
    scratch->tables.travels = scratch->size.values;
    scratch->tables.seed = seed;
    job.chunk = scratch->chunk; /* goes to the pool when one is taken */
    scratch->chunk = NULL;
    scratch->coded = false;
    status = run(&job);
    if (status != SPAR_OK) {
        /* Something may still be under way. */
        spar_cuda_layer_wait(layer);
    } else {
        *selector = job.selector;
    }
    scratch->chunk = job.chunk;
    return status;
}

spar_status_t spar_cuda_select(spar_cuda_layer_t *layer,
                               spar_selector_t *selector, const void *gradient,
                               size_t k, uint64_t seed,
                               spar_selection_t *selection)
{
    spar_status_t status;

    if (!valid(&layer->size, selector, gradient, k)) {
        return spar_cuda_error(SPAR_ERR_INVALID,
                               "the layer has no such selection");
    }
    status = spar_cuda_enter_again(layer->device);
    if (status != SPAR_OK) {
        return status;
    }
    if (layer->scratch == NULL) {
        status = spar_cuda_scratch_open(layer->device, &layer->size,
                                        &layer->scratch);
    }
    if (status == SPAR_OK) {
        status = select_within(layer, selector, gradient, k, seed, selection);
    }
    spar_cuda_leave();
    return status;
}

const spar_wire_parts_t *spar_cuda_encoded(const spar_cuda_layer_t *layer)
{
    const spar_cuda_scratch_t *scratch = layer->scratch;

    return scratch != NULL && scratch->coded ? &scratch->parts : NULL;
}
