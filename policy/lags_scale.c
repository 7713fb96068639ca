#include "policy/lags_scale.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Weight of a review against that of the next one. */
#define FADING 0.95
/* Relative misses beyond this count less than squared (Huber). */
#define USUAL 0.3
#define STEPS 8
/* A review off by this factor is news, as are two in a row that are off by less
 * to the same side; if the factors that follow from all reviews still miss the
 * latest one, it contradicts the older ones. */
#define NEWS          1.5
#define NEWS_TWICE    1.3
#define CONTRADICTION 1.2
/* The ridge, in reviews: little, so that two reviews at other densities tell
 * both factors, but more than noise tells where densities hardly changed. */
#define RIDGE 0.01
/* The link, rather than all costs, is taken to have changed if its seconds are
 * at least this share of what was expected, and not by more than this factor.
 */
#define LINK_SHARE  0.4
#define LINK_CHANGE 100
/* Least factor, relative to the anchor, that a fit may arrive at. */
#define LEAST 0.02
/* Bounds of the factors. */
#define RANGE 1e6

/* The normal equations of both factors, relative to the anchor. */
typedef struct normal {
    double matrix[2][2];
    double vector[2];
} normal_t;

void spar_lags_scale_init(spar_lags_scale_t *scale)
{
    *scale = (spar_lags_scale_t){
        .fixed = 1, .slope = 1, .anchor_fixed = 1, .anchor_slope = 1};
}

double spar_lags_scale_predict(const spar_lags_scale_t *scale, double fixed,
                               double slope)
{
    return scale->fixed * fixed + scale->slope * slope;
}

static double expected(const spar_lags_scale_t *scale,
                       const spar_lags_scale_review_t *review)
{
    return spar_lags_scale_predict(scale, review->fixed, review->slope);
}

/* Natural logarithm of the factor that the review is off by. */
static double miss_of(const spar_lags_scale_t *scale,
                      const spar_lags_scale_review_t *review)
{
    return log(review->busy / expected(scale, review));
}

static bool is_review(const spar_lags_scale_review_t *review)
{
    return isfinite(review->fixed) && review->fixed >= 0 &&
           isfinite(review->slope) && review->slope >= 0 &&
           review->fixed + review->slope > 0 && isfinite(review->busy) &&
           review->busy > 0;
}

static void keep(spar_lags_scale_t *scale,
                 const spar_lags_scale_review_t *review)
{
    if (scale->count == SPAR_LAGS_SCALE_HISTORY) {
        scale->count--;
        memmove(scale->reviews, scale->reviews + 1,
                scale->count * sizeof(*scale->reviews));
    }
    scale->reviews[scale->count++] = *review;
}

static double bounded(double factor)
{
    return fmin(fmax(factor, 1 / RANGE), RANGE);
}

/* From one review alone: the link's rate, or else all costs, are other than
 * was known. */
static void rescale(spar_lags_scale_t *scale, bool known,
                    const spar_lags_scale_review_t *review)
{
    double sum = expected(scale, review);
    double slope = scale->slope * review->slope;
    double change = slope > 0 ? (review->busy - (sum - slope)) / slope : 0;

    if (known && slope >= LINK_SHARE * sum && change > 1.0 / LINK_CHANGE &&
        change < LINK_CHANGE) {
        scale->slope = bounded(scale->slope * change);
        return;
    }
    scale->fixed = bounded(scale->fixed * review->busy / sum);
    scale->slope = bounded(scale->slope * review->busy / sum);
}

static void add_review(const spar_lags_scale_t *now,
                       const spar_lags_scale_review_t *review, double weight,
                       normal_t *normal)
{
    /* Relative to what is expected, not to the noisy busy seconds: that would
     * favour small ones. */
    double unit = expected(now, review);
    double of[2] = {now->anchor_fixed * review->fixed / unit,
                    now->anchor_slope * review->slope / unit};
    double busy = review->busy / unit;

    weight *= fmin(1, USUAL / fabs(busy - 1));
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            normal->matrix[i][j] += weight * of[i] * of[j];
        }
        normal->vector[i] += weight * of[i] * busy;
    }
}

/* The changes that solve the equations, none below the least. */
static void solve(const normal_t *normal, double *changes)
{
    const double(*m)[2] = normal->matrix;
    const double *v = normal->vector;
    double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];

    changes[0] = (v[0] * m[1][1] - v[1] * m[0][1]) / determinant;
    changes[1] = (v[1] * m[0][0] - v[0] * m[1][0]) / determinant;
    if (changes[0] < LEAST) {
        changes[0] = LEAST;
        changes[1] = (v[1] - m[1][0] * LEAST) / m[1][1];
    } else if (changes[1] < LEAST) {
        changes[1] = LEAST;
        changes[0] = (v[0] - m[0][1] * LEAST) / m[0][0];
    }
    changes[0] = fmax(changes[0], LEAST);
    changes[1] = fmax(changes[1], LEAST);
}

static void fit(spar_lags_scale_t *scale)
{
    for (int step = 0; step < STEPS; step++) {
        normal_t normal = {.matrix = {{RIDGE, 0}, {0, RIDGE}},
                           .vector = {RIDGE, RIDGE}};
        double changes[2], weight = 1;

        for (size_t i = scale->count; i-- > 0; weight *= FADING) {
            add_review(scale, &scale->reviews[i], weight, &normal);
        }
        solve(&normal, changes);
        scale->fixed = bounded(scale->anchor_fixed * changes[0]);
        scale->slope = bounded(scale->anchor_slope * changes[1]);
    }
}

/* Forgets all but the latest reviews; without any other, a review tells one
 * number only. */
static void restart(spar_lags_scale_t *scale, size_t reviews)
{
    const spar_lags_scale_review_t *newest = &scale->reviews[scale->count - 1];

    rescale(scale, scale->count > 1, newest);
    scale->anchor_fixed = scale->fixed;
    scale->anchor_slope = scale->slope;
    memmove(scale->reviews, newest + 1 - reviews, reviews * sizeof(*newest));
    scale->count = reviews;
    if (reviews > 1) {
        fit(scale);
    }
}

static bool is_twice(double miss, double before)
{
    return miss * before > 0 &&
           fmin(fabs(miss), fabs(before)) > log(NEWS_TWICE);
}

void spar_lags_scale_add(spar_lags_scale_t *scale,
                         const spar_lags_scale_review_t *review)
{
    spar_lags_scale_t fitted;
    double miss;
    bool twice;

    if (!is_review(review)) {
        return;
    }
    keep(scale, review);
    miss = miss_of(scale, review);
    twice = scale->count > 2 && is_twice(miss, scale->missed);
    scale->missed = miss;
    fitted = *scale;
    fit(&fitted);
    if (scale->count == 1) {
        restart(scale, 1);
    } else if ((twice || fabs(miss) > log(NEWS)) &&
               fabs(miss_of(&fitted, review)) > log(CONTRADICTION)) {
        restart(scale, twice ? 2 : 1);
    } else {
        *scale = fitted;
    }
}
