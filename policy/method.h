/* Spar: the ways in which the sum over all ranks can be formed. */
#ifndef SPAR_POLICY_METHOD_H
#define SPAR_POLICY_METHOD_H

#include <stdbool.h>

typedef enum spar_method {
    SPAR_METHOD_MPI = 0,   /* dense, by the MPI library */
    SPAR_METHOD_RING,      /* dense, by Spar's own ring */
    SPAR_METHOD_ALLGATHER, /* sparse: every rank sends its block to all */
    SPAR_METHOD_DOUBLING,  /* sparse: recursive doubling with merge */
    SPAR_METHOD_SPLIT,     /* sparse: by regions with an owner each */
    SPAR_METHOD_NODE,      /* sparse: leaders of nodes exchange for the rest */
    SPAR_METHOD_QUANTISED, /* dense, with fewer bits: not the sum that the
                              others form, so only where it is asked for */
    SPAR_METHODS           /* how many there are */
} spar_method_t;

/* Set of methods, as a mask. */
#define SPAR_METHOD_BIT(method) (1u << (unsigned)(method))
#define SPAR_METHOD_ALL         ((1u << (unsigned)SPAR_METHODS) - 1)
#define SPAR_METHOD_DENSE                                                      \
    (SPAR_METHOD_BIT(SPAR_METHOD_MPI) | SPAR_METHOD_BIT(SPAR_METHOD_RING))
#define SPAR_METHOD_SPARSE                                                     \
    (SPAR_METHOD_ALL & ~SPAR_METHOD_DENSE &                                    \
     ~SPAR_METHOD_BIT(SPAR_METHOD_QUANTISED))
/* Those that compete with each other. */
#define SPAR_METHOD_RIVALS (SPAR_METHOD_DENSE | SPAR_METHOD_SPARSE)

/* One lower-case word, as in SPAR_EXCHANGE and in reports; never NULL. */
const char *spar_method_name(spar_method_t method);

/* false: no method has this name. */
bool spar_method_find(const char *name, spar_method_t *method_p);

#endif
