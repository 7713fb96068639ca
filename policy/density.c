#include "policy/density.h"

uint64_t spar_density_ramp_end(const spar_config_t *config)
{
    return (config->density_count - 1) * config->ramp_steps;
}

double spar_density_at(const spar_config_t *config, uint64_t step)
{
    uint64_t stage = step / config->ramp_steps;
    uint64_t last = config->density_count - 1;

    return config->density[stage < last ? stage : last];
}

double spar_density_most(const spar_config_t *config)
{
    double most = 0;

    for (uint64_t i = 0; i < config->density_count; i++) {
        most = config->density[i] > most ? config->density[i] : most;
    }
    return most;
}

uint64_t spar_density_entries(double density, uint64_t count)
{
    uint64_t entries = (uint64_t)(density * (double)count + 0.5);

    if (entries < 1) {
        return 1;
    }
    return entries < count ? entries : count;
}
