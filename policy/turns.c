#include "policy/turns.h"

#include <math.h>

/* Elements of a result: their mean magnitude is good to some percent. */
#define SAMPLES 1024
/* Of these, other than zero. */
#define LEAST_SAMPLES 16
/* Turns cannot be told in fewer results. */
#define LEAST_SEEN 16
/* A size that rises so many times is another thing's: logarithm of 3. */
#define SWING 1.0986
/* Twice may be a spike, or a warm-up, and a turn. */
#define LEAST_RISES 2
/* A turn is one rise and several falls. In sizes without any order falls are
 * half of the changes, give or take a tenth. */
#define FALLS 0.65
/* Turns of one length each time: the longest, how often it must have been seen,
 * and the share of all change that the place in the turn must account for. 12
 * calls (a gradient, 10 products, one for the length of the step) must be found
 * in the 32 results that mode auto sees of a step of one call. */
#define LONGEST_TURN    32
#define LEAST_TURNS     2.6
#define ACCOUNTED_SHARE 0.75

/* The results' sizes in the order of the calls. */
typedef struct series {
    double values[SPAR_TURNS_KEPT];
    size_t count;
} series_t;

/* Logarithm of the mean magnitude of the elements that are not zero. Not of
 * squares, which the largest few decide. false: cannot be told. */
static bool find_size(spar_dtype_t dtype, const void *result, uint64_t count,
                      double *size_p)
{
    unsigned nonzero = 0;
    double sum = 0;

    for (uint64_t i = 0; i < SAMPLES; i++) {
        double value =
            spar_element(dtype, result, spar_element_sample(i, SAMPLES, count));

        nonzero += value != 0;
        sum += fabs(value);
    }
    if (nonzero < LEAST_SAMPLES || !isfinite(sum)) {
        return false;
    }
    *size_p = log(sum / nonzero);
    return true;
}

/* Of a result of `count` elements, of which `there` are at hand. */
static void note_size(spar_turns_t *turns, spar_dtype_t dtype, uint64_t count,
                      const void *elements, uint64_t there)
{
    double size = 0;

    if (turns->dtype != dtype || turns->count != count) {
        turns->dtype = dtype;
        turns->count = count;
        turns->seen = 0;
    }
    if (!find_size(dtype, elements, there, &size)) {
        if (turns->seen == 0) {
            return;
        }
        /* Its place in the row counts, too. */
        size = turns->sizes[(turns->seen - 1) % SPAR_TURNS_KEPT];
    }
    turns->sizes[turns->seen % SPAR_TURNS_KEPT] = size;
    turns->seen++;
}

spar_element_rows_t spar_turns_rows(uint64_t count)
{
    return spar_element_spread(SAMPLES, count);
}

void spar_turns_look(spar_turns_t *turns, spar_dtype_t dtype,
                     const void *result, uint64_t count)
{
    note_size(turns, dtype, count, result, count);
}

void spar_turns_look_at_rows(spar_turns_t *turns, spar_dtype_t dtype,
                             const void *rows, uint64_t count)
{
    note_size(turns, dtype, count, rows, count < SAMPLES ? count : SAMPLES);
}

/* Every `layers`-th result, the first one `back` before the latest. */
static series_t pick(const spar_turns_t *turns, size_t layers, size_t back)
{
    series_t series = {.count = 0};
    uint64_t kept =
        turns->seen < SPAR_TURNS_KEPT ? turns->seen : SPAR_TURNS_KEPT;

    for (uint64_t i = kept; i > 0; i--) {
        if ((i - 1) % layers == back) {
            series.values[series.count++] =
                turns->sizes[(turns->seen - i) % SPAR_TURNS_KEPT];
        }
    }
    return series;
}

static double median_of_3(const double *values)
{
    double low = fmin(values[0], values[1]);
    double high = fmax(values[0], values[1]);

    return fmax(low, fmin(high, values[2]));
}

/* Rises from a low that stay for more than one call, each after a fall as
 * large: a single spike is no turn. */
static unsigned count_rises(const series_t *series)
{
    double low = INFINITY, high = -INFINITY;
    bool rising = false;
    unsigned rises = 0;

    for (size_t i = 0; i + 2 < series->count; i++) {
        double value = median_of_3(series->values + i);

        low = fmin(low, value);
        high = fmax(high, value);
        if (!rising && value > low + SWING) {
            rising = true;
            rises++;
            high = value;
        } else if (rising && value < high - SWING) {
            rising = false;
            low = value;
        }
    }
    return rises;
}

static double share_of_falls(const series_t *series)
{
    size_t falls = 0, rises = 0;

    for (size_t i = 1; i < series->count; i++) {
        falls += series->values[i] < series->values[i - 1];
        rises += series->values[i] > series->values[i - 1];
    }
    return falls + rises > 0 ? (double)falls / (double)(falls + rises) : 0;
}

/* How far the mean sizes of the places in a turn of that length lie apart. */
static double find_range(const series_t *series, size_t turn)
{
    double low = INFINITY, high = -INFINITY;

    for (size_t place = 0; place < turn; place++) {
        double sum = 0;
        size_t count = 0;

        for (size_t i = place; i < series->count; i += turn) {
            sum += series->values[i];
            count++;
        }
        low = fmin(low, sum / (double)count);
        high = fmax(high, sum / (double)count);
    }
    return high - low;
}

/* Sum of the squared distances from the means of `groups` groups that take
 * turns, of the changes from each size to the next: a trend is no turn. */
static double find_scatter(const series_t *series, size_t groups)
{
    double scatter = 0;

    for (size_t group = 0; group < groups; group++) {
        double sum = 0, squares = 0;
        size_t count = 0;

        for (size_t i = group; i + 1 < series->count; i += groups) {
            double change = series->values[i + 1] - series->values[i];

            sum += change;
            squares += change * change;
            count++;
        }
        scatter += squares - sum * sum / (double)count;
    }
    return scatter;
}

/* Adjusted for the number of groups, which alone account for something. */
static bool accounts(const series_t *series, size_t turn)
{
    double changes = (double)series->count - 1;
    double all = find_scatter(series, 1) / (changes - 1);
    double left = find_scatter(series, turn) / (changes - (double)turn);

    return left < (1 - ACCOUNTED_SHARE) * all;
}

static bool is_periodic(const series_t *series)
{
    double longest = fmin(LONGEST_TURN, (double)series->count / LEAST_TURNS);

    for (size_t turn = 2; (double)turn <= longest; turn++) {
        if (find_range(series, turn) > SWING && accounts(series, turn)) {
            return true;
        }
    }
    return false;
}

bool spar_turns_are_taken(const spar_turns_t *turns, size_t layers)
{
    for (size_t back = 0; back < layers; back++) {
        series_t series = pick(turns, layers, back);

        if (series.count >= LEAST_SEEN &&
            (is_periodic(&series) || (count_rises(&series) >= LEAST_RISES &&
                                      share_of_falls(&series) >= FALLS))) {
            return true;
        }
    }
    return false;
}
