#include "unit.h"

#include "policy/turns.h"

#include <math.h>
#include <stdlib.h>

#define COUNT 1024
#define POOL  65536
/* As many as mode auto sees at least, of a step of one call. */
#define CALLS 32
#define SEEDS 200

typedef double (*size_fn)(int call);

static double uniform(void)
{
    return (rand() + 1.0) / (RAND_MAX + 2.0);
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* Some values of Student's t with 3 degrees of freedom, which has the tails of
 * recorded gradients. */
static const double *heavy(void)
{
    static double pool[POOL];

    for (int i = 0; pool[POOL - 1] == 0 && i < POOL; i++) {
        double a = normal(), b = normal(), c = normal();

        pool[i] = normal() / sqrt((a * a + b * b + c * c) / 3);
    }
    return pool + rand() % (POOL - COUNT);
}

/* Results of those sizes. */
static bool taken(int calls, size_t layers, size_fn size)
{
    static float values[COUNT];
    spar_turns_t turns = {0};

    for (int call = 0; call < calls; call++) {
        double scale = size(call);
        const double *pool = heavy();

        for (int i = 0; i < COUNT; i++) {
            values[i] = (float)(scale * pool[i]);
        }
        spar_turns_look(&turns, SPAR_DTYPE_F32, values, COUNT);
    }
    return spar_turns_are_taken(&turns, layers);
}

/* The share of runs that are taken for turns. */
static double share(int calls, size_fn size)
{
    int count = 0;

    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        srand(seed);
        count += taken(calls, 1, size);
    }
    return count / (double)SEEDS;
}

/*
 * Sizes of conjugate-gradient products: those of a matrix with eigenvalues from
 * 1 to 1e-2, of which some steps are made for each gradient, without any noise
 * but that of the gradient.
 */
enum {
    WIDTH = 200
};

static double product_size(int place)
{
    static double p[WIDTH], r[WIDTH], q[WIDTH];
    double size = 0, rr = 0, pq = 0, after = 0;

    if (place == 0) {
        for (int i = 0; i < WIDTH; i++) {
            p[i] = r[i] = normal();
            size += fabs(p[i]);
        }
        return size / WIDTH;
    }
    for (int i = 0; i < WIDTH; i++) {
        q[i] = pow(10, -2.0 * i / WIDTH) * p[i];
        size += fabs(q[i]);
        rr += r[i] * r[i];
        pq += p[i] * q[i];
    }
    for (int i = 0; i < WIDTH; i++) {
        r[i] -= rr / pq * q[i];
        after += r[i] * r[i];
    }
    for (int i = 0; i < WIDTH; i++) {
        p[i] = r[i] + after / rr * p[i];
    }
    return size / WIDTH;
}

static double turn_of_12(int call)
{
    return product_size(call % 12);
}

/* The products end when they are small enough. */
static double uneven_turns(int call)
{
    static int place;

    place = call == 0 || place == 7 + rand() % 5 || place == 12 ? 0 : place + 1;
    return product_size(place);
}

static double turn_of_3(int call)
{
    return product_size(call % 3) * (call % 3 == 0 ? 1 : 0.1);
}

static void conjugate_gradients_take_turns(void **state)
{
    (void)state;
    assert_true(share(CALLS, turn_of_12) > 0.99);
    assert_true(share(97, turn_of_12) > 0.99);
    assert_true(share(97, uneven_turns) > 0.95);
    assert_true(share(CALLS, turn_of_3) > 0.99);
}

static double steady(int call)
{
    (void)call;
    return exp(0.2 * normal());
}

static double noisy(int call)
{
    (void)call;
    return exp(0.5 * normal());
}

static double falling(int call)
{
    return pow(10, -call / 30.0) * exp(0.2 * normal());
}

static double rising(int call)
{
    return pow(10, call / 30.0) * exp(0.2 * normal());
}

static double one_spike(int call)
{
    return (call == 17 ? 50 : 1) * falling(call);
}

/* A recurrent network that is not clipped. */
static double spikes(int call)
{
    return (uniform() < 0.05 ? 20 : 1) * falling(call);
}

static double wandering(int call)
{
    static double log_size;

    log_size = call == 0 ? 0 : log_size + 0.2 * normal();
    return exp(log_size);
}

static void gradients_do_not(void **state)
{
    (void)state;
    assert_true(share(CALLS, steady) < 0.001);
    assert_true(share(CALLS, falling) < 0.001);
    assert_true(share(CALLS, rising) < 0.001);
    assert_true(share(CALLS, one_spike) < 0.001);
    assert_true(share(CALLS, wandering) < 0.02);
    assert_true(share(CALLS, noisy) < 0.02);
    assert_true(share(CALLS, spikes) < 0.02);
    assert_true(share(100, noisy) < 0.02);
    assert_true(share(100, spikes) < 0.02);
    assert_true(share(100, wandering) < 0.04);
}

static double layers_of_two_sizes(int call)
{
    return (call % 2 == 0 ? 10 : 1) * exp(0.2 * normal());
}

/* Two layers of one length, which are known to be two, may be of two sizes. */
static void layers_in_turn_are_looked_at_alone(void **state)
{
    (void)state;
    srand(1);
    assert_true(taken(40, 1, layers_of_two_sizes));
    assert_false(taken(40, 2, layers_of_two_sizes));
    assert_true(taken(80, 2, turn_of_12));
}

static void too_few_results_tell_nothing(void **state)
{
    (void)state;
    srand(1);
    assert_false(taken(15, 1, layers_of_two_sizes));
}

static void zeros_and_nan_have_no_size(void **state)
{
    static float values[COUNT];
    spar_turns_t turns = {0};

    (void)state;
    for (int call = 0; call < 100; call++) {
        values[0] = call < 50 ? 0 : NAN;
        spar_turns_look(&turns, SPAR_DTYPE_F32, values, COUNT);
    }
    assert_int_equal(turns.seen, 0);
    assert_false(spar_turns_are_taken(&turns, 1));
}

static void another_length_begins_anew(void **state)
{
    static float values[COUNT];
    spar_turns_t turns = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        values[i] = 1;
    }
    for (int call = 0; call < 10; call++) {
        spar_turns_look(&turns, SPAR_DTYPE_F32, values, COUNT);
    }
    assert_int_equal(turns.seen, 10);
    spar_turns_look(&turns, SPAR_DTYPE_F32, values, COUNT - 1);
    assert_int_equal(turns.seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conjugate_gradients_take_turns),
        cmocka_unit_test(gradients_do_not),
        cmocka_unit_test(layers_in_turn_are_looked_at_alone),
        cmocka_unit_test(too_few_results_tell_nothing),
        cmocka_unit_test(zeros_and_nan_have_no_size),
        cmocka_unit_test(another_length_begins_anew)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
