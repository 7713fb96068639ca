#include "unit.h"

#include "policy/content.h"

#include <stdlib.h>

#define COUNT 10007

static double noise(void)
{
    return rand() / (double)RAND_MAX - 0.5;
}

static void parameters_are_steady(void **state)
{
    static float values[COUNT];
    spar_content_t content = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        values[i] = (float)noise();
    }
    for (int step = 0; step < SPAR_CONTENT_LOOKS; step++) {
        assert_false(spar_content_is_steady(&content));
        for (int i = 0; i < COUNT; i++) {
            values[i] *= 1 + (float)(0.01 * noise());
        }
        spar_content_look(&content, SPAR_DTYPE_F32, values, COUNT);
    }
    assert_true(spar_content_is_steady(&content));
}

static void gradients_are_not(void **state)
{
    static double values[COUNT];
    spar_content_t content = {0};

    (void)state;
    for (int step = 0; step < 10; step++) {
        for (int i = 0; i < COUNT; i++) {
            /* a common direction, and the noise of the batch */
            values[i] = i % 3 == 0 ? 0 : 0.3 + noise();
        }
        spar_content_look(&content, SPAR_DTYPE_F64, values, COUNT);
        assert_false(spar_content_is_steady(&content));
    }
}

static void zeros_tell_nothing(void **state)
{
    static float values[100];
    spar_content_t content = {0};

    (void)state;
    for (int step = 0; step < 10; step++) {
        spar_content_look(&content, SPAR_DTYPE_F32, values, 100);
    }
    assert_false(spar_content_is_steady(&content));
    spar_content_look(&content, SPAR_DTYPE_F32, values, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parameters_are_steady),
                                       cmocka_unit_test(gradients_are_not),
                                       cmocka_unit_test(zeros_tell_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
