/*
 * A slow network: large dense sums take longer than they should, and entries of
 * the sparse exchange as well, on which Spar's prediction fails. Microseconds,
 * from the environment:
 *   SLOW_DENSE     a dense sum
 *   SLOW_ENTRIES   entries, and at random up to SLOW_SPREAD more
 * Both may change: 2000,60:0,90:500 is 2000 at first, 0 from the 61st on, 500
 * from the 91st on.
 * Preloaded behind Spar, where its calls to the real MPI arrive.
 */
#include <dlfcn.h>
#include <mpi.h>
#include <stdatomic.h>
#include <stdio.h>
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

static unsigned microseconds(const char *name, unsigned call)
{
    const char *text = getenv(name);
    unsigned value = text == NULL ? 0 : (unsigned)atoi(text);
    unsigned from, next;

    while (text != NULL && (text = strchr(text, ',')) != NULL) {
        text++;
        if (sscanf(text, "%u:%u", &from, &next) == 2 && call >= from) {
            value = next;
        }
    }
    return value;
}

static void slow_down_sum(int count)
{
    static atomic_uint sums;

    if (count >= 4096) {
        usleep(microseconds("SLOW_DENSE", atomic_fetch_add(&sums, 1)));
    }
}

/* The same in every run, another one in each call. */
static unsigned spread(void)
{
    static atomic_uint calls;
    unsigned x = atomic_fetch_add(&calls, 1) * 2654435761u;

    return (x ^ x >> 15) * 2246822519u % (microseconds("SLOW_SPREAD", 0) + 1);
}

static void slow_down_entries(void)
{
    static atomic_uint messages;

    usleep(microseconds("SLOW_ENTRIES", atomic_fetch_add(&messages, 1)) +
           spread());
}

int PMPI_Isend(const void *data, int count, MPI_Datatype type, int to, int tag,
               MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Isend) real;

    if (real == NULL) {
        find("PMPI_Isend", &real);
    }
    if (tag <= LAST_TAG && count > HEADER) {
        slow_down_entries();
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
    slow_down_sum(count);
    return real(in, out, count, type, op, comm);
}

int PMPI_Iallreduce(const void *in, void *out, int count, MPI_Datatype type,
                    MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Iallreduce) real;

    if (real == NULL) {
        find("PMPI_Iallreduce", &real);
    }
    slow_down_sum(count);
    return real(in, out, count, type, op, comm, request);
}
