/* bench_wire: what the command line asks for. */
#ifndef SPAR_BENCH_WIRE_OPTIONS_H
#define SPAR_BENCH_WIRE_OPTIONS_H

#include <stddef.h>

typedef struct options {
    size_t n;       /* elements of the layer; 0: 1e4, 1e6 and 1e8 */
    double density; /* 0: from 1e-4 to 0.25 */
    int rounds;     /* of each timing; the median is printed */
    const char *isa;
} options_t;

/* Exits by itself on --help and on mistakes. */
options_t options_parse(int argc, char **argv);

#endif
