#include "traffic.h"

enum {
    RECEIVE,
    NOTHING,
    SEND,
    GENERALIZED
};

static int query(void *state, MPI_Status *status)
{
    traffic_t *t = state;

    t->queries++;
    MPI_Status_set_elements(status, MPI_BYTE, 7);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = 3;
    status->MPI_TAG = 5;
    return MPI_SUCCESS;
}

static int release(void *state)
{
    traffic_t *t = state;

    t->frees++;
    return MPI_SUCCESS;
}

static int cancel(void *state, int complete)
{
    (void)state;
    (void)complete;
    return MPI_SUCCESS;
}

static void neighbours(const traffic_t *t, int *before_p, int *next_p)
{
    int rank, size;

    MPI_Comm_rank(t->comm, &rank);
    MPI_Comm_size(t->comm, &size);
    *before_p = (rank + size - 1) % size;
    *next_p = (rank + 1) % size;
}

static int word(int sender, int step, int i)
{
    return sender * 1000003 + step * 1009 + i;
}

void traffic_init(traffic_t *t, MPI_Request requests[TRAFFIC_REQUESTS])
{
    int before, next;

    neighbours(t, &before, &next);
    MPI_Recv_init(t->in, TRAFFIC_WORDS, MPI_INT, before, t->tag, t->comm,
                  &requests[RECEIVE]);
    MPI_Send_init(t->out, TRAFFIC_WORDS, MPI_INT, next, t->tag, t->comm,
                  &requests[SEND]);
    t->persistent = true;
}

void traffic_post(traffic_t *t, int step,
                  MPI_Request requests[TRAFFIC_REQUESTS],
                  completion_entry_t entries[TRAFFIC_REQUESTS])
{
    int before, next, rank;

    neighbours(t, &before, &next);
    MPI_Comm_rank(t->comm, &rank);
    t->step = step;
    t->queries = t->frees = 0;
    for (int i = 0; i < TRAFFIC_WORDS; i++) {
        t->out[i] = word(rank, step, i);
        t->in[i] = -1;
    }
    if (t->persistent) {
        MPI_Start(&requests[RECEIVE]);
        MPI_Start(&requests[SEND]);
    } else {
        MPI_Irecv(t->in, TRAFFIC_WORDS, MPI_INT, before, t->tag, t->comm,
                  &requests[RECEIVE]);
        MPI_Isend(t->out, TRAFFIC_WORDS, MPI_INT, next, t->tag, t->comm,
                  &requests[SEND]);
    }
    requests[NOTHING] = MPI_REQUEST_NULL;
    MPI_Grequest_start(query, release, cancel, t, &requests[GENERALIZED]);
    MPI_Grequest_complete(requests[GENERALIZED]);
    entries[RECEIVE] = (completion_entry_t){
        true, t->persistent, true, before, t->tag, (int)sizeof(t->in)};
    entries[NOTHING] = (completion_entry_t){.active = false};
    entries[SEND] =
        (completion_entry_t){.active = true, .persistent = t->persistent};
    entries[GENERALIZED] = (completion_entry_t){true, false, true, 3, 5, 7};
}

bool traffic_arrived(const traffic_t *t)
{
    int before, next;
    bool good = t->queries >= 1 && t->frees == 1;

    neighbours(t, &before, &next);
    for (int i = 0; i < TRAFFIC_WORDS; i++) {
        good = good && t->in[i] == word(before, t->step, i);
    }
    return good;
}

void traffic_free(traffic_t *t, MPI_Request requests[TRAFFIC_REQUESTS])
{
    if (t->persistent) {
        MPI_Request_free(&requests[RECEIVE]);
        MPI_Request_free(&requests[SEND]);
    }
}
