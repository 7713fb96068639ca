/* Spar: whether there is so much memory that some may be spent on speed. */
#ifndef SPAR_POLICY_MEMORY_H
#define SPAR_POLICY_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes that this machine can still give away without swapping, as far as the
 * control groups of this process allow. `root` is a prefix of /proc and /sys
 * ("" outside tests). 0: not known, or the process may not grow as it likes
 * (RLIMIT_AS, RLIMIT_DATA).
 */
uint64_t spar_memory_available(const char *root);

/* Whether this process may take `bytes` more beside what it has taken so:
 * all processes of the machine together take about a fifth of what was
 * available. */
bool spar_memory_affords(uint64_t available, int processes, uint64_t taken,
                         uint64_t bytes);

#endif
