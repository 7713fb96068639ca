#include "pmpi/machines.h"

#include "exchange/allgather.h"
#include "exchange/doubling.h"
#include "exchange/node.h"
#include "exchange/quantised.h"
#include "exchange/split.h"
#include "pmpi/engine.h"

static spar_status_t create(spar_comm_t *comm, int tag, spar_method_t method,
                            spar_exchange_t **machine_p)
{
    spar_transport_t *transport = &comm->transport.transport;

    switch (method) {
    case SPAR_METHOD_ALLGATHER:
        return spar_allgather_create(transport, tag, machine_p);
    case SPAR_METHOD_DOUBLING:
        return spar_doubling_create(transport, tag, machine_p);
    case SPAR_METHOD_SPLIT:
        return spar_split_create(transport, tag, machine_p);
    case SPAR_METHOD_NODE:
        return spar_node_create(transport, tag, comm->nodes, machine_p);
    case SPAR_METHOD_QUANTISED:
        return spar_quantised_create(transport, tag, machine_p);
    case SPAR_METHOD_MPI:
    case SPAR_METHOD_RING:
    case SPAR_METHODS:
        break;
    }
    return SPAR_ERR_INVALID;
}

unsigned spar_machines_methods(const spar_comm_t *comm)
{
    unsigned methods = SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER) |
                       SPAR_METHOD_BIT(SPAR_METHOD_DOUBLING) |
                       SPAR_METHOD_BIT(SPAR_METHOD_NODE);

    if (spar_engine_is_quantised()) {
        return SPAR_METHOD_BIT(SPAR_METHOD_QUANTISED);
    }
    if (comm->size <= SPAR_SPLIT_MOST_RANKS) {
        methods |= SPAR_METHOD_BIT(SPAR_METHOD_SPLIT);
    }
    return methods;
}

bool spar_machines_make(spar_comm_t *comm, spar_lane_t *lane, int tag,
                        unsigned methods)
{
    bool ok = true;

    for (int i = 0; i < SPAR_METHODS; i++) {
        spar_method_t method = (spar_method_t)i;

        if ((methods & ~SPAR_METHOD_DENSE & SPAR_METHOD_BIT(method)) != 0 &&
            lane->machines[i] == NULL) {
            ok = create(comm, tag, method, &lane->machines[i]) == SPAR_OK && ok;
        }
    }
    return ok;
}

void spar_machines_drop(spar_lane_t *lane)
{
    for (int i = 0; i < SPAR_METHODS; i++) {
        spar_exchange_destroy(lane->machines[i]);
        lane->machines[i] = NULL;
    }
}

void spar_machines_keep(spar_lane_t *lane, unsigned methods)
{
    for (int i = 0; i < SPAR_METHODS; i++) {
        if (lane->machines[i] != NULL && (methods & SPAR_METHOD_BIT(i)) == 0) {
            spar_exchange_shrink(lane->machines[i]);
        }
    }
}

size_t spar_machines_memory(const spar_lane_t *lane)
{
    size_t bytes = 0;

    for (int i = 0; i < SPAR_METHODS; i++) {
        if (lane->machines[i] != NULL) {
            bytes += lane->machines[i]->memory;
        }
    }
    return bytes;
}
