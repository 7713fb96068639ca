#include "nonblocking.h"

#include <math.h>
#include <stdlib.h>

#include "gradients.h"
#include "persistent.h"

size_t slot_bytes(int layer)
{
    return (size_t)options.layer[layer].count *
           (options.wide ? sizeof(double) : sizeof(float));
}

static void allocate(slot_t *slot)
{
    for (int l = 0; l < options.layers; l++) {
        slot->gradient[l] = malloc(slot_bytes(l) + 1);
        slot->result[l] = options.out_of_place ? malloc(slot_bytes(l) + 1)
                                               : slot->gradient[l];
    }
}

static void release(slot_t *slot)
{
    for (int l = 0; l < options.layers; l++) {
        if (options.out_of_place) {
            free(slot->result[l]);
        }
        free(slot->gradient[l]);
    }
}

static void fill(slot_t *slot, int l)
{
    int count = options.layer[l].count;

    for (int i = 0; i < count; i++) {
        gradient_set(options.wide, slot->gradient[l], i,
                     gradient_sample(rank, slot->step, l, i));
    }
    if (slot->step == options.bad_step && rank == size - 1 && count > 0) {
        gradient_set(options.wide, slot->gradient[l], count / 2,
                     l % 2 == 0 ? NAN : INFINITY);
    }
}

void slot_prepare(slot_t *slot, int tag)
{
    MPI_Datatype type = options.wide ? MPI_DOUBLE : MPI_FLOAT;

    slot->traffic = (traffic_t){.comm = MPI_COMM_WORLD, .tag = tag};
    for (int l = 0; l < options.layers; l++) {
        slot->requests[l] = MPI_REQUEST_NULL;
    }
    if (!options.persistent) {
        return;
    }
    allocate(slot);
    if (options.mixed) {
        traffic_init(&slot->traffic, slot->requests + options.layers);
    }
    for (int l = 0; l < options.layers; l++) {
        if (!options.layer[l].blocking) {
            persistent_allreduce(options.out_of_place ? slot->gradient[l]
                                                      : MPI_IN_PLACE,
                                 slot->result[l], options.layer[l].count, type,
                                 MPI_SUM, MPI_COMM_WORLD, &slot->requests[l]);
        }
    }
}

void slot_dispose(slot_t *slot)
{
    if (!options.persistent) {
        return;
    }
    for (int l = 0; l < options.layers; l++) {
        if (!options.layer[l].blocking) {
            check(slot->requests[l] != MPI_REQUEST_NULL,
                  "a persistent request is gone", slot->step, l);
            MPI_Request_free(&slot->requests[l]);
            check(slot->requests[l] == MPI_REQUEST_NULL,
                  "MPI_Request_free left its handle", slot->step, l);
        }
    }
    traffic_free(&slot->traffic, slot->requests + options.layers);
    release(slot);
}

static void post_layer(slot_t *slot, int l)
{
    const void *send = options.out_of_place ? slot->gradient[l] : MPI_IN_PLACE;
    MPI_Datatype type = options.wide ? MPI_DOUBLE : MPI_FLOAT;
    bool blocking = options.layer[l].blocking;

    slot->entries[l] = (completion_entry_t){
        .active = !blocking, .persistent = options.persistent && !blocking};
    if (blocking) {
        MPI_Allreduce(send, slot->result[l], options.layer[l].count, type,
                      MPI_SUM, MPI_COMM_WORLD);
    } else if (options.persistent) {
        MPI_Start(&slot->requests[l]);
    } else {
        MPI_Iallreduce(send, slot->result[l], options.layer[l].count, type,
                       MPI_SUM, MPI_COMM_WORLD, &slot->requests[l]);
        check(slot->requests[l] != MPI_REQUEST_NULL,
              "MPI_Iallreduce returned no request", slot->step, l);
    }
    if (options.blocking) {
        sum_small(slot->step);
    }
}

void slot_post(slot_t *slot, int step)
{
    /* Unlike other collective calls, persistent ones may start in any order. */
    bool backwards = options.persistent && !options.blocking && rank % 2 == 1;

    slot->step = step;
    if (!options.persistent) {
        allocate(slot);
    }
    for (int l = 0; l < options.layers; l++) {
        fill(slot, l);
    }
    if (options.mixed) {
        traffic_post(&slot->traffic, step, slot->requests + options.layers,
                     slot->entries + options.layers);
    }
    if (options.persistent && !options.blocking && step % 2 == 1) {
        MPI_Startall(options.layers, slot->requests);
        for (int l = 0; l < options.layers; l++) {
            slot->entries[l] =
                (completion_entry_t){.active = true, .persistent = true};
        }
        return;
    }
    for (int l = 0; l < options.layers; l++) {
        post_layer(slot, backwards ? options.layers - 1 - l : l);
    }
}

void slot_finish(slot_t *slot)
{
    completion_way_t way = options.way;
    int n = options.layers;

    if (options.mixed) {
        way = (completion_way_t)(slot->step % COMPLETION_WAYS);
        n += TRAFFIC_REQUESTS;
    }
    if (completion_run(way, n, slot->requests, slot->entries,
                       slot->step / COMPLETION_WAYS % 2 == 0) > 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    if (options.mixed) {
        check(traffic_arrived(&slot->traffic), "its own messages are wrong",
              slot->step, -1);
    }
    check_results(slot);
    if (!options.persistent) {
        release(slot);
    }
    sum_small(slot->step);
}
