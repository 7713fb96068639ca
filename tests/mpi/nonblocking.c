/*
 * A trainer in miniature that exchanges its gradients with one MPI_Iallreduce
 * per layer, or with persistent requests, and completes them in a way of the
 * caller's choice. It checks what sim.c checks, and what MPI promises about
 * requests. It knows nothing of Spar but MPI_Pcontrol.
 */
#include "nonblocking.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

options_t options;
int rank, size, failures;

void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

void sum_small(int step)
{
    float loss = 1;

    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    check(loss == (float)size, "a small sum is wrong", step, -1);
}

static void control(int step)
{
    /* One rank alone may ask: all follow. */
    if (rank == 0 && step == options.pause_from) {
        MPI_Pcontrol(0);
    }
    if (rank == 0 && step == options.pause_to) {
        MPI_Pcontrol(1);
    }
    /* In the middle too: what is delivered must not be kept. Two sets of
     * persistent requests have two last starts. */
    if (rank == size - 1 &&
        (step == options.steps - 1 || step == options.steps * 3 / 4 ||
         (options.lookahead && step == options.steps - 2))) {
        MPI_Pcontrol(2);
    }
    if (rank == 0 && step == 20) {
        fprintf(stderr, "step 20\n");
    }
}

static void train(void)
{
    slot_t slots[2];
    int kept = options.lookahead ? 2 : 1;

    check_start();
    for (int s = 0; s < kept; s++) {
        slot_prepare(&slots[s], s);
    }
    for (int step = 0; step < options.steps; step++) {
        control(step);
        slot_post(&slots[step % kept], step);
        if (!options.lookahead || step > 0) {
            slot_finish(&slots[(step + kept - 1) % kept]);
        }
    }
    if (options.lookahead) {
        slot_finish(&slots[(options.steps - 1) % kept]);
    }
    for (int s = 0; s < kept; s++) {
        slot_dispose(&slots[s]);
    }
    check_end();
}

static void choose_layers(void)
{
    static const layer_t all[] = {
        {20000, false}, {5000, false},  {6000, true},
        {5000, false},  {4096, false},  {5000, true},
        {100, false},   {40001, false}, {0, false},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (options.blocking || !all[i].blocking) {
            options.layer[options.layers++] = all[i];
        }
    }
}

static bool choose(int option)
{
    switch (option) {
    case 'c':
        options.mixed = strcmp(optarg, "mixed") == 0;
        return options.mixed || completion_parse(optarg, &options.way);
    case 's':
        options.steps = atoi(optarg);
        return true;
    case 'n':
        options.bad_step = atoi(optarg);
        return true;
    case 'u':
        return sscanf(optarg, "%d-%d", &options.pause_from,
                      &options.pause_to) == 2;
    case 'e':
        options.expect = optarg;
        return true;
    case 'l':
        options.lookahead = true;
        return true;
    case 'p':
        options.persistent = true;
        return true;
    case 'b':
        options.blocking = true;
        return true;
    case 'o':
        options.out_of_place = true;
        return true;
    case 'd':
        options.wide = true;
        return true;
    default:
        return false;
    }
}

static void parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"complete", required_argument, NULL, 'c'},
        {"steps", required_argument, NULL, 's'},
        {"bad-step", required_argument, NULL, 'n'},
        {"pause", required_argument, NULL, 'u'},
        {"expect", required_argument, NULL, 'e'},
        {"lookahead", no_argument, NULL, 'l'},
        {"persistent", no_argument, NULL, 'p'},
        {"blocking-between", no_argument, NULL, 'b'},
        {"out-of-place", no_argument, NULL, 'o'},
        {"double", no_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    int option;

    options = (options_t){.steps = 60,
                          .way = COMPLETION_WAIT,
                          .bad_step = -1,
                          .pause_from = -1,
                          .pause_to = -1,
                          .expect = "sparse"};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!choose(option)) {
            fprintf(stderr, "wrong option or value, see nonblocking.c\n");
            MPI_Abort(MPI_COMM_WORLD, 2);
        }
    }
    choose_layers();
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    parse(argc, argv);
    train();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
