#include "policy/config_table.h"

#include "policy/number.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int choice_find(const spar_config_row_t *row, const char *text)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcasecmp(text, row->choices[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static int choice_parse(const spar_config_row_t *row, const char *text,
                        void *field)
{
    int32_t index = choice_find(row, text);

    if (index < 0) {
        return -1;
    }
    memcpy(field, &index, sizeof(index));
    return 0;
}

static void choice_print(const spar_config_row_t *row, const void *field,
                         char *text, size_t size)
{
    int32_t index;

    memcpy(&index, field, sizeof(index));
    snprintf(text, size, "%s", row->choices[index]);
}

const spar_config_type_t spar_config_choice = {choice_parse, choice_print,
                                               NULL};

/* A number whose zero means something else, "auto" or "off", shows and takes
 * that word. */
static bool has_word(const spar_config_row_t *row)
{
    return isalpha((unsigned char)row->initial[0]);
}

static int number_parse(const spar_config_row_t *row, const char *text,
                        void *field)
{
    uint64_t number;
    double value;

    if (has_word(row) && strcasecmp(text, row->initial) == 0) {
        value = 0;
    } else if (spar_number_parse_with_unit(text, spar_number_units, &value) !=
                   0 ||
               value < row->low || value > row->high ||
               value != (double)(uint64_t)value) {
        return -1;
    }
    number = (uint64_t)value;
    memcpy(field, &number, sizeof(number));
    return 0;
}

static void number_print(const spar_config_row_t *row, const void *field,
                         char *text, size_t size)
{
    uint64_t number;

    memcpy(&number, field, sizeof(number));
    if (number == 0 && has_word(row)) {
        snprintf(text, size, "%s", row->initial);
    } else {
        snprintf(text, size, "%llu", (unsigned long long)number);
    }
}

const spar_config_type_t spar_config_number = {number_parse, number_print,
                                               NULL};

static int seconds_parse(const spar_config_row_t *row, const char *text,
                         void *field)
{
    static const spar_unit_t units[] = {{"", 1},  {"us", 1e-6}, {"ms", 1e-3},
                                        {"s", 1}, {"min", 60},  {"h", 3600},
                                        {NULL, 0}};
    double value;

    if (spar_number_parse_with_unit(text, units, &value) != 0 ||
        value < row->low || value > row->high) {
        return -1;
    }
    memcpy(field, &value, sizeof(value));
    return 0;
}

static void seconds_print(const spar_config_row_t *row, const void *field,
                          char *text, size_t size)
{
    double value;

    (void)row;
    memcpy(&value, field, sizeof(value));
    snprintf(text, size, "%.15gs", value);
}

const spar_config_type_t spar_config_seconds = {seconds_parse, seconds_print,
                                                NULL};

static int share_parse(const spar_config_row_t *row, const char *text,
                       void *field)
{
    double value;

    if (spar_number_parse(&text, &value) != 0 || *text != '\0' ||
        !(value > 0) || value > 1) {
        return -1;
    }
    (void)row;
    memcpy(field, &value, sizeof(value));
    return 0;
}

static void share_print(const spar_config_row_t *row, const void *field,
                        char *text, size_t size)
{
    double value;

    (void)row;
    memcpy(&value, field, sizeof(value));
    snprintf(text, size, "%.15g", value);
}

const spar_config_type_t spar_config_share = {share_parse, share_print, NULL};

/* Rule, length and list are neighbours in spar_config_t. */
typedef struct ramp_field {
    uint64_t rule;
    uint64_t count;
    double density[SPAR_CONFIG_RAMP_MAX];
} ramp_field_t;

_Static_assert(offsetof(spar_config_t, density) ==
                   offsetof(spar_config_t, density_rule) +
                       offsetof(ramp_field_t, density),
               "rule and length stand right before density");

static const char *const rule_names[] = {"", "auto", "lags-paper"};

static char *ramp_start(void *field)
{
    return (char *)field - offsetof(ramp_field_t, density);
}

static int rule_parse(const char *text, ramp_field_t *ramp)
{
    for (uint64_t rule = SPAR_CONFIG_DENSITY_AUTO;
         rule <= SPAR_CONFIG_DENSITY_PAPER; rule++) {
        if (strcasecmp(text, rule_names[rule]) == 0) {
            ramp->rule = rule;
            return 0;
        }
    }
    return -1;
}

static int list_parse(const char *text, ramp_field_t *ramp)
{
    for (;;) {
        double value;

        if (ramp->count == SPAR_CONFIG_RAMP_MAX ||
            spar_number_parse(&text, &value) != 0 || !(value > 0) ||
            value > 1) {
            return -1;
        }
        ramp->density[ramp->count++] = value;
        if (*text == '\0') {
            return 0;
        }
        if (*text++ != ',') {
            return -1;
        }
    }
}

