#include <stdlib.h>

#include "anchor.h"
#include "soak.h"

comm_t *soak_comm_wrap(MPI_Comm comm)
{
    comm_t *c = calloc(1, sizeof(*c));
    int ranks[MOST_RANKS];
    MPI_Group group, world;

    c->comm = comm;
    c->anchor = MPI_REQUEST_NULL;
    if (comm == MPI_COMM_NULL) {
        return c;
    }
    MPI_Comm_size(comm, &c->members);
    for (int i = 0; i < c->members; i++) {
        ranks[i] = i;
    }
    MPI_Comm_group(comm, &group);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_translate_ranks(group, c->members, ranks, world, c->world);
    MPI_Group_free(&group);
    MPI_Group_free(&world);
    return c;
}

comm_t *soak_comm_choose(worker_t *w)
{
    comm_t *c;

    do {
        c = w->comms[soak_random(&w->agreed, MOST_COMMS)];
    } while (c == NULL);
    return c;
}

static MPI_Comm derive(worker_t *w, MPI_Comm parent)
{
    int how = soak_random(&w->agreed, 8);
    int colours = 1 + soak_random(&w->agreed, 3);
    int salt = soak_random(&w->agreed, 1000);
    int rank, colour;
    MPI_Comm comm;

    if (parent == MPI_COMM_NULL) {
        return MPI_COMM_NULL;
    }
    MPI_Comm_rank(parent, &rank);
    colour = (rank * 31 + salt) % 7 % colours;
    switch (how) {
    case 0:
    case 1:
    case 2:
        MPI_Comm_dup(parent, &comm);
        break;
    case 3:
        MPI_Comm_split(parent, rank, 0, &comm);
        break;
    case 4:
        MPI_Comm_split(parent, colour == 0 ? MPI_UNDEFINED : colour, -rank,
                       &comm);
        break;
    default:
        MPI_Comm_split(parent, colour, (rank * salt) % 11, &comm);
        break;
    }
    return comm;
}

void soak_comm_create(worker_t *w)
{
    int any = 1 + soak_random(&w->agreed, MOST_COMMS - 1);
    int free_slot = 0;
    comm_t *parent;

    for (int i = 1; i < MOST_COMMS && free_slot == 0; i++) {
        free_slot = w->comms[i] == NULL ? i : 0;
    }
    if (free_slot == 0) {
        soak_comm_destroy(w, any);
        return;
    }
    parent =
        soak_random(&w->agreed, 2) == 0 ? w->comms[0] : soak_comm_choose(w);
    w->comms[free_slot] = soak_comm_wrap(derive(w, parent->comm));
}

/* What MPI carries out itself on this communicator needs it. */
static bool needs_anchor(const worker_t *w, const comm_t *c)
{
    for (int i = 0; i < w->n; i++) {
        const operation_t *o = w->operations[i];
        bool large = o->kind == SUM && o->type != MPI_INT && o->count >= 4096 &&
                     c->members > 1;

        if (o->comm == c && o->kind <= MAX &&
            (o->persistent || !large || !w->options->unanchored)) {
            return true;
        }
    }
    return false;
}

void soak_comm_destroy(worker_t *w, int slot)
{
    comm_t *c = w->comms[slot];

    if (c == NULL) {
        return;
    }
    w->comms[slot] = NULL;
    c->users++;
    c->freed = true;
    for (int k = 0; k < MOST_KEPT; k++) {
        if (c->kept[k] != NULL && !c->kept[k]->active) {
            soak_operation_free(w, c->kept[k]);
        }
        c->kept[k] = NULL;
    }
    if (c->comm != MPI_COMM_NULL) {
        if (needs_anchor(w, c)) {
            anchor_drop(c->comm, &c->anchor);
        }
        MPI_Comm_free(&c->comm);
    }
    soak_comm_release(w, c);
}

void soak_comm_release(worker_t *w, comm_t *c)
{
    if (--c->users > 0 || !c->freed) {
        return;
    }
    if (c->anchor != MPI_REQUEST_NULL && !anchor_lift(&c->anchor)) {
        soak_fail(w, "an anchor was not cancelled");
    }
    free(c);
}
