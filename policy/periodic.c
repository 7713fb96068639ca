#include "policy/periodic.h"

#include <math.h>
#include <string.h>

/* Shares of the paper between which the period stays. */
#define LONGER  0.7
#define SHORTER 1.3
/* The first phase is this part of a training of known length. */
#define FIRST_PHASE 4
/* Periods begin with this one again after replicas have drifted apart. */
#define SMALL 2

static bool is_adaptive(const spar_periodic_t *periodic)
{
    return periodic->rule.periods.count == 0;
}

void spar_periodic_init(spar_periodic_t *periodic,
                        const spar_periodic_rule_t *rule)
{
    memset(periodic, 0, sizeof(*periodic));
    periodic->rule = *rule;
    periodic->period =
        is_adaptive(periodic) ? SPAR_PERIODIC_FIRST : rule->periods.period[0];
    periodic->stride = 1;
}

double spar_rates_at(const spar_rates_t *rates, uint64_t step)
{
    double rate = rates->count > 0 ? rates->rate[0] : 0;

    for (uint64_t i = 1; i < rates->count && rates->step[i] <= step; i++) {
        rate = rates->rate[i];
    }
    return rate;
}

/* The period of the part of the training that the step is in. */
static uint64_t given_period(const spar_periodic_rule_t *rule, uint64_t step)
{
    uint64_t parts = rule->periods.count;
    uint64_t part = 0;

    if (parts > 1 && rule->train_steps > 0) {
        part = step < rule->train_steps
                   ? (uint64_t)((double)step / (double)rule->train_steps *
                                (double)parts)
                   : parts - 1;
    }
    return rule->periods.period[part < parts ? part : parts - 1];
}

static bool is_last(const spar_periodic_t *periodic)
{
    return periodic->rule.train_steps > 0 &&
           periodic->step + 1 >= periodic->rule.train_steps;
}

bool spar_periodic_begin(spar_periodic_t *periodic, uint64_t step)
{
    double rate = spar_rates_at(&periodic->rule.rates, step);

    periodic->step = step;
    periodic->rate = periodic->since == 0 ? rate : fmax(rate, periodic->rate);
    if (!is_adaptive(periodic)) {
        periodic->period = given_period(&periodic->rule, step);
    }
    periodic->averages = periodic->forced || is_last(periodic) ||
                         periodic->since + 1 >= periodic->period;
    return periodic->averages;
}

bool spar_periodic_looks(const spar_periodic_t *periodic)
{
    return is_adaptive(periodic) || periodic->period > 1;
}

void spar_periodic_end(spar_periodic_t *periodic, bool exchanged, bool averaged,
                       bool again)
{
    periodic->exchanges += exchanged;
    periodic->skips += !exchanged;
    periodic->is_regular = averaged && periodic->since + 1 == periodic->period;
    periodic->since = spar_periodic_since(periodic, averaged);
    periodic->forced = again || (periodic->averages && !averaged);
}

uint64_t spar_periodic_since(const spar_periodic_t *periodic, bool averaged)
{
    return averaged ? 0 : periodic->since + 1;
}

/* Half of the marks go when there is no room, and from then on only every
 * second averaging leaves one. */
static void thin_out(spar_periodic_t *periodic)
{
    for (size_t i = 0; i < SPAR_PERIODIC_MARKS / 2; i++) {
        periodic->marks[i] = periodic->marks[2 * i];
    }
    periodic->mark_count = SPAR_PERIODIC_MARKS / 2;
    periodic->stride *= 2;
}

static void mark(spar_periodic_t *periodic, double variance, double rate)
{
    if (periodic->observed++ % periodic->stride != 0) {
        return;
    }
    periodic->marks[periodic->mark_count++] =
        (spar_periodic_mark_t){.step = periodic->step,
                               .period = periodic->period,
                               .variance = variance,
                               .rate = rate};
    if (periodic->mark_count == SPAR_PERIODIC_MARKS) {
        thin_out(periodic);
    }
}

/* Welford, Note on a method for calculating corrected sums of squares,
 * Technometrics 1962. */
static void add_look(spar_periodic_t *periodic, double ratio)
{
    double before = ratio - periodic->mean;

    periodic->looks++;
    periodic->mean += before / (double)periodic->looks;
    periodic->squares += before * (ratio - periodic->mean);
}

static bool has_settled(const spar_periodic_t *periodic)
{
    double looks = (double)periodic->looks;
    double error;

    if (periodic->rule.train_steps > 0) {
        return periodic->looks >= SPAR_PERIODIC_FEW &&
               (periodic->step + 1) * FIRST_PHASE >= periodic->rule.train_steps;
    }
    if (periodic->looks < SPAR_PERIODIC_LEAST) {
        return false;
    }
    error = sqrt(periodic->squares / (looks - 1) / looks);
    return error < SPAR_PERIODIC_SETTLED * periodic->mean ||
           periodic->looks >= SPAR_PERIODIC_ENOUGH;
}

/* What S / rate is expected to be; 0: that is not known yet. */
static double expected(const spar_periodic_t *periodic)
{
    return periodic->adapts || periodic->looks >= SPAR_PERIODIC_FEW
               ? periodic->mean
               : 0;
}

static bool drifts(const spar_periodic_t *periodic, double ratio)
{
    double usual = expected(periodic);

    return usual > 0 && ratio > SPAR_PERIODIC_DRIFT * usual;
}

static void begin_rest(spar_periodic_t *periodic)
{
    periodic->rest = SPAR_PERIODIC_REST;
    periodic->period = 1;
}

static void adapt(spar_periodic_t *periodic, double ratio)
{
    if (ratio < LONGER * periodic->mean &&
        periodic->period < SPAR_PERIODIC_MOST) {
        periodic->period++;
    } else if (ratio > SHORTER * periodic->mean && periodic->period > 1) {
        periodic->period--;
    }
}

/* C2 is that of the first phase's own period. */
static void learn(spar_periodic_t *periodic, double ratio)
{
    if (periodic->period < SPAR_PERIODIC_FIRST) {
        periodic->period++;
        return;
    }
    add_look(periodic, ratio);
    periodic->adapts = has_settled(periodic);
}

static void take_ratio(spar_periodic_t *periodic, double ratio)
{
    if (drifts(periodic, ratio)) {
        periodic->drifts++;
        begin_rest(periodic);
    } else if (periodic->rest > 0) {
        periodic->rest--;
        periodic->period = periodic->rest > 0 ? 1 : SMALL;
    } else if (!periodic->is_regular) {
        return; /* too early to be compared */
    } else if (periodic->adapts) {
        adapt(periodic, ratio);
    } else {
        learn(periodic, ratio);
    }
}

void spar_periodic_observe(spar_periodic_t *periodic, double variance,
                           double update)
{
    double rate = periodic->rate > 0 ? periodic->rate : update;
    bool is_adapted = is_adaptive(periodic);

    if (!isfinite(variance)) {
        periodic->forced = true;
        if (is_adapted) {
            begin_rest(periodic);
        }
        return;
    }
    mark(periodic, variance, rate);
    if (is_adapted && isfinite(rate) && rate > 0 && isfinite(variance / rate)) {
        take_ratio(periodic, variance / rate);
    }
}