static int ramp_parse(const spar_config_row_t *row, const char *text,
                      void *field)
{
    ramp_field_t ramp = {0};

    (void)row;
    if (rule_parse(text, &ramp) != 0 && list_parse(text, &ramp) != 0) {
        return -1;
    }
    memcpy(ramp_start(field), &ramp, sizeof(ramp));
    return 0;
}

static void ramp_print(const spar_config_row_t *row, const void *field,
                       char *text, size_t size)
{
    ramp_field_t ramp;
    size_t used = 0;

    (void)row;
    memcpy(&ramp, (const char *)field - offsetof(ramp_field_t, density),
           sizeof(ramp));
    snprintf(text, size, "%s", rule_names[ramp.rule]);
    for (uint64_t i = 0; i < ramp.count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%.15g",
                                 i > 0 ? "," : "", ramp.density[i]);
    }
}

const spar_config_type_t spar_config_ramp = {ramp_parse, ramp_print, NULL};

/* A whole number within the row's bounds; advances behind it. */
static int parse_length(const spar_config_row_t *row, const char **text_p,
                        uint64_t *length_p)
{
    double value;

    if (spar_number_parse(text_p, &value) != 0 || value < row->low ||
        value > row->high || value != (double)(uint64_t)value) {
        return -1;
    }
    *length_p = (uint64_t)value;
    return 0;
}

static int windows_parse(const spar_config_row_t *row, const char *text,
                         void *field)
{
    spar_windows_t windows;

    if (parse_length(row, &text, &windows.dense) != 0 || *text++ != ':' ||
        parse_length(row, &text, &windows.sparse) != 0 || *text != '\0') {
        return -1;
    }
    memcpy(field, &windows, sizeof(windows));
    return 0;
}

static void windows_print(const spar_config_row_t *row, const void *field,
                          char *text, size_t size)
{
    spar_windows_t windows;

    (void)row;
    memcpy(&windows, field, sizeof(windows));
    snprintf(text, size, "%llu:%llu", (unsigned long long)windows.dense,
             (unsigned long long)windows.sparse);
}

const spar_config_type_t spar_config_windows = {windows_parse, windows_print,
                                                NULL};

static int report_parse(const spar_config_row_t *row, const char *text,
                        void *field)
{
    size_t length = strlen(text);
    int is_file = length > 5 && strcmp(text + length - 5, ".json") == 0;

    (void)row;
    if (length >= SPAR_CONFIG_TEXT_MAX ||
        (!is_file && strcmp(text, "summary") != 0 &&
         strcmp(text, "none") != 0)) {
        return -1;
    }
    memcpy(field, text, length + 1);
    return 0;
}

static void text_print(const spar_config_row_t *row, const void *field,
                       char *text, size_t size)
{
    (void)row;
    snprintf(text, size, "%s", (const char *)field);
}

const spar_config_type_t spar_config_report = {report_parse, text_print, NULL};

static int text_parse(const spar_config_row_t *row, const char *text,
                      void *field)
{
    size_t length = strlen(text);

    (void)row;
    if (length >= SPAR_CONFIG_TEXT_MAX) {
        return -1;
    }
    memcpy(field, text, length + 1);
    return 0;
}

const spar_config_type_t spar_config_text = {text_parse, text_print, NULL};

static int layers_parse(const spar_config_row_t *row, const char *text,
                        void *field)
{
    spar_layer_list_t list;

    (void)row;
    if (spar_layer_list_parse(text, &list) != NULL) {
        return -1;
    }
    memcpy(field, &list, sizeof(list));
    return 0;
}

static void layers_print(const spar_config_row_t *row, const void *field,
                         char *text, size_t size)
{
    spar_layer_list_t list;

    (void)row;
    memcpy(&list, field, sizeof(list));
    spar_layer_list_print(&list, text, size);
}

static const char *layers_find_wrong(const char *text)
{
    spar_layer_list_t list;

    return spar_layer_list_parse(text, &list);
}

const spar_config_type_t spar_config_layers = {layers_parse, layers_print,
                                               layers_find_wrong};

static int isa_parse(const spar_config_row_t *row, const char *text,
                     void *field)
{
    int index = choice_find(row, text);

    if (index < 0) {
        return -1;
    }
    memcpy(field, row->choices[index], strlen(row->choices[index]) + 1);
    return 0;
}

const spar_config_type_t spar_config_isa = {isa_parse, text_print, NULL};
