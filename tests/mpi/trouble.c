/*
 * What goes wrong beside a sum: errors of the application's own requests, a
 * broken exchange, children of fork.
 *   trouble persistent   errors of persistent receives reach the application
 *   trouble broken       the communicator's own error handler hears of a broken
 *                        exchange (with broken.c behind the library)
 *   trouble fork         SIGTERM ends a child of fork
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 50000

static float sums[COUNT];
static int rank, failures, handled;

static void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "rank %d: %s\n", rank, what);
        failures++;
    }
}

static int class_of(int code)
{
    int found = MPI_SUCCESS;

    MPI_Error_class(code, &found);
    return found;
}

/* Completes a receive that is too short for its message in one of the ways. */
static int receive_too_little(int way, MPI_Request *receive)
{
    MPI_Status status;
    int index, indices[1], outcount;

    switch (way) {
    case 0:
        return class_of(MPI_Wait(receive, &status)) == MPI_ERR_TRUNCATE;
    case 1:
        return class_of(MPI_Waitall(1, receive, &status)) ==
                   MPI_ERR_IN_STATUS &&
               class_of(status.MPI_ERROR) == MPI_ERR_TRUNCATE;
    case 2:
        return class_of(MPI_Waitany(1, receive, &index, &status)) ==
               MPI_ERR_TRUNCATE;
    default:
        return class_of(MPI_Waitsome(1, receive, &outcount, indices,
                                     &status)) == MPI_ERR_IN_STATUS;
    }
}

/* While a sum is pending: rank 1 posts its part only afterwards. */
static void persistent_requests_fail(int way)
{
    MPI_Request sum, receive;
    int numbers[2] = {1, 2}, token = 0;

    if (rank == 1) {
        MPI_Send(numbers, 2, MPI_INT, 0, 3, MPI_COMM_WORLD);
        MPI_Recv(&token, 1, MPI_INT, 0, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    MPI_Iallreduce(MPI_IN_PLACE, sums, COUNT, MPI_FLOAT, MPI_SUM,
                   MPI_COMM_WORLD, &sum);
    if (rank == 0) {
        MPI_Recv_init(numbers, 1, MPI_INT, 1, 3, MPI_COMM_WORLD, &receive);
        MPI_Start(&receive);
        usleep(20000);
        check(receive_too_little(way, &receive),
              "the error of a persistent receive is lost");
        MPI_Request_free(&receive);
        MPI_Send(&token, 1, MPI_INT, 1, 4, MPI_COMM_WORLD);
    }
    MPI_Wait(&sum, MPI_STATUS_IGNORE);
}

static void persistent(void)
{
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int round = 0; round < 20; round++) {
        persistent_requests_fail(round % 4);
    }
}

static void handler(MPI_Comm *comm, int *code, ...)
{
    (void)comm;
    (void)code;
    handled++;
}

/* Rank 0 alone sees that its exchange broke, and ends the job. */
static void broken(void)
{
    MPI_Errhandler mine;
    MPI_Comm comm;

    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_create_errhandler(handler, &mine);
    MPI_Comm_set_errhandler(comm, mine);
    for (int step = 0; step < 100; step++) {
        MPI_Request requests[2];
        MPI_Status statuses[2];
        int code;

        for (int i = 0; i < 2; i++) {
            MPI_Iallreduce(MPI_IN_PLACE, sums + i * COUNT / 2, COUNT / 2,
                           MPI_FLOAT, MPI_SUM, comm, &requests[i]);
        }
        code = MPI_Waitall(2, requests, statuses);
        if (code != MPI_SUCCESS) {
            check(class_of(code) == MPI_ERR_IN_STATUS, "another code");
            check(handled > 0, "the handler was not called");
            check(statuses[0].MPI_ERROR != MPI_SUCCESS ||
                      statuses[1].MPI_ERROR != MPI_SUCCESS,
                  "no status tells of it");
            printf("%s\n", failures == 0 ? "the handler knows" : "FAILED");
            fflush(stdout);
            MPI_Abort(MPI_COMM_WORLD, 3);
        }
    }
}

static void fork_a_child(void)
{
    pid_t child = fork();
    int gone = 0;

    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    usleep(100000);
    kill(child, SIGTERM);
    for (int i = 0; i < 50 && !gone; i++) {
        usleep(100000);
        gone = waitpid(child, NULL, WNOHANG) == child;
    }
    check(gone, "a child does not end by SIGTERM");
    if (!gone) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (strcmp(what, "persistent") == 0) {
        persistent();
    } else if (strcmp(what, "broken") == 0) {
        broken();
    } else {
        fork_a_child();
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "all is well" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
