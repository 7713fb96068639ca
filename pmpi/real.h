/*
 * Spar: the MPI library behind us. Our own PMPI_x are aliases of our MPI_x
 * (Open MPI's Fortran bindings call PMPI_x), so calling PMPI_x by name inside
 * this library would recurse: everything goes through this table.
 */
#ifndef SPAR_PMPI_REAL_H
#define SPAR_PMPI_REAL_H

#include <mpi.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define SPAR_REAL_FUNCTIONS(F)                                               \
    F(Init_thread) F(Query_thread) F(Finalize) F(Abort) F(Pcontrol)  \
    F(Allreduce) F(Allgather) F(Bcast) F(Iallreduce) F(Ibcast)                                     \
    F(Comm_dup) F(Comm_dup_with_info) F(Comm_split) F(Comm_split_type)       \
    F(Comm_create) F(Comm_create_group) F(Cart_create) F(Cart_sub)           \
    F(Graph_create) F(Dist_graph_create) F(Dist_graph_create_adjacent)       \
    F(Intercomm_merge) F(Comm_free) F(Comm_disconnect)                       \
    F(Comm_rank) F(Comm_size) F(Comm_test_inter) F(Comm_set_errhandler)      \
    F(Comm_call_errhandler) F(Isend) F(Irecv) F(Cancel)                      \
    F(Wait) F(Waitall) F(Waitany) F(Waitsome)                                \
    F(Test) F(Testall) F(Testany) F(Testsome)                                \
    F(Start) F(Startall) F(Request_free) F(Request_get_status)               \
    F(Grequest_start) F(Grequest_complete)                                   \
    F(Status_set_elements) F(Status_set_cancelled)                           \
    F(Get_count) F(Barrier) F(Type_size)                                     \
    F(Get_processor_name) F(Comm_group) F(Group_free)                        \
    F(Group_translate_ranks)                                                 \
    F(Op_create) F(Op_free) F(Reduce_local) F(Type_free) F(Type_get_extent)  \
    F(Type_get_true_extent)
/* clang-format on */

typedef struct spar_real {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name cannot have any */
#define SPAR_REAL_MEMBER(name) __typeof__(&MPI_##name) name;
    SPAR_REAL_FUNCTIONS(SPAR_REAL_MEMBER)
#undef SPAR_REAL_MEMBER
#ifdef OMPI_HAVE_MPI_EXT_PCOLLREQ
    __typeof__(&MPIX_Allreduce_init) MPIX_Allreduce_init;
#endif
#ifdef SPAR_HAVE_ALLREDUCE_INIT
    __typeof__(&MPI_Allreduce_init) Allreduce_init;
#endif
#ifdef SPAR_HAVE_LARGE_COUNT
    __typeof__(&MPI_Allreduce_c) Allreduce_c;
    __typeof__(&MPI_Iallreduce_c) Iallreduce_c;
    __typeof__(&MPI_Allreduce_init_c) Allreduce_init_c;
#endif
} spar_real_t;

/* Filled when the library is loaded. */
extern spar_real_t spar_real;

/* Whether another PMPI tool stands between this library and MPI, where calls
 * through the table bypass it. */
int spar_real_has_tool_behind(void);

/* Spreads handles over the buckets of a table: they are addresses in Open MPI,
 * in MPICH small numbers behind a prefix. */
static inline size_t spar_real_hash(uintptr_t handle)
{
    return handle ^ handle >> 6;
}

/* Defines MPI_x and its alias PMPI_x. */
#define SPAR_EXPORT __attribute__((visibility("default")))
#define SPAR_ALIAS(name)                                                       \
    SPAR_EXPORT __typeof__(MPI_##name) PMPI_##name                             \
        __attribute__((alias("MPI_" #name)))

#endif
