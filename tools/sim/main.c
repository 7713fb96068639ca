/* Behind spar sim (tools/sim.py): the model's predictions as CSV on stdout. */
#include "tools/sim/options.h"

#include <inttypes.h>
#include <stdio.h>

static void print_heading(void)
{
    printf("ranks,nodes,elements,density");
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        if ((SPAR_METHOD_BIT(i) & SPAR_METHOD_RIVALS) != 0) {
            printf(",%s_s", spar_method_name((spar_method_t)i));
        }
    }
    printf(",fastest");
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        if ((SPAR_METHOD_BIT(i) & SPAR_METHOD_SPARSE) != 0) {
            printf(",%s_break_even", spar_method_name((spar_method_t)i));
        }
    }
    printf("\n");
}

/* What a method cannot do stays empty. */
static void print_row(const sim_options_t *options, int ranks)
{
    spar_model_shape_t shape = options->shape;
    spar_model_ranking_t ranking;
    double seconds[SPAR_METHODS] = {0};
    spar_method_t fastest;

    shape.ranks = ranks;
    shape.nodes = (ranks + options->per_node - 1) / options->per_node;
    fastest = spar_model_choose(&options->model, &shape, SPAR_METHOD_RIVALS,
                                &ranking);
    for (unsigned i = 0; i < ranking.count; i++) {
        seconds[ranking.methods[i]] = ranking.seconds[i];
    }
    printf("%d,%d,%" PRIu64 ",%.6g", ranks, shape.nodes, shape.count,
           (double)shape.entries / (double)shape.count);
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        if ((SPAR_METHOD_BIT(i) & SPAR_METHOD_RIVALS) != 0) {
            printf(seconds[i] > 0 ? ",%.6g" : ",", seconds[i]);
        }
    }
    printf(",%s", spar_method_name(fastest));
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        if ((SPAR_METHOD_BIT(i) & SPAR_METHOD_SPARSE) == 0) {
            continue;
        }
        printf(seconds[i] > 0 ? ",%.6g" : ",",
               spar_model_break_even(&options->model, &shape, (spar_method_t)i,
                                     SPAR_METHOD_DENSE));
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    sim_options_t options;

    sim_options_read(argc, argv, &options);
    print_heading();
    for (unsigned i = 0; i < options.rank_count; i++) {
        print_row(&options, options.ranks[i]);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
