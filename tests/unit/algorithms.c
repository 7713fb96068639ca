#include "algorithms.h"

#include "exchange/allgather.h"
#include "exchange/doubling.h"
#include "exchange/node.h"
#include "exchange/quantised.h"
#include "exchange/split.h"

static spar_status_t create_allgather(const job_t *job,
                                      spar_transport_t *transport,
                                      spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_allgather_create(transport, 1, exchange_p);
}

static spar_status_t create_doubling(const job_t *job,
                                     spar_transport_t *transport,
                                     spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_doubling_create(transport, 1, exchange_p);
}

static spar_status_t create_split(const job_t *job, spar_transport_t *transport,
                                  spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_split_create(transport, 1, exchange_p);
}

/* Nodes of a size that the job's seed decides. */
static spar_status_t create_node(const job_t *job, spar_transport_t *transport,
                                 spar_exchange_t **exchange_p)
{
    int nodes[JOB_MOST_RANKS];
    int each = 1 + (int)(job->shape.seed % 5);

    for (int rank = 0; rank < transport->size; rank++) {
        nodes[rank] = rank / each;
    }
    return spar_node_create(transport, 1, nodes, exchange_p);
}

static spar_status_t create_quantised(const job_t *job,
                                      spar_transport_t *transport,
                                      spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_quantised_create(transport, 1, exchange_p);
}

const job_algorithm_t job_algorithms[JOB_ALGORITHMS] = {
    {"allgather", create_allgather, true, false, false},
    {"doubling", create_doubling, false, false, false},
    {"node", create_node, false, false, false},
    {"split", create_split, true, true, false},
    {"quantised", create_quantised, false, false, true}};
