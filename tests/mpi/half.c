/*
 * A trainer that sums 16-bit gradients by an operation of its own. Gradients
 * are small whole numbers of 1/128, so that every sum fits 16 bits and none is
 * rounded:
 *  - every result is bitwise the same on all ranks;
 *  - what was delivered over the run, with two flushes, is exactly the sum of
 *    all gradients of all ranks (conservation);
 *  - a step with NaN, and one whose sum is too large, deliver what the dense
 * sum delivers, and are forgotten afterwards.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"
#include "half_numbers.h"
#include "watchdog.h"

#define LAYERS 3

static int counts[LAYERS] = {20000, 5001, 4096};

typedef struct options {
    bool bf16;
    bool contiguous; /* two bytes, as Horovod has it; otherwise MPI_SHORT */
    bool out_of_place;
    bool nonblocking;
    bool fleeting; /* operation and type are freed before the call is over */
    int shift;     /* bytes, of the buffers */
    int steps;
    int bad_step;       /* NaN on one rank; -1: never */
    int large_step;     /* whose sum is too large; -1: never */
    const char *expect; /* sparse, dense, any */
} options_t;

typedef struct exchange {
    char *send_room, *receive_room;
    void *gradient, *result;
    MPI_Request request;
    MPI_Op decoy;
} exchange_t;

static options_t o;
static int rank, size, failures;
static MPI_Op op;
static MPI_Datatype type;

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

static float get(uint16_t element)
{
    return o.bf16 ? bf16_get(element) : half_get(element);
}

static uint16_t put(float value)
{
    return o.bf16 ? bf16_put(value) : half_put(value);
}

/* Mostly -1, 0 or 1 of 128: what waits does not grow beyond what bfloat16 can
 * hold. */
static float sample(int of, int step, int layer, int i)
{
    int x = gradient_number(of, step, layer, i);

    return (float)(x > 3 ? 16 : x < -3 ? -16 : x / 3) / 128;
}

static float sum_of(int step, int layer, int i)
{
    float sum = 0;

    for (int of = 0; of < size; of++) {
        sum += sample(of, step, layer, i);
    }
    return sum;
}

static void make_arguments(void)
{
    MPI_Op_create(o.bf16 ? bf16_sum : half_sum, 1, &op);
    type = MPI_SHORT;
    if (o.contiguous) {
        MPI_Type_contiguous(2, MPI_BYTE, &type);
        MPI_Type_commit(&type);
    }
}

static void free_arguments(void)
{
    MPI_Op_free(&op);
    if (o.contiguous) {
        MPI_Type_free(&type);
    }
}

/* NaN on one rank, or a number on all that is too large a sum. */
static void spoil(int step, int layer, void *gradient)
{
    int place = counts[layer] / 2;

    if (step == o.bad_step && rank == size - 1) {
        half_store(gradient, place, put(NAN));
    }
    if (step == o.large_step) {
        half_store(gradient, place, o.bf16 ? 0x7f00 : half_put(40000));
    }
}

static void begin(int step, int layer, exchange_t *exchange)
{
    size_t room = 2 * (size_t)counts[layer] + (size_t)o.shift;

    exchange->send_room = malloc(room);
    exchange->receive_room = o.out_of_place ? malloc(room) : NULL;
    exchange->gradient = exchange->send_room + o.shift;
    exchange->result =
        o.out_of_place ? exchange->receive_room + o.shift : exchange->gradient;
    for (int i = 0; i < counts[layer]; i++) {
        half_store(exchange->gradient, i, put(sample(rank, step, layer, i)));
    }
    spoil(step, layer, exchange->gradient);
    if (o.fleeting) {
        make_arguments();
    }
    if (o.nonblocking) {
        MPI_Iallreduce(o.out_of_place ? exchange->gradient : MPI_IN_PLACE,
                       exchange->result, counts[layer], type, op,
                       MPI_COMM_WORLD, &exchange->request);
    } else {
        MPI_Allreduce(o.out_of_place ? exchange->gradient : MPI_IN_PLACE,
                      exchange->result, counts[layer], type, op,
                      MPI_COMM_WORLD);
    }
    if (o.fleeting) {
        free_arguments();
        MPI_Op_create(half_max, 1, &exchange->decoy);
    }
}

static bool same_everywhere(const void *data, size_t bytes)
{
    uint64_t hash = gradient_hash(data, bytes);
    uint64_t range[2] = {hash, ~hash};

    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX,
                  MPI_COMM_WORLD);
    return range[0] == ~range[1];
}

