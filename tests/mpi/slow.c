/*
 * A slow network: large dense sums take longer than they should, and entries of
 * the sparse exchange as well, on which Spar's prediction fails. Microseconds,
 * from the environment:
 *   SLOW_DENSE     a dense sum
 *   SLOW_ENTRIES   entries, and at random up to SLOW_SPREAD more
 * Preloaded behind Spar, where its calls to the real MPI arrive.
 */
#include <dlfcn.h>
#include <mpi.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the first lane; a header alone is small. */
#define LAST_TAG 2
#define HEADER   72

static void find(const char *name, void *function_p)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function_p, &symbol, sizeof(symbol));
}

static unsigned microseconds(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : (unsigned)atoi(text);
}

/* The same in every run, another one in each call. */
static unsigned spread(void)
{
    static atomic_uint calls;
    unsigned x = atomic_fetch_add(&calls, 1) * 2654435761u;

    return (x ^ x >> 15) * 2246822519u % (microseconds("SLOW_SPREAD") + 1);
}

int PMPI_Isend(const void *data, int count, MPI_Datatype type, int to, int tag,
               MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Isend) real;

    if (real == NULL) {
        find("PMPI_Isend", &real);
    }
    if (tag <= LAST_TAG && count > HEADER) {
        usleep(microseconds("SLOW_ENTRIES") + spread());
    }
    return real(data, count, type, to, tag, comm, request);
}

int PMPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type,
                   MPI_Op op, MPI_Comm comm)
{
    static __typeof__(&MPI_Allreduce) real;

    if (real == NULL) {
        find("PMPI_Allreduce", &real);
    }
    if (count >= 4096) {
        usleep(microseconds("SLOW_DENSE"));
    }
    return real(in, out, count, type, op, comm);
}

int PMPI_Iallreduce(const void *in, void *out, int count, MPI_Datatype type,
                    MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Iallreduce) real;

    if (real == NULL) {
        find("PMPI_Iallreduce", &real);
    }
    if (count >= 4096) {
        usleep(microseconds("SLOW_DENSE"));
    }
    return real(in, out, count, type, op, comm, request);
}
