/*
 * Fuzz target: settings, as lines NAME=value of which those are taken that
 * begin with SPAR_. Besides what the sanitizers see: a bad setting has a line
 * that names it, and the values in force, printed, are read as the same
 * settings.
 */
#include "policy/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LINES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_config: %s\n", what);
        abort();
    }
}

static void ignore(const char *line)
{
    require(strlen(line) > 0, "an empty line about an unknown name");
}

/* Sets what the lines say; returns how many names there are. */
static size_t lines_set(char *text, char **names)
{
    size_t count = 0;
    char *rest = text;
    char *line;

    while (count < MOST_LINES && (line = strsep(&rest, "\n")) != NULL) {
        char *value = strchr(line, '=');

        if (value != NULL && strncmp(line, "SPAR_", 5) == 0) {
            *value = '\0';
            require(setenv(line, value + 1, 1) == 0, "no memory");
            names[count++] = line;
        }
    }
    return count;
}

static void names_unset(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsetenv(names[i]);
    }
}

/* Numbers are printed with 15 digits. */
static int are_near(double a, double b)
{
    return fabs(a - b) <= 1e-14 * fabs(a);
}

static void densities_check(const spar_config_t *a, const spar_config_t *b)
{
    require(a->density_count == b->density_count &&
                a->density_rule == b->density_rule,
            "what is printed is another density");
    for (size_t i = 0; i < a->density_count; i++) {
        require(are_near(a->density[i], b->density[i]),
                "what is printed is another density");
    }
    require(are_near(a->init_timeout, b->init_timeout) &&
                are_near(a->density_min, b->density_min),
            "what is printed is another number");
}

static void round_check(const spar_config_t *config)
{
    spar_config_t again;
    char error[192];

    for (size_t row = 0; row < spar_config_rows(); row++) {
        char value[512];

        spar_config_value(config, row, value, sizeof(value));
        require(setenv(spar_config_name(row), value, 1) == 0, "no memory");
    }
    require(spar_config_load(&again, error, sizeof(error)) == SPAR_OK,
            "what is printed cannot be read");
    densities_check(config, &again);
    for (size_t row = 0; row < spar_config_rows(); row++) {
        char value[512];

        spar_config_value(&again, row, value, sizeof(value));
        require(strcmp(getenv(spar_config_name(row)), value) == 0,
                "what is printed is read as something else");
        unsetenv(spar_config_name(row));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *names[MOST_LINES];
    spar_config_t config, before;
    char error[192] = "";
    size_t count;

    require(text != NULL, "no memory");
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    count = lines_set(text, names);
    spar_config_report_unknown(ignore);
    memset(&config, 0x5a, sizeof(config));
    before = config;
    if (spar_config_load(&config, error, sizeof(error)) == SPAR_OK) {
        names_unset(names, count);
        round_check(&config);
    } else {
        names_unset(names, count);
        require(strncmp(error, "SPAR_", 5) == 0, "an error names nothing");
        require(memcmp(&config, &before, sizeof(config)) == 0,
                "a bad setting has changed the settings");
    }
    free(text);
    return 0;
}
