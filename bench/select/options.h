/* bench_select: what the command line asks for. */
#ifndef SPAR_BENCH_SELECT_OPTIONS_H
#define SPAR_BENCH_SELECT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct options {
    size_t n;          /* elements of the timed layer */
    size_t feedback_n; /* elements of the layer under error feedback */
    double density;
    int rounds; /* of the interleaved timing; 0: none */
    int steps;  /* of error feedback; 0: none */
    bool huge_pages;
    bool heavy; /* synthetic gradients with heavy tails */
    bool csv;
    const char *isa;
    const char *gradients; /* recorded file, or NULL */
} options_t;

/* Exits by itself on --help and on mistakes. */
options_t options_parse(int argc, char **argv);

#endif
