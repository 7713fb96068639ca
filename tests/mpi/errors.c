/*
 * Errors around non-blocking sums reach the application as without Spar: bad
 * arguments, its own error handlers, and other requests that fail or are
 * cancelled in the same array as a sum.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "persistent.h"
#include "watchdog.h"

#define COUNT 10000
#define STEPS 15

static int rank, size, failures, handled;
static MPI_Comm comm;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "rank %d: line %d: %s\n", rank, __LINE__,          \
                    #condition);                                               \
            failures++;                                                        \
        }                                                                      \
    } while (0)

static int class_of(int code)
{
    int class;

    MPI_Error_class(code, &class);
    return class;
}

static float a[COUNT], b[COUNT];

static int post(const void *send, void *receive, int count, MPI_Datatype type,
                MPI_Op op, MPI_Comm on)
{
    MPI_Request request = MPI_REQUEST_NULL;

    return class_of(
        MPI_Iallreduce(send, receive, count, type, op, on, &request));
}

static void bad_arguments_of_a_sum(void)
{
    MPI_Datatype pair;

    MPI_Type_contiguous(2, MPI_FLOAT, &pair);
    CHECK(post(a, b, -1, MPI_FLOAT, MPI_SUM, comm) == MPI_ERR_COUNT);
    CHECK(post(a, b, COUNT, MPI_DATATYPE_NULL, MPI_SUM, comm) == MPI_ERR_OP);
    CHECK(post(a, b, COUNT / 2, pair, MPI_SUM, comm) == MPI_ERR_OP);
    CHECK(post(a, b, COUNT, MPI_FLOAT, MPI_OP_NULL, comm) == MPI_ERR_OP);
    CHECK(post(a, b, COUNT, MPI_FLOAT, MPI_BAND, comm) == MPI_ERR_OP);
    CHECK(post(a, MPI_IN_PLACE, COUNT, MPI_FLOAT, MPI_SUM, comm) ==
          MPI_ERR_BUFFER);
    CHECK(post(a, a, COUNT, MPI_FLOAT, MPI_SUM, comm) == MPI_ERR_BUFFER);
    CHECK(post(a, b, COUNT, MPI_FLOAT, MPI_SUM, MPI_COMM_NULL) == MPI_ERR_COMM);
    MPI_Type_free(&pair);
}

static void bad_arguments_of_a_persistent_sum(void)
{
    MPI_Request request = MPI_REQUEST_NULL;

    CHECK(class_of(persistent_allreduce(a, b, -1, MPI_FLOAT, MPI_SUM, comm,
                                        &request)) == MPI_ERR_COUNT);
    CHECK(class_of(persistent_allreduce(a, b, COUNT, MPI_FLOAT, MPI_OP_NULL,
                                        comm, &request)) == MPI_ERR_OP);
    request = MPI_REQUEST_NULL;
    CHECK(class_of(MPI_Start(&request)) == MPI_ERR_REQUEST);
    CHECK(class_of(MPI_Start(NULL)) == MPI_ERR_REQUEST);
    CHECK(class_of(MPI_Startall(1, NULL)) == MPI_ERR_REQUEST);
    CHECK(class_of(MPI_Startall(-1, &request)) == MPI_ERR_ARG);
    CHECK(class_of(MPI_Request_free(&request)) == MPI_ERR_REQUEST);
}

static void bad_arguments_of_a_completion(void)
{
    MPI_Request request;
    int flag, index, count;

    memset(a, 0, sizeof(a));
    MPI_Iallreduce(a, b, COUNT, MPI_FLOAT, MPI_SUM, comm, &request);
    CHECK(class_of(MPI_Wait(NULL, MPI_STATUS_IGNORE)) == MPI_ERR_REQUEST);
    CHECK(class_of(MPI_Test(&request, NULL, MPI_STATUS_IGNORE)) == MPI_ERR_ARG);
    CHECK(class_of(MPI_Waitall(-1, &request, MPI_STATUSES_IGNORE)) ==
          MPI_ERR_ARG);
    CHECK(class_of(MPI_Waitall(1, NULL, MPI_STATUSES_IGNORE)) ==
          MPI_ERR_REQUEST);
    CHECK(class_of(MPI_Waitany(1, &request, NULL, MPI_STATUS_IGNORE)) ==
          MPI_ERR_ARG);
    CHECK(class_of(MPI_Waitsome(1, &request, NULL, &index,
                                MPI_STATUSES_IGNORE)) == MPI_ERR_ARG);
    CHECK(class_of(MPI_Testall(1, &request, NULL, MPI_STATUSES_IGNORE)) ==
          MPI_ERR_ARG);
    CHECK(class_of(MPI_Testany(-1, &request, &index, &flag,
                               MPI_STATUS_IGNORE)) == MPI_ERR_ARG);
    CHECK(class_of(MPI_Testsome(-1, &request, &count, &index,
                                MPI_STATUSES_IGNORE)) == MPI_ERR_ARG);
    CHECK(request != MPI_REQUEST_NULL);
    CHECK(MPI_Wait(&request, MPI_STATUS_IGNORE) == MPI_SUCCESS);
}

static void empty_arrays_are_complete(void)
{
    int flag = 0, index = 0, count = 0;

    CHECK(MPI_Waitall(0, NULL, MPI_STATUSES_IGNORE) == MPI_SUCCESS);
    CHECK(MPI_Testall(0, NULL, &flag, MPI_STATUSES_IGNORE) == MPI_SUCCESS);
    CHECK(flag == 1);
    MPI_Waitany(0, NULL, &index, MPI_STATUS_IGNORE);
    CHECK(index == MPI_UNDEFINED);
    MPI_Testany(0, NULL, &index, &flag, MPI_STATUS_IGNORE);
    CHECK(index == MPI_UNDEFINED && flag == 1);
    MPI_Waitsome(0, NULL, &count, &index, MPI_STATUSES_IGNORE);
    CHECK(count == MPI_UNDEFINED);
    MPI_Testsome(0, NULL, &count, &index, MPI_STATUSES_IGNORE);
    CHECK(count == MPI_UNDEFINED);
}

static void handler(MPI_Comm *on, int *code, ...)
{
    handled += *on == comm && class_of(*code) == MPI_ERR_COUNT;
}

static void own_handler_is_called(void)
{
    MPI_Errhandler mine;
    MPI_Request request;

    MPI_Comm_create_errhandler(handler, &mine);
    MPI_Comm_set_errhandler(comm, mine);
    CHECK(class_of(MPI_Iallreduce(a, b, -1, MPI_FLOAT, MPI_SUM, comm,
                                  &request)) == MPI_ERR_COUNT);
    CHECK(handled == 1);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Errhandler_free(&mine);
}

/* Posts a sum and a receive that is too short for its message. */
static void post_with_truncation(MPI_Request requests[3])
{
    static int in[1], out[2];

    b[7] = 0;
    MPI_Iallreduce(a, b, COUNT, MPI_FLOAT, MPI_SUM, comm, &requests[0]);
    MPI_Irecv(in, 1, MPI_INT, (rank + size - 1) % size, 3, comm, &requests[1]);
    MPI_Isend(out, 2, MPI_INT, (rank + 1) % size, 3, comm, &requests[2]);
}

