#include <stdlib.h>

#include "gradients.h"
#include "persistent.h"
#include "soak.h"

#define TAGS 30000

static size_t width(MPI_Datatype type)
{
    if (type == MPI_DOUBLE) {
        return sizeof(double);
    }
    return type == MPI_FLOAT ? sizeof(float) : sizeof(int);
}

static double get(const operation_t *o, const void *data, int i)
{
    return o->type == MPI_INT ? ((const int *)data)[i]
                              : gradient_get(o->type == MPI_DOUBLE, data, i);
}

static void fill(const operation_t *o)
{
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < o->count; i++) {
        int value = gradient_number(rank, o->id, 1, i);

        if (o->type == MPI_INT) {
            ((int *)o->in)[i] = value;
        } else {
            gradient_set(o->type == MPI_DOUBLE, o->in, i, value);
        }
    }
}

static double expected(const operation_t *o, int i)
{
    double result;

    if (o->kind == RECEIVED) {
        return gradient_number(o->comm->world[o->peer], o->id, 1, i);
    }
    result = gradient_number(o->comm->world[0], o->id, 1, i);
    for (int m = 1; m < o->comm->members; m++) {
        double value = gradient_number(o->comm->world[m], o->id, 1, i);

        if (o->kind == SUM) {
            result += value;
        } else if (value > result) {
            result = value;
        }
    }
    return result;
}

static void check(worker_t *w, const operation_t *o)
{
    int rank, wrong = 0, changed = 0;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < o->count; i++) {
        wrong += o->kind != SENT && get(o, o->out, i) != expected(o, i);
        changed += (o->kind == SENT || o->in != o->out) &&
                   o->kind != RECEIVED &&
                   get(o, o->in, i) != gradient_number(rank, o->id, 1, i);
    }
    if (wrong > 0) {
        soak_fail(w, "a result is wrong");
    }
    if (changed > 0) {
        soak_fail(w, "a send buffer was changed");
    }
}

static int choose_count(uint64_t *stream)
{
    static const int special[] = {0, 1, 100, 4095, 4096, 4097};
    int choice = soak_random(stream, 16);
    int digits = 1 << soak_random(stream, 18);

    if (choice < 6) {
        return special[choice];
    }
    if (choice < 12) {
        return 4096 + soak_random(stream, 30000);
    }
    return choice == 15 ? soak_random(stream, 200001)
                        : soak_random(stream, digits);
}

static operation_t *make(kind_t kind, comm_t *c, MPI_Datatype type, int count,
                         int id, bool in_place)
{
    operation_t *o = calloc(1, sizeof(*o));

    *o = (operation_t){.kind = kind,
                       .comm = c,
                       .type = type,
                       .count = count,
                       .id = id,
                       .request = MPI_REQUEST_NULL};
    o->in = malloc((size_t)count * width(type) + 1);
    o->out = in_place ? o->in : malloc((size_t)count * width(type) + 1);
    c->users++;
    return o;
}

void soak_operation_free(worker_t *w, operation_t *o)
{
    if (o->persistent) {
        MPI_Request_free(&o->request);
    }
    soak_comm_release(w, o->comm);
    if (o->out != o->in) {
        free(o->out);
    }
    free(o->in);
    free(o);
}

static void add(worker_t *w, operation_t *o)
{
    if (w->n == MOST_PENDING) {
        soak_complete(w, true);
    }
    w->operations[w->n++] = o;
}

/* A sum or maximum of the agreed stream's choice; NULL: not a member. */
static operation_t *make_random(worker_t *w)
{
    MPI_Datatype types[] = {MPI_FLOAT, MPI_DOUBLE, MPI_INT, MPI_FLOAT};
    comm_t *c = soak_comm_choose(w);
    int type = soak_random(&w->agreed, 4);
    int count = choose_count(&w->agreed);
    kind_t kind = soak_random(&w->agreed, 8) == 0 ? MAX : SUM;
    bool in_place = soak_random(&w->agreed, 2) == 0;
    int id = w->next_id++;

    if (c->comm == MPI_COMM_NULL) {
        return NULL;
    }
    w->posted++;
    return make(kind, c, types[type], count, id, in_place);
}

static const void *send_buffer(const operation_t *o)
{
    return o->in == o->out ? MPI_IN_PLACE : o->in;
}

static MPI_Op op_of(const operation_t *o)
{
    return o->kind == SUM ? MPI_SUM : MPI_MAX;
}

void soak_post_sum(worker_t *w)
{
    operation_t *o = make_random(w);

    if (o != NULL) {
        fill(o);
        MPI_Iallreduce(send_buffer(o), o->out, o->count, o->type, op_of(o),
                       o->comm->comm, &o->request);
        o->active = true;
        add(w, o);
    }
}

