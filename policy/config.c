#include "policy/config.h"

#include "policy/config_table.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

static void *row_field(const spar_config_row_t *row, spar_config_t *config)
{
    return (char *)config + row->offset;
}

void spar_config_defaults(spar_config_t *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < spar_config_table_size; i++) {
        const spar_config_row_t *row = &spar_config_table[i];

        /* The unit tests check that every default parses. */
        (void)row->type->parse(row, row->initial, row_field(row, config));
    }
}

static void tell_wrong(const spar_config_row_t *row, const char *text,
                       char *error, size_t error_size)
{
    if (row->type->find_wrong == NULL) {
        snprintf(error, error_size, "%s=%.80s is not allowed; allowed: %s",
                 row->name, text, row->allowed);
    } else {
        const char *item = row->type->find_wrong(text);
        size_t length = strcspn(item, ",");

        snprintf(error, error_size, "%s: \"%.*s\" is not allowed; allowed: %s",
                 row->name, length < 40 ? (int)length : 40, item, row->allowed);
    }
}

spar_status_t spar_config_load(spar_config_t *config_p, char *error,
                               size_t error_size)
{
    spar_config_t config;

    spar_config_defaults(&config);
    for (size_t i = 0; i < spar_config_table_size; i++) {
        const spar_config_row_t *row = &spar_config_table[i];
        const char *text = getenv(row->name);

        if (text == NULL || text[0] == '\0') {
            continue;
        }
        if (row->type->parse(row, text, row_field(row, &config)) != 0) {
            tell_wrong(row, text, error, error_size);
            return SPAR_ERR_INVALID;
        }
    }
    if (config.density_min > config.density_max) {
        snprintf(error, error_size,
                 "SPAR_DENSITY_MIN=%.15g is above SPAR_DENSITY_MAX=%.15g",
                 config.density_min, config.density_max);
        return SPAR_ERR_INVALID;
    }
    if (config.periods.count > 1 && config.train_steps == 0) {
        snprintf(error, error_size,
                 "SPAR_PERIOD with several periods needs SPAR_TRAIN_STEPS");
        return SPAR_ERR_INVALID;
    }
    *config_p = config;
    return SPAR_OK;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein distance, for names of up to 63 characters. */
static size_t edit_distance(const char *a, size_t a_size, const char *b)
{
    size_t row[64];
    size_t b_size = strlen(b);

    if (a_size > 63 || b_size > 63) {
        return 64;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1,
                          diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_size];
}

static const char *nearest_name(const char *name, size_t size)
{
    const char *nearest = spar_config_table[0].name;
    size_t least = 64;

    for (size_t i = 0; i < spar_config_table_size; i++) {
        size_t distance = edit_distance(name, size, spar_config_table[i].name);

        if (distance < least) {
            least = distance;
            nearest = spar_config_table[i].name;
        }
    }
    return nearest;
}

static int name_is_known(const char *name, size_t size)
{
    for (size_t i = 0; i < spar_config_table_size; i++) {
        const char *known = spar_config_table[i].name;

        if (strlen(known) == size && memcmp(known, name, size) == 0) {
            return 1;
        }
    }
    return 0;
}

void spar_config_report_unknown(void (*report)(const char *line))
{
    char line[256];

    for (char **entry = environ; *entry != NULL; entry++) {
        size_t size = strcspn(*entry, "=");

        if (strncmp(*entry, "SPAR_", 5) == 0 && !name_is_known(*entry, size)) {
            snprintf(line, sizeof(line),
                     "%.*s is not a variable of Spar (maybe: %s?); ignored",
                     size > 63 ? 63 : (int)size, *entry,
                     nearest_name(*entry, size));
            report(line);
        }
    }
}

size_t spar_config_rows(void)
{
    return spar_config_table_size;
}

const char *spar_config_name(size_t row)
{
    return row < spar_config_table_size ? spar_config_table[row].name : NULL;
}

void spar_config_value(const spar_config_t *config, size_t row, char *text,
                       size_t size)
{
    const spar_config_row_t *entry = &spar_config_table[row];

    entry->type->print(entry, (const char *)config + entry->offset, text, size);
}

int spar_config_is_changed(const spar_config_t *config, size_t row)
{
    char value[SPAR_CONFIG_VALUE_MAX], initial[SPAR_CONFIG_VALUE_MAX];
    spar_config_t defaults;

    spar_config_defaults(&defaults);
    spar_config_value(config, row, value, sizeof(value));
    spar_config_value(&defaults, row, initial, sizeof(initial));
    return strcmp(value, initial) != 0;
}
