#include "tools/sim/options.h"

#include "tools/sim/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A network of 1 Gbit/s, and a layer as large as ResNet-50. */
#define LATENCY_DEFAULT  5e-5
#define RATE_DEFAULT     1.25e8
#define ELEMENTS_DEFAULT 25557032
#define DENSITY_DEFAULT  0.01
#define RANKS_LEAST      2
#define RANKS_LARGEST    65536

static void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
    va_list args;

    fputs("spar sim: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    exit(2);
}

/* A number from `low` to `high` in one of these units. */
static double number(const char *option, const char *text,
                     const sim_unit_t *units, double low, double high)
{
    double value;

    if (!sim_units_parse(text, units, &value) || value < low || value > high) {
        fail("%s: '%s' is not %s", option, text, units->what);
    }
    return value;
}

static uint64_t whole(const char *option, const char *text, double high)
{
    double value = number(option, text, sim_units_count, 1, high);

    if (value != floor(value)) {
        fail("%s: '%s' is not a whole number", option, text);
    }
    return (uint64_t)value;
}

static void read_ranks(const char *text, sim_options_t *options)
{
    char *list = strdup(text);
    char *rest = list;
    char *word;

    options->rank_count = 0;
    while (list != NULL && (word = strsep(&rest, ",")) != NULL) {
        if (options->rank_count == SIM_RANKS_MOST) {
            fail("--ranks: more than %d numbers", SIM_RANKS_MOST);
        }
        options->ranks[options->rank_count++] =
            (int)whole("--ranks", word, RANKS_LARGEST);
    }
    free(list);
}

static double read_values(const char *text)
{
    static const struct {
        const char *name;
        double bytes;
    } types[] = {{"fp64", 8}, {"fp32", 4}, {"bf16", 2},
                 {"fp16", 2}, {"int8", 1}, {NULL, 0}};

    for (int i = 0; types[i].name != NULL; i++) {
        if (strcmp(text, types[i].name) == 0) {
            return types[i].bytes;
        }
    }
    fail("--values: '%s' is not fp64, fp32, bf16, fp16 or int8", text);
}

/* NAME=SECONDS of the model. */
static void read_number(const char *text, spar_model_t *model)
{
    const char *sign = strchr(text, '=');
    char name[64];
    double value;

    if (sign == NULL || (size_t)(sign - text) >= sizeof(name)) {
        fail("--set: '%s' is not NAME=VALUE", text);
    }
    snprintf(name, sizeof(name), "%.*s", (int)(sign - text), text);
    if (!sim_units_parse(sign + 1, sim_units_seconds, &value) ||
        !spar_model_set(model, name, value)) {
        fail("--set: the model has no '%s' of '%s'", name, sign + 1);
    }
}

/* What is no number of the model. */
static void read_shape(const char *option, const char *text, double *density,
                       sim_options_t *options)
{
    spar_model_shape_t *shape = &options->shape;

    if (strcmp(option, "--ranks") == 0) {
        read_ranks(text, options);
    } else if (strcmp(option, "--ranks-per-node") == 0) {
        options->per_node = (int)whole(option, text, RANKS_LARGEST);
    } else if (strcmp(option, "--elements") == 0) {
        shape->count = whole(option, text, 1e15);
    } else if (strcmp(option, "--density") == 0) {
        *density = number(option, text, sim_units_share, 0, 1);
    } else if (strcmp(option, "--values") == 0) {
        shape->value_bytes = read_values(text);
    } else {
        fail("unknown option %s (see spar sim --help)", option);
    }
}

void sim_options_read(int argc, char **argv, sim_options_t *options_p)
{
    sim_options_t options = {.shape = {.count = ELEMENTS_DEFAULT,
                                       .element_bytes = 4,
                                       .value_bytes = 4,
                                       .eager = true},
                             .per_node = 1};
    double latency = LATENCY_DEFAULT;
    double rate = RATE_DEFAULT;
    double density = DENSITY_DEFAULT;

    for (int ranks = RANKS_LEAST; ranks <= RANKS_LARGEST; ranks *= 2) {
        options.ranks[options.rank_count++] = ranks;
    }
    if (argc % 2 == 0) {
        fail("%s wants a value (see spar sim --help)", argv[argc - 1]);
    }
    /* Network first: it gives all numbers, of which --set replaces some. */
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--latency") == 0) {
            latency = number(argv[i], argv[i + 1], sim_units_seconds, 1e-9, 10);
        } else if (strcmp(argv[i], "--rate") == 0) {
            rate = number(argv[i], argv[i + 1], sim_units_rate, 1, 1e15);
        } else if (strcmp(argv[i], "--set") != 0) {
            read_shape(argv[i], argv[i + 1], &density, &options);
        }
    }
    spar_model_guess(latency, rate, &options.model);
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--set") == 0) {
            read_number(argv[i + 1], &options.model);
        }
    }
    if (options.shape.value_bytes > options.shape.element_bytes) {
        options.shape.element_bytes = (unsigned)options.shape.value_bytes;
    }
    options.shape.entries =
        (uint64_t)fmax(1, round(density * (double)options.shape.count));
    *options_p = options;
}
