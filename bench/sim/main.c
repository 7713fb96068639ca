#include "bench/sim/table.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: bench_sim [-v]\n"
    "Compares the cost model (policy/model.h) with the machines of exchange/\n"
    "on a simulated network (exchange/simulated.h), at 2 to 64 ranks, one or\n"
    "eight on a node, over layers of 10^4 to 10^6 elements and densities of\n"
    "0.001 to 0.1: predicted over simulated seconds, per method.\n"
    "\n"
    "  -v  every case, one a line\n"
    "  -h  this text\n";

int main(int argc, char **argv)
{
    bool verbose = argc == 2 && strcmp(argv[1], "-v") == 0;

    if (argc == 2 &&
        (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc > 1 && !verbose) {
        fputs("bench_sim: unknown arguments; see --help\n", stderr);
        return 2;
    }
    return table_print(verbose);
}
