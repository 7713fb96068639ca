/*
 * What a program may expect of MPI, with Spar underneath: thread levels, error
 * codes, all kinds of communicators, and every call that is not a gradient.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 10000

static int rank, size, failures;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "rank %d: line %d: %s\n", rank, __LINE__,          \
                    #condition);                                               \
            failures++;                                                        \
        }                                                                      \
    } while (0)

static void thread_level_is_what_was_asked_for(int provided)
{
    int level = -1;

    CHECK(provided == MPI_THREAD_FUNNELED);
    MPI_Query_thread(&level);
    CHECK(level == MPI_THREAD_FUNNELED);
}

static void argument_errors_reach_the_application(void)
{
    static float a[COUNT], b[COUNT];
    MPI_Comm comm;

    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    /* Open MPI raises some buffer errors on MPI_COMM_WORLD. */
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
#ifndef MPICH_VERSION /* 4.0 crashes */
    CHECK(MPI_Allreduce(a, b, -1, MPI_FLOAT, MPI_SUM, comm) != MPI_SUCCESS);
#endif
    CHECK(MPI_Allreduce(a, b, COUNT, MPI_DATATYPE_NULL, MPI_SUM, comm) !=
          MPI_SUCCESS);
    CHECK(MPI_Allreduce(a, b, COUNT, MPI_FLOAT, MPI_OP_NULL, comm) !=
          MPI_SUCCESS);
    CHECK(MPI_Allreduce(a, a, COUNT, MPI_FLOAT, MPI_SUM, comm) != MPI_SUCCESS);
    CHECK(MPI_Allreduce(a, MPI_IN_PLACE, COUNT, MPI_FLOAT, MPI_SUM, comm) !=
          MPI_SUCCESS);
    CHECK(MPI_Allreduce(a, b, 0, MPI_FLOAT, MPI_SUM, comm) == MPI_SUCCESS);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_free(&comm);
}

static void twice_the_max(void *in, void *inout, int *count, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *count; i++) {
        float x = ((float *)in)[i], y = ((float *)inout)[i];

        ((float *)inout)[i] = x > y ? x : y;
    }
}

