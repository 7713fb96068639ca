/*
 * Flushes on steps in which they cannot be made. What was delivered over the
 * run is exactly the sum of all gradients, and a step without a flush that can
 * be made delivers exactly the application's own sum.
 *
 *   refused  halves; what all ranks owe fits 16 bits only together with the
 *            step behind the one in which MPI_Pcontrol(2) asks for it
 *   given-up ... not in 8 steps; it is delivered at the end
 *   owing    the first part of a run that ends before any flush,
 *   lost     and the second one: nothing is delivered, and the layer is dense
 *   memory   float32, NaN on a rank that has no memory, when another one asks
 *            (tests/mpi/failing_malloc.c)
 *   bf16     instead of halves    nonblocking   with a maximum behind each sum
 */
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"
#include "half_numbers.h"
#include "watchdog.h"

#define COUNT 9000
/* Small gradients, and a flush in the last step of them. */
#define CALM 12
/* Two of these wait, the third is one too many. */
#define HALF_VALUE 0x1.8p13F
#define BF16_VALUE 0x1.8p125F

typedef enum scene {
    REFUSED,
    GIVEN_UP,
    OWING,
    LOST,
    MEMORY
} scene_t;

static const char *const scenes[] = {"refused", "given-up", "owing", "lost",
                                     "memory"};

static scene_t scene;
static bool bf16, nonblocking;
static int rank, size, failures;
static MPI_Op sum, maximum;
static double owed[COUNT];

static void check(bool ok, const char *what, int step)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d: %s\n", rank, step, what);
    }
}

static int steps_of(void)
{
    static const int steps[] = {20, 26, 14, 14, 34};

    return steps[scene];
}

/* In which all gradients are as large as that, or its negative. */
static int sign_of(int step)
{
    int last = scene == GIVEN_UP ? CALM + 9 : CALM + 2;

    if (scene == LOST) {
        return 1;
    }
    return step < CALM || scene == MEMORY ? 0
           : step <= last                 ? 1
           : step == last + 1             ? -1
                                          : 0;
}

static double gradient(int of, int step, int i)
{
    if (sign_of(step) != 0) {
        return sign_of(step) * (bf16 ? BF16_VALUE : HALF_VALUE);
    }
    if (step >= CALM && scene != MEMORY) {
        return 0;
    }
    return gradient_number(of, step, 0, i) % 4 / 128.0;
}

static bool is_bad(int step)
{
    return scene == MEMORY && step >= 16 && step < 24;
}

/* Who asks for a flush, or -1. */
static int asker_of(int step)
{
    switch (scene) {
    case REFUSED:
        return step == CALM - 1 || step == CALM + 2 ? size - 1 : -1;
    case GIVEN_UP:
        return step == CALM - 1 || step == CALM + 2 || step == steps_of() - 1
                   ? size - 1
                   : -1;
    case MEMORY:
        return step == 16 || step == steps_of() - 1 ? 0 : -1;
    default:
        return step == CALM - 1 && scene == OWING ? 0 : -1;
    }
}

/* In which the application's own sums are delivered. */
static bool is_dense(int step)
{
    return scene == LOST || is_bad(step) ||
           ((scene == REFUSED || scene == GIVEN_UP) && sign_of(step) == 1 &&
            step >= CALM + 2);
}

static void put(void *data, int i, double value)
{
    if (scene == MEMORY) {
        ((float *)data)[i] = (float)value;
    } else {
        half_store(data, i,
                   bf16 ? bf16_put((float)value) : half_put((float)value));
    }
}

static double get(const void *data, int i)
{
    if (scene == MEMORY) {
        return ((const float *)data)[i];
    }
    return bf16 ? bf16_get(half_load(data, i)) : half_get(half_load(data, i));
}

/* The last rank makes the second call when the first one is over: what another
 * one makes early may not get in between. */
static void exchange(void *data)
{
    MPI_Datatype type = scene == MEMORY ? MPI_FLOAT : MPI_SHORT;
    uint16_t more[COUNT];
    MPI_Request requests[2];
    bool later = rank == size - 1;

    if (!nonblocking) {
        MPI_Allreduce(MPI_IN_PLACE, data, COUNT, type, sum, MPI_COMM_WORLD);
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        more[i] = half_put((float)(rank + i % 5));
    }
    MPI_Iallreduce(MPI_IN_PLACE, data, COUNT, type, sum, MPI_COMM_WORLD,
                   &requests[0]);
    if (later) {
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    }
    MPI_Iallreduce(MPI_IN_PLACE, more, COUNT - 1, MPI_UINT16_T, maximum,
                   MPI_COMM_WORLD, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < COUNT - 1; i++) {
        check(half_get(more[i]) == (float)(size - 1 + i % 5), "not the maximum",
              i);
    }
}

static void fail_allocations(bool fail)
{
    if (fail && rank == size - 1) {
        setenv("FAILING_NOW", "1", 1);
    } else {
        unsetenv("FAILING_NOW");
    }
}

/* Returns how many elements are not the dense sum. */
static int take(const void *data, int step)
{
    int different = 0;

    for (int i = 0; i < COUNT; i++) {
        double dense = 0;
        double value = get(data, i);

        for (int of = 0; of < size; of++) {
            dense += gradient(of, step, i);
        }
        if (is_bad(step) && i == COUNT / 2) {
            check(isnan(value), "the bad value did not arrive", step);
            continue;
        }
        different += value != dense;
        owed[i] += is_bad(step) ? 0 : dense - value;
    }
    return different;
}

static void train_step(int step)
{
    static double data[COUNT];
    bool waits = step >= CALM && step < CALM + 2 && scene != MEMORY;
    int different;

    for (int i = 0; i < COUNT; i++) {
        put(data, i, gradient(rank, step, i));
    }
    if (is_bad(step) && rank == size - 1) {
        put(data, COUNT / 2, NAN);
    }
    if (asker_of(step) == rank) {
        MPI_Pcontrol(2);
    }
    fail_allocations(is_bad(step));
    exchange(data);
    fail_allocations(false);
    different = take(data, step);
    if (is_dense(step)) {
        check(different == 0, "not the application's own sum", step);
    }
    check(!waits || scene == LOST || different > 0, "nothing waits", step);
}

static void train(void)
{
    int wrong = 0;

    for (int step = 0; step < steps_of(); step++) {
        train_step(step);
    }
    for (int i = 0; i < COUNT; i++) {
        wrong += owed[i] != 0;
    }
    check((wrong > 0) == (scene == OWING), "gradients were lost or made up",
          -1);
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bf16 |= strcmp(argv[i], "bf16") == 0;
        nonblocking |= strcmp(argv[i], "nonblocking") == 0;
        for (unsigned s = 0; s < sizeof(scenes) / sizeof(scenes[0]); s++) {
            scene = strcmp(argv[i], scenes[s]) == 0 ? (scene_t)s : scene;
        }
    }
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    watchdog_feed(scenes[scene]);
    MPI_Op_create(bf16 ? bf16_sum : half_sum, 1, &sum);
    MPI_Op_create(half_max, 1, &maximum);
    if (scene == MEMORY) {
        MPI_Op_free(&sum);
        sum = MPI_SUM;
    }
    train();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
