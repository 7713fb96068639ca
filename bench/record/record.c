/*
 * Records real gradients: writes the float send buffers of the first calls of
 * MPI_Allreduce that have a given count to a file, one after the other, for
 * `bench_select --gradients` to replay. Only rank 0 of MPI_COMM_WORLD writes.
 *
 *   mpirun -n 2 -x LD_PRELOAD=libspar_record.so -x RECORD_FILE=grads.f32 \
 *       -x RECORD_COUNT=200704 -x RECORD_CALLS=500 ./trainer
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct recorder {
    FILE *file;
    long count;
    long calls_left;
    int ready;
} recorder_t;

static recorder_t recorder;

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

static void recorder_start(void)
{
    const char *path = getenv("RECORD_FILE");
    int rank = -1;

    recorder.ready = 1;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (path == NULL || rank != 0) {
        return;
    }
    recorder.count = number("RECORD_COUNT", 0);
    recorder.calls_left = number("RECORD_CALLS", 100);
    recorder.file = fopen(path, "wb");
    if (recorder.file == NULL) {
        perror("libspar_record: RECORD_FILE");
    }
}

static void recorder_take(const void *buffer, int count)
{
    size_t written =
        fwrite(buffer, sizeof(float), (size_t)count, recorder.file);

    recorder.calls_left--;
    if (written != (size_t)count || recorder.calls_left == 0) {
        fclose(recorder.file);
        recorder.file = NULL;
    }
}

__attribute__((visibility("default"))) int MPI_Allreduce(
    const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
    MPI_Op op, MPI_Comm comm)
{
    if (!recorder.ready) {
        recorder_start();
    }
    if (recorder.file != NULL && datatype == MPI_FLOAT && op == MPI_SUM &&
        count == recorder.count) {
        recorder_take(sendbuf == MPI_IN_PLACE ? recvbuf : sendbuf, count);
    }
    return PMPI_Allreduce(sendbuf, recvbuf, count, datatype, op, comm);
}

__attribute__((visibility("default"))) int MPI_Finalize(void)
{
    if (recorder.file != NULL) {
        fclose(recorder.file);
        recorder.file = NULL;
    }
    return PMPI_Finalize();
}
