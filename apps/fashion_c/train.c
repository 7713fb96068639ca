#include "train.h"

#include <mpi.h>
#include <stdlib.h>

#include "average.h"
#include "exchange.h"
#include "loss.h"
#include "random.h"
#include "sgd.h"

enum {
    LOSS_WINDOW = 20
}; /* steps that first_loss and final_loss cover */

typedef struct train {
    network_t *network;
    const data_t *data;
    const options_t *options;
    int rank;
    int size;
    int steps;
    int steps_per_epoch;
    exchange_t exchange;
    int *order;      /* [samples], shuffled every epoch */
    float *inputs;   /* [batch][pixels] */
    uint8_t *labels; /* [batch] */
    double *times;   /* [steps], seconds */
    double *mpi_times;
    double *losses;
    float *whole; /* all parameters; where they are averaged */
} train_t;

static int train_allocate(train_t *train)
{
    const size_t batch = (size_t)train->options->batch;
    const size_t steps = (size_t)train->steps + 1;

    train->order = malloc(train->data->count * sizeof(*train->order));
    train->inputs = malloc(batch * DATA_PIXELS * sizeof(*train->inputs));
    train->labels = malloc(batch);
    train->times = malloc(steps * sizeof(double));
    train->mpi_times = malloc(steps * sizeof(double));
    train->losses = malloc(steps * sizeof(double));
    if (train->options->average)
        train->whole =
            malloc(network_param_count(train->network) * sizeof(float));
    if (!train->order || !train->inputs || !train->labels || !train->times ||
        !train->mpi_times || !train->losses ||
        (train->options->average && !train->whole))
        return -1;
    for (int i = 0; i < train->data->count; i++)
        train->order[i] = i;
    return 0;
}

static void train_free(train_t *train)
{
    free(train->order);
    free(train->inputs);
    free(train->labels);
    free(train->times);
    free(train->mpi_times);
    free(train->losses);
    free(train->whole);
}

static void train_shuffle(train_t *train, int epoch)
{
    random_t random = {((uint64_t)train->options->seed << 40) +
                       ((uint64_t)epoch << 20) + (unsigned)train->rank + 1};

    random_shuffle(&random, train->order, train->data->count);
}

static float train_rate(const train_t *train, int step)
{
    const options_t *options = train->options;
    const bool late = step >= train->steps - train->steps / 4;

    return (float)(options->rate * (late ? options->rate_drop : 1));
}

/* With the gradients of all ranks, or with this rank's own and now and then
 * the parameters of all. */
static void train_update(train_t *train, int step)
{
    const options_t *options = train->options;
    const int own = options->average ? 1 : train->size;

    exchange_finish(&train->exchange);
    sgd_step(train->network, train_rate(train, step), (float)options->momentum,
             1.0F / (float)own);
    if (options->average && (step + 1) % options->average == 0)
        average_network(train->network, &train->exchange, train->size);
}

static double train_step(train_t *train, int step)
{
    const int batch = train->options->batch;
    const int first = step % train->steps_per_epoch * batch;
    const float *scores;
    int correct = 0;
    double loss;

    data_batch(train->data, train->order + first, batch, train->inputs,
               train->labels);
    scores = network_forward(train->network, train->inputs, batch);
    loss = loss_softmax(scores, train->labels, batch, DATA_CLASSES,
                        network_score_grad(train->network), &correct);
    exchange_begin(&train->exchange);
    network_backward(train->network, train->inputs, batch,
                     train->options->average ? NULL : exchange_layer,
                     &train->exchange);
    train_update(train, step);
    return loss;
}

/* The mean of this rank's losses of [first, last). */
static double train_mean(const double *values, int first, int last)
{
    double total = 0;

    for (int i = first; i < last; i++)
        total += values[i];
    return last > first ? total / (last - first) : 0;
}

static void train_progress(const train_t *train, int step)
{
    const int every = train->steps < 20 ? 1 : train->steps / 20;
    const int window = step < LOSS_WINDOW ? step : LOSS_WINDOW;

    if (train->rank == 0 && (step % every == 0 || step == train->steps))
        fprintf(stderr, "step %d/%d epoch %d loss %.4f step_time %.4f s\n",
                step, train->steps, (step - 1) / train->steps_per_epoch + 1,
                train_mean(train->losses, step - window, step),
                train->times[step - 1]);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts the values. */
static double train_median(double *values, int count)
{
    qsort(values, count, sizeof(*values), compare);
    return count ? (values[count / 2] + values[(count - 1) / 2]) / 2 : 0;
}

static double train_global_mean(const train_t *train, double value)
{
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return value / train->size;
}

static void train_summarise(train_t *train, train_result_t *result_p)
{
    const int steps = train->steps;
    const int window = steps < LOSS_WINDOW ? steps : LOSS_WINDOW;

    result_p->steps = steps;
    result_p->first_loss =
        train_global_mean(train, train_mean(train->losses, 0, window));
    result_p->final_loss = train_global_mean(
        train, train_mean(train->losses, steps - window, steps));
    result_p->step_mean = train_mean(train->times, 0, steps);
    result_p->step_median = train_median(train->times, steps);
    result_p->exchange_median = train_median(train->mpi_times, steps);
}

int train_run(network_t *network, const data_t *data, const options_t *options,
              int rank, int size, train_result_t *result_p)
{
    train_t train = {.network = network,
                     .data = data,
                     .options = options,
                     .rank = rank,
                     .size = size,
                     .exchange = {.nonblocking = options->nonblocking},
                     .steps_per_epoch = data->count / options->batch};

    train.steps = options->epochs * train.steps_per_epoch;
    if (options->steps && options->steps < train.steps)
        train.steps = options->steps;
    if (train_allocate(&train) != 0) {
        train_free(&train);
        return -1;
    }
    for (int step = 0; step < train.steps; step++) {
        double start = MPI_Wtime();

        if (step % train.steps_per_epoch == 0)
            train_shuffle(&train, step / train.steps_per_epoch);
        train.losses[step] = train_step(&train, step);
        train.times[step] = MPI_Wtime() - start;
        train.mpi_times[step] = train.exchange.seconds;
        train_progress(&train, step + 1);
    }
    if (options->average)
        average_final(network, train.whole, size);
    train_summarise(&train, result_p);
    train_free(&train);
    return 0;
}

double train_accuracy(network_t *network, const data_t *data, int batch)
{
    float *inputs = malloc((size_t)batch * DATA_PIXELS * sizeof(float));
    uint8_t *labels = malloc(batch);
    int *picked = malloc(batch * sizeof(int));
    int counts[2] = {0, 0}; /* correct, seen */

    for (int first = 0; inputs && labels && picked && first < data->count;
         first += batch) {
        int n = data->count - first < batch ? data->count - first : batch;

        for (int i = 0; i < n; i++)
            picked[i] = first + i;
        data_batch(data, picked, n, inputs, labels);
        loss_softmax(network_forward(network, inputs, n), labels, n,
                     DATA_CLASSES, NULL, &counts[0]);
        counts[1] += n;
    }
    free(inputs);
    free(labels);
    free(picked);
    MPI_Allreduce(MPI_IN_PLACE, counts, 2, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    return counts[1] ? 100.0 * counts[0] / counts[1] : 0;
}
