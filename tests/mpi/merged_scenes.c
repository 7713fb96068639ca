#include "merged.h"

#include <math.h>
#include <time.h>

#define TAG 7

static void pause_for(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static void usual(void)
{
    post_from(0);
    finish();
}

static void wait_for_each(void)
{
    for (int l = 0; l < LAYERS; l++) {
        post(l);
        if (acts) {
            MPI_Wait(&requests[l], MPI_STATUS_IGNORE);
        }
    }
    finish();
}

static void test_each(void)
{
    for (int l = 0; l < LAYERS; l++) {
        int done = !acts;

        post(l);
        while (!done) {
            MPI_Test(&requests[l], &done, MPI_STATUS_IGNORE);
        }
    }
    finish();
}

/* Requests in the opposite order of the calls, half of them at a time */
static void wait_for_any(void)
{
    MPI_Request backwards[3];

    for (int half = 0; half < LAYERS; half += 3) {
        for (int l = half; l < half + 3; l++) {
            post(l);
            backwards[half + 2 - l] = requests[l];
        }
        for (int i = 0; i < 3 && acts; i++) {
            int index;

            MPI_Waitany(3, backwards, &index, MPI_STATUS_IGNORE);
            requests[half + 2 - index] = MPI_REQUEST_NULL;
        }
    }
    finish();
}

/* The others have posted all, and go on only when one has one of its sums. */
static void tell(void (*complete)(MPI_Request *request))
{
    int word = 0;

    if (rank != actor) {
        post_from(0);
        MPI_Recv(&word, 1, MPI_INT, actor, TAG, comm, MPI_STATUS_IGNORE);
        finish();
        return;
    }
    post(0);
    post(1);
    complete(&requests[0]);
    for (int peer = 0; peer < size; peer++) {
        if (peer != rank) {
            MPI_Send(&word, 1, MPI_INT, peer, TAG, comm);
        }
    }
    post_from(2);
    finish();
}

static void wait_for(MPI_Request *request)
{
    MPI_Wait(request, MPI_STATUS_IGNORE);
}

static void test_for(MPI_Request *request)
{
    int done = 0;

    while (!done) {
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
    }
}

/* Naps between its looks: only the helper thread sees to the sums. */
static void look_for(MPI_Request *request)
{
    int done = 0;

    while (!done) {
        pause_for(10);
        MPI_Request_get_status(*request, &done, MPI_STATUS_IGNORE);
    }
}

static void tell_waited(void)
{
    tell(wait_for);
}

static void tell_tested(void)
{
    tell(test_for);
}

static void tell_seen(void)
{
    tell(look_for);
}

/* The other way round: one waits for a message that another one sends only
 * when it has a sum. */
static void wait_to_be_told(void)
{
    int word = 0, peer = (actor + 1) % size;

    post(0);
    post(1);
    if (rank == actor) {
        MPI_Recv(&word, 1, MPI_INT, peer, TAG, comm, MPI_STATUS_IGNORE);
        post_from(2);
    } else {
        post_from(2);
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    }
    if (rank == peer) {
        MPI_Send(&word, 1, MPI_INT, actor, TAG, comm);
    }
    finish();
}

static void be_slow(void)
{
    post(0);
    if (acts) {
        pause_for(12);
    }
    post_from(1);
    finish();
}

static void leave_out(void)
{
    post(0);
    post(1);
    post(LAYERS - 1);
    finish();
}

/* One that the step does not have */
static void put_in(void)
{
    static float other[7777];
    MPI_Request request;

    post(0);
    post(1);
    MPI_Iallreduce(MPI_IN_PLACE, other, 7777, MPI_FLOAT, MPI_SUM, comm,
                   &request);
    post_from(2);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    finish();
}

static void put_in_blocking(void)
{
    static float other[7777];

    post(0);
    post(1);
    MPI_Allreduce(MPI_IN_PLACE, other, 7777, MPI_FLOAT, MPI_SUM, comm);
    post_from(2);
    finish();
}

static void pause_spar(void)
{
    post(0);
    post(1);
    if (acts) {
        MPI_Pcontrol(0);
    }
    post_from(2);
    if (acts) {
        MPI_Pcontrol(1);
    }
    finish();
}

static void flush_spar(void)
{
    post(0);
    post(1);
    if (acts) {
        MPI_Pcontrol(2);
    }
    post_from(2);
    finish();
}

static void be_bad(void)
{
    if (acts) {
        gradient[2][17] = NAN;
    }
    usual();
}

/* The next step begins before this one, with NaN, is through, and one rank does
 * not let it gather. */
static void look_ahead(void)
{
    if (acts) {
        gradient[2][17] = NAN;
    }
    post_from(0);
    other_step();
    post(0);
    if (acts) {
        MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    }
    post_from(1);
    other_step();
    finish();
    other_step();
    finish();
    other_step();
}

const scene_t scenes[] = {
    {"as usual", usual, true, LAYERS, SPARSE, false},
    {"MPI_Wait for each", wait_for_each, true, LAYERS, SPARSE, false},
    {"MPI_Wait for each, on one rank", wait_for_each, false, LAYERS, SPARSE,
     false},
    {"MPI_Test of each", test_each, true, LAYERS, SPARSE, false},
    {"MPI_Test of each, on one rank", test_each, false, LAYERS, SPARSE, false},
    {"MPI_Waitany backwards", wait_for_any, true, LAYERS, SPARSE, false},
    {"MPI_Waitany backwards, on one rank", wait_for_any, false, LAYERS, SPARSE,
     false},
    {"a message after MPI_Wait", tell_waited, false, LAYERS, SPARSE, false},
    {"a message after MPI_Test", tell_tested, false, LAYERS, SPARSE, false},
    {"a message after a look now and then", tell_seen, false, LAYERS, SPARSE,
     false},
    {"a message before the rest", wait_to_be_told, false, LAYERS, SPARSE,
     false},
    {"slow", be_slow, true, LAYERS, SPARSE, false},
    {"slow, one rank", be_slow, false, LAYERS, SPARSE, false},
    {"layers left out", leave_out, true, LAYERS, SPARSE, false},
    {"another sum between", put_in, true, LAYERS, SPARSE, false},
    {"another blocking sum between", put_in_blocking, true, LAYERS, SPARSE,
     false},
    {"a pause by one rank", pause_spar, false, 2, DENSE, false},
    {"a flush by one rank", flush_spar, false, 2, FLUSHED, false},
    {"NaN on one rank", be_bad, false, 2, BAD, false},
    {"NaN on all ranks", be_bad, true, 2, BAD, false},
    {"a step ahead of NaN on one rank", look_ahead, false, 2, BAD, true},
    {"a step ahead of NaN", look_ahead, true, 2, BAD, true},
};

const int scene_count = (int)(sizeof(scenes) / sizeof(scenes[0]));
