#include "bench/select/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: bench_select [options]\n"
    "Times selection and error feedback on one thread, all variants in turn\n"
    "in one run, and counts what the selectors send under error feedback.\n"
    "\n"
    "  -n, --count N        elements of the timed layer (25600000)\n"
    "  -d, --density D      share of the elements to send (0.001)\n"
    "  -r, --rounds N       rounds of the timing, 0: skip it (15)\n"
    "  -s, --steps N        steps of error feedback, 0: skip it (500)\n"
    "  -f, --feedback N     elements under error feedback (2560000)\n"
    "  -g, --gradients FILE replay gradients of --feedback floats each, as\n"
    "                       libspar_record.so writes them, again and again\n"
    "      --heavy          synthetic gradients with heavy tails\n"
    "      --huge           huge pages for all arrays\n"
    "      --isa NAME       scalar, avx2, avx512 or auto (auto)\n"
    "      --csv            timing as lines of name,median_ms,ratio\n"
    "  -h, --help           this text\n";

static const struct option longs[] = {
    {"count", required_argument, NULL, 'n'},
    {"density", required_argument, NULL, 'd'},
    {"rounds", required_argument, NULL, 'r'},
    {"steps", required_argument, NULL, 's'},
    {"feedback", required_argument, NULL, 'f'},
    {"gradients", required_argument, NULL, 'g'},
    {"heavy", no_argument, NULL, 'T'},
    {"huge", no_argument, NULL, 'H'},
    {"isa", required_argument, NULL, 'i'},
    {"csv", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void fail(const char *why)
{
    fprintf(stderr, "bench_select: %s; see --help\n", why);
    exit(2);
}

static void take(options_t *options, int option)
{
    switch (option) {
    case 'n':
        options->n = strtoull(optarg, NULL, 10);
        break;
    case 'd':
        options->density = strtod(optarg, NULL);
        break;
    case 'r':
        options->rounds = (int)strtol(optarg, NULL, 10);
        break;
    case 's':
        options->steps = (int)strtol(optarg, NULL, 10);
        break;
    case 'f':
        options->feedback_n = strtoull(optarg, NULL, 10);
        break;
    case 'g':
        options->gradients = optarg;
        break;
    case 'T':
        options->heavy = true;
        break;
    case 'H':
        options->huge_pages = true;
        break;
    case 'i':
        options->isa = optarg;
        break;
    case 'c':
        options->csv = true;
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    default:
        exit(2);
    }
}

options_t options_parse(int argc, char **argv)
{
    options_t options = {.n = 25600000,
                         .feedback_n = 2560000,
                         .density = 0.001,
                         .rounds = 15,
                         .steps = 500,
                         .isa = "auto"};
    int option;

    while ((option = getopt_long(argc, argv, "n:d:r:s:f:g:h", longs, NULL)) !=
           -1) {
        take(&options, option);
    }
    if (optind < argc) {
        fail("too many arguments");
    }
    if (options.n == 0 || options.n > 4000000000u || options.feedback_n == 0 ||
        options.feedback_n > 4000000000u) {
        fail("the counts must lie between 1 and 4000000000");
    }
    if (!(options.density > 0.0 && options.density <= 1.0)) {
        fail("the density must lie in (0, 1]");
    }
    if (options.rounds < 0 || options.steps < 0) {
        fail("rounds and steps must not be negative");
    }
    return options;
}
