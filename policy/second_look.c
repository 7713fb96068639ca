#include "policy/second_look.h"

bool spar_second_look_is_due(uint64_t steps, bool alone)
{
    uint64_t every =
        alone ? SPAR_SECOND_LOOK_STEPS_ALONE : SPAR_SECOND_LOOK_STEPS;

    return steps > 0 && steps % every == 0;
}

bool spar_second_look_takes(const spar_second_look_t *look, uint64_t step)
{
    return look->wanted && step >= look->resumes;
}

void spar_second_look_rest(spar_second_look_t *look, uint64_t step)
{
    look->wanted = true;
    look->rest = look->rest > 0 ? 2 * look->rest : SPAR_SECOND_LOOK_REST;
    look->resumes = step + look->rest;
}
