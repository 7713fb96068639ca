#include "bench/sim/fit.h"
#include "bench/sim/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: bench_sim [-v | --fit]\n"
    "Compares the cost model (policy/model.h) with the machines of exchange/\n"
    "on a simulated network (exchange/simulated.h), at 2 to 64 ranks, one or\n"
    "eight on a node, over layers of 10^4 to 10^6 elements and densities of\n"
    "0.001 to 0.1: predicted over simulated seconds, per method.\n"
    "\n"
    "  -v     every case, one a line\n"
    "  --fit  instead: reads measured calls from stdin, fits the model to "
    "them\n"
    "         and compares; bench/sim/lab makes such calls\n"
    "  -h     this text\n";

int main(int argc, char **argv)
{
    const char *option = argc == 2 ? argv[1] : "";

    if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(option, "--fit") == 0) {
        return fit_print(stdin);
    }
    if (argc > 1 && strcmp(option, "-v") != 0) {
        fputs("bench_sim: unknown arguments; see --help\n", stderr);
        return 2;
    }
    return table_print(argc == 2);
}
