#include "completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct batch {
    const char *way;
    int n;
    MPI_Request *requests;
    completion_entry_t *entries;
    bool with_statuses;
    MPI_Status *statuses; /* n + 1: nothing may be written behind n */
    int *indices;         /* the same */
    int active;
    int broken;
} batch_t;

static void promise(batch_t *b, bool kept, const char *what, int line)
{
    if (!kept && b->broken++ < 5) {
        int rank;

        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        fprintf(stderr, "rank %d: %s: line %d: %s\n", rank, b->way, line, what);
    }
}

#define PROMISE(b, condition) promise(b, condition, #condition, __LINE__)

/* Fills the outputs of the next call with something else. */
static void spoil(batch_t *b)
{
    memset(b->statuses, 0x5a, sizeof(MPI_Status) * (size_t)(b->n + 1));
    memset(b->indices, 0x5a, sizeof(int) * (size_t)(b->n + 1));
}

static void check_guards(batch_t *b)
{
    MPI_Status untouched;

    memset(&untouched, 0x5a, sizeof(untouched));
    PROMISE(b, memcmp(&b->statuses[b->n], &untouched, sizeof(untouched)) == 0);
    PROMISE(b, b->indices[b->n] == 0x5a5a5a5a);
}

static MPI_Status *one_status(batch_t *b)
{
    spoil(b);
    return b->with_statuses ? &b->statuses[0] : MPI_STATUS_IGNORE;
}

static MPI_Status *all_statuses(batch_t *b)
{
    spoil(b);
    return b->with_statuses ? b->statuses : MPI_STATUSES_IGNORE;
}

static void check_status(batch_t *b, const MPI_Status *status, int source,
                         int tag, int bytes)
{
    int got = -1;

    PROMISE(b, status->MPI_SOURCE == source);
    PROMISE(b, status->MPI_TAG == tag);
    MPI_Get_count(status, MPI_BYTE, &got);
    PROMISE(b, got == bytes);
}

static void check_empty(batch_t *b, const MPI_Status *status)
{
    if (b->with_statuses) {
        check_status(b, status, MPI_ANY_SOURCE, MPI_ANY_TAG, 0);
    }
}

/* Request i was reported complete, with this status. */
static void completed(batch_t *b, int i, const MPI_Status *status)
{
    completion_entry_t *entry = &b->entries[i];
    int cancelled = 1;

    PROMISE(b, (b->requests[i] != MPI_REQUEST_NULL) == entry->persistent);
    if (b->with_statuses) {
        MPI_Test_cancelled(status, &cancelled);
        PROMISE(b, !cancelled);
    }
    if (!entry->active) {
        check_empty(b, status);
        return;
    }
    if (b->with_statuses && entry->message) {
        check_status(b, status, entry->source, entry->tag, entry->bytes);
    }
    entry->active = false;
    b->active--;
}

/* MPI reported index: false if it may not. */
static bool completed_index(batch_t *b, int index, const MPI_Status *status)
{
    bool good = index >= 0 && index < b->n && b->entries[index].active;

    PROMISE(b, good);
    if (good) {
        completed(b, index, status);
    }
    return good;
}

static void wait_one(batch_t *b, int i)
{
    MPI_Wait(&b->requests[i], one_status(b));
    completed(b, i, &b->statuses[0]);
}

static void wait_forward(batch_t *b)
{
    for (int i = 0; i < b->n; i++) {
        wait_one(b, i);
    }
}

static void wait_reverse(batch_t *b)
{
    for (int i = b->n - 1; i >= 0; i--) {
        wait_one(b, i);
    }
}

static void all_completed(batch_t *b)
{
    check_guards(b);
    for (int i = 0; i < b->n; i++) {
        completed(b, i, &b->statuses[i]);
    }
}

static void wait_all(batch_t *b)
{
    MPI_Waitall(b->n, b->requests, all_statuses(b));
    all_completed(b);
}

static void wait_any(batch_t *b)
{
    int index;

    while (b->active > 0 && b->broken == 0) {
        index = -1;
        MPI_Waitany(b->n, b->requests, &index, one_status(b));
        completed_index(b, index, &b->statuses[0]);
    }
    MPI_Waitany(b->n, b->requests, &index, one_status(b));
    PROMISE(b, index == MPI_UNDEFINED);
    check_empty(b, &b->statuses[0]);
}

static void some_completed(batch_t *b, int least, int count)
{
    check_guards(b);
    PROMISE(b, count >= least && count <= b->active);
    for (int k = 0; k < count && b->broken == 0; k++) {
        completed_index(b, b->indices[k], &b->statuses[k]);
    }
}

static void wait_some(batch_t *b)
{
    int count;

    while (b->active > 0 && b->broken == 0) {
        MPI_Status *statuses = all_statuses(b);

        count = -1;
        MPI_Waitsome(b->n, b->requests, &count, b->indices, statuses);
        some_completed(b, 1, count);
    }
    MPI_Waitsome(b->n, b->requests, &count, b->indices, all_statuses(b));
    PROMISE(b, count == MPI_UNDEFINED);
}

