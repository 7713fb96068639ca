/*
 * A trainer that is stopped and started again: steps FROM to TO of a run whose
 * checkpoint is what has been delivered so far. Gradients are small whole
 * numbers, so the sums over all runs can be checked to the last bit.
 *
 *   resume FROM TO CHECKPOINT [option ...]
 *     layers=COUNT,...  elements of the layers (default: 9000,5000,4200)
 *     double            float64 instead of float32
 *     half              16 bits, by an operation of its own
 *     nonblocking       MPI_Iallreduce
 *     groups            also sums over the even and over the odd ranks, or,
 *                       with less than four, over all by another communicator
 *     free              free that communicator at the end
 *     check             deliver all in the last step, and compare the sums
 *     delivered         compare the sums without asking for that
 *     off               what was delivered must differ from the sums
 *     save=STEP         MPI_Pcontrol(3) and the checkpoint before that step
 *     skewed            ... one step later on rank 1
 *     torn=STEP         MPI_Pcontrol(3) again before that step, on rank 0 only,
 *                       and the end of all ranks
 *     pending           ... with a call under way
 *     late              posts the calls of four steps, of the first layer, and
 *                       waits for the last one first
 *     interrupt=STEP    other sums before that step
 *     jump=STEP         a loss scale that doubles there
 *     skew=STEP         rank 0's gradients grow fourfold there, and again 20
 *                       steps later, which is no loss scale
 *     noisy             a last layer too different in size to show any jump
 *     die               end without MPI_Finalize
 */
#include "gradients.h"
#include "half_numbers.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LAYERS 8
#define MOST_COMMS  2

static int rank, size;
static int from, to, save_step = -1, torn_step = -1, interrupt_step = -1,
                     jump_step = -1, skew_step = -1;
static const char *checkpoint;
static int layers = 3, counts[MOST_LAYERS] = {9000, 5000, 4200};
static int comms = 1;
static bool wide, half, nonblocking, check, flush, off, skewed, pending, late,
    noisy, die, freed;
static int failures;
static MPI_Op sum_of_halves;

typedef struct stream {
    MPI_Comm comm;
    int members[64]; /* ranks of MPI_COMM_WORLD */
    int count;
    double *delivered[MOST_LAYERS];
} stream_t;

static stream_t streams[MOST_COMMS];

static void fail(const char *what)
{
    if (failures++ == 0) {
        fprintf(stderr, "rank %d: %s\n", rank, what);
    }
}

static void stream_open(stream_t *stream, MPI_Comm comm)
{
    MPI_Group group, world;
    int ranks[64];

    stream->comm = comm;
    MPI_Comm_size(comm, &stream->count);
    for (int i = 0; i < stream->count; i++) {
        ranks[i] = i;
    }
    MPI_Comm_group(comm, &group);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_translate_ranks(group, stream->count, ranks, world,
                              stream->members);
    MPI_Group_free(&group);
    MPI_Group_free(&world);
    for (int i = 0; i < layers; i++) {
        stream->delivered[i] = calloc((size_t)counts[i], sizeof(double));
    }
}

/* Numbers of communicators differ between the ranks. */
static void streams_open(void)
{
    stream_open(&streams[0], MPI_COMM_WORLD);
    if (comms > 1) {
        MPI_Comm pair, group;

        MPI_Comm_split(MPI_COMM_WORLD, rank < 2 ? 0 : MPI_UNDEFINED, rank,
                       &pair);
        MPI_Comm_split(MPI_COMM_WORLD, size < 4 ? 0 : rank % 2, rank, &group);
        stream_open(&streams[1], group);
    }
}

static void checkpoint_move(bool write)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s.%d", checkpoint, rank);
    file = fopen(path, write ? "wb" : "rb");
    for (int i = 0; file != NULL && i < comms * layers; i++) {
        double *delivered = streams[i / layers].delivered[i % layers];
        size_t count = (size_t)counts[i % layers];
        size_t moved = write ? fwrite(delivered, sizeof(double), count, file)
                             : fread(delivered, sizeof(double), count, file);

        if (moved != count) {
            fail("the checkpoint is too short");
        }
    }
    if (file == NULL || fclose(file) != 0) {
        fail("there is no checkpoint");
    }
}

static void set(void *data, int i, double value)
{
    if (half) {
        half_store(data, i, half_put((float)value));
    } else {
        gradient_set(wide, data, i, value);
    }
}

static double get(const void *data, int i)
{
    return half ? half_get(half_load(data, i)) : gradient_get(wide, data, i);
}

static double sample(int of, int step, int layer, int i)
{
    int noise = noisy && layer == layers - 1 ? 1 + step * 7 % 6 : 1;

    if (of == 0 && skew_step >= 0 && step >= skew_step) {
        noise *= step >= skew_step + 20 ? 16 : 4;
    }
    return noise * gradient_sample(of, step, layer, i);
}

static double scale_of(int step)
{
    return jump_step >= 0 && step >= jump_step ? 2 : 1;
}

