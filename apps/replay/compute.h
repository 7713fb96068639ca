/*
 * Computation that is only emulated. What is due is counted against a clock
 * from the start of a step, so that waking late or working too long once does
 * not add up.
 */
#ifndef REPLAY_COMPUTE_H
#define REPLAY_COMPUTE_H

typedef enum compute_kind {
    COMPUTE_SLEEP, /* asleep, as a CPU is while a GPU works */
    COMPUTE_WORK,  /* uses so much CPU time, however long that takes */
    COMPUTE_SPIN   /* keeps the core busy until that time has passed */
} compute_kind_t;

typedef struct compute {
    compute_kind_t kind;
    double until; /* seconds on the clock: when all that is due is done */
    double due;   /* seconds added since compute_do() */
} compute_t;

/* From now on; nothing is due yet. */
void compute_begin(compute_t *compute, compute_kind_t kind);

void compute_add(compute_t *compute, double seconds);

/* Returns when all that was added is done. */
void compute_do(compute_t *compute);

/* Seconds on the computation's clock: the calling thread's CPU time for
 * COMPUTE_WORK, else the wall's. */
double compute_now(const compute_t *compute);

/* The computation stood still since compute_now() was `since`. */
void compute_pause(compute_t *compute, double since);

/* What comes next was held up from `since` until now; what is due went on
 * meanwhile, so that only the time after its end is lost. */
void compute_hold(compute_t *compute, double since);

#endif
