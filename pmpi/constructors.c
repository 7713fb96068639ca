/*
 * Spar: the constructors and destructors of communicators. A shadow is made
 * in the constructor, which is collective; making it later, inside a
 * non-blocking call, would break MPI's ordering rules.
 */
#include "pmpi/engine.h"

static int attach(int code, const MPI_Comm *comm)
{
    if (code == MPI_SUCCESS && spar_engine.active) {
        spar_comm_attach(*comm);
    }
    return code;
}

SPAR_EXPORT int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)
{
    return attach(spar_real.Comm_dup(comm, newcomm), newcomm);
}

SPAR_ALIAS(Comm_dup);

SPAR_EXPORT int MPI_Comm_dup_with_info(MPI_Comm comm, MPI_Info info,
                                       MPI_Comm *newcomm)
{
    return attach(spar_real.Comm_dup_with_info(comm, info, newcomm), newcomm);
}

SPAR_ALIAS(Comm_dup_with_info);

SPAR_EXPORT int MPI_Comm_split(MPI_Comm comm, int color, int key,
                               MPI_Comm *newcomm)
{
    return attach(spar_real.Comm_split(comm, color, key, newcomm), newcomm);
}

SPAR_ALIAS(Comm_split);

SPAR_EXPORT int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key,
                                    MPI_Info info, MPI_Comm *newcomm)
{
    return attach(
        spar_real.Comm_split_type(comm, split_type, key, info, newcomm),
        newcomm);
}

SPAR_ALIAS(Comm_split_type);

SPAR_EXPORT int MPI_Comm_create(MPI_Comm comm, MPI_Group group,
                                MPI_Comm *newcomm)
{
    return attach(spar_real.Comm_create(comm, group, newcomm), newcomm);
}

SPAR_ALIAS(Comm_create);

SPAR_EXPORT int MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag,
                                      MPI_Comm *newcomm)
{
    return attach(spar_real.Comm_create_group(comm, group, tag, newcomm),
                  newcomm);
}

SPAR_ALIAS(Comm_create_group);

SPAR_EXPORT int MPI_Cart_create(MPI_Comm comm, int ndims, const int dims[],
                                const int periods[], int reorder,
                                MPI_Comm *newcomm)
{
    return attach(
        spar_real.Cart_create(comm, ndims, dims, periods, reorder, newcomm),
        newcomm);
}

SPAR_ALIAS(Cart_create);

SPAR_EXPORT int MPI_Cart_sub(MPI_Comm comm, const int remain_dims[],
                             MPI_Comm *newcomm)
{
    return attach(spar_real.Cart_sub(comm, remain_dims, newcomm), newcomm);
}

SPAR_ALIAS(Cart_sub);

SPAR_EXPORT int MPI_Graph_create(MPI_Comm comm, int nnodes, const int index[],
                                 const int edges[], int reorder,
                                 MPI_Comm *newcomm)
{
    return attach(
        spar_real.Graph_create(comm, nnodes, index, edges, reorder, newcomm),
        newcomm);
}

SPAR_ALIAS(Graph_create);

SPAR_EXPORT int MPI_Dist_graph_create(MPI_Comm comm, int n, const int nodes[],
                                      const int degrees[], const int targets[],
                                      const int weights[], MPI_Info info,
                                      int reorder, MPI_Comm *newcomm)
{
    return attach(spar_real.Dist_graph_create(comm, n, nodes, degrees, targets,
                                              weights, info, reorder, newcomm),
                  newcomm);
}

SPAR_ALIAS(Dist_graph_create);

SPAR_EXPORT int MPI_Dist_graph_create_adjacent(
    MPI_Comm comm, int indegree, const int sources[], const int sourceweights[],
    int outdegree, const int destinations[], const int destweights[],
    MPI_Info info, int reorder, MPI_Comm *newcomm)
{
    return attach(spar_real.Dist_graph_create_adjacent(
                      comm, indegree, sources, sourceweights, outdegree,
                      destinations, destweights, info, reorder, newcomm),
                  newcomm);
}

SPAR_ALIAS(Dist_graph_create_adjacent);

SPAR_EXPORT int MPI_Intercomm_merge(MPI_Comm intercomm, int high,
                                    MPI_Comm *newintracomm)
{
    return attach(spar_real.Intercomm_merge(intercomm, high, newintracomm),
                  newintracomm);
}

SPAR_ALIAS(Intercomm_merge);

/* Only what MPI will accept is detached: an error leaves the communicator. */
static void detach(const MPI_Comm *comm)
{
    if (spar_engine.active && comm != NULL && *comm != MPI_COMM_NULL &&
        *comm != MPI_COMM_WORLD) {
        spar_comm_detach(*comm);
    }
}

SPAR_EXPORT int MPI_Comm_free(MPI_Comm *comm)
{
    detach(comm);
    return spar_real.Comm_free(comm);
}

SPAR_ALIAS(Comm_free);

SPAR_EXPORT int MPI_Comm_disconnect(MPI_Comm *comm)
{
    detach(comm);
    return spar_real.Comm_disconnect(comm);
}

SPAR_ALIAS(Comm_disconnect);