static void exchange(stream_t *stream, int layer, int step)
{
    MPI_Datatype type = half ? MPI_SHORT : wide ? MPI_DOUBLE : MPI_FLOAT;
    MPI_Op op = half ? sum_of_halves : MPI_SUM;
    int count = counts[layer];
    void *data = calloc((size_t)count, sizeof(double));

    for (int i = 0; i < count; i++) {
        set(data, i, scale_of(step) * sample(rank, step, layer, i));
    }
    if (nonblocking) {
        MPI_Request request;

        MPI_Iallreduce(MPI_IN_PLACE, data, count, type, op, stream->comm,
                       &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        MPI_Allreduce(MPI_IN_PLACE, data, count, type, op, stream->comm);
    }
    for (int i = 0; i < count; i++) {
        stream->delivered[layer][i] += get(data, i) / scale_of(step);
    }
    free(data);
}

static double expected(const stream_t *stream, int layer, int i)
{
    double sum = 0;

    for (int step = 0; step < to; step++) {
        for (int m = 0; m < stream->count; m++) {
            sum += sample(stream->members[m], step, layer, i);
        }
    }
    return sum;
}

static void compare(void)
{
    long wrong = 0;

    for (int s = 0; s < comms; s++) {
        for (int layer = 0; layer < layers; layer++) {
            for (int i = 0; i < counts[layer]; i++) {
                wrong += streams[s].delivered[layer][i] !=
                         expected(&streams[s], layer, i);
            }
        }
    }
    if (off ? wrong == 0 : wrong > 0) {
        fail(off ? "all was delivered" : "gradients were lost or made up");
    }
}

static void save(void)
{
    if (!pending) {
        MPI_Pcontrol(3);
        return;
    }
    /* Nobody else makes the call before rank 0 has tried to save. */
    MPI_Request request;
    static float data[9000];

    if (rank == 0) {
        MPI_Iallreduce(MPI_IN_PLACE, data, counts[0], MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &request);
        MPI_Pcontrol(3);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank != 0) {
        MPI_Pcontrol(3);
        MPI_Iallreduce(MPI_IN_PLACE, data, counts[0], MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &request);
    }
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

/* As if rank 1 had not come to its save. */
static void tear(void)
{
    if (rank == 0) {
        MPI_Pcontrol(3);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    _Exit(3);
}

/* Four steps at a time: where the job ends behind one of them
 * (SPAR_STOP_STEPS), its call is still under way. */
static void run_late(void)
{
    MPI_Request requests[4];
    float *data[4];

    for (int i = 0; i < 4; i++) {
        data[i] = calloc((size_t)counts[0], sizeof(float));
    }
    for (int step = 0; step < to; step++) {
        for (int i = 0; i < counts[0]; i++) {
            data[step % 4][i] = (float)gradient_sample(rank, step, 0, i);
        }
        MPI_Iallreduce(MPI_IN_PLACE, data[step % 4], counts[0], MPI_FLOAT,
                       MPI_SUM, MPI_COMM_WORLD, &requests[step % 4]);
        for (int i = 3; i >= 0 && step % 4 == 3; i--) {
            MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
        }
    }
    fail("the job did not end");
}

/* An evaluation, say. */
static void interrupt(void)
{
    static float values[5000];

    for (int i = 0; i < 12; i++) {
        MPI_Allreduce(MPI_IN_PLACE, values, 4100 + i, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

static void run(void)
{
    for (int step = from; step < to; step++) {
        if (step == save_step) {
            checkpoint_move(true);
        }
        if (save_step >= 0 && step == save_step + (skewed && rank == 1)) {
            save();
        }
        if (step == torn_step) {
            tear();
        }
        if (step == interrupt_step) {
            interrupt();
        }
        if (flush && step == to - 1) {
            MPI_Pcontrol(2);
        }
        for (int layer = 0; layer < layers; layer++) {
            for (int s = 0; s < comms; s++) {
                exchange(&streams[s], layer, step);
            }
        }
    }
}

static void parse_layers(char *text)
{
    layers = 0;
    for (char *word = strtok(text, ","); word != NULL;
         word = strtok(NULL, ",")) {
        counts[layers++] = atoi(word);
    }
}

static void parse(int argc, char **argv)
{
    from = atoi(argv[1]);
    to = atoi(argv[2]);
    checkpoint = argv[3];
    for (int i = 4; i < argc; i++) {
        const char *word = argv[i];

        if (strncmp(word, "layers=", 7) == 0) {
            parse_layers(argv[i] + 7);
        } else if (strncmp(word, "save=", 5) == 0) {
            save_step = atoi(word + 5);
        } else if (strncmp(word, "torn=", 5) == 0) {
            torn_step = atoi(word + 5);
        } else if (strncmp(word, "interrupt=", 10) == 0) {
            interrupt_step = atoi(word + 10);
        } else if (strncmp(word, "jump=", 5) == 0) {
            jump_step = atoi(word + 5);
        } else if (strncmp(word, "skew=", 5) == 0) {
            skew_step = atoi(word + 5);
        } else if (strcmp(word, "groups") == 0) {
            comms = 2;
        }
        wide |= strcmp(word, "double") == 0;
        half |= strcmp(word, "half") == 0;
        nonblocking |= strcmp(word, "nonblocking") == 0;
        off |= strcmp(word, "off") == 0;
        flush |= off || strcmp(word, "check") == 0;
        check |= flush || strcmp(word, "delivered") == 0;
        skewed |= strcmp(word, "skewed") == 0;
        pending |= strcmp(word, "pending") == 0;
        late |= strcmp(word, "late") == 0;
        noisy |= strcmp(word, "noisy") == 0;
        freed |= strcmp(word, "free") == 0;
        die |= strcmp(word, "die") == 0;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: resume FROM TO CHECKPOINT [option ...]\n");
        return 2;
    }
    parse(argc, argv);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Op_create(half_sum, 1, &sum_of_halves);
    streams_open();
    if (from > 0) {
        checkpoint_move(false);
    }
    if (late) {
        run_late();
    } else {
        run();
    }
    if (save_step < 0) {
        checkpoint_move(true);
    }
    if (check) {
        compare();
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
        fflush(stdout);
    }
    if (die) {
        MPI_Barrier(MPI_COMM_WORLD);
        _Exit(3);
    }
    if (freed) {
        MPI_Comm_free(&streams[1].comm);
    }
    MPI_Op_free(&sum_of_halves);
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
