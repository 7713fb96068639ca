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

/* The sparse call must be predicted to take less than this share of the dense
 * call: the dense calls of the first steps are often slower than later ones,
 * and on networks that are slow enough to gain the share is far smaller. */
#define SPAR_VERDICT_MARGIN 0.6
/* And when it is reviewed, less than this share. */
#define SPAR_VERDICT_KEEP 0.8

/* What is known of the job's network. */
typedef struct spar_verdict_link {
    int ranks;
    double latency;          /* seconds of a small exchange */
    double seconds_per_byte; /* of payload, as dense calls achieve it */
} spar_verdict_link_t;

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

/*
 * Predicted seconds of a sparse call: local work, two rounds of latency
 * (headers, then entries), and (P-1) payloads sent (allgather volume).
 */
double spar_verdict_predict(const spar_verdict_link_t *link,
                            double local_seconds, uint64_t payload_bytes);

/* Sparse? */
bool spar_verdict_pays(double sparse_seconds, double dense_seconds);

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
