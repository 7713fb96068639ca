#include "bench/overlap/options.h"

#include <getopt.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: mpirun -n RANKS bench_overlap steps|pairs|idle [options]\n"
    "Times non-blocking exchanges of layers of floats, as a trainer makes "
    "them,\n"
    "by plain MPI calls. Prints lines of name and value; times are in us.\n"
    "\n"
    "steps: each step posts MPI_Iallreduce for all layers, computes, and "
    "waits\n"
    "by MPI_Waitall; every other round of steps does not compute. Of all "
    "ranks\n"
    "and steps: time blocked in MPI_Waitall without (alone) and with\n"
    "computation (exposed), in the posting calls, and in all; and the share\n"
    "of a core in percent that the computation got.\n"
    "pairs: ns of MPI_Iallreduce and MPI_Wait behind each other, on rank 0.\n"
    "idle: share of a core in percent that threads other than the main one\n"
    "use, while nothing is pending after some steps, and while exchanges are\n"
    "pending because the last rank posts its part late.\n"
    "\n"
    "  -l, --layers N     layers of a step (4)\n"
    "  -c, --count N      floats of a layer (16384)\n"
    "  -b, --busy         keep the core busy; otherwise sleep\n"
    "  -t, --compute MS   computation of a step, milliseconds (5)\n"
    "  -w, --warmup N     steps before the first measured one (40)\n"
    "  -r, --rounds N     rounds of steps or pairs (10)\n"
    "  -s, --steps N      steps or pairs of a round (50)\n"
    "  -i, --idle S       seconds of idling (3)\n"
    "  -h, --help         this text\n";

static const struct option longs[] = {
    {"layers", required_argument, NULL, 'l'},
    {"count", required_argument, NULL, 'c'},
    {"busy", no_argument, NULL, 'b'},
    {"compute", required_argument, NULL, 't'},
    {"warmup", required_argument, NULL, 'w'},
    {"rounds", required_argument, NULL, 'r'},
    {"steps", required_argument, NULL, 's'},
    {"idle", required_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Ends the process, on all ranks alike. */
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
             "bench_overlap: %s is not understood; see --help\n", word);
    stop(speaks, stderr, text, 2);
}

static double number(bool speaks, double least, double most)
{
    char *end;
    double value = strtod(optarg, &end);

    if (end == optarg || *end != '\0' || !(value >= least && value <= most)) {
        refuse(speaks, optarg);
    }
    return value;
}

static void take(options_t *options, int option, bool speaks)
{
    switch (option) {
    case 'l':
        options->layers = (int)number(speaks, 1, 1000);
        break;
    case 'c':
        options->count = (int)number(speaks, 1, 1e9);
        break;
    case 'b':
        options->busy = true;
        break;
    case 't':
        options->compute = 1e-3 * number(speaks, 0, 1e6);
        break;
    case 'w':
        options->warmup = (int)number(speaks, 0, 1e6);
        break;
    case 'r':
        options->rounds = (int)number(speaks, 1, 1e4);
        break;
    case 's':
        options->steps = (int)number(speaks, 1, 1e6);
        break;
    case 'i':
        options->idle = number(speaks, 0.1, 1000);
        break;
    case 'h':
        stop(speaks, stdout, help, 0);
        break;
    default:
        refuse(speaks, "an option");
    }
}

static kind_t parse_kind(const char *word, bool speaks)
{
    static const char *const words[] = {"steps", "pairs", "idle"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (kind_t)i;
        }
    }
    refuse(speaks, word);
    return KIND_STEPS;
}

options_t options_parse(int argc, char **argv, bool speaks)
{
    options_t options = {.layers = 4,
                         .count = 16384,
                         .compute = 5e-3,
                         .warmup = 40,
                         .rounds = 10,
                         .steps = 50,
                         .idle = 3};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "l:c:bt:w:r:s:i:h", longs,
                                 NULL)) != -1) {
        take(&options, option, speaks);
    }
    if (optind != argc - 1) {
        refuse(speaks, optind < argc ? argv[optind + 1] : "a missing word");
    }
    options.kind = parse_kind(argv[optind], speaks);
    return options;
}
