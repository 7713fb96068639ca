#include "bench/grid/options.h"

#include "bench/dense/openmpi.h"

#include <getopt.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: mpirun -n RANKS bench_grid [options] COUNT...\n"
    "Times blocking MPI_Allreduce of float32 in place, a call for each COUNT\n"
    "of elements in every step, with new gradient-like content each time;\n"
    "all ranks begin together. Prints per group of steps and count: group,\n"
    "count, median seconds of the slowest rank, of how many calls.\n"
    "\n"
    "  -w, --warmup N  steps before the first group (30)\n"
    "  -g, --groups N  groups of steps, such as stages of a density ramp (1)\n"
    "  -p, --plain     a group for each algorithm that Open MPI has, named "
    "so,\n"
    "                  their steps in turn; not with Spar\n"
    "  -s, --steps N   steps of a group (10)\n"
    "  -d, --drop N    first steps of a group that are not measured (0)\n"
    "  -h, --help      this text\n";

static const struct option longs[] = {
    {"warmup", required_argument, NULL, 'w'},
    {"groups", required_argument, NULL, 'g'},
    {"plain", no_argument, NULL, 'p'},
    {"steps", required_argument, NULL, 's'},
    {"drop", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void stop(bool speaks, FILE *stream, const char *text, int code)
{
    if (speaks) {
        fputs(text, stream);
    }
    MPI_Finalize();
    exit(code);
}

static void refuse(bool speaks, const char *word)
{
    char text[256];

    snprintf(text, sizeof(text),
             "bench_grid: %s is not understood; see --help\n", word);
    stop(speaks, stderr, text, 2);
}

static int number(bool speaks, const char *word, long least, long most)
{
    char *end;
    long value = strtol(word, &end, 10);

    if (end == word || *end != '\0' || value < least || value > most) {
        refuse(speaks, word);
    }
    return (int)value;
}

static void take(options_t *options, int option, bool speaks)
{
    switch (option) {
    case 'w':
        options->warmup = number(speaks, optarg, 0, 100000);
        break;
    case 'g':
        options->groups = number(speaks, optarg, 1, 100);
        break;
    case 'p':
        options->plain = true;
        options->groups = OPENMPI_ALGORITHMS;
        break;
    case 's':
        options->steps = number(speaks, optarg, 1, 10000);
        break;
    case 'd':
        options->drop = number(speaks, optarg, 0, 10000);
        break;
    case 'h':
        stop(speaks, stdout, help, 0);
        break;
    default:
        refuse(speaks, "an option");
    }
}

options_t options_parse(int argc, char **argv, bool speaks)
{
    options_t options = {.warmup = 30, .groups = 1, .steps = 10};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "w:g:ps:d:h", longs, NULL)) !=
           -1) {
        take(&options, option, speaks);
    }
    for (; optind < argc; optind++) {
        if (options.calls == MOST_CALLS) {
            refuse(speaks, argv[optind]);
        }
        options.counts[options.calls++] =
            number(speaks, argv[optind], 1, 500000000);
    }
    if (options.calls == 0) {
        refuse(speaks, "a missing count");
    }
    if (options.drop >= options.steps) {
        refuse(speaks, "a group without measured steps");
    }
    return options;
}
