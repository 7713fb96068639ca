/*
 * An MPI that sums in a device's memory, behind Spar: MPI's allreduce by way of
 * the host, so that jobs on emulated devices have the dense calls of a trainer
 * whose MPI knows CUDA. Its non-blocking ones are over when they return, and so
 * are starts of persistent ones; Spar starts the former in one order, and the
 * test the latter.
 */
#include "persistent.h"
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cuda.h>

static void find(const char *name, void *function_p)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function_p, &symbol, sizeof(symbol));
}

static int is_far(const void *buffer)
{
    CUpointer_attribute names[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE};
    unsigned type = 0;
    void *values[] = {&type};

    return buffer != MPI_IN_PLACE &&
           cuPointerGetAttributes(1, names, values, (CUdeviceptr)buffer) ==
               CUDA_SUCCESS &&
           type == CU_MEMORYTYPE_DEVICE;
}

static void copy(void *to, const void *from, size_t bytes)
{
    if (cudaMemcpy(to, from, bytes, cudaMemcpyDefault) != cudaSuccess) {
        abort();
    }
}

/* The same sum, to the last bit, as of buffers on the host. */
static int blocking(const void *from, void *to, int count, MPI_Datatype type,
                    MPI_Op op, MPI_Comm comm)
{
    __typeof__(&MPI_Allreduce) allreduce;

    find("PMPI_Allreduce", &allreduce);
    return allreduce(from, to, count, type, op, comm);
}

static int nonblocking(const void *from, void *to, int count, MPI_Datatype type,
                       MPI_Op op, MPI_Comm comm)
{
    __typeof__(&MPI_Iallreduce) iallreduce;
    MPI_Request request = MPI_REQUEST_NULL;
    int code;

    find("PMPI_Iallreduce", &iallreduce);
    code = iallreduce(from, to, count, type, op, comm, &request);
    for (int done = 0; code == MPI_SUCCESS && !done;) {
        __typeof__(&MPI_Test) test;

        find("PMPI_Test", &test);
        code = test(&request, &done, MPI_STATUS_IGNORE);
    }
    return code;
}

static int sum(__typeof__(&MPI_Allreduce) allreduce, const void *from, void *to,
               int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    bool in_place = from == MPI_IN_PLACE;
    MPI_Aint least, extent;
    size_t bytes;
    char *host;
    int code;

    if (!is_far(from) && !is_far(to)) {
        return allreduce(from, to, count, type, op, comm);
    }
    MPI_Type_get_extent(type, &least, &extent);
    bytes = (size_t)count * (size_t)extent;
    host = malloc(2 * bytes);
    if (host == NULL) {
        return MPI_ERR_NO_MEM;
    }
    copy(in_place ? host : host + bytes, in_place ? to : from, bytes);
    code = allreduce(in_place ? MPI_IN_PLACE : host + bytes, host, count, type,
                     op, comm);
    copy(to, host, bytes);
    free(host);
    return code;
}

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm comm)
{
    return sum(blocking, from, to, count, type, op, comm);
}

int PMPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type,
                   MPI_Op op, MPI_Comm comm)
    __attribute__((alias("MPI_Allreduce")));

int MPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type,
                   MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    __typeof__(&MPI_Iallreduce) iallreduce;

    find("PMPI_Iallreduce", &iallreduce);
    if (!is_far(from) && !is_far(to)) {
        return iallreduce(from, to, count, type, op, comm, request);
    }
    *request = MPI_REQUEST_NULL;
    return sum(nonblocking, from, to, count, type, op, comm);
}

int PMPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type,
                    MPI_Op op, MPI_Comm comm, MPI_Request *request)
    __attribute__((alias("MPI_Iallreduce")));

/* A persistent call whose buffers are on a device. */
typedef struct standing {
    MPI_Request request;
    const void *from; /* MPI_IN_PLACE: the result */
    void *to;
    char *host;
    size_t bytes;
} standing_t;

static standing_t standings[16];
static int standing_count;

#ifdef OMPI_HAVE_MPI_EXT_PCOLLREQ
#define INIT       MPIX_Allreduce_init
#define P_INIT     PMPIX_Allreduce_init
#define INIT_NAME  "PMPIX_Allreduce_init"
#define INIT_ALIAS "MPIX_Allreduce_init"
#else
#define INIT       MPI_Allreduce_init
#define P_INIT     PMPI_Allreduce_init
#define INIT_NAME  "PMPI_Allreduce_init"
#define INIT_ALIAS "MPI_Allreduce_init"
#endif

int INIT(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op,
         MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    __typeof__(&INIT) init;
    MPI_Aint least, extent;
    standing_t *standing = &standings[standing_count];
    int code;

    find(INIT_NAME, &init);
    if (!is_far(from) && !is_far(to)) {
        return init(from, to, count, type, op, comm, info, request);
    }
    MPI_Type_get_extent(type, &least, &extent);
    *standing = (standing_t){.from = from == MPI_IN_PLACE ? to : from,
                             .to = to,
                             .bytes = (size_t)count * (size_t)extent};
    standing->host = malloc(standing->bytes);
    if (standing->host == NULL || standing_count == 15) {
        return MPI_ERR_NO_MEM;
    }
    code = init(MPI_IN_PLACE, standing->host, count, type, op, comm, info,
                request);
    standing->request = *request;
    standing_count++;
    return code;
}

int P_INIT(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op,
           MPI_Comm comm, MPI_Info info, MPI_Request *request)
    __attribute__((alias(INIT_ALIAS)));

static standing_t *find_standing(MPI_Request request)
{
    for (int i = 0; i < standing_count; i++) {
        if (standings[i].request == request) {
            return &standings[i];
        }
    }
    return NULL;
}

/* Who tests the request later finds it inactive, which is as good as done. */
int MPI_Start(MPI_Request *request)
{
    __typeof__(&MPI_Start) start;
    __typeof__(&MPI_Test) test;
    const standing_t *standing = find_standing(*request);
    int code;

    find("PMPI_Start", &start);
    find("PMPI_Test", &test);
    if (standing == NULL) {
        return start(request);
    }
    copy(standing->host, standing->from, standing->bytes);
    code = start(request);
    for (int done = 0; code == MPI_SUCCESS && !done;) {
        code = test(request, &done, MPI_STATUS_IGNORE);
    }
    copy(standing->to, standing->host, standing->bytes);
    return code;
}

int PMPI_Start(MPI_Request *request) __attribute__((alias("MPI_Start")));
