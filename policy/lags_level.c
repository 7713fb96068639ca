#include "policy/lags_level.h"

#include <math.h>

#define STEPS     200
#define PRECISION 1e-15

/* The sum is piecewise linear in the level: around one. */
typedef struct around {
    double sum;
    double slope_below, slope_above;
    double next_below, next_above; /* nearest level where a part comes in */
} around_t;

double spar_lags_part_at(const spar_lags_part_t *part, double level)
{
    return fmin(fmax(level * part->weight, part->least), part->most);
}

static around_t look_around(const spar_lags_part_t *parts, size_t count,
                            double level)
{
    around_t around = {.next_above = INFINITY};

    for (size_t i = 0; i < count; i++) {
        const spar_lags_part_t *part = &parts[i];
        double share = level * part->weight;

        around.sum += spar_lags_part_at(part, level);
        if (share >= part->least && share < part->most) {
            around.slope_above += part->weight;
        } else if (share < part->least) {
            around.next_above =
                fmin(around.next_above, part->least / part->weight);
        }
        if (share > part->least && share <= part->most) {
            around.slope_below += part->weight;
        } else if (share > part->most) {
            around.next_below =
                fmax(around.next_below, part->most / part->weight);
        }
    }
    return around;
}

/* Where the sum would be reached if no part met a bound on the way. */
static double guess(const around_t *around, double level, double sum)
{
    if (sum > around->sum) {
        return around->slope_above > 0
                   ? level + (sum - around->sum) / around->slope_above
                   : around->next_above;
    }
    return around->slope_below > 0
               ? level - (around->sum - sum) / around->slope_below
               : around->next_below;
}

/* Newton's steps, which end exactly on a piecewise linear function; a step that
 * leaves the bracket halves it instead. */
static double find(const spar_lags_part_t *parts, size_t count, double sum,
                   double most)
{
    double below = 0, above = most, level = most / 2;

    for (int step = 0; step < STEPS; step++) {
        around_t around = look_around(parts, count, level);
        double next;

        if (fabs(around.sum - sum) <= PRECISION * sum) {
            break;
        }
        *(around.sum < sum ? &below : &above) = level;
        next = guess(&around, level, sum);
        if (!(next > below && next < above)) {
            next = below + (above - below) / 2;
        }
        if (next == level) {
            break;
        }
        level = next;
    }
    return level;
}

double spar_lags_level(const spar_lags_part_t *parts, size_t count, double sum)
{
    double least = 0, most = 0, highest = 0;

    for (size_t i = 0; i < count; i++) {
        least += parts[i].least;
        most += parts[i].most;
        highest = fmax(highest, parts[i].most / parts[i].weight);
    }
    if (sum <= least) {
        return 0;
    }
    return sum < most ? find(parts, count, sum, highest) : INFINITY;
}
