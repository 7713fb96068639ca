/* A test for the end of a program on emulated devices: no kernel was loaded
 * after its device had been opened. */
#ifndef SPAR_TESTS_CUDA_LOADED_H
#define SPAR_TESTS_CUDA_LOADED_H

#include "emulated.h"
#include "tests/cuda/unit.h"

/* Of all that the tests before it have launched */
static void test_loaded(void **state)
{
    spar_emulated_counts_t counts;

    (void)state;
    spar_emulated_count(&counts);
    assert_true(counts.launches > 0);
    assert_int_equal(counts.late_loads, 0);
}

#endif
