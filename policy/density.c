#include "policy/density.h"

bool spar_density_has_rule(const spar_config_t *config)
{
    return config->density_rule != SPAR_CONFIG_DENSITY_GIVEN;
}

static double base(const spar_config_t *config)
{
    double density = config->density_base;

    density = density < config->density_min ? config->density_min : density;
    return density > config->density_max ? config->density_max : density;
}

uint64_t spar_density_ramp_end(const spar_config_t *config)
{
    return spar_density_has_rule(config)
               ? 0
               : (config->density_count - 1) * config->ramp_steps;
}

double spar_density_at(const spar_config_t *config, uint64_t step)
{
    uint64_t stage = step / config->ramp_steps;
    uint64_t last = config->density_count - 1;

    if (spar_density_has_rule(config)) {
        return base(config);
    }
    return config->density[stage < last ? stage : last];
}

double spar_density_last(const spar_config_t *config)
{
    return spar_density_at(config, UINT64_MAX);
}

double spar_density_most(const spar_config_t *config)
{
    double most = 0;

    if (spar_density_has_rule(config)) {
        return config->density_max;
    }
    for (uint64_t i = 0; i < config->density_count; i++) {
        most = config->density[i] > most ? config->density[i] : most;
    }
    return most;
}

double spar_density_limit(const spar_config_t *config, double worth)
{
    double least = base(config);

    worth = worth < least ? least : worth;
    return worth > config->density_max ? config->density_max : worth;
}

uint64_t spar_density_entries(double density, uint64_t count)
{
    uint64_t entries = (uint64_t)(density * (double)count + 0.5);

    if (entries < 1) {
        return 1;
    }
    return entries < count ? entries : count;
}
