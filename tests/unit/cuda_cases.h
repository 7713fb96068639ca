/* Test inputs for layers in a GPU's memory: calls on the host and through the
 * library for GPUs, compared after each. */
#ifndef SPAR_TESTS_UNIT_CUDA_CASES_H
#define SPAR_TESTS_UNIT_CUDA_CASES_H

#include "tests/unit/select_data.h"

#include "cuda/plugin.h"

#include <cuda_runtime.h>

/* Of the library that the test is linked with. */
extern const spar_cuda_ops_t spar_cuda_ops;

/* Calls on one layer. */
typedef struct case_t {
    spar_selector_kind_t kind;
    spar_dtype_t element;
    size_t n;
    size_t k;
    data_shape_t shape;
    spar_values_t values;
    uint64_t seed;
    bool feedback;
    size_t shift; /* elements by which the gradient is shifted; of 16-bit
                     elements, bytes */
    size_t only;  /* not 0: elements from there on are zero */
    bool ramp;    /* k is another one in each call */
    int jump;     /* this call's gradient is `by` times as large; those after
                     it, as small */
    double by;
    double bad; /* not 0: at this place of the third call's gradient (beyond
                   what the type holds: infinity) */
    size_t place;
    int calls;
} case_t;

/* Runs the case on both; fails the test where they differ. */
void case_check(const case_t *one);

#endif