/* Returns how many elements differ from the dense sum. */
static int look(int step, int layer, const exchange_t *exchange, double *owed)
{
    bool spoilt = step == o.bad_step || step == o.large_step;
    int different = 0;

    for (int i = 0; i < counts[layer]; i++) {
        float value = get(half_load(exchange->result, i));
        float sum = sum_of(step, layer, i);

        if (spoilt && i == counts[layer] / 2) {
            check(step == o.bad_step ? isnan(value) : isinf(value),
                  "the bad value did not arrive", step, layer);
            continue;
        }
        different += value != sum;
        owed[i] += spoilt ? 0 : (double)sum - (double)value;
    }
    check(!spoilt || different == 0, "a spoilt step is not the dense sum", step,
          layer);
    check(same_everywhere(exchange->result, 2 * (size_t)counts[layer]),
          "ranks got different bits", step, layer);
    return different;
}

static int end(int step, int layer, exchange_t *exchange, double *owed)
{
    int different;

    if (o.nonblocking) {
        MPI_Wait(&exchange->request, MPI_STATUS_IGNORE);
    }
    if (o.fleeting) {
        MPI_Op_free(&exchange->decoy);
    }
    different = look(step, layer, exchange, owed);
    for (int i = 0; o.out_of_place && i < counts[layer]; i++) {
        check((step == o.bad_step || step == o.large_step) ||
                  get(half_load(exchange->gradient, i)) ==
                      sample(rank, step, layer, i),
              "the send buffer was changed", step, layer);
    }
    free(exchange->send_room);
    free(exchange->receive_room);
    return different;
}

static int train_step(int step, double *owed[LAYERS])
{
    exchange_t exchanges[LAYERS];
    int different = 0;

    for (int layer = 0; layer < LAYERS; layer++) {
        begin(step, layer, &exchanges[layer]);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        different += end(step, layer, &exchanges[layer], owed[layer]);
    }
    return different;
}

static void train(void)
{
    double *owed[LAYERS];
    int sparse_steps = 0;

    for (int layer = 0; layer < LAYERS; layer++) {
        owed[layer] = calloc((size_t)counts[layer], sizeof(double));
    }
    for (int step = 0; step < o.steps; step++) {
        if (rank == size - 1 &&
            (step == o.steps - 1 || step == o.steps * 3 / 4)) {
            MPI_Pcontrol(2);
        }
        sparse_steps += train_step(step, owed) > 0;
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        int wrong = 0;

        for (int i = 0; i < counts[layer]; i++) {
            wrong += owed[layer][i] != 0;
        }
        check(wrong == 0, "gradients were lost or made up", o.steps, layer);
        free(owed[layer]);
    }
    if (strcmp(o.expect, "sparse") == 0) {
        check(sparse_steps > o.steps / 3, "nothing went sparse", -1, -1);
    } else if (strcmp(o.expect, "dense") == 0) {
        check(sparse_steps == 0, "results are not the dense sums", -1, -1);
    }
}

static void parse(int argc, char **argv)
{
    o = (options_t){
        .steps = 40, .bad_step = -1, .large_step = -1, .expect = "sparse"};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--bf16") == 0) {
            o.bf16 = true;
        } else if (strcmp(argv[i], "--contiguous") == 0) {
            o.contiguous = true;
        } else if (strcmp(argv[i], "--out-of-place") == 0) {
            o.out_of_place = true;
        } else if (strcmp(argv[i], "--nonblocking") == 0) {
            o.nonblocking = true;
        } else if (strcmp(argv[i], "--fleeting") == 0) {
            o.fleeting = true;
        } else if (strcmp(argv[i], "--shift") == 0) {
            o.shift = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--large") == 0) {
            counts[0] = 4200001; /* goes in pieces */
        } else if (strcmp(argv[i], "--steps") == 0) {
            o.steps = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--bad-step") == 0) {
            o.bad_step = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--large-step") == 0) {
            o.large_step = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--expect") == 0) {
            o.expect = value;
            i++;
        } else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            MPI_Abort(MPI_COMM_WORLD, 2);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    parse(argc, argv);
    watchdog_feed("16-bit training");
    if (!o.fleeting) {
        make_arguments();
    }
    train();
    if (!o.fleeting) {
        free_arguments();
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
