/* Spar: decimal numbers with units, as settings have them. */
#ifndef SPAR_POLICY_NUMBER_H
#define SPAR_POLICY_NUMBER_H

typedef struct spar_unit {
    const char *name; /* "": none; NULL: end of a list */
    double factor;
} spar_unit_t;

/* Of numbers of elements: none, k, m, g (powers of 1024). */
extern const spar_unit_t spar_number_units[];

/* A finite decimal number at the start of *text_p; advances behind it. 0: there
 * was one; -1: nothing is changed. */
int spar_number_parse(const char **text_p, double *value_p);

/* The whole text: a number and one of the units. 0, or -1. */
int spar_number_parse_with_unit(const char *text, const spar_unit_t *units,
                                double *value_p);

#endif
