#include "bench/sim/timed.h"

#include "exchange/allgather.h"
#include "exchange/doubling.h"
#include "exchange/node.h"
#include "exchange/quantised.h"
#include "exchange/ring.h"
#include "exchange/split.h"

#include <stdlib.h>

#define TAG 1

/* All ranks in turn work on the same layer, residual and result: only how long
 * it takes counts, which does not depend on the values. */
typedef struct job {
    const spar_model_shape_t *shape;
    spar_method_t method;
    spar_simulated_t *simulated;
    float *gradient, *residual, *out;
    spar_selection_t *selections; /* one per rank */
    spar_exchange_t **exchanges;  /* one per rank, or */
    spar_ring_t **rings;          /* one per rank */
    bool *done;
    int left;
} job_t;

spar_simulated_network_t timed_network(const spar_model_t *model,
                                       const spar_model_shape_t *shape)
{
    const double *seconds = model->seconds;

    return (spar_simulated_network_t){
        .ranks = shape->ranks,
        .per_node = (shape->ranks + shape->nodes - 1) / shape->nodes,
        .node = {seconds[SPAR_MODEL_NODE_LATENCY],
                 seconds[SPAR_MODEL_NODE_MESSAGE],
                 seconds[SPAR_MODEL_NODE_BYTE]},
        .network = {seconds[SPAR_MODEL_NETWORK_LATENCY],
                    seconds[SPAR_MODEL_NETWORK_MESSAGE],
                    seconds[SPAR_MODEL_NETWORK_BYTE]}};
}

static spar_status_t create_node(const spar_model_shape_t *shape,
                                 spar_transport_t *transport,
                                 spar_exchange_t **exchange_p)
{
    int per_node = (shape->ranks + shape->nodes - 1) / shape->nodes;
    int *nodes = malloc((size_t)shape->ranks * sizeof(*nodes));
    spar_status_t status;

    if (nodes == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    for (int rank = 0; rank < shape->ranks; rank++) {
        nodes[rank] = rank / per_node;
    }
    status = spar_node_create(transport, TAG, nodes, exchange_p);
    free(nodes);
    return status;
}

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    switch (job->method) {
    case SPAR_METHOD_ALLGATHER:
        return spar_allgather_create(transport, TAG, exchange_p);
    case SPAR_METHOD_DOUBLING:
        return spar_doubling_create(transport, TAG, exchange_p);
    case SPAR_METHOD_SPLIT:
        return spar_split_create(transport, TAG, exchange_p);
    case SPAR_METHOD_NODE:
        return create_node(job->shape, transport, exchange_p);
    case SPAR_METHOD_QUANTISED:
        return spar_quantised_create(transport, TAG, exchange_p);
    default:
        return SPAR_ERR_INVALID;
    }
}

