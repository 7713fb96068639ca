/*
 * The wait is the greatest of many sums of transfers (each way through the
 * schedule is one), so the densities that keep it within a bound are a convex
 * set. Each way takes the transfers of stretches of layers, and when two
 * stretches overlap, their union and intersection are ways with the same ends:
 * a polymatroid. On one, giving the next bit of network time always to the
 * layer with the greatest relief per second is optimal for separable convex
 * aims (Federgruen & Groenevelt, Operations Research 34(6), 1986). Relief per
 * second is energy / (slope density^2): in the limit of small bits, all layers
 * rise together with density = level * sqrt(energy / slope), between their
 * bounds, until a way is full; its layers stay, the others rise on. Nothing
 * depends on the order of equal layers, as it would with bits of a given size.
 * (Selections that overlap waits may break the polymatroid, rarely and hardly.)
 */
#include "policy/lags.h"
#include "policy/lags_energy.h"
#include "policy/lags_level.h"
#include "policy/lags_schedule.h"

#include <math.h>

/* Seconds that differ by less, relative to the length of a step, are equal. */
#define PRECISION 1e-12
/* A layer stays where it is when its transfer could grow by this share only: so
 * exact for the first rounds, then coarse, so that a thousand layers with a
 * way of their own each take milliseconds. The last fill gives away the rest.
 */
#define SHARP        1e-9
#define COARSE       0.02
#define SHARP_ROUNDS 48

typedef struct solver {
    const spar_lags_layer_t *layers;
    size_t count;
    spar_lags_schedule_t schedule;
    spar_lags_play_t play;
    double allowed;                         /* wait */
    double precision;                       /* seconds */
    spar_lags_part_t parts[SPAR_LAGS_MOST]; /* share of the network by level */
    double shares[SPAR_LAGS_MOST];
    double transfers[SPAR_LAGS_MOST]; /* fixed part + share */
    double tails[SPAR_LAGS_MOST];
    uint16_t rising[SPAR_LAGS_MOST]; /* the layers that are not settled */
    size_t left;                     /* number of them */
} solver_t;

static void set_share(solver_t *solver, size_t layer, double share)
{
    solver->shares[layer] = share;
    solver->transfers[layer] = solver->layers[layer].fixed + share;
}

/* By how much the layer's transfer alone could grow. */
static double room_of(const solver_t *solver, size_t layer)
{
    return solver->allowed - solver->play.ended[layer] - solver->tails[layer];
}

static void play(solver_t *solver)
{
    spar_lags_play_all(&solver->play, &solver->schedule, solver->transfers);
}

static void init(solver_t *solver, const spar_lags_layer_t *layers,
                 size_t count, double tolerance)
{
    double unit = spar_lags_energy_unit(layers, count);

    solver->layers = layers;
    solver->count = count;
    solver->left = 0;
    spar_lags_schedule_init(&solver->schedule, layers, count);
    for (size_t i = 0; i < count; i++) {
        double slope = layers[i].slope;
        double energy = spar_lags_energy_of(&layers[i], unit);

        solver->parts[i] = (spar_lags_part_t){.weight = sqrt(slope * energy),
                                              .least = slope * layers[i].low,
                                              .most = slope * layers[i].high};
        set_share(solver, i, solver->parts[i].least);
        if (solver->parts[i].least < solver->parts[i].most) {
            solver->rising[solver->left++] = (uint16_t)i;
        }
    }
    play(solver);
    solver->allowed = solver->play.waited + tolerance;
    solver->precision =
        count > 0 ? PRECISION * solver->play.ended[count - 1] : 0;
}

/* Layers without room stay where they are. */
static void settle(solver_t *solver, double share)
{
    size_t left = 0;

    play(solver);
    spar_lags_schedule_tails(&solver->schedule, solver->transfers,
                             solver->tails);
    for (size_t i = 0; i < solver->left; i++) {
        size_t layer = solver->rising[i];
        double now = solver->shares[layer];

        if (now < solver->parts[layer].most &&
            room_of(solver, layer) > solver->precision + share * now) {
            solver->rising[left++] = (uint16_t)layer;
        }
    }
    solver->left = left;
}

