/* Settings of periodic averaging: lists of periods and of learning rates. */
#include "policy/config_table.h"
#include "policy/number.h"
#include "policy/periodic.h"

#include <string.h>
#include <strings.h>

#define AUTO "auto"

/* Behind an item: 0 with *text_p behind the comma, 1 at the end, or -1. */
static int next_item(const char **text_p)
{
    if (**text_p == '\0') {
        return 1;
    }
    return *(*text_p)++ == ',' ? 0 : -1;
}

static int whole_parse(const char **text_p, double low, double high,
                       uint64_t *whole_p)
{
    double value;

    if (spar_number_parse(text_p, &value) != 0 || value < low || value > high ||
        value != (double)(uint64_t)value) {
        return -1;
    }
    *whole_p = (uint64_t)value;
    return 0;
}

typedef int (*item_parse_t)(const spar_config_row_t *row, const char **text_p,
                            void *list);

/* auto leaves the list empty. */
static int list_parse(const spar_config_row_t *row, const char *text,
                      item_parse_t parse, void *list)
{
    int more = strcasecmp(text, AUTO) == 0 ? 1 : 0;

    while (more == 0) {
        if (parse(row, &text, list) != 0) {
            return -1;
        }
        more = next_item(&text);
    }
    return more < 0 ? -1 : 0;
}

static int period_parse(const spar_config_row_t *row, const char **text_p,
                        void *list)
{
    spar_periods_t *periods = list;

    return periods->count < SPAR_PERIODIC_PARTS
               ? whole_parse(text_p, row->low, row->high,
                             &periods->period[periods->count++])
               : -1;
}

static int periods_parse(const spar_config_row_t *row, const char *text,
                         void *field)
{
    spar_periods_t periods = {0};

    if (list_parse(row, text, period_parse, &periods) != 0) {
        return -1;
    }
    memcpy(field, &periods, sizeof(periods));
    return 0;
}

static void periods_print(const spar_config_row_t *row, const void *field,
                          char *text, size_t size)
{
    spar_periods_t periods;
    size_t used = 0;

    (void)row;
    memcpy(&periods, field, sizeof(periods));
    snprintf(text, size, "%s", AUTO);
    for (uint64_t i = 0; i < periods.count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%llu",
                                 i > 0 ? "," : "",
                                 (unsigned long long)periods.period[i]);
    }
}

const spar_config_type_t spar_config_periods = {periods_parse, periods_print,
                                                NULL};

/* RATE, or STEP:RATE; steps ascend, from 0. */
static int rate_parse(const spar_config_row_t *row, const char **text_p,
                      void *list)
{
    spar_rates_t *rates = list;
    uint64_t i = rates->count;
    const char *text = *text_p;
    double value;

    if (i == SPAR_PERIODIC_PARTS || spar_number_parse(&text, &value) != 0) {
        return -1;
    }
    if (*text == ':') {
        text = *text_p;
        if (whole_parse(&text, 0, 1e15, &rates->step[i]) != 0 ||
            *text++ != ':' || spar_number_parse(&text, &value) != 0) {
            return -1;
        }
    } else if (i > 0 || *text != '\0') {
        return -1; /* a rate without a step is the only one */
    }
    if (value <= row->low || value > row->high ||
        (i > 0 && rates->step[i] <= rates->step[i - 1])) {
        return -1;
    }
    rates->rate[rates->count++] = value;
    *text_p = text;
    return 0;
}

static int rates_parse(const spar_config_row_t *row, const char *text,
                       void *field)
{
    spar_rates_t rates = {0};

    if (list_parse(row, text, rate_parse, &rates) != 0) {
        return -1;
    }
    memcpy(field, &rates, sizeof(rates));
    return 0;
}

static void rates_print(const spar_config_row_t *row, const void *field,
                        char *text, size_t size)
{
    spar_rates_t rates;
    size_t used = 0;

    (void)row;
    memcpy(&rates, field, sizeof(rates));
    snprintf(text, size, "%s", AUTO);
    for (uint64_t i = 0; i < rates.count && used < size; i++) {
        if (rates.count > 1 || rates.step[0] > 0) {
            used += (size_t)snprintf(text + used, size - used,
                                     "%s%llu:", i > 0 ? "," : "",
                                     (unsigned long long)rates.step[i]);
        }
        if (used < size) {
            used += (size_t)snprintf(text + used, size - used, "%.15g",
                                     rates.rate[i]);
        }
    }
}

const spar_config_type_t spar_config_rates = {rates_parse, rates_print, NULL};