static uint64_t next_random(uint64_t *state)
{
    /* xorshift64* (Vigna, ACM TOMS 42, 2016) */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* Exactly shape->entries indices, each set as likely as any other (selection
 * sampling: Knuth, TAOCP 2, algorithm 3.4.2 S). */
static spar_status_t choose(const spar_model_shape_t *shape, uint64_t seed,
                            spar_selection_t *selection)
{
    uint64_t state = seed * 2 + 1;
    float *values;
    spar_status_t status;

    spar_selection_init(selection);
    status = spar_selection_reserve(selection, SPAR_DTYPE_F32, shape->entries);
    if (status != SPAR_OK) {
        return status;
    }
    values = selection->values;
    for (uint64_t i = 0; selection->count < shape->entries; i++) {
        double drawn = (double)(next_random(&state) >> 11) * 0x1p-53;

        if (drawn * (double)(shape->count - i) <
            (double)(shape->entries - selection->count)) {
            selection->indices[selection->count] = (uint32_t)i;
            values[selection->count++] = (float)(drawn + 0.5);
        }
    }
    spar_selection_round(selection, SPAR_VALUES_F32, 0);
    return SPAR_OK;
}

static spar_status_t start_ring(job_t *job, int rank)
{
    spar_transport_t *transport =
        spar_simulated_transport(job->simulated, rank);
    spar_ring_t **ring = &job->rings[rank];
    spar_status_t status = spar_ring_create(transport, TAG, ring);

    if (status == SPAR_OK) {
        status = spar_ring_reserve(*ring, SPAR_DTYPE_F32, job->shape->count);
    }
    return status == SPAR_OK ? spar_ring_start(*ring, SPAR_DTYPE_F32,
                                               job->shape->count, job->out)
                             : status;
}

static spar_status_t start_sparse(job_t *job, int rank)
{
    spar_transport_t *transport =
        spar_simulated_transport(job->simulated, rank);
    spar_exchange_t **exchange = &job->exchanges[rank];
    const spar_exchange_size_t size = {.dtype = SPAR_DTYPE_F32,
                                       .values = SPAR_VALUES_F32,
                                       .count = job->shape->count,
                                       .entries = job->shape->entries};
    const spar_exchange_call_t call = {.header = {.values = SPAR_VALUES_F32,
                                                  .dtype = SPAR_DTYPE_F32,
                                                  .count = job->shape->count},
                                       .selection = &job->selections[rank],
                                       .gradient = job->gradient,
                                       .residual = job->residual,
                                       .out = job->out,
                                       .eager = job->shape->eager,
                                       .apply = true};
    spar_status_t status = create(job, transport, exchange);

    if (status == SPAR_OK) {
        status = spar_exchange_reserve(*exchange, &size);
    }
    return status == SPAR_OK ? spar_exchange_start(*exchange, &call) : status;
}

/* Lets a machine do all that it can: until twice in a row nothing moved, since
 * a step from one phase to the next need not count as a move. */
static spar_status_t exhaust(spar_exchange_t *exchange)
{
    spar_status_t status = SPAR_INPROGRESS;

    for (int idle = 0; idle < 2 && status == SPAR_INPROGRESS; idle++) {
        uint64_t moves = exchange->moves;

        status = spar_exchange_progress(exchange);
        if (moves != exchange->moves) {
            idle = -1;
        }
    }
    return status;
}

static spar_status_t exhaust_ring(spar_ring_t *ring)
{
    spar_status_t status;
    uint64_t moves;

    do {
        moves = spar_ring_moves(ring);
        status = spar_ring_progress(ring);
    } while (status == SPAR_INPROGRESS && moves != spar_ring_moves(ring));
    return status;
}

static spar_status_t go_on(job_t *job, int rank)
{
    spar_status_t status;

    if (job->done[rank]) {
        return SPAR_OK;
    }
    status = job->method == SPAR_METHOD_RING ? exhaust_ring(job->rings[rank])
                                             : exhaust(job->exchanges[rank]);
    if (status == SPAR_OK) {
        job->done[rank] = true;
        job->left--;
    }
    return status == SPAR_INPROGRESS ? SPAR_OK : status;
}

static spar_status_t run(job_t *job)
{
    spar_status_t status = SPAR_OK;
    int ranks = job->shape->ranks;

    job->left = ranks;
    for (int rank = 0; rank < ranks && status == SPAR_OK; rank++) {
        status = job->method == SPAR_METHOD_RING ? start_ring(job, rank)
                                                 : start_sparse(job, rank);
    }
    for (int rank = 0; rank < ranks && status == SPAR_OK; rank++) {
        status = go_on(job, rank);
    }
    while (status == SPAR_OK && job->left > 0) {
        int rank = spar_simulated_advance(job->simulated);

        status = rank < 0 ? SPAR_ERR_INVALID : go_on(job, rank);
    }
    return status;
}

static spar_status_t prepare(const spar_simulated_network_t *network,
                             uint64_t seed, job_t *job)
{
    size_t ranks = (size_t)network->ranks;
    size_t count = job->shape->count;
    spar_status_t status = spar_simulated_create(network, &job->simulated);

    if (status != SPAR_OK) {
        return status;
    }
    job->gradient = calloc(count, sizeof(float));
    job->residual = calloc(count, sizeof(float));
    job->out = calloc(count, sizeof(float));
    job->selections = calloc(ranks, sizeof(job->selections[0]));
    job->exchanges = calloc(ranks, sizeof(spar_exchange_t *));
    job->rings = calloc(ranks, sizeof(spar_ring_t *));
    job->done = calloc(ranks, sizeof(bool));
    if (job->gradient == NULL || job->residual == NULL || job->out == NULL ||
        job->selections == NULL || job->exchanges == NULL ||
        job->rings == NULL || job->done == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    for (size_t rank = 0; rank < ranks && status == SPAR_OK; rank++) {
        status =
            choose(job->shape, seed * 65536 + rank + 1, &job->selections[rank]);
    }
    return status;
}

static void cleanup(job_t *job)
{
    int ranks = job->shape->ranks;

    for (int rank = 0; rank < ranks; rank++) {
        if (job->exchanges != NULL) {
            spar_exchange_destroy(job->exchanges[rank]);
        }
        if (job->rings != NULL) {
            spar_ring_destroy(job->rings[rank]);
        }
        if (job->selections != NULL) {
            spar_selection_cleanup(&job->selections[rank]);
        }
    }
    free(job->done);
    free(job->rings);
    free(job->exchanges);
    free(job->selections);
    free(job->out);
    free(job->residual);
    free(job->gradient);
    spar_simulated_destroy(job->simulated);
}

spar_status_t timed_run(const spar_simulated_network_t *network,
                        spar_method_t method, const spar_model_shape_t *shape,
                        uint64_t seed, double *seconds_p)
{
    job_t job = {.shape = shape, .method = method};
    spar_status_t status = prepare(network, seed, &job);

    if (status == SPAR_OK) {
        status = run(&job);
    }
    if (status == SPAR_OK) {
        *seconds_p = spar_simulated_now(job.simulated);
    }
    cleanup(&job);
    return status;
}