static void finish_the_sum(MPI_Request *requests)
{
    for (int i = 0; i < 3; i++) {
        if (requests[i] != MPI_REQUEST_NULL) {
            MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
        }
    }
    CHECK(b[7] == (float)size);
}

static void waitall_says_so(MPI_Request requests[3])
{
    MPI_Status statuses[3];

    CHECK(class_of(MPI_Waitall(3, requests, statuses)) == MPI_ERR_IN_STATUS);
    CHECK(class_of(statuses[1].MPI_ERROR) == MPI_ERR_TRUNCATE);
    CHECK(statuses[0].MPI_ERROR == MPI_SUCCESS ||
          statuses[0].MPI_ERROR == MPI_ERR_PENDING);
}

static void waitsome_says_so(MPI_Request requests[3])
{
    MPI_Status statuses[3];
    int indices[3], count;
    bool seen = false;

    while (!seen) {
        int code = MPI_Waitsome(3, requests, &count, indices, statuses);

        for (int k = 0; k < count; k++) {
            bool failed = class_of(code) == MPI_ERR_IN_STATUS &&
                          class_of(statuses[k].MPI_ERROR) == MPI_ERR_TRUNCATE;

            seen = seen || indices[k] == 1;
            CHECK(failed == (indices[k] == 1));
        }
    }
}

static void waitany_says_so(MPI_Request requests[3])
{
    for (int k = 0; k < 3; k++) {
        int index = -1;
        int code = MPI_Waitany(3, requests, &index, MPI_STATUS_IGNORE);

        CHECK((class_of(code) == MPI_ERR_TRUNCATE) == (index == 1));
    }
}

static void another_request_fails(int step)
{
    MPI_Request requests[3];

    post_with_truncation(requests);
    switch (step % 3) {
    case 0:
        waitall_says_so(requests);
        break;
    case 1:
        waitsome_says_so(requests);
        break;
    default:
        waitany_says_so(requests);
        break;
    }
    finish_the_sum(requests);
}

static void another_request_is_cancelled(int step)
{
    MPI_Request requests[2];
    MPI_Status statuses[2];
    int in, cancelled = 0, flag = 0;

    b[7] = 0;
    MPI_Iallreduce(a, b, COUNT, MPI_FLOAT, MPI_SUM, comm, &requests[0]);
    MPI_Irecv(&in, 1, MPI_INT, rank, 4, comm, &requests[1]);
    MPI_Cancel(&requests[1]);
    if (step % 2 == 0) {
        MPI_Waitall(2, requests, statuses);
    }
    while (step % 2 == 1 && !flag) {
        MPI_Testall(2, requests, &flag, statuses);
    }
    MPI_Test_cancelled(&statuses[0], &cancelled);
    CHECK(!cancelled);
    MPI_Test_cancelled(&statuses[1], &cancelled);
    CHECK(cancelled);
    CHECK(b[7] == (float)size);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    watchdog_feed("errors");
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    /* Open MPI raises errors without a communicator on MPI_COMM_WORLD. */
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int step = 0; step < STEPS; step++) {
        handled = 0;
        bad_arguments_of_a_sum();
        bad_arguments_of_a_persistent_sum();
        bad_arguments_of_a_completion();
        empty_arrays_are_complete();
        own_handler_is_called();
        for (int i = 0; i < COUNT; i++) {
            a[i] = 1;
        }
        /* Open MPI 4.1 does not report it for a message to oneself. */
        if (size > 1) {
            another_request_fails(step);
        }
        another_request_is_cancelled(step);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_free(&comm);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
