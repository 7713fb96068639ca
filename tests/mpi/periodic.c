/*
 * A trainer that averages parameters, several layers in a step. All numbers lie
 * on a grid, so that every sum is exact in whatever order it is formed, and
 * each rank computes what all others have: a call must deliver the sum, or the
 * own value times the number of ranks, to the last bit, and all calls of a step
 * on all ranks the same. periodic [SCENE]... [nonblocking] [out-of-place]
 * [double] [steps N]
 *
 *   plain     nothing else          flush  MPI_Pcontrol(2) on the last rank
 *   late      the same, behind the first call of a step
 *   pause     MPI_Pcontrol(0) on rank 0 for two steps
 *   nan       one rank has NaN in one layer, in a step that would skip
 *   nan-all   the same in all layers
 *   uneven    ranks have parts that differ by less than 1 %
 *   weighted  ranks have unequal parts       broadcast  only rank 0 has any
 *   gradients instead of parameters          split      in two communicators
 *   variance  says what S is (policy/periodic.h) in each step that averages
 *   twice     rank 0 pauses behind the first call of a step, and the last layer
 *             is summed once more before it goes on
 *   stranger  a call out of sequence now and then
 *   finish    all layers in one vector at the end
 *   changed   the layers in another order from step 40 on
 * Says how many steps skipped, and the gaps between steps that did not.
 */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"
#include "watchdog.h"

enum {
    LAYERS = 3,
    MOST = 6000,
    MOST_RANKS = 5,
    SPECIAL = 34, /* step in which something happens */
    CHANGE = 40
};

#define GRID 1024.0

static const int sizes[LAYERS] = {MOST, 5001, 4500};
static double all[MOST_RANKS][LAYERS][MOST]; /* what each rank has */
static double buffers[LAYERS][MOST], results[LAYERS][MOST];
static bool is(const char *name);
static bool wide, nonblocking, apart;
static int rank, size, failures, steps = 60, argument_count;
static char **arguments;
static MPI_Comm comm;

typedef enum kind {
    SUMMED,
    SKIPPED,
    EITHER, /* both are the same */
    NEITHER
} kind_t;

