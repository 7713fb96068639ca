#include "bench/sim/table.h"

#include "base/quantile.h"
#include "bench/sim/timed.h"

#include <inttypes.h>
#include <stdio.h>

#define CASES_MOST 1024
/* Entries that all ranks together may add, so that it takes seconds. */
#define WORK_MOST 5e7

static const int rank_counts[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 64};
static const int per_node[] = {1, 8};
static const uint64_t counts[] = {10000, 100000, 1000000};
static const double densities[] = {0.001, 0.01, 0.1};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Predicted over simulated seconds of one method's cases. */
typedef struct ratios {
    double values[CASES_MOST];
    size_t count;
    bool failed;
} ratios_t;

/* Only messages cost time, as on the simulated network. */
static spar_model_t network_only(void)
{
    spar_model_t model;

    spar_model_guess(5e-5, 1.25e8, &model);
    for (unsigned i = SPAR_MODEL_SCAN; i < SPAR_MODEL_TERMS; i++) {
        model.seconds[i] = 1e-30;
    }
    return model;
}

static void compare(spar_method_t method, const spar_model_shape_t *shape,
                    bool verbose, ratios_t *ratios)
{
    spar_model_t model = network_only();
    spar_simulated_network_t network = timed_network(&model, shape);
    double predicted = spar_model_predict(&model, method, shape);
    double simulated;
    spar_status_t status = timed_run(&network, method, shape, 1, &simulated);

    if (status != SPAR_OK) {
        fprintf(stderr, "bench_sim: %s at %d ranks: %s\n",
                spar_method_name(method), shape->ranks,
                spar_status_string(status));
        ratios->failed = true;
        return;
    }
    ratios->values[ratios->count++] = predicted / simulated;
    if (verbose) {
        printf("%-10s %3d ranks %3d nodes %8" PRIu64 " elements %7" PRIu64
               " entries%s: %.6f s simulated, %.6f s predicted, %.3f\n",
               spar_method_name(method), shape->ranks, shape->nodes,
               shape->count, shape->entries, shape->eager ? " eager" : "",
               simulated, predicted, predicted / simulated);
    }
}

static void compare_all(spar_method_t method, bool verbose, ratios_t *ratios)
{
    bool sparse = (SPAR_METHOD_BIT(method) & SPAR_METHOD_SPARSE) != 0;
    size_t cases = LENGTH(rank_counts) * LENGTH(per_node) * LENGTH(counts) *
                   (sparse ? 2 * LENGTH(densities) : 1);

    for (size_t i = 0; i < cases; i++) {
        size_t rest = i;
        spar_model_shape_t shape = {.element_bytes = 4, .value_bytes = 4};
        int each;

        shape.ranks = rank_counts[rest % LENGTH(rank_counts)];
        rest /= LENGTH(rank_counts);
        each = per_node[rest % LENGTH(per_node)];
        rest /= LENGTH(per_node);
        shape.count = counts[rest % LENGTH(counts)];
        rest /= LENGTH(counts);
        shape.entries = (uint64_t)((double)shape.count *
                                   densities[rest % LENGTH(densities)]);
        shape.eager = rest / LENGTH(densities) > 0;
        shape.nodes = (shape.ranks + each - 1) / each;
        if (shape.ranks % each == 0 &&
            (double)shape.ranks * shape.ranks * (double)shape.entries <
                WORK_MOST &&
            (method != SPAR_METHOD_NODE ||
             (shape.nodes > 1 && shape.nodes < shape.ranks))) {
            compare(method, &shape, verbose, ratios);
        }
    }
}

int table_print(bool verbose)
{
    bool failed = false;

    printf("%-10s %6s %8s %8s %8s   predicted / simulated\n", "method", "cases",
           "median", "least", "most");
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        spar_method_t method = (spar_method_t)i;
        ratios_t ratios = {.count = 0};

        if (method == SPAR_METHOD_MPI) {
            continue; /* not Spar's */
        }
        compare_all(method, verbose, &ratios);
        failed |= ratios.failed;
        if (ratios.count > 0) {
            printf("%-10s %6zu %8.3f %8.3f %8.3f\n", spar_method_name(method),
                   ratios.count,
                   spar_quantile(ratios.values, ratios.count, 0.5),
                   spar_quantile(ratios.values, ratios.count, 0),
                   spar_quantile(ratios.values, ratios.count, 1));
        }
    }
    return failed ? 1 : 0;
}
