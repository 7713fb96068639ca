/* The command line. */
#ifndef FASHION_OPTIONS_H
#define FASHION_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

enum {
    OPTIONS_MAX_HIDDEN = 12
};

typedef struct options {
    bool cnn;
    bool nonblocking;
    int epochs;
    int steps; /* 0: no limit */
    int batch;
    int average; /* parameters after so many steps; 0: gradients in each */
    double rate;
    double rate_drop;
    double momentum;
    unsigned seed;
    int hidden[OPTIONS_MAX_HIDDEN];
    int n_hidden;
    const char *data;
} options_t;

typedef enum options_result {
    OPTIONS_OK,
    OPTIONS_HELP, /* the help was asked for and written */
    OPTIONS_WRONG /* the reason was written to errors */
} options_result_t;

/* help and errors: where to write, NULL on the ranks that keep quiet. */
options_result_t options_parse(int argc, char **argv, FILE *help, FILE *errors,
                               options_t *options_p);

#endif
