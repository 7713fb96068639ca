#include "pmpi/handshake.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/real.h"
#include "spar_version.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An unusual tag below the least upper bound that MPI allows (32767). */
#define TAG_HELLO 31871
#define TAG_REPLY 31872

/* How many ranks are named before the rest is only counted. */
#define NAMED_RANKS 8

typedef struct hello {
    char version[32];
    char host[64];
    char error[192]; /* a bad setting; empty: none */
    spar_config_t config;
} hello_t;

typedef struct reply {
    int32_t accepted;
    char reason[256];
    spar_config_t config;
} reply_t;

static void pause_briefly(void)
{
    struct timespec nap = {0, 1000000};

    nanosleep(&nap, NULL);
}

/* Waits for a message until the deadline; 0: it is there. */
static int wait_until(MPI_Request *request, double deadline)
{
    for (unsigned polls = 0;; polls++) {
        int done = 0;

        if (spar_real.Test(request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
            return -1;
        }
        if (done) {
            return 0;
        }
        if (spar_clock_now() > deadline) {
            return -1;
        }
        if (polls < 1000) {
            sched_yield();
        } else {
            pause_briefly();
        }
    }
}

_Noreturn static void end_job(void)
{
    spar_real.Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void fill_hello(hello_t *hello, const spar_config_t *config,
                       const char *config_error)
{
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int length = 0;

    memset(hello, 0, sizeof(*hello));
    spar_real.Get_processor_name(host, &length);
    snprintf(hello->version, sizeof(hello->version), "%s", SPAR_VERSION_STRING);
    snprintf(hello->host, sizeof(hello->host), "%.63s", host);
    snprintf(hello->error, sizeof(hello->error), "%s", config_error);
    hello->config = *config;
}

static void name_missing(const char *missing, int size)
{
    char list[256] = "";
    size_t used = 0;
    int count = 0;

    for (int rank = 1; rank < size; rank++) {
        if (missing[rank] && ++count <= NAMED_RANKS) {
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d",
                                     count > 1 ? ", " : "", rank);
        }
    }
    if (count > NAMED_RANKS) {
        snprintf(list + used, sizeof(list) - used, " and %d more",
                 count - NAMED_RANKS);
    }
    spar_error("%d of %d ranks run without libspar.so: rank %s. Start the job "
               "with `spar run -- mpirun ...`, or add `-x LD_PRELOAD` to "
               "mpirun's arguments, so that every host loads it",
               count, size, list);
}

/* Why a rank cannot take part; empty: it can. */
static void judge(const hello_t *mine, const hello_t *theirs, int rank,
                  char *reason, size_t size)
{
    if (strncmp(theirs->version, mine->version, sizeof(mine->version)) != 0) {
        snprintf(reason, size,
                 "rank %d on %.63s has libspar.so %.31s, rank 0 has %.31s: "
                 "install the same version on every host",
                 rank, theirs->host, theirs->version, mine->version);
    } else if (theirs->error[0] != '\0') {
        snprintf(reason, size, "%.190s (rank %d on %.63s)", theirs->error, rank,
                 theirs->host);
    }
}

static void warn_of_difference(const hello_t *mine, const hello_t *theirs,
                               int rank)
{
    for (size_t row = 0; row < spar_config_rows(); row++) {
        char my_value[512], their_value[512];

        spar_config_value(&mine->config, row, my_value, sizeof(my_value));
        spar_config_value(&theirs->config, row, their_value,
                          sizeof(their_value));
        if (strcmp(my_value, their_value) != 0) {
            spar_warn("rank %d on %s has %s=%s; rank 0's %s holds for the "
                      "whole job",
                      rank, theirs->host, spar_config_name(row), their_value,
                      my_value);
            return; /* one line per rank is enough */
        }
    }
}

static void collect(int size, const hello_t *mine, reply_t *reply)
{
    hello_t *hellos = calloc((size_t)size, sizeof(*hellos));
    MPI_Request *requests = calloc((size_t)size, sizeof(MPI_Request));
    char *missing = calloc((size_t)size, 1);
    double deadline = spar_clock_now() + mine->config.init_timeout;
    int any_missing = 0;

    if (hellos == NULL || requests == NULL || missing == NULL) {
        spar_error("out of memory in MPI_Init");
        end_job();
    }
    for (int rank = 1; rank < size; rank++) {
        spar_real.Irecv(&hellos[rank], sizeof(hello_t), MPI_BYTE, rank,
                        TAG_HELLO, MPI_COMM_WORLD, &requests[rank]);
    }
    for (int rank = 1; rank < size; rank++) {
        missing[rank] = wait_until(&requests[rank], deadline) != 0;
        any_missing |= missing[rank];
    }
    if (any_missing) {
        name_missing(missing, size);
        end_job();
    }
    snprintf(reply->reason, sizeof(reply->reason), "%s", mine->error);
    for (int rank = 1; rank < size && reply->reason[0] == '\0'; rank++) {
        judge(mine, &hellos[rank], rank, reply->reason, sizeof(reply->reason));
        if (reply->reason[0] == '\0') {
            warn_of_difference(mine, &hellos[rank], rank);
        }
    }
    free(missing);
    free(requests);
    free(hellos);
}

static void lead(int size, const hello_t *mine)
{
    reply_t reply;

    memset(&reply, 0, sizeof(reply));
    reply.config = mine->config;
    collect(size, mine, &reply);
    reply.accepted = reply.reason[0] == '\0';
    if (!reply.accepted) {
        spar_error("%s", reply.reason);
        end_job();
    }
    for (int rank = 1; rank < size; rank++) {
        MPI_Request request;

        /* Small enough to be sent at once; waited for to be sure. */
        spar_real.Isend(&reply, sizeof(reply), MPI_BYTE, rank, TAG_REPLY,
                        MPI_COMM_WORLD, &request);
        spar_real.Wait(&request, MPI_STATUS_IGNORE);
    }
}

static void follow(const hello_t *mine, int rank, spar_config_t *config)
{
    reply_t reply;
    MPI_Request send, receive;
    /* Rank 0 names missing ranks first; a rank only speaks when rank 0 itself
     * is the one without the library. */
    double deadline = spar_clock_now() + mine->config.init_timeout * 1.25 + 1.0;

    spar_real.Irecv(&reply, sizeof(reply), MPI_BYTE, 0, TAG_REPLY,
                    MPI_COMM_WORLD, &receive);
    spar_real.Isend(mine, sizeof(*mine), MPI_BYTE, 0, TAG_HELLO, MPI_COMM_WORLD,
                    &send);
    if (wait_until(&receive, deadline) != 0) {
        spar_log_set_rank(rank);
        spar_error("rank 0 runs without libspar.so. Start the job with `spar "
                   "run -- mpirun ...`, or add `-x LD_PRELOAD` to mpirun's "
                   "arguments, so that every host loads it");
        end_job();
    }
    spar_real.Wait(&send, MPI_STATUS_IGNORE);
    *config = reply.config;
}

void spar_handshake(int rank, int size, spar_config_t *config,
                    const char *config_error)
{
    hello_t hello;

    fill_hello(&hello, config, config_error);
    if (rank == 0) {
        lead(size, &hello);
    } else {
        follow(&hello, rank, config);
    }
}
