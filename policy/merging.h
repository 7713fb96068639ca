/*
 * Spar: which neighbouring small layers travel in one exchange. A pure function
 * of what all ranks have agreed on, so that all find the same groups.
 */
#ifndef SPAR_POLICY_MERGING_H
#define SPAR_POLICY_MERGING_H

#include "base/dtype.h"
#include "policy/method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Elements of a layer, and of all of a group. Beyond, the time of an exchange
 * is no longer that of its messages. */
#define SPAR_MERGING_LAYER (32u * 1024u)
#define SPAR_MERGING_TOTAL (128u * 1024u)
/* Layers of a group. */
#define SPAR_MERGING_MOST 32

/* One call of the step, in its order. */
typedef struct spar_merging_call {
    bool eligible; /* non-blocking, sparse, in one piece */
    spar_dtype_t dtype;
    spar_method_t method;
    uint64_t count; /* elements */
} spar_merging_call_t;

typedef struct spar_merging_run {
    size_t first; /* call of the step */
    size_t size;  /* calls, 2 or more */
} spar_merging_run_t;

/* Fills *runs_p, which has room for number / 2, with the groups of the step, in
 * order: as many neighbours as the limits allow, from the first on. Returns how
 * many there are. */
size_t spar_merging_find(const spar_merging_call_t *calls, size_t number,
                         spar_merging_run_t *runs_p);

#endif