static bool is(const char *name)
{
    for (int i = 1; i < argument_count; i++) {
        if (strcmp(arguments[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

static bool has_weights(void)
{
    return is("weighted") || is("uneven") || is("broadcast");
}

static double weight(int of)
{
    if (is("broadcast")) {
        return of == 0 ? 1 : 0;
    }
    if (is("uneven")) {
        return (1 + (of == 0 ? 0.005 : -0.005 / (size - 1))) / size;
    }
    return is("weighted") ? (of == 0 ? 0.5 : 0.5 / (size - 1)) : 1.0 / size;
}

/* The local update. */
static void update(int of, int step)
{
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < sizes[layer]; i++) {
            double *value = &all[of][layer][i];
            int number = gradient_number(of, step, layer, i);

            *value = is("gradients") ? number / GRID
                     : step == 0     ? 20 + i % 100
                                     : *value + number % 5 / GRID;
        }
    }
}

/* What a rank has in the call. */
static double part(int of, int step, int layer, int i)
{
    if (step == SPECIAL && of == size - 1 &&
        i == 50 && /* no sample of the variance */
        ((is("nan") && layer == 1) || is("nan-all"))) {
        return NAN;
    }
    return has_weights() ? rint(all[of][layer][i] * weight(of) * GRID) / GRID
                         : all[of][layer][i];
}

static double sum(int step, int layer, int i)
{
    double value = 0;

    for (int of = 0; of < size; of++) {
        value += part(of, step, layer, i);
    }
    return value;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static const void *result_of(int layer)
{
    return apart ? results[layer] : buffers[layer];
}

static kind_t kind_of(int step, int layer)
{
    bool summed = true, skipped = true;

    for (int i = 0; i < sizes[layer]; i++) {
        double value = gradient_get(wide, result_of(layer), i);

        summed = summed && same(value, sum(step, layer, i));
        skipped = skipped && same(value, size * part(rank, step, layer, i));
    }
    return summed && skipped ? EITHER
           : summed          ? SUMMED
           : skipped         ? SKIPPED
                             : NEITHER;
}

/* What all ranks have after it, as each of them sees it. */
static void take(int step, int layer, kind_t kind)
{
    for (int of = 0; of < size && !is("gradients"); of++) {
        for (int i = 0; i < sizes[layer]; i++) {
            double value = kind == SKIPPED ? size * part(of, step, layer, i)
                                           : sum(step, layer, i);

            value = has_weights() ? value : value / size;
            all[of][layer][i] = isnan(value) ? 50 : rint(value * GRID) / GRID;
        }
    }
}

static void call(int layer, int count, MPI_Request *request)
{
    MPI_Datatype type = wide ? MPI_DOUBLE : MPI_FLOAT;
    const void *from = apart ? buffers[layer] : MPI_IN_PLACE;
    void *to = apart ? results[layer] : buffers[layer];

    if (nonblocking) {
        MPI_Iallreduce(from, to, count, type, MPI_SUM, comm, request);
    } else {
        MPI_Allreduce(from, to, count, type, MPI_SUM, comm);
    }
}

static void control(int step, int layer)
{
    if (step == SPECIAL && rank == size - 1 &&
        ((is("flush") && layer == 0) || (is("late") && layer == 1))) {
        MPI_Pcontrol(2);
    }
    if (is("pause") && rank == 0 && layer == 0) {
        if (step == SPECIAL || step == SPECIAL + 2) {
            MPI_Pcontrol(step == SPECIAL ? 0 : 1);
        }
    }
    if (is("twice") && rank == 0 && step == SPECIAL && layer == 1) {
        MPI_Pcontrol(0);
    }
}

static void make_stranger(int step)
{
    static float other[7000];

    if (is("stranger") && step > 20 && step % 9 == 0) {
        for (int i = 0; i < 7000; i++) {
            other[i] = (float)(rank + i);
        }
        MPI_Allreduce(MPI_IN_PLACE, other, 7000, MPI_FLOAT, MPI_SUM, comm);
        for (int i = 0; i < 7000; i++) {
            check((double)other[i] == size * (size - 1) / 2.0 + size * i,
                  "not the sum", step, -1);
        }
    }
}

/* The last layer of the step again, and the end of the pause. */
static void repeat(int step)
{
    MPI_Request request;

    if (is("twice") && step == SPECIAL) {
        call(0, sizes[0], &request);
        if (rank == 0) {
            MPI_Pcontrol(1);
        }
    }
}

static void exchange(int step)
{
    MPI_Request requests[LAYERS];
    /* The order of the backward pass, or of another network. */
    bool changed = is("changed") && step >= CHANGE;

    for (int i = 0; i < LAYERS; i++) {
        int layer = changed ? i : LAYERS - 1 - i;

        for (int e = 0; e < sizes[layer]; e++) {
            gradient_set(wide, buffers[layer], e, part(rank, step, layer, e));
        }
        control(step, i);
        call(layer, sizes[layer], &requests[i]);
    }
    if (nonblocking) {
        MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
    }
    repeat(step);
    make_stranger(step);
}

/* What fashion_c does, too. */
static void finish(void)
{
    static float whole[LAYERS * MOST];

    MPI_Allreduce(MPI_IN_PLACE, whole, LAYERS * MOST, MPI_FLOAT, MPI_SUM, comm);
}

/* In which step all have to be summed, come what may. */
static bool must_sum(int step)
{
    return (is("flush") && step == SPECIAL) ||
           ((is("late") || is("twice")) && step == SPECIAL + 1) ||
           (is("nan") && step == SPECIAL + 1) ||
           (is("nan-all") && (step == SPECIAL || step == SPECIAL + 1)) ||
           (is("pause") && (step == SPECIAL || step == SPECIAL + 1)) ||
           has_weights() || is("gradients");
}

/* Layers may differ there. */
static bool may_differ(int step, int layer)
{
    return ((is("late") || is("twice")) && step == SPECIAL) ||
           (is("nan") && step == SPECIAL && layer == 1) ||
           (is("changed") && step >= CHANGE && step < CHANGE + 3);
}

static kind_t look(int step)
{
    kind_t kind = EITHER;

    for (int layer = 0; layer < LAYERS; layer++) {
        kind_t this = kind_of(step, layer);

        check(this != NEITHER, "neither the sum nor the own value", step,
              layer);
        take(step, layer, this);
        if (this == EITHER || may_differ(step, layer)) {
            continue;
        }
        check(kind == EITHER || this == kind, "layers differ", step, layer);
        check(this == SUMMED || !must_sum(step), "not summed", step, layer);
        kind = this;
    }
    return kind;
}

/* Mean over the replicas of their squared distance from the mean. */
static double variance(void)
{
    double distance = 0;

    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < sizes[layer]; i++) {
            double mean = sum(-1, layer, i) / size;

            for (int of = 0; of < size; of++) {
                double apart_by = all[of][layer][i] - mean;

                distance += apart_by * apart_by / size;
            }
        }
    }
    return distance;
}

static void train(void)
{
    int skips = 0, last = -1;
    char gaps[4096] = "";

    for (int step = 0; step < steps; step++) {
        int kinds[2];
        double before;

        watchdog_feed("periodic");
        for (int of = 0; of < size; of++) {
            update(of, step);
        }
        exchange(step);
        before = is("variance") ? variance() : 0;
        kinds[0] = (int)look(step);
        kinds[1] = -kinds[0];
        MPI_Allreduce(MPI_IN_PLACE, kinds, 2, MPI_INT, MPI_MAX, comm);
        check(kinds[0] == -kinds[1], "ranks differ", step, -1);
        skips += kinds[0] == SKIPPED;
        if (kinds[0] == SUMMED) {
            if (rank == 0 && is("variance")) {
                printf("variance %d %.9g\n", step, before);
            }
            if (step > last + 1 && last >= 0) {
                snprintf(gaps + strlen(gaps), sizeof(gaps) - strlen(gaps),
                         " %d", step - last);
            }
            last = step;
        }
    }
    if (rank == 0) {
        printf("%d ranks: %d of %d steps skipped; gaps:%s;\n", size, skips,
               steps, gaps);
    }
}

int main(int argc, char **argv)
{
    int world;

    arguments = argv;
    argument_count = argc;
    wide = is("double");
    nonblocking = is("nonblocking");
    apart = is("out-of-place");
    for (int i = 1; i + 1 < argc; i++) {
        steps = strcmp(argv[i], "steps") == 0 ? atoi(argv[i + 1]) : steps;
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &world);
    MPI_Comm_split(MPI_COMM_WORLD, is("split") ? world % 2 : 0, world, &comm);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    train();
    if (is("finish")) {
        finish();
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (world == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
