/* Trains a network on Fashion-MNIST with MPI: data parallel, one replica per
 * rank. Progress goes to stderr, the result to stdout as "name value" lines. */
#include <cblas.h>
#include <mpi.h>
#include <stdio.h>

#include "checksum.h"
#include "data.h"
#include "network.h"
#include "options.h"
#include "train.h"

typedef struct world {
    int rank;
    int size;
} world_t;

/* Collective: 0 if no rank failed; else the first that did says why. */
static int any_failed(const world_t *world, int failed, const char *reason)
{
    int first = failed ? world->rank : world->size;

    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == world->rank)
        fprintf(stderr, "fashion_c: %s\n", reason);
    return first < world->size;
}

static int read_part(const world_t *world, const options_t *options,
                     const char *part, data_t *data_p)
{
    char reason[8192] = "";
    int rc = data_read(options->data, part, world->rank, world->size, reason,
                       (int)sizeof(reason), data_p);

    return any_failed(world, rc, reason);
}

static int make_network(const options_t *options, network_t *network)
{
    static const int channels[3] = {16, 32, 64};

    if (options->cnn)
        return network_init_cnn(network, DATA_SIDE, channels,
                                options->hidden[0], DATA_CLASSES,
                                options->batch, options->seed);
    return network_init_mlp(network, DATA_PIXELS, options->hidden,
                            options->n_hidden, DATA_CLASSES, options->batch,
                            options->seed);
}

static void print_result(const train_result_t *result, double accuracy)
{
    printf("steps %d\n", result->steps);
    printf("step_time_median_s %.6f\n", result->step_median);
    printf("step_time_mean_s %.6f\n", result->step_mean);
    printf("exchange_time_median_s %.6f\n", result->exchange_median);
    printf("first_loss %.4f\n", result->first_loss);
    printf("final_loss %.4f\n", result->final_loss);
    printf("test_accuracy %.2f\n", accuracy);
}

static int train_and_report(const world_t *world, const options_t *options,
                            const data_t *train, const data_t *test,
                            network_t *network)
{
    train_result_t result;
    double accuracy;
    int rc;

    if (world->rank == 0)
        fprintf(stderr, "%zu parameters, %d ranks, batch %d per rank\n",
                network_param_count(network), world->size, options->batch);
    rc = train_run(network, train, options, world->rank, world->size, &result);
    if (any_failed(world, rc, "out of memory"))
        return 1;
    accuracy = train_accuracy(network, test, options->batch);
    if (world->rank == 0)
        print_result(&result, accuracy);
    checksum_print(network, world->rank, world->size);
    return 0;
}

static int run(const world_t *world, const options_t *options)
{
    data_t train = {0};
    data_t test = {0};
    network_t network = {.count = 0};
    int rc = 1;

    if (read_part(world, options, "train", &train) != 0 ||
        read_part(world, options, "t10k", &test) != 0)
        goto out;
    if (any_failed(world, train.count < options->batch,
                   "--batch: a rank has fewer samples than that"))
        goto out;
    if (any_failed(world, make_network(options, &network), "out of memory"))
        goto out;
    rc = train_and_report(world, options, &train, &test, &network);
out:
    network_free(&network);
    data_free(&test);
    data_free(&train);
    return rc;
}

int main(int argc, char **argv)
{
    world_t world;
    options_t options;
    options_result_t parsed;
    int rc = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &world.size);
    openblas_set_num_threads(1);
    parsed = options_parse(argc, argv, world.rank == 0 ? stdout : NULL,
                           world.rank == 0 ? stderr : NULL, &options);
    if (parsed == OPTIONS_OK)
        rc = run(&world, &options);
    else if (parsed == OPTIONS_WRONG)
        rc = 2;
    MPI_Finalize();
    return rc;
}
