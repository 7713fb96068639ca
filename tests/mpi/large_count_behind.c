/*
 * An MPI for counts beyond an int, whose sums no test has the memory for: it
 * only tells what it got. In place of zeros that is their sum. Preloaded behind
 * Spar, where its calls to the real MPI arrive.
 */
#include <dlfcn.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>

static void find(const char *name, void *function_p)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function_p, &symbol, sizeof(symbol));
}

static int tell(const char *name, MPI_Count count)
{
    fprintf(stderr, "%s of %lld elements\n", name, (long long)count);
    return MPI_SUCCESS;
}

int PMPI_Allreduce_c(const void *in, void *out, MPI_Count count,
                     MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    __typeof__(&MPI_Allreduce_c) real;

    find("PMPI_Allreduce_c", &real);
    return count > INT_MAX ? tell("MPI_Allreduce_c", count)
                           : real(in, out, count, type, op, comm);
}

int PMPI_Iallreduce_c(const void *in, void *out, MPI_Count count,
                      MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                      MPI_Request *request)
{
    __typeof__(&MPI_Iallreduce_c) real;

    find("PMPI_Iallreduce_c", &real);
    if (count <= INT_MAX) {
        return real(in, out, count, type, op, comm, request);
    }
    *request = MPI_REQUEST_NULL;
    return tell("MPI_Iallreduce_c", count);
}

int PMPI_Allreduce_init_c(const void *in, void *out, MPI_Count count,
                          MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                          MPI_Info info, MPI_Request *request)
{
    __typeof__(&MPI_Allreduce_init_c) real;

    find("PMPI_Allreduce_init_c", &real);
    return count > INT_MAX
               ? tell("MPI_Allreduce_init_c", count)
               : real(in, out, count, type, op, comm, info, request);
}
