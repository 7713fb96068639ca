#include "bench/wire/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "bench_wire: bits of an index in the wire block against its entropy, and\n"
    "how many entries one core rounds (to the nearest, at random), encodes,\n"
    "decodes to a list, decodes and adds, and merges, in millions per second.\n"
    "  -n, --count N        elements of the layer (1e4, 1e6 and 1e8)\n"
    "  -d, --density D      of the entries (0.0001 to 0.25)\n"
    "  -r, --rounds R       of each timing (5)\n"
    "      --isa NAME       scalar, avx2, avx512 or auto (auto)\n"
    "  -h, --help           this text\n";

static const struct option longs[] = {
    {"count", required_argument, NULL, 'n'},
    {"density", required_argument, NULL, 'd'},
    {"rounds", required_argument, NULL, 'r'},
    {"isa", required_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void fail(const char *why)
{
    fprintf(stderr, "bench_wire: %s; see --help\n", why);
    exit(2);
}

static void take(options_t *options, int option)
{
    switch (option) {
    case 'n':
        options->n = (size_t)strtod(optarg, NULL);
        break;
    case 'd':
        options->density = strtod(optarg, NULL);
        break;
    case 'r':
        options->rounds = (int)strtol(optarg, NULL, 10);
        break;
    case 'i':
        options->isa = optarg;
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
    options_t options = {.rounds = 5, .isa = "auto"};
    int option;

    while ((option = getopt_long(argc, argv, "n:d:r:h", longs, NULL)) != -1) {
        take(&options, option);
    }
    if (optind < argc) {
        fail("too many arguments");
    }
    if (options.n > 4000000000u) {
        fail("the count must not be above 4000000000");
    }
    if (options.density < 0.0 || options.density > 1.0) {
        fail("the density must lie in (0, 1]");
    }
    if (options.rounds < 1 || options.rounds > 1000) {
        fail("the rounds must lie between 1 and 1000");
    }
    return options;
}
