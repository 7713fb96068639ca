/*
 * A library behind Spar that makes things fail on one rank alone:
 *   FAULT_RECEIVE=n  the n-th message that rank 0 receives has a wrong size
 *   FAULT_THREAD=1   Spar cannot start a thread on rank 1
 *   FAULT_MALLOC=n   Spar gets no n bytes on rank 1
 *   FAULT_FULL=path  the disk of files whose names begin so is full, on rank 0
 *   FAULT_DISK=1     files do not get onto the disk of rank 1
 */
#include <dlfcn.h>
#include <errno.h>
#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_rank(const char *wanted)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");

    return rank != NULL && strcmp(rank, wanted) == 0;
}

int PMPI_Get_count(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    static atomic_int calls;
    int (*real)(const MPI_Status *, MPI_Datatype, int *);
    const char *fault = getenv("FAULT_RECEIVE");
    void *symbol = dlsym(RTLD_NEXT, "PMPI_Get_count");
    int code;

    memcpy(&real, &symbol, sizeof(real));
    code = real(status, datatype, count);
    if (fault != NULL && is_rank("0") && ++calls == atoi(fault)) {
        *count = -1;
    }
    return code;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    void *address;
    Dl_info info;

    memcpy(&real, &symbol, sizeof(real));
    memcpy(&address, &run, sizeof(address));
    if (getenv("FAULT_THREAD") != NULL && is_rank("1") &&
        dladdr(address, &info) && info.dli_fname != NULL &&
        strstr(info.dli_fname, "libspar") != NULL) {
        return EAGAIN;
    }
    return real(thread, attributes, run, argument);
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *);
    void *symbol = dlsym(RTLD_NEXT, "fopen");
    const char *fault = getenv("FAULT_FULL");

    memcpy(&real, &symbol, sizeof(real));
    if (fault != NULL && is_rank("0") &&
        strncmp(path, fault, strlen(fault)) == 0) {
        path = "/dev/full";
    }
    return real(path, mode);
}

int fsync(int number)
{
    if (getenv("FAULT_DISK") != NULL && is_rank("1")) {
        errno = ENOSPC;
        return -1;
    }
    return fdatasync(number);
}

#ifdef WITH_MALLOC
extern void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    const char *fault = getenv("FAULT_MALLOC");
    Dl_info info;

    if (fault != NULL && size == (size_t)atol(fault) && is_rank("1") &&
        dladdr(__builtin_return_address(0), &info) && info.dli_fname != NULL &&
        strstr(info.dli_fname, "libspar") != NULL) {
        return NULL;
    }
    return __libc_malloc(size);
}
#endif
