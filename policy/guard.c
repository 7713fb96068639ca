#include "policy/guard.h"

#include <stddef.h>

/* Statistics have some numbers for each channel; weights of so few elements
 * gain little. */
#define SMALL_COUNT 16384
/* All of them together: dense or not, a step hardly takes another time. */
#define LITTLE_SHARE 8

#define OVERRIDE "; SPAR_INCLUDE takes it all the same"
#define IN_AUTO  "mode auto: dense, "

#define SEVERAL                                                                \
    "several calls of this size in each step, which may not be gradients"
#define FRESH      "may be several layers, each call has memory of its own"
#define TURNS      "its size swings, as if gradients and other sums took turns"
#define PARAMETERS "changes little, like parameters"
#define RUNNING    "only grows, like a running sum"
#define WHOLE      "whole numbers, like counts"
#define ONE_SIGN   "one sign, like counts or squares"
#define SMALL      "small beside the other layers, may be statistics"

static const char *const whys[SPAR_GUARDS] = {
    [SPAR_GUARD_SEVERAL] = SEVERAL OVERRIDE,
    [SPAR_GUARD_FRESH] = FRESH "; SPAR_STEP_CALLS tells how many calls "
                               "make up a step",
    [SPAR_GUARD_TURNS] = TURNS OVERRIDE,
    [SPAR_GUARD_PARAMETERS] =
        PARAMETERS "; SPAR_PERIODIC=auto averages it less often",
    [SPAR_GUARD_RUNNING] = RUNNING OVERRIDE,
    [SPAR_GUARD_WHOLE] = WHOLE OVERRIDE,
    [SPAR_GUARD_ONE_SIGN] = ONE_SIGN OVERRIDE,
    [SPAR_GUARD_SMALL] = SMALL OVERRIDE,
};

static const char *const whats[SPAR_GUARDS] = {
    [SPAR_GUARD_SEVERAL] = SEVERAL,   [SPAR_GUARD_FRESH] = FRESH,
    [SPAR_GUARD_TURNS] = TURNS,       [SPAR_GUARD_PARAMETERS] = PARAMETERS,
    [SPAR_GUARD_RUNNING] = RUNNING,   [SPAR_GUARD_WHOLE] = WHOLE,
    [SPAR_GUARD_ONE_SIGN] = ONE_SIGN, [SPAR_GUARD_SMALL] = SMALL,
};

static const char *const whys_in_auto[SPAR_GUARDS] = {
    [SPAR_GUARD_SEVERAL] = IN_AUTO SEVERAL,
    [SPAR_GUARD_FRESH] = IN_AUTO FRESH,
    [SPAR_GUARD_TURNS] = IN_AUTO TURNS,
    [SPAR_GUARD_PARAMETERS] = IN_AUTO PARAMETERS,
    [SPAR_GUARD_RUNNING] = IN_AUTO RUNNING,
    [SPAR_GUARD_WHOLE] = IN_AUTO WHOLE,
    [SPAR_GUARD_ONE_SIGN] = IN_AUTO ONE_SIGN,
    [SPAR_GUARD_SMALL] = IN_AUTO SMALL,
};

const char *spar_guard_why(spar_guard_t guard)
{
    return whys[guard];
}

const char *spar_guard_what(spar_guard_t guard)
{
    return whats[guard];
}

const char *spar_guard_why_in_auto(spar_guard_t guard)
{
    return whys_in_auto[guard];
}

bool spar_guard_is_small(uint64_t count)
{
    return count < SMALL_COUNT;
}

bool spar_guard_is_little(uint64_t small, uint64_t all)
{
    return small < all / LITTLE_SHARE;
}