static void test_each(batch_t *b)
{
    do {
        for (int i = 0; i < b->n; i++) {
            MPI_Request before = b->requests[i];
            int flag = -1;

            MPI_Test(&b->requests[i], &flag, one_status(b));
            PROMISE(b, flag == 1 || (flag == 0 && b->entries[i].active));
            if (flag == 1) {
                completed(b, i, &b->statuses[0]);
            } else {
                PROMISE(b, b->requests[i] == before);
            }
        }
    } while (b->active > 0 && b->broken == 0);
}

static void test_all(batch_t *b)
{
    size_t bytes = sizeof(MPI_Request) * (size_t)b->n;
    MPI_Request *before = malloc(bytes + 1);
    int flag = 0;

    memcpy(before, b->requests, bytes);
    while (flag == 0) {
        flag = -1;
        MPI_Testall(b->n, b->requests, &flag, all_statuses(b));
        PROMISE(b, flag == 1 || memcmp(before, b->requests, bytes) == 0);
    }
    free(before);
    PROMISE(b, flag == 1);
    all_completed(b);
}

static void test_any(batch_t *b)
{
    int index, flag;

    while (b->active > 0 && b->broken == 0) {
        index = flag = -1;
        MPI_Testany(b->n, b->requests, &index, &flag, one_status(b));
        PROMISE(b, flag == 0 || flag == 1);
        if (flag == 1) {
            completed_index(b, index, &b->statuses[0]);
        } else {
            PROMISE(b, index == MPI_UNDEFINED);
        }
    }
    MPI_Testany(b->n, b->requests, &index, &flag, one_status(b));
    PROMISE(b, flag == 1 && index == MPI_UNDEFINED);
    check_empty(b, &b->statuses[0]);
}

static void test_some(batch_t *b)
{
    int count;

    while (b->active > 0 && b->broken == 0) {
        MPI_Status *statuses = all_statuses(b);

        count = -1;
        MPI_Testsome(b->n, b->requests, &count, b->indices, statuses);
        some_completed(b, 0, count);
    }
    MPI_Testsome(b->n, b->requests, &count, b->indices, all_statuses(b));
    PROMISE(b, count == MPI_UNDEFINED);
}

/* The request stays as it is, and the next call of any kind completes it. */
static void get_status(batch_t *b)
{
    for (int i = 0; i < b->n; i++) {
        MPI_Request before = b->requests[i];
        int flag = 0;

        while (!flag) {
            MPI_Request_get_status(b->requests[i], &flag, one_status(b));
        }
        PROMISE(b, b->requests[i] == before);
        if (b->with_statuses && b->entries[i].message && b->entries[i].active) {
            check_status(b, &b->statuses[0], b->entries[i].source,
                         b->entries[i].tag, b->entries[i].bytes);
        }
        if (i % 2 == 0) {
            MPI_Wait(&b->requests[i], one_status(b));
        } else {
            MPI_Test(&b->requests[i], &flag, one_status(b));
            PROMISE(b, flag == 1);
        }
        completed(b, i, &b->statuses[0]);
    }
}

static const struct way {
    const char *name;
    void (*run)(batch_t *b);
} ways[COMPLETION_WAYS] = {
    [COMPLETION_WAIT] = {"wait", wait_forward},
    [COMPLETION_WAIT_REVERSE] = {"wait-reverse", wait_reverse},
    [COMPLETION_WAITALL] = {"waitall", wait_all},
    [COMPLETION_WAITANY] = {"waitany", wait_any},
    [COMPLETION_WAITSOME] = {"waitsome", wait_some},
    [COMPLETION_TEST] = {"test", test_each},
    [COMPLETION_TESTALL] = {"testall", test_all},
    [COMPLETION_TESTANY] = {"testany", test_any},
    [COMPLETION_TESTSOME] = {"testsome", test_some},
    [COMPLETION_GET_STATUS] = {"get-status", get_status},
};

bool completion_parse(const char *name, completion_way_t *way_p)
{
    for (int way = 0; way < COMPLETION_WAYS; way++) {
        if (strcmp(name, ways[way].name) == 0) {
            *way_p = (completion_way_t)way;
            return true;
        }
    }
    return false;
}

int completion_run(completion_way_t way, int n, MPI_Request *requests,
                   completion_entry_t *entries, bool with_statuses)
{
    batch_t batch = {.way = ways[way].name,
                     .n = n,
                     .requests = requests,
                     .entries = entries,
                     .with_statuses = with_statuses,
                     .statuses = malloc(sizeof(MPI_Status) * (size_t)(n + 1)),
                     .indices = malloc(sizeof(int) * (size_t)(n + 1))};

    for (int i = 0; i < n; i++) {
        batch.active += entries[i].active;
    }
    ways[way].run(&batch);
    promise(&batch, batch.active == 0, "all requests are complete", __LINE__);
    free(batch.statuses);
    free(batch.indices);
    return batch.broken;
}