void soak_post_blocking(worker_t *w)
{
    operation_t *o = make_random(w);

    if (o != NULL) {
        fill(o);
        MPI_Allreduce(send_buffer(o), o->out, o->count, o->type, op_of(o),
                      o->comm->comm);
        check(w, o);
        soak_operation_free(w, o);
    }
}

static void start(worker_t *w, operation_t *o, int id)
{
    if (o->active) {
        soak_complete(w, true);
    }
    o->id = id;
    fill(o);
    MPI_Start(&o->request);
    o->active = true;
    w->posted++;
    add(w, o);
}

/* Starts all that are kept with a communicator, or keeps another one. */
void soak_post_persistent(worker_t *w)
{
    operation_t *o;
    comm_t *c;

    if (soak_random(&w->agreed, 3) > 0) {
        int id = w->next_id++;

        c = soak_comm_choose(w);
        for (int k = 0; k < MOST_KEPT && c->kept[k] != NULL; k++) {
            start(w, c->kept[k], id);
        }
        return;
    }
    o = make_random(w);
    if (o == NULL) {
        return;
    }
    for (int k = 0; k < MOST_KEPT; k++) {
        if (o->comm->kept[k] == NULL) {
            o->comm->kept[k] = o;
            o->persistent = true;
            persistent_allreduce(send_buffer(o), o->out, o->count, o->type,
                                 op_of(o), o->comm->comm, &o->request);
            return;
        }
    }
    soak_operation_free(w, o);
}

void soak_post_message(worker_t *w)
{
    comm_t *c = soak_comm_choose(w);
    int count = choose_count(&w->agreed), id = w->next_id++;
    operation_t *in, *out;
    int rank;

    if (c->comm == MPI_COMM_NULL) {
        return;
    }
    MPI_Comm_rank(c->comm, &rank);
    in = make(RECEIVED, c, MPI_INT, count, id, true);
    in->peer = (rank + c->members - 1) % c->members;
    MPI_Irecv(in->out, count, MPI_INT, in->peer, id % TAGS, c->comm,
              &in->request);
    in->active = true;
    add(w, in);
    out = make(SENT, c, MPI_INT, count, id, true);
    fill(out);
    MPI_Isend(out->in, count, MPI_INT, (rank + 1) % c->members, id % TAGS,
              c->comm, &out->request);
    out->active = true;
    add(w, out);
}

static void finished(worker_t *w, operation_t *o)
{
    o->active = false;
    check(w, o);
    if (!o->persistent || o->comm->freed) {
        soak_operation_free(w, o);
    }
}

/* Moves the chosen operations to the end, in a random order; returns how many
 * stay. */
static int choose(worker_t *w, bool all)
{
    int of = 1 + soak_random(&w->own, 4), stay = 0;

    for (int i = w->n - 1; i > 0; i--) {
        int j = soak_random(&w->own, i + 1);
        operation_t *o = w->operations[i];

        w->operations[i] = w->operations[j];
        w->operations[j] = o;
    }
    for (int i = 0; i < w->n && !all; i++) {
        stay += soak_random(&w->own, of) > 0;
    }
    return stay;
}

void soak_complete(worker_t *w, bool all)
{
    MPI_Request requests[MOST_PENDING + 1];
    completion_entry_t entries[MOST_PENDING + 1];
    int stay = choose(w, all), n = w->n - stay;
    int gap = soak_random(&w->own, n + 1);

    /* One MPI_REQUEST_NULL among them */
    requests[gap] = MPI_REQUEST_NULL;
    entries[gap] = (completion_entry_t){.active = false};
    for (int i = 0; i < n; i++) {
        operation_t *o = w->operations[stay + i];
        int k = i < gap ? i : i + 1;

        requests[k] = o->request;
        entries[k] = (completion_entry_t){
            .active = true,
            .persistent = o->persistent,
            .message = o->kind == RECEIVED,
            .source = o->peer,
            .tag = o->id % TAGS,
            .bytes = o->count * (int)width(o->type),
        };
    }
    if (completion_run((completion_way_t)soak_random(&w->own, COMPLETION_WAYS),
                       n + 1, requests, entries,
                       soak_random(&w->own, 2) == 0) > 0) {
        soak_fail(w, "a promise of MPI was broken");
    }
    w->n = stay;
    for (int i = 0; i < n; i++) {
        operation_t *o = w->operations[stay + i];

        o->request = requests[i < gap ? i : i + 1];
        finished(w, o);
    }
}
