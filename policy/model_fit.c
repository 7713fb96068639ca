#include "policy/model_fit.h"

#include "base/quantile.h"
#include "policy/model_features.h"

#include <math.h>

/* Unknowns: log(value / prior) of each number of the model. */
#define UNKNOWNS ((unsigned)SPAR_MODEL_NUMBERS)
#define CALLS    ((size_t)SPAR_METHODS * SPAR_MODEL_HISTORY)
#define STEPS    30
/* How far, in natural logarithms, one step and all steps may lead. */
#define STEP_MOST  2.0
#define RANGE_MOST 9.21
#define SETTLED    1e-4
/* Noise of log(observed / predicted): what Huber's weights take as usual. The
 * bounds keep a few calls that fit by chance from being taken for exact, and
 * priors that are far off from passing as noise. */
#define NOISE_LEAST 0.03
#define NOISE_MOST  0.5
#define HUBER       1.345 /* 95 % efficient on normal noise */
/* How far values may be from their priors, standard deviation of the logarithm:
 * the network is hardly known before it is measured, local work within a
 * factor of two. */
#define DOUBT_NETWORK 2.3
#define DOUBT_WORK    0.7
#define DOUBT_MPI     1.0
#define DOUBT_FACTOR  0.2
/* One call of a method may be an accident: a method counts from this many on,
 * as long as another one does. */
#define CALLS_LEAST 3
/* The rest of a method's misses is the median of its calls and of so many calls
 * that took what was predicted. */
#define PRIOR_CALLS 2

typedef struct problem {
    const spar_model_t *priors;
    spar_model_t model;
    const spar_model_observation_t *calls[CALLS];
    spar_method_t methods[CALLS];
    double misses[CALLS]; /* log(observed / predicted) */
    size_t count;
    size_t of_method[SPAR_METHODS];
    double matrix[SPAR_MODEL_NUMBERS][SPAR_MODEL_NUMBERS];
    double vector[SPAR_MODEL_NUMBERS];
} problem_t;

void spar_model_observe(spar_model_history_t *history, spar_method_t method,
                        const spar_model_shape_t *shape, double seconds)
{
    size_t place = history->added[method] % SPAR_MODEL_HISTORY;

    if (!isfinite(seconds) || seconds <= 0 || shape->ranks < 2) {
        return;
    }
    history->calls[method][place] =
        (spar_model_observation_t){.shape = *shape, .seconds = seconds};
    history->added[method]++;
}

static double *value_of(spar_model_t *model, unsigned unknown)
{
    return unknown < SPAR_MODEL_TERMS
               ? &model->seconds[unknown]
               : &model->factor[unknown - SPAR_MODEL_TERMS];
}

static double doubt(unsigned unknown)
{
    if (unknown >= SPAR_MODEL_TERMS) {
        return unknown - SPAR_MODEL_TERMS == SPAR_METHOD_MPI ? DOUBT_MPI
                                                             : DOUBT_FACTOR;
    }
    return unknown < SPAR_MODEL_SCAN ? DOUBT_NETWORK : DOUBT_WORK;
}

/* How far a value is from its prior, within the range. */
static double distance(const problem_t *problem, unsigned unknown)
{
    spar_model_t model = problem->model;
    double away = log(*value_of(&model, unknown) /
                      spar_model_number(problem->priors, unknown));

    if (!isfinite(away)) {
        return 0;
    }
    return fmax(-RANGE_MOST, fmin(RANGE_MOST, away));
}

static void move_to(problem_t *problem, unsigned unknown, double away)
{
    *value_of(&problem->model, unknown) =
        spar_model_number(problem->priors, unknown) *
        exp(fmax(-RANGE_MOST, fmin(RANGE_MOST, away)));
}

/* The calls of all methods that have at least so many. */
static void collect(const spar_model_history_t *history, size_t least,
                    problem_t *problem)
{
    for (unsigned method = 0; method < SPAR_METHODS; method++) {
        size_t calls = history->added[method] < SPAR_MODEL_HISTORY
                           ? history->added[method]
                           : SPAR_MODEL_HISTORY;

        if (calls < least) {
            continue;
        }
        problem->of_method[method] = calls;
        for (size_t i = 0; i < calls; i++) {
            problem->calls[problem->count] = &history->calls[method][i];
            problem->methods[problem->count] = (spar_method_t)method;
            problem->count++;
        }
    }
}

/* Fills the misses; returns the noise. */
static double compare(problem_t *problem)
{
    double sizes[CALLS];
    double noise;

    for (size_t i = 0; i < problem->count; i++) {
        double predicted = spar_model_predict(
            &problem->model, problem->methods[i], &problem->calls[i]->shape);

        problem->misses[i] = log(problem->calls[i]->seconds / predicted);
        sizes[i] = fabs(problem->misses[i]);
    }
    noise = 1.4826 * spar_quantile(sizes, problem->count, 0.5);
    return fmax(NOISE_LEAST, fmin(NOISE_MOST, noise));
}

