#include "policy/trial.h"

#include "policy/verdict.h"

void spar_trial_propose(const spar_model_t *model,
                        const spar_model_shape_t *shape, unsigned sparse,
                        double dense_seconds, bool measurable,
                        spar_trial_t *trial)
{
    uint32_t most = measurable ? SPAR_TRIAL_CANDIDATES : 1;
    spar_model_ranking_t ranking;

    (void)spar_model_choose(model, shape, sparse, &ranking);
    trial->count = 0;
    trial->pays_below = 1;
    for (unsigned i = 0; i < ranking.count && trial->count < most; i++) {
        bool near = ranking.seconds[i] <= SPAR_TRIAL_NEAR * ranking.seconds[0];
        bool pays =
            dense_seconds <= 0 ||
            spar_verdict_pays(ranking.seconds[i], dense_seconds, measurable);

        if (near && pays) {
            trial->candidates[trial->count++] = ranking.methods[i];
        }
    }
    trial->predicted = ranking.count > 0 ? ranking.seconds[0] : 0;
    if (trial->count > 0) {
        trial->method = trial->candidates[0];
        if (dense_seconds > 0) {
            trial->pays_below = spar_model_break_even(
                model, shape, trial->method, SPAR_METHOD_BIT(trial->dense));
        }
    }
}

spar_method_t spar_trial_candidate(const spar_trial_t *trial, uint64_t round)
{
    return trial->candidates[round < trial->count ? round : 0];
}

spar_method_t spar_trial_dense(uint64_t step)
{
    return step % 2 == 0 ? SPAR_METHOD_RING : SPAR_METHOD_MPI;
}

spar_method_t spar_trial_fastest(const spar_trial_t *trial,
                                 const double seconds[SPAR_METHODS])
{
    spar_method_t best = trial->method;

    for (uint32_t i = 0; i < trial->count; i++) {
        spar_method_t method = trial->candidates[i];

        double limit =
            (best == trial->candidates[0] ? SPAR_TRIAL_BETTER : 1.0) *
            seconds[best];

        if (seconds[method] > 0 &&
            (seconds[best] <= 0 || seconds[method] < limit)) {
            best = method;
        }
    }
    return best;
}
