/* The training loop and the evaluation. */
#ifndef FASHION_TRAIN_H
#define FASHION_TRAIN_H

#include "data.h"
#include "network.h"
#include "options.h"

typedef struct train_result {
    int steps;
    double step_median; /* seconds; of this rank */
    double step_mean;
    double exchange_median; /* seconds per step in MPI calls */
    double first_loss;      /* mean over the first and last steps, all ranks */
    double final_loss;
} train_result_t;

/* Collective. Returns 0, or -1 when out of memory. */
int train_run(network_t *network, const data_t *data, const options_t *options,
              int rank, int size, train_result_t *result_p);

/* Collective: per cent of all ranks' samples that are classified correctly. */
double train_accuracy(network_t *network, const data_t *data, int batch);

#endif
