/* A second thread is told from one that computes between its calls, from when
 * calls return and how soon the next ones follow. */
#include "unit.h"

#include "policy/overlap.h"

#include <math.h>

#define LAYERS  8
#define RUNS    10000
#define COMPUTE 6e-3 /* seconds of a layer */

typedef struct step {
    double before[LAYERS]; /* 0: nothing comes before the first call */
    double gap[LAYERS];
} step_t;

/* A job: its calls, and by which share times vary (mean excess). */
typedef struct job {
    int layers;
    int steps;
    double exchange; /* seconds of a call */
    double exchange_jitter;
    double compute_jitter;
} job_t;

typedef void play_t(const job_t *job, uint64_t *random, step_t *step);

static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

/* Most are close, some are much longer, as on a busy machine. */
static double vary(double seconds, double jitter, uint64_t *random)
{
    return seconds * (1 - jitter * log(uniform(random)));
}

/* One thread computes and sums in turn. */
static void play_inline(const job_t *job, uint64_t *random, step_t *step)
{
    double now = 0;

    for (int i = 0; i < job->layers; i++) {
        double gap = vary(COMPUTE, job->compute_jitter, random);

        step->before[i] = now;
        step->gap[i] = gap;
        now += i > 0 ? gap : 0; /* a step begins with its first call */
        now += vary(job->exchange, job->exchange_jitter, random);
    }
}

/* A thread computes, another one sums what is ready. */
static void play_second_thread(const job_t *job, uint64_t *random, step_t *step)
{
    double ready = 0, now = 0;

    for (int i = 0; i < job->layers; i++) {
        double posted;

        ready += i > 0 ? vary(COMPUTE, job->compute_jitter, random) : 0;
        posted = fmax(ready, now);
        step->before[i] = now;
        step->gap[i] = posted - now;
        now = posted + vary(job->exchange, job->exchange_jitter, random);
    }
}

static bool is_seen(const job_t *job, play_t *play, uint64_t *random)
{
    spar_samples_t before[LAYERS] = {0}, gap[LAYERS] = {0};
    spar_overlap_t overlap = {0};

    for (int s = 0; s < job->steps; s++) {
        step_t step;

        play(job, random, &step);
        for (int i = 1; i < job->layers; i++) {
            spar_samples_add(&before[i], step.before[i]);
            spar_samples_add(&gap[i], step.gap[i]);
        }
    }
    for (int i = 1; i < job->layers; i++) {
        spar_overlap_add(&overlap, &before[i], &gap[i]);
    }
    return spar_overlap_is_seen(&overlap);
}

static double share_seen(const job_t *job, play_t *play)
{
    uint64_t random = 1;
    int seen = 0;

    for (int run = 0; run < RUNS; run++) {
        seen += is_seen(job, play, &random);
    }
    return (double)seen / RUNS;
}

/* However much varies, and of however few calls a step is made. */
static void one_thread_is_not_taken_for_two(void **state)
{
    static const double jitters[] = {0.01, 0.1, 1};

    (void)state;
    for (int layers = 2; layers <= LAYERS; layers++) {
        for (int i = 0; i < 3; i++) {
            job_t job = {layers, SPAR_SAMPLES, 2e-3, jitters[2 - i],
                         jitters[i]};

            assert_true(share_seen(&job, play_inline) < 0.001);
        }
    }
}

/* Exchanges vary by more than the computation; of few calls it takes more looks
 * than one. */
static void a_second_thread_is_seen(void **state)
{
    (void)state;
    for (int layers = 3; layers <= LAYERS; layers++) {
        job_t job = {layers, SPAR_SAMPLES, 2e-3, 0.3, 0.01};
        int looks = layers < 5 ? 2 : 1;
        double missed = 1 - share_seen(&job, play_second_thread);

        assert_true(pow(missed, looks) < 0.05);
    }
}

/* All gradients wait already: when calls return says nothing. */
static void a_backlog_says_nothing(void **state)
{
    job_t job = {LAYERS, SPAR_SAMPLES, 20e-3, 0.1, 0.01};

    (void)state;
    assert_true(share_seen(&job, play_second_thread) < 0.001);
}

static void few_samples_say_nothing(void **state)
{
    (void)state;
    for (int steps = 0; steps < 3; steps++) {
        job_t job = {LAYERS, steps, 2e-3, 0.3, 0.01};

        assert_true(share_seen(&job, play_second_thread) == 0);
    }
}

/* Pauses of microseconds are the application's own way from call to call. */
static void short_gaps_say_nothing(void **state)
{
    spar_samples_t before[LAYERS] = {0}, gap[LAYERS] = {0};
    spar_overlap_t overlap = {0};

    (void)state;
    for (int i = 0; i < LAYERS; i++) {
        for (int s = 0; s < SPAR_SAMPLES; s++) {
            spar_samples_add(&before[i], 1e-6 * s);
            spar_samples_add(&gap[i], 18e-6 - 1e-6 * s);
        }
        spar_overlap_add(&overlap, &before[i], &gap[i]);
    }
    assert_false(spar_overlap_is_seen(&overlap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_is_not_taken_for_two),
        cmocka_unit_test(a_second_thread_is_seen),
        cmocka_unit_test(a_backlog_says_nothing),
        cmocka_unit_test(few_samples_say_nothing),
        cmocka_unit_test(short_gaps_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
