/*
 * Spar: never worse. Decides for one layer, from measured times, whether
 * sending it sparsely beats sending it densely. Rank 0 decides and its answer
 * is broadcast; the times that go in are minima over the ranks, because in a
 * blocking collective call the last rank to arrive is the one that waits for
 * nobody.
 */
#ifndef SPAR_POLICY_VERDICT_H
#define SPAR_POLICY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* A sparse call that cannot be timed by itself must be predicted to take less
 * than this share of the dense call. */
#define SPAR_VERDICT_MARGIN 0.6
/* One that can be timed is tried if it is predicted to take less than this
 * share: predictions may be off, and a few steps tell. */
#define SPAR_VERDICT_TRY 1.2
/* And stays if it was measured to take less than this share: for less, nobody
 * wants other numbers. */
#define SPAR_VERDICT_KEEP 0.92
/* Nor for fewer seconds per call. */
#define SPAR_VERDICT_LEAST 20e-6

/*
 * Fits seconds_per_byte: the best rate of any measured dense call, counting
 * the 2 n (P-1)/P elements that a bandwidth-optimal allreduce (ring) sends per
 * rank.
 */
double spar_verdict_fit(int ranks, const double *dense_seconds,
                        const uint64_t *dense_bytes, uint64_t calls,
                        double latency);

/*
 * Calls that are under way together: the application waits for the last of
 * them, and which one that is tells nothing. Replaces the seconds of those
 * calls by shares of their sum, by bytes.
 */
void spar_verdict_share(double *seconds, const uint64_t *bytes,
                        const bool *together, uint64_t calls);

/* Sparse, by predicted seconds? `measurable`: its calls can be timed one by
 * one, so that measurements will follow. */
bool spar_verdict_pays(double sparse_seconds, double dense_seconds,
                       bool measurable);

/* Sparse, by measured seconds? */
bool spar_verdict_keeps(double sparse_seconds, double dense_seconds);

/* Reviews in a row that must find sparse calls slower before the layer goes
 * dense for good: one may be noise. */
#define SPAR_VERDICT_LOSSES 2

/*
 * Reviews what sparse calls really took. *losses is kept by the caller between
 * reviews, 0 at first. true: take the layer back.
 */
bool spar_verdict_review(double sparse_seconds, double dense_seconds,
                         unsigned *losses);

#endif
