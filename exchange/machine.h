/*
 * Spar: what the machines of exchange/exchange.h share: their life, their
 * transfers with the other ranks, and the way they fail. For the machines only.
 */
#ifndef SPAR_EXCHANGE_MACHINE_H
#define SPAR_EXCHANGE_MACHINE_H

#include "exchange/exchange.h"

typedef struct spar_machine {
    spar_exchange_t exchange;  /* first: callers see only this part */
    bool busy;                 /* a call is under way */
    bool failed;               /* for good */
    spar_exchange_size_t room; /* of the last reservation; count 0: none */
    int ways; /* transfers that may be under way with a peer, in each direction
               */
    spar_transfer_t *sends;    /* one per rank, and so for each way */
    spar_transfer_t *receives; /* likewise */
    uint64_t committed;        /* elements of the layer */
    spar_selection_t decoded;  /* a block on its way to a target */
    bool again;    /* the target was given up: all of it is applied once more */
    bool finished; /* the target is through */
} spar_machine_t;

/* The common part of create, after the machine was zeroed. `transport` outlives
 * it. SPAR_ERR_NO_MEMORY: to be released all the same. */
spar_status_t spar_machine_init(spar_machine_t *machine,
                                const spar_exchange_ops_t *ops,
                                spar_transport_t *transport, int tag);

/* The same, with several ways. */
spar_status_t spar_machine_init_ways(spar_machine_t *machine,
                                     const spar_exchange_ops_t *ops,
                                     spar_transport_t *transport, int tag,
                                     int ways);

/* The common part of destroy: gives all transfers up. false: the network may
 * still use the machine's buffers, which are therefore left to it. */
bool spar_machine_release(spar_machine_t *machine);

/* Ends the call with an error, and the machine with it. Returns `status`. */
spar_status_t spar_machine_fail(spar_machine_t *machine, spar_status_t status,
                                int peer, const char *reason);

/* Ends the call well. Returns SPAR_OK. */
spar_status_t spar_machine_end(spar_machine_t *machine);

/* Start a transfer with a peer, with which none is under way in that
 * direction. Errors have ended the call. */
spar_status_t spar_machine_send(spar_machine_t *machine, int peer, int tag,
                                const void *data, size_t bytes);
spar_status_t spar_machine_receive(spar_machine_t *machine, int peer, int tag,
                                   void *data, size_t room);

/* Whether the transfer with one peer is done, or was never started: SPAR_OK or
 * SPAR_INPROGRESS. Errors have ended the call. */
spar_status_t spar_machine_sent(spar_machine_t *machine, int peer);
spar_status_t spar_machine_received(spar_machine_t *machine, int peer);
/* The same functions for one of several ways; those without a way take the
 * first one. */
spar_status_t spar_machine_send_by(spar_machine_t *machine, int way, int peer,
                                   int tag, const void *data, size_t bytes);
spar_status_t spar_machine_receive_by(spar_machine_t *machine, int way,
                                      int peer, int tag, void *data,
                                      size_t room);
spar_status_t spar_machine_sent_by(spar_machine_t *machine, int way, int peer);
spar_status_t spar_machine_received_by(spar_machine_t *machine, int way,
                                       int peer);
/* Bytes that a receive that is done has got. */
static inline size_t spar_machine_got(const spar_machine_t *machine, int way,
                                      int peer)
{
    return machine->receives[way * machine->exchange.transport->size + peer]
        .bytes;
}
/* The same for the transfers with all peers, by the first way. */
spar_status_t spar_machine_all_sent(spar_machine_t *machine);
spar_status_t spar_machine_all_received(spar_machine_t *machine);

/* Whether the call's result may be written now. */
bool spar_machine_may_apply(const spar_machine_t *machine);

/* Whether the call ends without a result, once all messages are through. */
static inline bool spar_machine_is_over(const spar_machine_t *machine)
{
    return machine->exchange.flags != 0 || machine->exchange.dropped;
}

/* Whether there is something to commit. */
static inline bool spar_machine_may_commit(const spar_machine_t *machine)
{
    return spar_machine_may_apply(machine) &&
           machine->committed < machine->exchange.call.header.count;
}

#endif
