/*
 * Spar: which density each layer of a step gets, so that the exchanges hide
 * under the computation that is still to come (LAGS-SGD, Shi et al., arXiv
 * 1911.08727). Pure functions on plain data: same input, same bits; no
 * allocation (up to 160 KiB of stack); any thread. Rank 0 solves and its
 * answer is broadcast.
 *
 * A step on the application's own clock, which stands still while it waits:
 * layer i is posted at `release` and needed at `deadline`. Exchanges go first
 * in, first out, in the order of the array, through two stages: the processor
 * (selection: `work`), then the network (`fixed + slope * density`); one
 * layer's selection runs beside another one's transfer (a two-machine flow
 * shop). All times in seconds.
 *
 * Exactly: let W be what was waited so far, 0 at first. A layer is posted W
 * later than its release says, and a deadline D comes W later too. There the
 * application waits until the exchange has ended, and W grows by that. At equal
 * times, layers are posted before deadlines are waited for, except that a layer
 * whose deadline is its release is a blocking call: it is waited for before the
 * next one is posted. Deadlines may come in any order. What is under way at
 * the end of the step is not counted.
 *
 * The error that a density leaves: with error feedback an entry waits about
 * 1/density steps, so the expected energy of the residual is energy / density.
 * Where an energy is not known, the slopes stand for it (equal variance of all
 * elements), in proportion to the energies that are known.
 */
#ifndef SPAR_POLICY_LAGS_H
#define SPAR_POLICY_LAGS_H

#include "base/status.h"
#include "policy/sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most layers of a step. */
#define SPAR_LAGS_MOST SPAR_SEQUENCE_MAX_PERIOD

typedef struct spar_lags_layer {
    double release;  /* >= 0, never falls from layer to layer */
    double deadline; /* >= release; INFINITY: not waited for in this step */
    double work;     /* of the processor, at any density */
    double fixed;    /* of the network, at any density */
    double slope;    /* of the network per unit of density */
    double energy;   /* of the residual at density 1; 0: not known */
    double low;      /* bounds of the density, 0 < low <= high <= 1 */
    double high;
} spar_lags_layer_t;

/* SPAR_OK, or SPAR_ERR_INVALID: more than SPAR_LAGS_MOST layers, or a value
 * outside its bounds, negative or (but for deadlines) not finite. All functions
 * below are for layers that pass. */
spar_status_t spar_lags_check(const spar_lags_layer_t *layers, size_t count);

/* Seconds that the application waits in a step with these densities. done
 * (NULL: not wanted): when each exchange ends, on the application's clock.
 * O(count).
 */
double spar_lags_wait(const spar_lags_layer_t *layers, size_t count,
                      const double *densities, double *done);

/* Sum of energy / density: what the densities leave in the residuals. */
double spar_lags_error(const spar_lags_layer_t *layers, size_t count,
                       const double *densities);

/*
 * As dense as is free: minimises the sum of energy / density with a wait (to
 * rounding) of at most that of all layers at `low`, plus `tolerance` (>= 0;
 * INFINITY: all at `high`). No layer could be raised alone afterwards. Layers
 * that cost the network nothing get `high`; layers of equal energy and slope
 * equal densities, as far as bounds and deadlines let them.
 *
 * SPAR_ERR_INVALID, densities untouched: layers do not pass spar_lags_check, or
 * the tolerance is negative or NaN.
 */
spar_status_t spar_lags_hide(const spar_lags_layer_t *layers, size_t count,
                             double tolerance, double *densities);

/*
 * Nothing to hide under: minimises the network's seconds such that the sum of
 * energy / density is at most what the uniform density `reference` leaves
 * (each within its bounds, which come first). Where that does not shorten the
 * wait, the uniform density.
 */
void spar_lags_spend(const spar_lags_layer_t *layers, size_t count,
                     double reference, double *densities);

/*
 * The uniform density, `base` (in (0, 1]) or more, at which the network is busy
 * for `seconds` (>= 0) longer than at `base`, each layer within its bounds. Not
 * more than any layer may have; `base` where entries cost nothing.
 */
double spar_lags_afford(const spar_lags_layer_t *layers, size_t count,
                        double base, double seconds);

/*
 * The rule of the authors' code (HKBU-HPML/OMGS-SGD, utils.py), within the
 * bounds: density = (t - alpha log2 P) / (2 (P - 1) beta m), with t from this
 * release to the next one (the last: to its deadline), m `elements`, P `ranks`
 * (>= 2), alpha in seconds per message, beta in seconds per element (both > 0).
 */
void spar_lags_paper(const spar_lags_layer_t *layers, size_t count,
                     const uint64_t *elements, int ranks, double alpha,
                     double beta, double *densities);

/*
 * Are fresh densities worth a change? Yes where the old ones would wait longer
 * by more than `tolerance` plus 2 % of `step` (both seconds), or where the
 * fresh ones leave less than 90 % of the old ones' error.
 */
bool spar_lags_is_better(const double *old, const double *fresh,
                         const spar_lags_layer_t *layers, size_t count,
                         double tolerance, double step);

/* No density grows to more than `factor` (>= 1) times the old one. */
void spar_lags_limit_growth(const double *old, size_t count, double factor,
                            double *densities);

#endif
