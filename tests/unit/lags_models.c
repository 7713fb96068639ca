/* Spar: densities that hide, on steps like those of known models, beside the
 * best uniform density. */
#include "lags_cases.h"

/* 161 tensors of ResNet-50's kind in backward order, waited for after the
 * backward pass of 0.12 s; 1 Gbit/s, 4 ranks. */
static void make_resnet(spar_lags_layer_t *layers)
{
    for (size_t i = 0; i < 161; i++) {
        double elements =
            i % 3 == 0 ? 2.4e6 * exp(-(double)i / 32) : 64 + 3.0 * (double)i;

        layers[i] = (spar_lags_layer_t){.release = 0.12 / 161 * (double)(i + 1),
                                        .deadline = 0.12,
                                        .work = elements * 0.5e-9,
                                        .fixed = 100e-6,
                                        .slope = elements * 3 * 5 * 8e-9,
                                        .low = 0.001,
                                        .high = 0.25};
    }
}

static double sent(const spar_lags_layer_t *layers, size_t count,
                   const double *densities)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += layers[i].slope * densities[i];
    }
    return sum;
}

/* The greatest uniform densities with no longer a wait. */
static void best_uniform(const spar_lags_layer_t *layers, size_t count,
                         double allowed, double *densities)
{
    double least = 0.001, most = 0.25;

    for (int i = 0; i < 50; i++) {
        double density = (least + most) / 2;

        for (size_t k = 0; k < count; k++) {
            densities[k] = density;
        }
        *(spar_lags_wait(layers, count, densities, NULL) <= allowed ? &least
                                                                    : &most) =
            density;
    }
    for (size_t k = 0; k < count; k++) {
        densities[k] = least;
    }
}

/* Solves, and tells error and sent bytes relative to the best uniform ones. */
static void compare(const spar_lags_layer_t *layers, size_t count,
                    double *error_p, double *sent_p)
{
    double densities[161], uniform[161] = {0};
    double tolerance = 0.0005;
    double allowed = lags_wait_at_low(layers, count) + tolerance;

    assert_int_equal(spar_lags_hide(layers, count, tolerance, densities),
                     SPAR_OK);
    lags_assert_feasible(layers, count, tolerance, densities);
    best_uniform(layers, count, allowed, uniform);
    *error_p = spar_lags_error(layers, count, densities) /
               spar_lags_error(layers, count, uniform);
    *sent_p = sent(layers, count, densities) / sent(layers, count, uniform);
}

/* Its large layers come first and keep the network busy to the end: uniform is
 * best, as long as the network is not fast enough to idle. */
static void a_resnet_is_never_worse_than_uniform(void **state)
{
    spar_lags_layer_t layers[161];
    double error, more;

    (void)state;
    for (double speed = 1; speed < 200; speed *= 2) {
        make_resnet(layers);
        for (size_t i = 0; i < 161; i++) {
            layers[i].slope /= speed;
            layers[i].fixed /= speed;
        }
        compare(layers, 161, &error, &more);
        assert_true(error <= 1 + 1e-6);
    }
}

/* A language model's embedding comes last, nearly as late as it is needed: it
 * alone would hold all down. */
static void a_late_large_layer_does_not_hold_the_others_down(void **state)
{
    spar_lags_layer_t layers[4];
    const double elements[] = {15e6, 18e6, 18e6, 15e6};
    double error, more;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        layers[i] = (spar_lags_layer_t){.release = 0.03 * (double)(i + 1),
                                        .deadline = 0.131,
                                        .work = 0.005,
                                        .fixed = 300e-6,
                                        .slope = elements[i] * 3 * 5 * 8e-9,
                                        .low = 0.001,
                                        .high = 0.25};
    }
    compare(layers, 4, &error, &more);
    assert_true(error < 0.7);
    assert_true(more > 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resnet_is_never_worse_than_uniform),
        cmocka_unit_test(a_late_large_layer_does_not_hold_the_others_down)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
