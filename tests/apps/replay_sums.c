/*
 * Under mpirun: in every way that replay exchanges gradients, what the forward
 * pass needs are the sums over the ranks, in each of several steps.
 */
#include <stdio.h>

#include "exchange.h"

enum {
    LAYERS = 3,
    STEPS = 4
};

static trace_layer_t layers[LAYERS] = {
    {.elements = 5}, {.elements = 70000}, {.elements = 1}};

/* What one rank gives for each element of a layer. */
static float share(int step, int layer, int rank)
{
    return (float)(100 * step + 10 * layer + rank + 1);
}

static float *gradient_of(exchange_t *exchange, int layer)
{
    float *gradient = exchange->gradients;

    for (int i = LAYERS - 1; i > layer; i--)
        gradient += layers[i].elements;
    return gradient;
}

static void post_all(exchange_t *exchange, int step, int rank)
{
    for (int layer = LAYERS - 1; layer >= 0; layer--) {
        float *gradient = gradient_of(exchange, layer);

        for (size_t i = 0; i < layers[layer].elements; i++)
            gradient[i] = share(step, layer, rank);
        exchange_post(exchange, layer, gradient);
    }
    exchange_finish(exchange);
}

static int count_wrong(exchange_t *exchange, int layer, int step, int ranks)
{
    const float *gradient = gradient_of(exchange, layer);
    float sum = 0;
    int wrong = 0;

    for (int rank = 0; rank < ranks; rank++)
        sum += share(step, layer, rank);
    for (size_t i = 0; i < layers[layer].elements; i++)
        wrong += gradient[i] != sum;
    return wrong;
}

/* The number of wrong elements of all steps. */
static int try_way(post_t post, need_t need, int rank, int ranks)
{
    const options_t options = {.post = post, .need = need};
    trace_t trace = {.layers = layers, .count = LAYERS};
    compute_t compute;
    exchange_t exchange;
    int wrong = 0;

    for (int i = 0; i < LAYERS; i++)
        trace.elements += layers[i].elements;
    compute_begin(&compute, COMPUTE_SLEEP);
    if (exchange_open(&exchange, &trace, &options, &compute) != 0)
        return 1;
    for (int step = 0; step < STEPS; step++) {
        post_all(&exchange, step, rank);
        for (int layer = 0; layer < LAYERS; layer++) {
            if (need == NEED_LAYER)
                exchange_need(&exchange, layer);
            wrong += count_wrong(&exchange, layer, step, ranks);
        }
    }
    exchange_close(&exchange);
    return wrong;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        post_t post;
        need_t need;
    } ways[] = {{"iallreduce", POST_IALLREDUCE, NEED_STEP},
                {"iallreduce, need layer", POST_IALLREDUCE, NEED_LAYER},
                {"blocking", POST_BLOCKING, NEED_STEP},
                {"flat", POST_FLAT, NEED_STEP},
                {"thread", POST_THREAD, NEED_STEP}};
    int failed = 0;
    int rank;
    int ranks;
    int level;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        int wrong = try_way(ways[i].post, ways[i].need, rank, ranks);

        if (wrong > 0) {
            fprintf(stderr, "rank %d, %s: %d wrong elements\n", rank,
                    ways[i].name, wrong);
            failed = 1;
        }
    }
    MPI_Finalize();
    return failed;
}