/* No rising layer could rise above this level even alone, or has a higher one
 * to rise to: mostly the level sought, or near it. */
static double bound(const solver_t *solver)
{
    double top = 0, least = INFINITY;

    for (size_t i = 0; i < solver->left; i++) {
        size_t layer = solver->rising[i];
        const spar_lags_part_t *part = &solver->parts[layer];
        double full = solver->shares[layer] + room_of(solver, layer);

        top = fmax(top, part->most / part->weight);
        if (full < part->most) {
            least = fmin(least, full / part->weight);
        }
    }
    /* So that rounding leaves none just below its most. */
    return fmin(top * (1 + PRECISION), least);
}

static void set_level(solver_t *solver, double level)
{
    for (size_t i = 0; i < solver->left; i++) {
        size_t layer = solver->rising[i];

        set_share(solver, layer,
                  spar_lags_part_at(&solver->parts[layer], level));
    }
    play(solver);
}

/* The level at which the longest way alone is just full. */
static double level_of_path(const solver_t *solver, double excess)
{
    uint16_t path[SPAR_LAGS_MOST];
    spar_lags_part_t parts[SPAR_LAGS_MOST];
    bool rises[SPAR_LAGS_MOST] = {false};
    size_t length = spar_lags_play_path(&solver->play, path);
    size_t used = 0;
    double sum = -excess;

    for (size_t i = 0; i < solver->left; i++) {
        rises[solver->rising[i]] = true;
    }
    for (size_t i = 0; i < length; i++) {
        if (rises[path[i]]) {
            parts[used++] = solver->parts[path[i]];
            sum += solver->shares[path[i]];
        }
    }
    return spar_lags_level(parts, used, sum);
}

/* Raises the level to the greatest at which nothing waits too long. It comes
 * from above, from one way that is too long to the next: there are not many,
 * and no level that a way demands is below the one sought. */
static void rise(solver_t *solver)
{
    double level = bound(solver);

    set_level(solver, level);
    while (solver->play.waited > solver->allowed + solver->precision) {
        double lower =
            level_of_path(solver, solver->play.waited - solver->allowed);

        if (!(lower < level)) {
            break;
        }
        level = lower;
        set_level(solver, level);
    }
}

/* Nothing free is left: each layer takes the room that those before it have
 * left it. */
static void fill(solver_t *solver)
{
    spar_lags_schedule_tails(&solver->schedule, solver->transfers,
                             solver->tails);
    spar_lags_play_start(&solver->play);
    for (size_t i = 0; i < solver->count; i++) {
        double more, *ended = &solver->play.ended[i];

        spar_lags_play_layer(&solver->play, &solver->schedule, i,
                             solver->transfers[i]);
        more =
            fmin(room_of(solver, i), solver->parts[i].most - solver->shares[i]);
        if (more > solver->precision) {
            set_share(solver, i, solver->shares[i] + more);
            *ended += more;
        }
    }
}

static void tell(const solver_t *solver, double *densities)
{
    for (size_t i = 0; i < solver->count; i++) {
        const spar_lags_layer_t *layer = &solver->layers[i];

        densities[i] =
            layer->slope > 0
                ? fmin(fmax(solver->shares[i] / layer->slope, layer->low),
                       layer->high)
                : layer->high;
    }
}

spar_status_t spar_lags_hide(const spar_lags_layer_t *layers, size_t count,
                             double tolerance, double *densities)
{
    solver_t solver;

    if (spar_lags_check(layers, count) != SPAR_OK || !(tolerance >= 0)) {
        return SPAR_ERR_INVALID;
    }
    init(&solver, layers, count, tolerance);
    settle(&solver, SHARP);
    for (size_t round = 0; solver.left > 0; round++) {
        size_t before = solver.left;

        rise(&solver);
        settle(&solver, round < SHARP_ROUNDS ? SHARP : COARSE);
        if (solver.left == before) {
            break;
        }
    }
    fill(&solver);
    tell(&solver, densities);
    return SPAR_OK;
}
