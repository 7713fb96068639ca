/* Spar: inside of the config table; for config*.c only. */
#ifndef SPAR_POLICY_CONFIG_TABLE_H
#define SPAR_POLICY_CONFIG_TABLE_H

#include "policy/config.h"

typedef struct spar_config_row spar_config_row_t;

/* A type of value: reads and writes text. */
typedef struct spar_config_type {
    /* 0 on success; nothing is stored otherwise. */
    int (*parse)(const spar_config_row_t *row, const char *text, void *field);
    void (*print)(const spar_config_row_t *row, const void *field, char *text,
                  size_t size);
    /* The first item of a list of them that is wrong; NULL: values are no such
     * lists. */
    const char *(*find_wrong)(const char *text);
} spar_config_type_t;

struct spar_config_row {
    const char *name;
    const char *initial; /* default, as the user would write it */
    const char *allowed; /* for messages and documentation */
    const char *doc;     /* one sentence */
    const spar_config_type_t *type;
    size_t offset;              /* of the field in spar_config_t */
    const char *const *choices; /* NULL-terminated, in the enum's order */
    double low, high;           /* bounds of a number */
};

extern const spar_config_type_t spar_config_choice;  /* int32_t */
extern const spar_config_type_t spar_config_number;  /* uint64_t, k m g */
extern const spar_config_type_t spar_config_seconds; /* double; us ms s min */
extern const spar_config_type_t spar_config_share;   /* double in (0, 1] */
extern const spar_config_type_t spar_config_ramp;    /* rule or list */
extern const spar_config_type_t spar_config_windows; /* spar_windows_t */
extern const spar_config_type_t spar_config_report;  /* text */
extern const spar_config_type_t spar_config_text;    /* text, any */
extern const spar_config_type_t spar_config_layers;  /* spar_layer_list_t */
extern const spar_config_type_t spar_config_periods; /* spar_periods_t */
extern const spar_config_type_t spar_config_rates;   /* spar_rates_t */
extern const spar_config_type_t spar_config_isa;     /* one of choices */

extern const spar_config_row_t spar_config_table[];
extern const size_t spar_config_table_size;

#endif
