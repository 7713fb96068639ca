/*
 * Spar: what each method needs of each term of the model. With P ranks on N
 * nodes, g = ceil(P / N) ranks on a node, n elements of e bytes, k entries per
 * rank, density d = k / n:
 *
 * RING: 2 (P-1) steps of n/P elements, in chunks that go on as soon as they
 * have come. One rank of a node sends to the next node, and what the others do
 * hides behind it (Patarasuk and Yuan, JPDC 69, 2009).
 *
 * MPI: the fastest of a ring without chunks; recursive doubling of whole
 * layers, log2 P rounds of n elements; and reduce-scatter by recursive halving
 * with allgather, 2 log2 P rounds of n/2, n/4 ... elements (Thakur,
 * Rabenseifner and Gropp, IJHPCA 19, 2005, section 4). Ranks beyond a power of
 * two cost two rounds of n elements more. The factor tells how well the library
 * does.
 *
 * ALLGATHER: every rank sends its header, then its block with the header again,
 * to P-1 ranks, or the latter at once where that is allowed (eager), and adds P
 * blocks (Renggli et al., SparCML, SC'19, section 5).
 *
 * DOUBLING: recursive doubling with the entries that any of 2^r ranks has,
 * which are n (1 - (1-d)^(2^r)) if ranks choose independently (SparCML,
 * section 5.1), or with whole layers where these are many; before that, unless
 * eager, ceil(log2 P) rounds of headers. Surplus ranks as with MPI.
 *
 * SPLIT: every rank sends the k/P entries of each region to its owner; the
 * owner adds them, selects at most 2k/P of its n/P elements, and sends these to
 * all (Li and Hoefler, Ok-Topk, PPoPP'22, section 3).
 *
 * NODE: a node's ranks send their blocks to its first rank, which merges them;
 * these leaders do an allgather and forward all blocks.
 *
 * QUANTISED: every rank sends n/P rounded elements to each owner, which sends
 * as many to all; first chunks with the headers, where that is allowed. All
 * elements are looked at, rounded, added once and read.
 *
 * Rounds in which several ranks of a node send at once overlap: while one
 * rank's message is in flight, the interface sends another's.
 */
#ifndef SPAR_POLICY_MODEL_FEATURES_H
#define SPAR_POLICY_MODEL_FEATURES_H

#include "policy/model.h"

/* Bytes of a block's header on the wire. */
#define SPAR_MODEL_HEADER_BYTES 72

/* Most bytes of a message of Spar's ring. */
#define SPAR_MODEL_CHUNK_BYTES (256.0 * 1024)

/* A list of sums becomes dense above this share of the elements. */
#define SPAR_MODEL_DENSE_SHARE 0.625

/* Units of each term; seconds are the sum of units times seconds. */
typedef struct spar_model_units {
    double of[SPAR_MODEL_TERMS];
} spar_model_units_t;

/*
 * Units that a call needs: predicted seconds = factor * sum of units * seconds.
 * Linear where the method's course is fixed; where two things happen at the
 * same time, or the MPI library may choose, the model's present seconds tell
 * which of the two counts. All 0 with one rank.
 */
void spar_model_features(const spar_model_t *model, spar_method_t method,
                         const spar_model_shape_t *shape,
                         spar_model_units_t *units_p);

/* Seconds of these units, without a factor. */
double spar_model_price(const spar_model_t *model,
                        const spar_model_units_t *units);

/*
 * Bytes of a block of `entries` out of `count`, without its header: the
 * entropy of the indices, count * H(entries / count) bits, which is
 * log2(binomial(count, entries)) but for a logarithmic rest, and 3 % for the
 * coding; and the values. Grows with `entries`: from the half on, the indices
 * take a bit per element.
 */
double spar_model_block_bytes(double count, double entries, double value_bytes);

/* Entries that at least one of `ranks` ranks has which choose `entries` out of
 * `count` independently: count (1 - (1 - entries/count)^ranks). */
double spar_model_union(double count, double entries, double ranks);

#endif