/* What a small relative change of each unknown changes the prediction by,
 * relatively. */
static void gradient_of(const problem_t *problem, size_t call, double *gradient)
{
    spar_method_t method = problem->methods[call];
    spar_model_units_t units;
    double sum;

    spar_model_features(&problem->model, method, &problem->calls[call]->shape,
                        &units);
    sum = spar_model_price(&problem->model, &units);
    for (unsigned i = 0; i < SPAR_MODEL_TERMS; i++) {
        gradient[i] = units.of[i] * problem->model.seconds[i] / sum;
    }
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        gradient[SPAR_MODEL_TERMS + i] =
            i == method && problem->of_method[i] >= CALLS_LEAST;
    }
}

/* The normal equations of one step: matrix * step = vector. */
static void build(problem_t *problem, double noise)
{
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        double weight = 1 / (doubt(i) * doubt(i));

        for (unsigned j = 0; j < UNKNOWNS; j++) {
            problem->matrix[i][j] = i == j ? weight : 0;
        }
        problem->vector[i] = -weight * distance(problem, i);
    }
    for (size_t call = 0; call < problem->count; call++) {
        double gradient[SPAR_MODEL_NUMBERS];
        double miss = problem->misses[call];
        double weight = fmin(1, HUBER * noise / fabs(miss)) / (noise * noise);

        gradient_of(problem, call, gradient);
        for (unsigned i = 0; i < UNKNOWNS; i++) {
            for (unsigned j = 0; j < UNKNOWNS; j++) {
                problem->matrix[i][j] += weight * gradient[i] * gradient[j];
            }
            problem->vector[i] += weight * gradient[i] * miss;
        }
    }
}

/* Solves in place by Cholesky factors: the priors keep the matrix positive
 * definite. The step replaces the vector. */
static void solve(problem_t *problem)
{
    double(*matrix)[SPAR_MODEL_NUMBERS] = problem->matrix;
    double *vector = problem->vector;

    for (unsigned i = 0; i < UNKNOWNS; i++) {
        for (unsigned j = 0; j <= i; j++) {
            double sum = matrix[i][j];

            for (unsigned k = 0; k < j; k++) {
                sum -= matrix[i][k] * matrix[j][k];
            }
            matrix[i][j] = i == j ? sqrt(sum) : sum / matrix[j][j];
        }
    }
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        for (unsigned k = 0; k < i; k++) {
            vector[i] -= matrix[i][k] * vector[k];
        }
        vector[i] /= matrix[i][i];
    }
    for (unsigned i = UNKNOWNS; i-- > 0;) {
        for (unsigned k = i + 1; k < UNKNOWNS; k++) {
            vector[i] -= matrix[k][i] * vector[k];
        }
        vector[i] /= matrix[i][i];
    }
}

/* Takes the step; returns its largest part. */
static double take_step(problem_t *problem)
{
    double most = 0;

    for (unsigned i = 0; i < UNKNOWNS; i++) {
        double part = fmax(-STEP_MOST, fmin(STEP_MOST, problem->vector[i]));

        move_to(problem, i, distance(problem, i) + part);
        most = fmax(most, fabs(part));
    }
    return most;
}

/* What is left of a method's misses goes into its factor. */
static void correct(problem_t *problem)
{
    (void)compare(problem);
    for (unsigned method = 0; method < SPAR_METHODS; method++) {
        double misses[SPAR_MODEL_HISTORY + PRIOR_CALLS] = {0};
        size_t count = PRIOR_CALLS;
        unsigned unknown = (unsigned)SPAR_MODEL_TERMS + method;

        if (problem->of_method[method] < CALLS_LEAST) {
            continue;
        }
        for (size_t i = 0; i < problem->count; i++) {
            if (problem->methods[i] == (spar_method_t)method) {
                misses[count++] = problem->misses[i];
            }
        }
        move_to(problem, unknown,
                distance(problem, unknown) + spar_quantile(misses, count, 0.5));
    }
}

void spar_model_fit(const spar_model_history_t *history,
                    const spar_model_t *priors, spar_model_t *model)
{
    problem_t problem = {.priors = priors, .model = *model};

    collect(history, CALLS_LEAST, &problem);
    if (problem.count == 0) {
        collect(history, 1, &problem);
    }
    if (problem.count == 0) {
        *model = *priors;
        return;
    }
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        move_to(&problem, i, distance(&problem, i));
    }
    for (int step = 0; step < STEPS; step++) {
        build(&problem, compare(&problem));
        solve(&problem);
        if (take_step(&problem) < SETTLED) {
            break;
        }
    }
    correct(&problem);
    *model = problem.model;
}
