#include "pmpi/real.h"

#include <dlfcn.h>
#include <string.h>

spar_real_t spar_real;

/* dlsym returns an object pointer; POSIX says that it may be converted. */
static void find(const char *name, void *function_p)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function_p, &symbol, sizeof(symbol));
}

__attribute__((constructor)) static void fill_table(void)
{
#define SPAR_REAL_FIND(name) find("PMPI_" #name, &spar_real.name);
    SPAR_REAL_FUNCTIONS(SPAR_REAL_FIND)
#undef SPAR_REAL_FIND
#ifdef OMPI_HAVE_MPI_EXT_PCOLLREQ
    find("PMPIX_Allreduce_init", &spar_real.MPIX_Allreduce_init);
#endif
#ifdef SPAR_HAVE_ALLREDUCE_INIT
    find("PMPI_Allreduce_init", &spar_real.Allreduce_init);
#endif
#ifdef SPAR_HAVE_LARGE_COUNT
    find("PMPI_Allreduce_c", &spar_real.Allreduce_c);
    find("PMPI_Iallreduce_c", &spar_real.Iallreduce_c);
    find("PMPI_Allreduce_init_c", &spar_real.Allreduce_init_c);
#endif
}

int spar_real_has_tool_behind(void)
{
    return dlsym(RTLD_NEXT, "MPI_Allreduce") !=
           dlsym(RTLD_NEXT, "PMPI_Allreduce");
}
