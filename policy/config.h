/*
 * Spar: the one table of settings. Every SPAR_ variable is a row: name,
 * default, what is allowed, one sentence of documentation. The table generates
 * env.example, `spar info -c`, the man page and the report's header.
 *
 * Rank 0's settings hold for the whole job: spar_config_t is plain data that
 * is broadcast as bytes between ranks of the same library version.
 */
#ifndef SPAR_POLICY_CONFIG_H
#define SPAR_POLICY_CONFIG_H

#include "base/status.h"
#include "policy/layer_list.h"
#include "policy/periodic.h"
#include "policy/windows.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SPAR_CONFIG_RAMP_MAX 16
#define SPAR_CONFIG_TEXT_MAX 256
/* Bytes of the longest value as text. */
#define SPAR_CONFIG_VALUE_MAX 1024

typedef enum spar_mode {
    SPAR_MODE_AUTO,      /* sparse where predicted faster */
    SPAR_MODE_DENSE,     /* measure only */
    SPAR_MODE_SPARSE,    /* sparse wherever the gate allows */
    SPAR_MODE_LOSSLESS,  /* every non-zero entry, no residual */
    SPAR_MODE_QUANTISED, /* dense, with fewer bits, no residual */
    SPAR_MODE_PERIODIC,  /* averages of parameters, not in every step */
    SPAR_MODE_SHADOW,    /* dense, with the sparse exchange beside it */
    SPAR_MODE_AB,        /* auto, then dense and sparse windows in turns */
    SPAR_MODE_OFF        /* pass every call on */
} spar_mode_t;

typedef enum spar_config_select {
    SPAR_CONFIG_SELECT_EXACT,
    SPAR_CONFIG_SELECT_GAUSSIAN,
    SPAR_CONFIG_SELECT_TOPK
} spar_config_select_t;

typedef enum spar_config_values {
    SPAR_CONFIG_VALUES_BF16,
    SPAR_CONFIG_VALUES_FP32,
    SPAR_CONFIG_VALUES_FP16,
    SPAR_CONFIG_VALUES_INT8
} spar_config_values_t;

typedef enum spar_config_round {
    SPAR_CONFIG_ROUND_AUTO,
    SPAR_CONFIG_ROUND_NEAREST,
    SPAR_CONFIG_ROUND_RANDOM
} spar_config_round_t;

typedef enum spar_config_exchange {
    SPAR_CONFIG_EXCHANGE_AUTO,
    SPAR_CONFIG_EXCHANGE_ALLGATHER,
    SPAR_CONFIG_EXCHANGE_DOUBLING,
    SPAR_CONFIG_EXCHANGE_SPLIT,
    SPAR_CONFIG_EXCHANGE_NODE,
    SPAR_CONFIG_EXCHANGE_DENSE
} spar_config_exchange_t;

typedef enum spar_config_dense {
    SPAR_CONFIG_DENSE_AUTO,
    SPAR_CONFIG_DENSE_MPI,
    SPAR_CONFIG_DENSE_RING
} spar_config_dense_t;

typedef enum spar_config_merge {
    SPAR_CONFIG_MERGE_ON,
    SPAR_CONFIG_MERGE_OFF
} spar_config_merge_t;

typedef enum spar_config_loss_scale {
    SPAR_CONFIG_LOSS_SCALE_AUTO,
    SPAR_CONFIG_LOSS_SCALE_OFF
} spar_config_loss_scale_t;

typedef enum spar_config_periodic {
    SPAR_CONFIG_PERIODIC_OFF,
    SPAR_CONFIG_PERIODIC_AUTO,
    SPAR_CONFIG_PERIODIC_GRADIENTS,
    SPAR_CONFIG_PERIODIC_GRADIENTS_ANY
} spar_config_periodic_t;

typedef enum spar_config_density {
    SPAR_CONFIG_DENSITY_GIVEN,
    SPAR_CONFIG_DENSITY_AUTO,
    SPAR_CONFIG_DENSITY_PAPER
} spar_config_density_t;

typedef enum spar_config_progress {
    SPAR_CONFIG_PROGRESS_AUTO,
    SPAR_CONFIG_PROGRESS_THREAD,
    SPAR_CONFIG_PROGRESS_INLINE
} spar_config_progress_t;

typedef struct spar_config {
    int32_t mode;       /* spar_mode_t */
    int32_t select;     /* spar_config_select_t */
    int32_t exchange;   /* spar_config_exchange_t */
    int32_t dense;      /* spar_config_dense_t */
    int32_t values;     /* spar_config_values_t */
    int32_t round;      /* spar_config_round_t */
    int32_t merge;      /* spar_config_merge_t */
    int32_t loss_scale; /* spar_config_loss_scale_t */
    int32_t progress;   /* spar_config_progress_t */
    int32_t log;        /* spar_log_level_t */
    int32_t periodic;   /* spar_config_periodic_t */
    uint64_t min_count;
    uint64_t learn_steps;
    uint64_t watch_steps;
    uint64_t ramp_steps;
    uint64_t step_calls;  /* 0: learn it */
    uint64_t stop_steps;  /* 0: never */
    uint64_t check_steps; /* 0: never */
    uint64_t train_steps; /* of the whole training; 0: not known */
    spar_periods_t periods;
    spar_rates_t rates;
    double init_timeout; /* seconds */
    spar_windows_t ab;   /* mode ab, steps */
    double density_min;  /* bounds and first value of densities by a rule */
    double density_max;
    double density_base;
    uint64_t density_rule;                /* spar_config_density_t */
    uint64_t density_count;               /* 0: by a rule */
    double density[SPAR_CONFIG_RAMP_MAX]; /* the last one stays */
    spar_layer_list_t include;            /* whatever they look like */
    spar_layer_list_t exclude;            /* dense */
    char report[SPAR_CONFIG_TEXT_MAX];
    char trace[SPAR_CONFIG_TEXT_MAX];
    char state[SPAR_CONFIG_TEXT_MAX];
    char isa[16];
    char cuda_library[SPAR_CONFIG_TEXT_MAX];
} spar_config_t;

/* The defaults of the table. */
void spar_config_defaults(spar_config_t *config);

/*
 * Defaults overlaid by the environment. An empty value counts as unset.
 * SPAR_ERR_INVALID: `error` holds one line that names variable, value and
 * what is allowed; *config_p is unchanged.
 */
spar_status_t spar_config_load(spar_config_t *config_p, char *error,
                               size_t error_size);

/*
 * Calls `report` with one line for each SPAR_ variable of the environment that
 * is not in the table, with the nearest match.
 */
void spar_config_report_unknown(void (*report)(const char *line));

/* Number of rows, and the name of one; NULL beyond the end. */
size_t spar_config_rows(void);
const char *spar_config_name(size_t row);
/* The value in force as text that the parser accepts again. */
void spar_config_value(const spar_config_t *config, size_t row, char *text,
                       size_t size);
/* Whether the value differs from the table's default. */
int spar_config_is_changed(const spar_config_t *config, size_t row);

/* NAME=value lines; with docs, each behind its sentence and defaults. */
void spar_config_print(const spar_config_t *config, FILE *file, int with_docs);
/* env.example, complete. */
void spar_config_print_env_example(FILE *file);
/* roff paragraphs for the man page. */
void spar_config_print_man(FILE *file);

#endif
