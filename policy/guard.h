/*
 * Spar: sums that must not be sent sparsely although they look like a layer's
 * calls. A guard says why a layer stays dense in modes auto and ab; the user
 * may know better (SPAR_INCLUDE).
 *
 * What each is recognised by:
 *   several, fresh
 *               policy/sequence.h, the buffers of the calls of a step
 *   turns       policy/turns.h, how the size of the results goes up and down
 *   parameters, running, whole, one sign
 *               policy/content.h, some elements of the results
 *   small       here, from the layers' sizes alone
 */
#ifndef SPAR_POLICY_GUARD_H
#define SPAR_POLICY_GUARD_H

#include <stdbool.h>
#include <stdint.h>

typedef enum spar_guard {
    SPAR_GUARD_NONE,
    SPAR_GUARD_SEVERAL,    /* calls of a step that may be one sum in turn */
    SPAR_GUARD_FRESH,      /* one call of a step that may be several layers */
    SPAR_GUARD_TURNS,      /* gradients and something else in turn */
    SPAR_GUARD_PARAMETERS, /* hardly changes */
    SPAR_GUARD_RUNNING,    /* only grows */
    SPAR_GUARD_WHOLE,      /* whole numbers */
    SPAR_GUARD_ONE_SIGN,   /* never changes sign */
    SPAR_GUARD_SMALL,      /* of little weight beside the others */
    SPAR_GUARDS
} spar_guard_t;

/* Why the layer stays dense, for the report, and what overrides it. Static;
 * NULL for SPAR_GUARD_NONE. */
const char *spar_guard_why(spar_guard_t guard);
/* What it looks like, alone. */
const char *spar_guard_what(spar_guard_t guard);
/* What mode auto would say; for mode shadow. */
const char *spar_guard_why_in_auto(spar_guard_t guard);

/* Whether layers of so many elements may be statistics (sums of a batch
 * normalisation, say). */
bool spar_guard_is_small(uint64_t count);
/* And whether such layers, of `small` bytes together, weigh so little in a step
 * of `all` bytes that they need not be sparse. Otherwise they are the model. */
bool spar_guard_is_little(uint64_t small, uint64_t all);

#endif
