/*
 * A library behind Spar that changes a bit of what rank FLIP_RANK (1) receives,
 * as a broken cable or a wild pointer would:
 *   FLIP_MESSAGES=n   of every message of entries from the n-th on, near its
 *                     end, where the values are
 *   FLIP_DENSITIES=n  of every broadcast of densities from the n-th on: the
 *                     last bit of the first layer's
 */
#include <dlfcn.h>
#include <mpi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST_RECEIVES 1024

/* Headers are smaller. */
#define LEAST_ENTRIES 400

/* In what rank 0 broadcasts of densities (pmpi/densities.h): 1024 doubles
 * behind the aim and the prediction. */
#define DENSITIES_BYTES 8232
#define FIRST_DENSITY   40

typedef struct receive {
    MPI_Request request;
    unsigned char *data;
    int is_broadcast;
} receive_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static receive_t receives[MOST_RECEIVES];
static int count;
static long messages, broadcasts;

static void find(const char *name, void *function_p)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function_p, &symbol, sizeof(symbol));
}

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : atol(text);
}

static int is_victim(void)
{
    return number("OMPI_COMM_WORLD_RANK", -1) == number("FLIP_RANK", 1);
}

static void remember(MPI_Request request, void *data, int is_broadcast)
{
    pthread_mutex_lock(&lock);
    if (count < MOST_RECEIVES) {
        receives[count++] = (receive_t){request, data, is_broadcast};
    }
    pthread_mutex_unlock(&lock);
}

/* Takes the receive out; data NULL: there is none. */
static receive_t forget(MPI_Request request)
{
    receive_t found = {.data = NULL};

    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        if (receives[i].request == request) {
            found = receives[i];
            receives[i] = receives[--count];
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static int is_due(long *seen, const char *name)
{
    long from = number(name, 0);

    return from > 0 && ++*seen >= from;
}

/* The last byte may have unused bits, those of a value before it have none. */
static void flip(const receive_t *receive, const MPI_Status *status)
{
    int bytes = 0;

    if (receive->is_broadcast) {
        if (is_due(&broadcasts, "FLIP_DENSITIES")) {
            receive->data[FIRST_DENSITY] ^= 1;
        }
        return;
    }
    PMPI_Get_count(status, MPI_BYTE, &bytes);
    if (bytes >= LEAST_ENTRIES && is_due(&messages, "FLIP_MESSAGES")) {
        receive->data[bytes - 16] ^= 0x40;
    }
}

int PMPI_Irecv(void *data, int size, MPI_Datatype type, int from, int tag,
               MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Irecv) real;
    int code;

    if (real == NULL) {
        find("PMPI_Irecv", &real);
    }
    code = real(data, size, type, from, tag, comm, request);
    if (code == MPI_SUCCESS && type == MPI_BYTE && is_victim()) {
        remember(*request, data, 0);
    }
    return code;
}

int PMPI_Ibcast(void *data, int size, MPI_Datatype type, int root,
                MPI_Comm comm, MPI_Request *request)
{
    static __typeof__(&MPI_Ibcast) real;
    int code;

    if (real == NULL) {
        find("PMPI_Ibcast", &real);
    }
    code = real(data, size, type, root, comm, request);
    if (code == MPI_SUCCESS && size == DENSITIES_BYTES && is_victim()) {
        remember(*request, data, 1);
    }
    return code;
}

int PMPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    static __typeof__(&MPI_Test) real;
    MPI_Request before = *request;
    MPI_Status own;
    int code;

    if (real == NULL) {
        find("PMPI_Test", &real);
    }
    code = real(request, done, &own);
    if (code == MPI_SUCCESS && *done && before != MPI_REQUEST_NULL) {
        receive_t receive = forget(before);

        if (receive.data != NULL) {
            flip(&receive, &own);
        }
    }
    if (status != MPI_STATUS_IGNORE) {
        *status = own;
    }
    return code;
}
