/*
 * Spar: are all ranks' replicas the same? What is to be equal becomes numbers
 * that a double holds exactly, so that one minimum over the ranks of a number
 * and of its negative tells whether they differ.
 */
#ifndef SPAR_POLICY_REPLICAS_H
#define SPAR_POLICY_REPLICAS_H

#include <stdbool.h>
#include <stddef.h>

/* Stands for something that is not there; no digest has this value. */
#define SPAR_REPLICAS_NOTHING 0.0
/* A rank cannot tell its number: nothing is known of the others' either. The
 * least of all numbers. */
#define SPAR_REPLICAS_UNKNOWN (-1.0)

/* A whole number from 1 to 2^52 that depends on all bytes. Two different
 * contents have the same one with a probability of 2^-52. */
double spar_replicas_digest(const void *bytes, size_t size);

/* pair[2] holds one rank's number, to be replaced by the minima over the
 * ranks. */
void spar_replicas_put(double number, double *pair);
/* After that: whether all ranks knew theirs, and if so, whether any two of them
 * had different numbers. */
bool spar_replicas_known(const double *pair);
bool spar_replicas_differ(const double *pair);

/*
 * Which ranks have which number, as "0.05 on rank 1; 0.06 on ranks 0, 2", with
 * the groups in the order of their first ranks; digests are shown as such.
 * Long lists are cut, and the text ends within `size` bytes.
 */
void spar_replicas_describe(const double *numbers, size_t ranks, bool digests,
                            char *text, size_t size);

#endif
