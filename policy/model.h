/*
 * Spar: how long the allreduce of one layer takes, by method. Plain data and
 * pure functions: one rank fits a model (policy/model_fit.h) and may broadcast
 * it as bytes. Any thread. Ranks on different processors may predict seconds
 * that differ in the last bit (the C library has logarithms of its own for
 * some), so what must be the same everywhere is decided on one rank.
 *
 * A prediction is the sum of what a call needs of each resource times the
 * seconds that a unit of it takes, times a factor of the method, which takes
 * in what the formulas leave out (policy/model_features.h has the formulas).
 *
 * A message takes latency + overhead + bytes * seconds per byte. Overheads and
 * bytes of messages that leave the same interface add up, latencies only along
 * a chain of messages that depend on each other: LogGP (Alexandrov et al.,
 * SPAA 1995) with L = latency, o = g = overhead, G = seconds per byte. Ranks of
 * one node share its interface to the network; between each other every rank
 * has an interface of its own.
 */
#ifndef SPAR_POLICY_MODEL_H
#define SPAR_POLICY_MODEL_H

#include "policy/method.h"

#include <stdint.h>

/* What costs time. Units of the features; all seconds are per unit. */
typedef enum spar_model_term {
    SPAR_MODEL_NODE_LATENCY = 0, /* rounds between ranks of one node */
    SPAR_MODEL_NODE_MESSAGE,     /* overhead: messages of a rank */
    SPAR_MODEL_NODE_BYTE,        /* bytes of a rank */
    SPAR_MODEL_NETWORK_LATENCY,  /* rounds between nodes */
    SPAR_MODEL_NETWORK_MESSAGE,  /* overhead: messages of a node */
    SPAR_MODEL_NETWORK_BYTE,     /* bytes of a node's interface */
    SPAR_MODEL_SCAN,             /* elements that a selection reads */
    SPAR_MODEL_COMMIT,           /* elements whose residual is updated */
    SPAR_MODEL_ENCODE,           /* entries written into blocks */
    SPAR_MODEL_ADD,              /* entries added to a dense result */
    SPAR_MODEL_MERGE,            /* entries of two blocks merged into one */
    SPAR_MODEL_REDUCE,           /* elements of dense sums */
    SPAR_MODEL_TERMS             /* how many there are */
} spar_model_term_t;

typedef struct spar_model {
    double seconds[SPAR_MODEL_TERMS]; /* per unit of each term, > 0 */
    double factor[SPAR_METHODS];      /* of each method's sum, > 0 */
} spar_model_t;

/* One call. Ranks lie on nodes in blocks of ceil(ranks / nodes). */
typedef struct spar_model_shape {
    int ranks;              /* >= 1 */
    int nodes;              /* 1 to ranks */
    uint64_t count;         /* elements of the layer */
    unsigned element_bytes; /* of the layer: 2, 4 or 8 */
    uint64_t entries;       /* that each rank sends, at most count */
    double value_bytes;     /* of a value on the wire, 1 to 8 */
    bool eager; /* entries travel in one message with their header */
} spar_model_shape_t;

/* A guess for a job before anything was measured: the network has this latency
 * (seconds from one rank's memory to another's) and rate (bytes per second of
 * a node's interface, one way); all else as on a usual host. Every factor
 * is 1. */
void spar_model_guess(double latency, double rate, spar_model_t *model_p);

/* Seconds of one call; finite and > 0 for every shape within its limits, 0 with
 * one rank. */
double spar_model_predict(const spar_model_t *model, spar_method_t method,
                          const spar_model_shape_t *shape);

/* SPLIT is for at most so many ranks (exchange/split_state.h). */
#define SPAR_MODEL_SPLIT_RANKS 1024

/* Methods and their predicted seconds, the fastest first. */
typedef struct spar_model_ranking {
    unsigned count;
    spar_method_t methods[SPAR_METHODS];
    double seconds[SPAR_METHODS];
} spar_model_ranking_t;

/*
 * Ranks the methods of the mask `allowed`, those that the shape rules out
 * excepted (NODE needs several nodes and several ranks on each, SPLIT has a
 * limit). Equal ones keep the order of spar_method_t. Returns the fastest; with
 * none allowed, MPI, and count is 0.
 */
spar_method_t spar_model_choose(const spar_model_t *model,
                                const spar_model_shape_t *shape,
                                unsigned allowed,
                                spar_model_ranking_t *ranking_p);

/*
 * The largest density (entries / count) at which a sparse method is as fast as
 * the faster of the dense methods in the mask `dense`; 0: at none, not even
 * with one entry. `entries` of the shape is not read.
 */
double spar_model_break_even(const spar_model_t *model,
                             const spar_model_shape_t *shape,
                             spar_method_t method, unsigned dense);

/*
 * Names of a model's numbers, for reports and command lines: the terms
 * ("network_byte_s" ...) first, then the factors ("factor_ring" ...):
 * SPAR_MODEL_NUMBERS of them; NULL beyond.
 */
#define SPAR_MODEL_NUMBERS ((unsigned)SPAR_MODEL_TERMS + (unsigned)SPAR_METHODS)
const char *spar_model_number_name(unsigned number);
double spar_model_number(const spar_model_t *model, unsigned number);
/* false: no number has this name, or the value is not finite or not > 0. */
bool spar_model_set(spar_model_t *model, const char *name, double value);

#endif
