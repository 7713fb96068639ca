#include "bench/select/feedback.h"
#include "bench/select/options.h"
#include "bench/select/timing.h"
#include "sparsify/kernels.h"

#include <stdio.h>
#include <string.h>

static void print_cpu(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "model name", 10) == 0) {
            printf("cpu: %s", strchr(line, ':') + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

int main(int argc, char **argv)
{
    options_t options = options_parse(argc, argv);

    if (spar_kernels_use(options.isa) != SPAR_OK) {
        fprintf(stderr, "bench_select: no such instruction set here: %s\n",
                options.isa);
        return 2;
    }
    if (!options.csv) {
        print_cpu();
        printf("isa: %s, %zu floats, density %g, %s pages\n",
               spar_kernels()->name, options.n, options.density,
               options.huge_pages ? "huge" : "4 KiB");
    }
    if (options.rounds > 0) {
        timing_run(&options);
    }
    if (options.steps > 0 && !options.csv) {
        feedback_run(&options);
    }
    return 0;
}
