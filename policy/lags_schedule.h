/*
 * Spar: a step of policy/lags.h played through. Everything that does not depend
 * on densities is worked out once, so that a solver can try many.
 *
 * Ends of exchanges never fall from layer to layer. So a deadline behind which
 * a later layer's earlier one lies is never waited for, and the least deadline
 * of a layer and all after it, `due`, may take its place: waits come in the
 * order of the layers, and nothing has to be sorted.
 */
#ifndef SPAR_POLICY_LAGS_SCHEDULE_H
#define SPAR_POLICY_LAGS_SCHEDULE_H

#include "policy/lags.h"

#define SPAR_LAGS_NONE UINT16_MAX

typedef struct spar_lags_schedule {
    const spar_lags_layer_t *layers;
    size_t count;
    double due[SPAR_LAGS_MOST];     /* never falls */
    uint16_t waits[SPAR_LAGS_MOST]; /* of the first so many layers, before this
                                       one is posted */
} spar_lags_schedule_t;

/* One way through a step. Seconds by the clock on the wall. */
typedef struct spar_lags_play {
    double posted[SPAR_LAGS_MOST];
    double selected[SPAR_LAGS_MOST];
    double ended[SPAR_LAGS_MOST];
    uint16_t cause[SPAR_LAGS_MOST]; /* layer whose wait made all later ones as
                                       late as this one is posted, or NONE */
    /* so far */
    double waited;
    size_t waits;    /* done */
    uint16_t latest; /* cause of `waited` */
} spar_lags_play_t;

void spar_lags_schedule_init(spar_lags_schedule_t *schedule,
                             const spar_lags_layer_t *layers, size_t count);

/* Step by step: start, each layer in order with the seconds it keeps the
 * network, finish. */
void spar_lags_play_start(spar_lags_play_t *play);
void spar_lags_play_layer(spar_lags_play_t *play,
                          const spar_lags_schedule_t *schedule, size_t layer,
                          double transfer);
void spar_lags_play_finish(spar_lags_play_t *play,
                           const spar_lags_schedule_t *schedule);

/* All of it. transfers: of each layer. */
void spar_lags_play_all(spar_lags_play_t *play,
                        const spar_lags_schedule_t *schedule,
                        const double *transfers);

/*
 * tails_p: what each `ended` lacks to the wait of the whole step along the
 * longest way from there, so that ended + tail <= wait (-INFINITY: nothing
 * depends on it). Does not depend on transfers of the layer and those before.
 */
void spar_lags_schedule_tails(const spar_lags_schedule_t *schedule,
                              const double *transfers, double *tails_p);

/* The layers whose transfers add up, one for one, to the wait of a finished
 * play with a wait. Returns how many; last one first. */
size_t spar_lags_play_path(const spar_lags_play_t *play, uint16_t *path_p);

#endif
