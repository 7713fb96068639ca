/*
 * Operations on 16 bits that are no sums of floats, or not for all ranks, or
 * not any more: every result is exactly what MPI delivers. And one that is a
 * sum: what is owed of it is not rounded before it is delivered.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"
#include "half_numbers.h"
#include "watchdog.h"

#define COUNT 5000
#define STEPS 30

static int rank, size, failures;

static void check(bool ok, const char *what, int step)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d: %s\n", rank, step, what);
    }
}

/* As halves, or as whole numbers. */
static uint16_t element(bool whole, int of, int step, int i)
{
    return whole ? (uint16_t)gradient_number(of, step, 0, i)
                 : half_put((float)gradient_sample(of, step, 0, i));
}

static uint16_t expected(MPI_User_function *function, bool whole, int step,
                         int i)
{
    uint16_t result = element(whole, 0, step, i);
    int one = 1;

    for (int of = 1; of < size; of++) {
        uint16_t more = element(whole, of, step, i);

        function(&more, &result, &one, NULL);
    }
    return result;
}

/* Returns how many steps were not exactly what the function makes of them. */
static int train(MPI_Op op, MPI_Datatype type, MPI_User_function *function,
                 bool whole)
{
    static int step;
    int wrong_steps = 0;

    for (int n = 0; n < STEPS; n++, step++) {
        uint16_t data[COUNT];
        int wrong = 0;

        for (int i = 0; i < COUNT; i++) {
            data[i] = element(whole, rank, step, i);
        }
        MPI_Allreduce(MPI_IN_PLACE, data, COUNT, type, op, MPI_COMM_WORLD);
        for (int i = 0; i < COUNT; i++) {
            wrong += data[i] != expected(function, whole, step, i);
        }
        wrong_steps += wrong > 0;
    }
    return wrong_steps;
}

static void whole_numbers(void)
{
    MPI_Op op;

    MPI_Op_create(whole_sum, 1, &op);
    check(train(op, MPI_SHORT, whole_sum, true) == 0, "not the whole sum", -1);
    MPI_Op_free(&op);
}

static void maxima(void)
{
    MPI_Op op;

    MPI_Op_create(half_max, 1, &op);
    check(train(op, MPI_UINT16_T, half_max, false) == 0, "not the maximum", -1);
    MPI_Op_free(&op);
}

/* Another operation with the handle of one that was freed. */
static MPI_Op create_again(MPI_User_function *function, MPI_Op handle)
{
    MPI_Op ops[64];
    int made = 0;

    do {
        MPI_Op_create(function, 1, &ops[made]);
    } while (ops[made++] != handle && made < 64);
    check(ops[made - 1] == handle, "the handle did not come again", -1);
    for (int i = 0; i < made - 1; i++) {
        MPI_Op_free(&ops[i]);
    }
    return ops[made - 1];
}

/* A sum, then a maximum with the same handles, then a sum again. */
static void handles(void)
{
    MPI_Op op, old;

    MPI_Op_create(half_sum, 1, &op);
    check(train(op, MPI_SHORT, half_sum, false) > 0, "nothing went sparse", -1);
    old = op;
    MPI_Op_free(&op);
    op = create_again(half_max, old);
    check(train(op, MPI_SHORT, half_max, false) == 0, "not the maximum", -1);
    MPI_Op_free(&op);
    op = create_again(half_sum, old);
    check(train(op, MPI_SHORT, half_sum, false) > 0,
          "nothing went sparse again", -1);
    MPI_Op_free(&op);
}

/* One rank finds something else, from the beginning or in the middle. */
static void disagreement(bool from_the_beginning)
{
    MPI_Op op;

    if (!from_the_beginning) {
        MPI_Op_create(half_sum, 1, &op);
        check(train(op, MPI_SHORT, half_sum, false) > 0, "nothing went sparse",
              -1);
        MPI_Op_free(&op);
    }
    MPI_Op_create(half_sum, 1, &op);
    half_lies = rank == size - 1 ? 2 : 0;
    check(train(op, MPI_SHORT, half_sum, false) == 0, "not the sum", -1);
    check(half_lies == 0, "the operation was not tried", -1);
    MPI_Op_free(&op);
}