static void other_calls_pass_through(void)
{
    static float f[COUNT];
    static int n[COUNT];
    MPI_Op op;

    MPI_Op_create(twice_the_max, 1, &op);
    for (int step = 0; step < 40; step++) {
        for (int i = 0; i < COUNT; i++) {
            f[i] = (float)(rank + i);
            n[i] = rank + i;
        }
        MPI_Allreduce(MPI_IN_PLACE, n, COUNT, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        CHECK(n[7] == size * 7 + size * (size - 1) / 2);
        MPI_Allreduce(MPI_IN_PLACE, f, COUNT, MPI_FLOAT, MPI_MAX,
                      MPI_COMM_WORLD);
        CHECK(f[7] == (float)(size - 1 + 7));
        MPI_Allreduce(MPI_IN_PLACE, f, COUNT, MPI_FLOAT, op, MPI_COMM_WORLD);
        CHECK(f[7] == (float)(size - 1 + 7));
    }
    MPI_Op_free(&op);
}

/* Trains a little on a communicator: the deliveries of all steps, after a
 * flush, are all that was put in. */
static void train_on(MPI_Comm comm)
{
    static float gradient[COUNT];
    double delivered = 0, expected = 0;
    int ranks;

    MPI_Comm_size(comm, &ranks);
    for (int step = 0; step < 50; step++) {
        for (int i = 0; i < COUNT; i++) {
            gradient[i] = (float)((i * 37 + step * 11) % 23 - 11);
            expected += gradient[i] * ranks;
        }
        if (step == 49) {
            MPI_Pcontrol(2);
        }
        MPI_Allreduce(MPI_IN_PLACE, gradient, COUNT, MPI_FLOAT, MPI_SUM, comm);
        for (int i = 0; i < COUNT; i++) {
            delivered += gradient[i];
        }
    }
    CHECK(delivered == expected);
}

static void every_kind_of_communicator_works(void)
{
    MPI_Comm comm;
    MPI_Group group;
    int dims[1] = {size}, periods[1] = {0}, keep[1] = {1};
    int index[16], edges[16];

    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? MPI_UNDEFINED : 1, rank, &comm);
    CHECK((comm == MPI_COMM_NULL) == (rank == 0));
    if (comm != MPI_COMM_NULL) {
        train_on(comm);
        MPI_Comm_disconnect(&comm);
    }
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank,
                        MPI_INFO_NULL, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    MPI_Comm_group(MPI_COMM_WORLD, &group);
    MPI_Comm_create(MPI_COMM_WORLD, group, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    MPI_Comm_create_group(MPI_COMM_WORLD, group, 5, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    MPI_Group_free(&group);
    MPI_Cart_create(MPI_COMM_WORLD, 1, dims, periods, 1, &comm);
    train_on(comm);
    {
        MPI_Comm line;

        MPI_Cart_sub(comm, keep, &line);
        train_on(line);
        MPI_Comm_free(&line);
    }
    MPI_Comm_free(&comm);
    for (int i = 0; i < size; i++) {
        index[i] = i + 1;
        edges[i] = (i + 1) % size;
    }
    MPI_Graph_create(MPI_COMM_WORLD, size, index, edges, 0, &comm);
    train_on(comm);
    MPI_Comm_free(&comm);
    {
        int next = (rank + 1) % size, before = (rank + size - 1) % size;
        int weight = 1;

        MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 1, &before, &weight, 1,
                                       &next, &weight, MPI_INFO_NULL, 0, &comm);
    }
    train_on(comm);
    MPI_Comm_free(&comm);
}

static void intercommunicators_pass_through(void)
{
    static float value[COUNT];
    MPI_Comm half, inter, merged;
    int low = rank < size / 2;
    int others = low ? size - size / 2 : size / 2;

    MPI_Comm_split(MPI_COMM_WORLD, low, rank, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, low ? size / 2 : 0, 9,
                         &inter);
    for (int step = 0; step < 30; step++) {
        static float in[COUNT];

        in[5] = 1;
        MPI_Allreduce(in, value, COUNT, MPI_FLOAT, MPI_SUM, inter);
        CHECK(value[5] == (float)others);
    }
    MPI_Intercomm_merge(inter, low, &merged);
    train_on(merged);
    MPI_Comm_free(&merged);
    MPI_Comm_free(&inter);
    MPI_Comm_free(&half);
}

/* Handles are used again after a free; states must not be mixed up. */
static void many_communicators_come_and_go(void)
{
    for (int i = 0; i < 100; i++) {
        static float value[COUNT];
        MPI_Comm comms[3];

        for (int j = 0; j < 3; j++) {
            MPI_Comm_dup(MPI_COMM_WORLD, &comms[j]);
        }
        for (int j = 0; j < 3; j++) {
            value[1] = (float)j;
            MPI_Allreduce(MPI_IN_PLACE, value, COUNT, MPI_FLOAT, MPI_SUM,
                          comms[j]);
            CHECK(value[1] == (float)(j * size));
            MPI_Comm_free(&comms[2 - j]);
            CHECK(comms[2 - j] == MPI_COMM_NULL);
            if (j == 0) {
                break;
            }
        }
        MPI_Comm_free(&comms[0]);
        MPI_Comm_free(&comms[1]);
    }
}

static void attributes_are_not_copied_behind_the_application(void)
{
    MPI_Comm comm;
    int keyval, flag, value = 42, *found;

    MPI_Comm_create_keyval(MPI_COMM_DUP_FN, MPI_COMM_NULL_DELETE_FN, &keyval,
                           NULL);
    MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, &value);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_get_attr(comm, keyval, &found, &flag);
    CHECK(flag && found == &value);
    MPI_Comm_free(&comm);
    MPI_Comm_delete_attr(MPI_COMM_WORLD, keyval);
    MPI_Comm_free_keyval(&keyval);
}

int main(int argc, char **argv)
{
    int provided;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    thread_level_is_what_was_asked_for(provided);
    argument_errors_reach_the_application();
    other_calls_pass_through();
    every_kind_of_communicator_works();
    if (size > 1) {
        intercommunicators_pass_through();
    }
    many_communicators_come_and_go();
    attributes_are_not_copied_behind_the_application();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
