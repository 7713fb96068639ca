/* bench_overlap: the command line. */
#ifndef SPAR_BENCH_OVERLAP_OPTIONS_H
#define SPAR_BENCH_OVERLAP_OPTIONS_H

#include <stdbool.h>

typedef enum kind {
    KIND_STEPS,
    KIND_PAIRS,
    KIND_IDLE
} kind_t;

typedef struct options {
    kind_t kind;
    bool busy;
    int layers;
    int count; /* elements of a layer */
    int warmup;
    int rounds;
    int steps;      /* per round */
    double compute; /* seconds per step */
    double idle;    /* seconds */
} options_t;

/* Ends the process after the help or a mistake; `speaks` is true on the one
 * rank that tells about it. */
options_t options_parse(int argc, char **argv, bool speaks);

#endif
