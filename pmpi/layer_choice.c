#include "pmpi/layer_choice.h"

#include "pmpi/engine.h"

static bool excludes(const spar_comm_t *comm, uint64_t slot, uint64_t count)
{
    return spar_layer_list_has(&spar_engine.config.exclude, comm->number, slot,
                               count);
}

static bool includes(const spar_comm_t *comm, uint64_t slot, uint64_t count)
{
    return !excludes(comm, slot, count) &&
           spar_layer_list_has(&spar_engine.config.include, comm->number, slot,
                               count);
}

bool spar_layer_is_excluded(const spar_comm_t *comm, size_t slot)
{
    return excludes(comm, slot, comm->layers[slot].count);
}

bool spar_layer_is_included(const spar_comm_t *comm, size_t slot)
{
    return includes(comm, slot, comm->layers[slot].count);
}

bool spar_call_is_excluded(const spar_comm_t *comm, uint64_t count)
{
    return excludes(comm, SPAR_LAYER_LIST_NO_SLOT, count);
}

bool spar_call_is_included(const spar_comm_t *comm, uint64_t count)
{
    return includes(comm, SPAR_LAYER_LIST_NO_SLOT, count);
}
