#include "policy/verdict.h"

double spar_verdict_fit(int ranks, const double *dense_seconds,
                        const uint64_t *dense_bytes, uint64_t calls,
                        double latency)
{
    double best = 0;

    for (uint64_t i = 0; i < calls; i++) {
        double volume =
            2.0 * (double)dense_bytes[i] * (ranks - 1) / (double)ranks;
        double transfer = dense_seconds[i] - latency;
        double rate = transfer > 0 && volume > 0 ? transfer / volume : 0;

        if (rate > 0 && (best == 0 || rate < best)) {
            best = rate;
        }
    }
    return best;
}

void spar_verdict_share(double *seconds, const uint64_t *bytes,
                        const bool *together, uint64_t calls)
{
    double seconds_sum = 0, bytes_sum = 0;

    for (uint64_t i = 0; i < calls; i++) {
        if (together[i]) {
            seconds_sum += seconds[i];
            bytes_sum += (double)bytes[i];
        }
    }
    for (uint64_t i = 0; i < calls; i++) {
        if (together[i] && bytes_sum > 0) {
            seconds[i] = seconds_sum * (double)bytes[i] / bytes_sum;
        }
    }
}

bool spar_verdict_pays(double sparse_seconds, double dense_seconds,
                       bool measurable)
{
    return sparse_seconds <
           (measurable ? SPAR_VERDICT_TRY : SPAR_VERDICT_MARGIN) *
               dense_seconds;
}

bool spar_verdict_keeps(double sparse_seconds, double dense_seconds)
{
    return sparse_seconds < SPAR_VERDICT_KEEP * dense_seconds &&
           sparse_seconds < dense_seconds - SPAR_VERDICT_LEAST;
}

bool spar_verdict_review(double sparse_seconds, double dense_seconds,
                         unsigned *losses)
{
    *losses =
        spar_verdict_keeps(sparse_seconds, dense_seconds) ? 0 : *losses + 1;
    return *losses >= SPAR_VERDICT_LOSSES;
}