/* Element 0 is the smallest of those that wait; what all ranks owe of it fits
 * 16 bits as a sum, but each rank's part does not. */
static void flush(void)
{
    static const float part = 683 / 128.0f; /* 3 times that has 12 bits */
    float last = 0;
    MPI_Op op;

    MPI_Op_create(half_sum, 1, &op);
    for (int step = 0; step < STEPS; step++) {
        bool waits = step >= STEPS - 4 && step < STEPS - 1;
        uint16_t data[COUNT];

        for (int i = 1; i < COUNT; i++) {
            data[i] = half_put((waits && i % 2 == 0 ? 3000 : 8) / 128.0f);
        }
        data[0] = half_put(waits ? part : 0);
        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        MPI_Allreduce(MPI_IN_PLACE, data, COUNT, MPI_SHORT, op, MPI_COMM_WORLD);
        last = half_get(data[0]);
        check(step == STEPS - 1 || last == 0, "it did not wait", step);
    }
    check(last == half_get(half_put(3 * part * (float)size)),
          "what was owed was rounded on its way", -1);
    MPI_Op_free(&op);
}

#define LONG_COUNT 600000

/* A sum that is too large, which only shows when it is there, and behind it a
 * call that is dense from the beginning. The last rank makes it later. */
static void post_two(int step, MPI_Op ops[2], uint16_t *sum, uint16_t *maximum)
{
    MPI_Request requests[2];
    bool later = rank == size - 1;

    for (int i = 0; i < LONG_COUNT; i++) {
        sum[i] = half_put((float)(i % 5 - 2) / 128);
    }
    for (int i = 0; i < COUNT; i++) {
        maximum[i] = element(false, rank, step, i);
    }
    sum[LONG_COUNT / 2] = half_put(step >= STEPS / 2 ? 40000 : 1);
    MPI_Iallreduce(MPI_IN_PLACE, sum, LONG_COUNT, MPI_SHORT, ops[0],
                   MPI_COMM_WORLD, &requests[0]);
    if (later) {
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    }
    MPI_Iallreduce(MPI_IN_PLACE, maximum, COUNT, MPI_SHORT, ops[1],
                   MPI_COMM_WORLD, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
}

static void order(void)
{
    uint16_t *sum = malloc(LONG_COUNT * sizeof(*sum));
    uint16_t maximum[COUNT];
    MPI_Op ops[2];

    MPI_Op_create(half_sum, 1, &ops[0]);
    MPI_Op_create(half_max, 1, &ops[1]);
    for (int step = 0; step < STEPS; step++) {
        int wrong = 0;

        post_two(step, ops, sum, maximum);
        for (int i = 0; i < COUNT; i++) {
            wrong += maximum[i] != expected(half_max, false, step, i);
        }
        for (int i = 0; step >= STEPS / 2 && i < LONG_COUNT; i++) {
            float value = half_get(sum[i]);

            wrong += i == LONG_COUNT / 2
                         ? !isinf(value)
                         : value != (float)(size * (i % 5 - 2)) / 128;
        }
        check(wrong == 0, "not what MPI delivers", step);
    }
    MPI_Op_free(&ops[0]);
    MPI_Op_free(&ops[1]);
    free(sum);
}

static void run(const char *scene)
{
    watchdog_feed(scene);
    if (strcmp(scene, "whole") == 0) {
        whole_numbers();
    } else if (strcmp(scene, "max") == 0) {
        maxima();
    } else if (strcmp(scene, "handles") == 0) {
        handles();
    } else if (strcmp(scene, "flush") == 0) {
        flush();
    } else if (strcmp(scene, "order") == 0) {
        order();
    } else if (strcmp(scene, "disagree") == 0) {
        disagreement(true);
    } else if (strcmp(scene, "disagree-later") == 0) {
        disagreement(false);
    } else {
        check(false, "unknown scene", -1);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    run(argc > 1 ? argv[1] : "");
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
