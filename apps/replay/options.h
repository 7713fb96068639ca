/* The command line. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

typedef enum post {
    POST_IALLREDUCE, /* MPI_Iallreduce per layer, one MPI_Waitall */
    POST_BLOCKING,   /* MPI_Allreduce per layer */
    POST_FLAT,       /* one MPI_Allreduce of all layers at the end */
    POST_NONE,       /* no exchange */
    POST_THREAD      /* MPI_Allreduce per layer, from a second thread */
} post_t;

typedef enum need {
    NEED_STEP, /* all sums before the next step */
    NEED_LAYER /* each at the layer's turn in the next forward pass */
} need_t;

typedef struct options {
    const char *trace;
    const char *steps_out; /* file, or NULL */
    post_t post;
    need_t need;
    bool busy;
    int steps;
    int warmup;
    double scale;
    double jitter; /* share by which each step's times vary, 0 to 1 */
} options_t;

typedef enum options_result {
    OPTIONS_OK,
    OPTIONS_HELP, /* the help was asked for and written */
    OPTIONS_WRONG /* the reason was written to errors */
} options_result_t;

/* May be called again. help and errors: where to write, NULL on the ranks that
 * keep quiet. */
options_result_t options_parse(int argc, char **argv, FILE *help, FILE *errors,
                               options_t *options_p);

#endif
