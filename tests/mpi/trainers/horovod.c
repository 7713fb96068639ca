/*
 * As Horovod does it with MPI operations: a background thread makes all calls
 * on a communicator of its own, which carries control messages as well. In each
 * cycle the ranks agree by bit vectors on the tensors that are ready everywhere
 * and sum these, in place: one by one (HOROVOD_FUSION_THRESHOLD=0), or with
 * --fused several in one buffer, other ones in each step, as timing will have
 * it (here a generator that is the same on all ranks). SyncBatchNorm's sums go
 * the same way. At the end of an epoch metrics are averaged.
 */
#include "trainer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which they were first ready: by these numbers ranks agree. */
enum {
    SUM_FORWARD,
    BIAS,
    LAST,
    SUM_BACKWARD,
    SHIFT,
    SCALE,
    FIRST,
    METRIC,
    SUMS
};

#define GRADIENTS                                                              \
    (1u << BIAS | 1u << LAST | 1u << SHIFT | 1u << SCALE | 1u << FIRST)
/* Steps with fusion: all of them are dense, which takes its time. */
#define FUSED_STEPS 60
#define EPOCH       30
#define CYCLE_US    250

typedef struct sum {
    float *values;
    int count;
} sum_t;

static int ranks;
static bool fused;
static MPI_Comm comm;
static network_t network;
static sum_t sums[SUMS];
static float *fusion_buffer;
static uint64_t fusion_random = 7;

/* Bits of the sums that the main thread waits for */
static atomic_uint pending;
static atomic_bool over;

static void sum_now(float *values, int count)
{
    MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, comm);
    for (int i = 0; i < count; i++) {
        values[i] /= (float)ranks;
    }
}

static void sum_each(unsigned agreed)
{
    for (int s = 0; s < SUMS; s++) {
        if ((agreed & 1u << s) != 0) {
            sum_now(sums[s].values, sums[s].count);
        }
    }
}

static void sum_group(unsigned group)
{
    int used = 0;

    for (int s = 0; s < SUMS; s++) {
        if ((group & 1u << s) != 0) {
            memcpy(fusion_buffer + used, sums[s].values,
                   (size_t)sums[s].count * sizeof(float));
            used += sums[s].count;
        }
    }
    sum_now(fusion_buffer, used);
    used = 0;
    for (int s = 0; s < SUMS; s++) {
        if ((group & 1u << s) != 0) {
            memcpy(sums[s].values, fusion_buffer + used,
                   (size_t)sums[s].count * sizeof(float));
            used += sums[s].count;
        }
    }
}

static unsigned toss(void)
{
    fusion_random = fusion_random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(fusion_random >> 63);
}

static void sum_fused(unsigned agreed)
{
    unsigned group = 0;

    for (int s = 0; s < SUMS; s++) {
        group |= agreed & 1u << s;
        if (group != 0 && (s == SUMS - 1 || toss())) {
            sum_group(group);
            group = 0;
        }
    }
}

/* Sums that are ready on all ranks; false: all of them want to end. */
static bool agree(unsigned *agreed_p)
{
    long long bits[2] = {(long long)atomic_load(&pending), atomic_load(&over)};
    long long any[2] = {bits[0], 0};

    MPI_Allreduce(MPI_IN_PLACE, bits, 2, MPI_LONG_LONG_INT, MPI_BAND, comm);
    MPI_Allreduce(MPI_IN_PLACE, any, 2, MPI_LONG_LONG_INT, MPI_BOR, comm);
    *agreed_p = (unsigned)bits[0];
    return bits[1] == 0;
}

/* With fusion a cycle takes what has gathered: here all gradients of a step,
 * which are then cut as the generator says. */
static unsigned whole(unsigned agreed)
{
    return fused && (agreed & GRADIENTS) != GRADIENTS ? agreed & ~GRADIENTS
                                                      : agreed;
}

static void *run_cycles(void *argument)
{
    unsigned agreed;

    (void)argument;
    while (agree(&agreed)) {
        agreed = whole(agreed);
        if (fused) {
            sum_fused(agreed);
        } else {
            sum_each(agreed);
        }
        atomic_fetch_and(&pending, ~agreed);
        usleep(CYCLE_US);
    }
    return NULL;
}

static void wait_for(unsigned bits)
{
    while ((atomic_load(&pending) & bits) != 0) {
        usleep(CYCLE_US);
    }
}

static void submit(int sum, float *values, int count)
{
    sums[sum] = (sum_t){values, count};
    atomic_fetch_or(&pending, 1u << sum);
}

/* Horovod gives means; batch normalisation wants sums. */
static void sum_statistics(int sum, float *values)
{
    submit(sum, values, NETWORK_STATISTICS);
    wait_for(1u << sum);
    for (int i = 0; i < NETWORK_STATISTICS; i++) {
        values[i] *= (float)ranks;
    }
}

static void sum_forward(float *values)
{
    sum_statistics(SUM_FORWARD, values);
}

static void sum_backward(float *values)
{
    sum_statistics(SUM_BACKWARD, values);
}

static void ready(int tensor)
{
    static const int numbers[TENSORS] = {
        [TENSOR_FIRST] = FIRST, [TENSOR_SCALE] = SCALE, [TENSOR_SHIFT] = SHIFT,
        [TENSOR_LAST] = LAST,   [TENSOR_BIAS] = BIAS,
    };

    submit(numbers[tensor], network.gradients[tensor], network_counts[tensor]);
}

static void train(void)
{
    int steps = fused ? FUSED_STEPS : TRAINER_STEPS;

    for (int step = 0; step < steps; step++) {
        network_differentiate(&network);
        wait_for(~0u);
        network_step(&network, TRAINER_RATE);
        if (step % EPOCH == EPOCH - 1) {
            float metrics[2] = {(float)network_loss(&network), 1};

            submit(METRIC, metrics, 2);
            wait_for(~0u);
        }
    }
}

static void tell_expectations(void)
{
    if (fused) {
        printf("expect dense count=any\n"
               "expect note did not repeat\n");
    } else {
        printf("expect sparse count=%d\nexpect sparse count=%d\n"
               "expect dense count=%d\n",
               network_counts[TENSOR_FIRST], network_counts[TENSOR_LAST],
               NETWORK_STATISTICS);
    }
}

int main(int argc, char **argv)
{
    const network_hooks_t hooks = {sum_forward, sum_backward, ready};
    int rank, provided, code;
    pthread_t background;
    double start;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    fused = argc > 1 && strcmp(argv[1], "--fused") == 0;
    if (rank == 0) {
        tell_expectations();
    }
    fusion_buffer = calloc(1 << 18, sizeof(float));
    network_init(&network, rank, ranks, &hooks);
    for (int t = 0; t < TENSORS; t++) {
        MPI_Bcast(network.params[t], network_counts[t], MPI_FLOAT, 0, comm);
    }
    start = network_loss(&network);
    pthread_create(&background, NULL, run_cycles, NULL);
    train();
    atomic_store(&over, true);
    pthread_join(background, NULL);
    code = trainer_finish(&network, start, comm);
    MPI_Comm_free(&comm);
    MPI_Finalize();
    return code;
}
