#include "policy/method.h"

#include <string.h>

static const char *const names[SPAR_METHODS] = {
    [SPAR_METHOD_MPI] = "mpi",
    [SPAR_METHOD_RING] = "ring",
    [SPAR_METHOD_ALLGATHER] = "allgather",
    [SPAR_METHOD_DOUBLING] = "doubling",
    [SPAR_METHOD_SPLIT] = "split",
    [SPAR_METHOD_NODE] = "node",
    [SPAR_METHOD_QUANTISED] = "quantised"};

const char *spar_method_name(spar_method_t method)
{
    return (unsigned)method < SPAR_METHODS ? names[method] : "unknown";
}

bool spar_method_find(const char *name, spar_method_t *method_p)
{
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *method_p = (spar_method_t)i;
            return true;
        }
    }
    return false;
}
