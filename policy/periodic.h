/*
 * Spar: when do replicas that train apart exchange? In a step that skips, each
 * goes on with its own parameters; in one that averages, all get the mean.
 * Which one a step is, is a function of what was given to the functions here,
 * so all ranks that give them the same come to the same end.
 *
 *   ADPSGD  the period follows the variance of the replicas, S = mean over them
 *           of |mean - own|^2 right before an averaging (Jiang and Agrawal,
 *           Adaptive Periodic Averaging, arXiv 2007.06134): in the first
 * quarter of the training it is 4, and C2 is the running mean of S / rate; from
 * then on S < 0.7 rate C2 makes it longer by one step, and S > 1.3 rate C2
 * shorter by one. CPSGD   a fixed period, the paper's comparison. parts   a
 * period for each of several equal parts of the training: with falling numbers,
 * the paper's decreasing period.
 *
 * Steps are the trainer's, from 0. Not thread-safe.
 */
#ifndef SPAR_POLICY_PERIODIC_H
#define SPAR_POLICY_PERIODIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The period of the first phase (the paper's p_init), and bounds. */
#define SPAR_PERIODIC_FIRST 4
#define SPAR_PERIODIC_MOST  64
/* Where the length of the training is not known the first phase ends when the
 * standard error of C2 is below that share of it, after so many averagings at
 * the least and so many at the most. */
#define SPAR_PERIODIC_SETTLED 0.05
#define SPAR_PERIODIC_LEAST   16
#define SPAR_PERIODIC_ENOUGH  256
/* Where it is known, C2 is still the mean of so many averagings or more. */
#define SPAR_PERIODIC_FEW 4
/* Replicas drift apart when S is above so many times what is expected; then
 * every step averages until there were so many averagings. */
#define SPAR_PERIODIC_DRIFT 10.0
#define SPAR_PERIODIC_REST  8

#define SPAR_PERIODIC_LONGEST 1024
#define SPAR_PERIODIC_PARTS   16
#define SPAR_PERIODIC_MARKS   512

/* Periods of equal parts of the training. */
typedef struct spar_periods {
    uint64_t count; /* 0: ADPSGD */
    uint64_t period[SPAR_PERIODIC_PARTS];
} spar_periods_t;

/* Learning rates, each from a step on; steps ascend. */
typedef struct spar_rates {
    uint64_t count; /* 0: not known */
    uint64_t step[SPAR_PERIODIC_PARTS];
    double rate[SPAR_PERIODIC_PARTS];
} spar_rates_t;

typedef struct spar_periodic_rule {
    spar_periods_t periods;
    spar_rates_t rates;
    uint64_t train_steps; /* 0: not known */
} spar_periodic_rule_t;

/* An averaging: its step, the period then, S and the rate. */
typedef struct spar_periodic_mark {
    uint64_t step;
    uint64_t period;
    double variance;
    double rate;
} spar_periodic_mark_t;

typedef struct spar_periodic {
    spar_periodic_rule_t rule;
    uint64_t step;   /* the present one */
    uint64_t period; /* in force */
    uint64_t since;  /* steps since the latest averaging; 0: none */
    double rate;     /* the rule's largest one in these; 0: not known */
    bool averages;   /* what the present step is to do */
    bool forced;     /* the next one averages */
    bool is_regular; /* the latest averaging came when it was due */
    bool adapts;     /* the first phase is over */
    uint64_t rest;   /* averagings with period 1 that are left */
    /* Of S / rate in the first phase: number, mean, squared deviations. */
    uint64_t looks;
    double mean;
    double squares;
    /* Counted for the report. */
    uint64_t exchanges;
    uint64_t skips;
    uint64_t drifts;
    uint64_t observed;
    uint64_t stride; /* every so many averagings leave a mark */
    size_t mark_count;
    spar_periodic_mark_t marks[SPAR_PERIODIC_MARKS];
} spar_periodic_t;

void spar_periodic_init(spar_periodic_t *periodic,
                        const spar_periodic_rule_t *rule);

/* The rate of that step; 0: not known. */
double spar_rates_at(const spar_rates_t *rates, uint64_t step);

/* A step begins: whether it averages. The last step of a training whose length
 * is known always does. */
bool spar_periodic_begin(spar_periodic_t *periodic, uint64_t step);

/* Whether spar_periodic_observe would make use of the step that averages. */
bool spar_periodic_looks(const spar_periodic_t *periodic);

/* The step is over: whether its calls were exchanged, whether the replicas are
 * the same behind it, and whether the next one has to average, come what may.
 * One that was to average and has not makes the next one do it. */
void spar_periodic_end(spar_periodic_t *periodic, bool exchanged, bool averaged,
                       bool again);

/*
 * What the step that averaged last has shown: S, and what stands for the
 * learning rate (the largest since the averaging before, of which S is made)
 * where the rule has none (the size of the local updates; <= 0:
 * not known). Without effect on fixed periods, but for the marks. A variance
 * that is not finite says nothing of a drift: the next steps average as behind
 * one, but it does not count.
 */
void spar_periodic_observe(spar_periodic_t *periodic, double variance,
                           double update);

/* Steps since the replicas were the same, when the present step is over, be it
 * as it was to be. */
uint64_t spar_periodic_since(const spar_periodic_t *periodic, bool averaged);

#endif
