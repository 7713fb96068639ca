#include "pmpi/handshake.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/real.h"
#include "spar_version.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Unusual tags below the least upper bound that MPI allows (32767). */
#define TAG_PRESENT 31870
#define TAG_HELLO   31871
#define TAG_REPLY   31872

/* How many ranks are named before the rest is only counted. */
#define NAMED_RANKS 8

/* Seconds beyond rank 0's time limit after which it must have answered. */
#define GRACE 10.0

#define CONFIG_ROOM 4096

/* Both messages keep their size in all versions of the library, so that
 * ranks of different versions can still tell each other. */
typedef struct hello {
    char version[32];
    char host[64];
    char error[192]; /* a bad setting; empty: none */
    uint64_t config_bytes;
    unsigned char config[CONFIG_ROOM];
} hello_t;

typedef struct reply {
    unsigned char config[CONFIG_ROOM];
} reply_t;

_Static_assert(sizeof(spar_config_t) <= CONFIG_ROOM,
               "the settings fit into a message");

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
    hello->config_bytes = sizeof(*config);
    memcpy(hello->config, config, sizeof(*config));
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

/* Settings of another size make another version, whatever it says. */
static bool is_other_version(const hello_t *mine, const hello_t *theirs)
{
    return strncmp(theirs->version, mine->version, sizeof(mine->version)) !=
               0 ||
           theirs->config_bytes != mine->config_bytes;
}

/* Ends the job if any rank has another version than rank 0: nothing else that
 * such a rank says can be relied on. */
static void judge_versions(int size, const hello_t *mine, const hello_t *hellos)
{
    char list[720] = "";
    size_t used = 0;
    int count = 0;

    for (int rank = 1; rank < size; rank++) {
        const hello_t *theirs = &hellos[rank];

        if (is_other_version(mine, theirs) && ++count <= NAMED_RANKS) {
            used += (size_t)snprintf(list + used, sizeof(list) - used,
                                     "%srank %d on %.40s has %.20s",
                                     count > 1 ? ", " : "", rank, theirs->host,
                                     theirs->version);
        }
    }
    if (count > NAMED_RANKS) {
        snprintf(list + used, sizeof(list) - used, " and %d more",
                 count - NAMED_RANKS);
    }
    if (count > 0) {
        spar_error("%d of %d ranks have another libspar.so than rank 0, which "
                   "has %.20s: %s. Install the same version on every host",
                   count, size, mine->version, list);
        end_job();
    }
}

static void warn_of_difference(const hello_t *mine, const hello_t *theirs,
                               int rank)
{
    spar_config_t my_config, their_config;

    memcpy(&my_config, mine->config, sizeof(my_config));
    memcpy(&their_config, theirs->config, sizeof(their_config));
    for (size_t row = 0; row < spar_config_rows(); row++) {
        char my_value[SPAR_CONFIG_VALUE_MAX];
        char their_value[SPAR_CONFIG_VALUE_MAX];

        spar_config_value(&my_config, row, my_value, sizeof(my_value));
        spar_config_value(&their_config, row, their_value, sizeof(their_value));
        if (strcmp(my_value, their_value) != 0) {
            spar_warn("rank %d on %s has %s=%s; rank 0's %s holds for the "
                      "whole job",
                      rank, theirs->host, spar_config_name(row), their_value,
                      my_value);
            return; /* one line per rank is enough */
        }
    }
}

/* Tells the others that rank 0 has the library, and how long it will wait. */
static void announce(int size, double *timeout, MPI_Request *requests)
{
    for (int rank = 1; rank < size; rank++) {
        spar_real.Isend(timeout, 1, MPI_DOUBLE, rank, TAG_PRESENT,
                        MPI_COMM_WORLD, &requests[rank]);
    }
}

static void collect(int size, hello_t *hellos, double timeout)
{
    MPI_Request *requests = calloc((size_t)size, sizeof(MPI_Request));
    MPI_Request *sends = calloc((size_t)size, sizeof(MPI_Request));
    char *missing = calloc((size_t)size, 1);
    double deadline = spar_clock_now() + timeout;
    int any_missing = 0;

    if (requests == NULL || sends == NULL || missing == NULL) {
        spar_error("out of memory in MPI_Init");
        end_job();
    }
    announce(size, &timeout, sends);
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
    for (int rank = 1; rank < size; rank++) {
        spar_real.Wait(&sends[rank], MPI_STATUS_IGNORE);
    }
    free(missing);
    free(sends);
    free(requests);
}

/* Ends the job with the first rank's reason that there is. */
static void judge_settings(int size, const hello_t *mine, const hello_t *hellos)
{
    char reason[256];

    snprintf(reason, sizeof(reason), "%s", mine->error);
    for (int rank = 1; rank < size && reason[0] == '\0'; rank++) {
        const hello_t *theirs = &hellos[rank];

        if (theirs->error[0] != '\0') {
            snprintf(reason, sizeof(reason), "%.190s (rank %d on %.63s)",
                     theirs->error, rank, theirs->host);
        } else {
            warn_of_difference(mine, theirs, rank);
        }
    }
    if (reason[0] != '\0') {
        spar_error("%s", reason);
        end_job();
    }
}

static void lead(int size, const hello_t *mine, double timeout)
{
    hello_t *hellos = calloc((size_t)size, sizeof(*hellos));
    reply_t reply;

    if (hellos == NULL) {
        spar_error("out of memory in MPI_Init");
        end_job();
    }
    collect(size, hellos, timeout);
    judge_versions(size, mine, hellos);
    judge_settings(size, mine, hellos);
    free(hellos);
    memcpy(reply.config, mine->config, sizeof(reply.config));
    for (int rank = 1; rank < size; rank++) {
        MPI_Request request;

        spar_real.Isend(&reply, sizeof(reply), MPI_BYTE, rank, TAG_REPLY,
                        MPI_COMM_WORLD, &request);
        spar_real.Wait(&request, MPI_STATUS_IGNORE);
    }
}

_Noreturn static void blame_rank_0(int rank)
{
    spar_log_set_rank(rank);
    spar_error("rank 0 runs without libspar.so. Start the job with `spar run "
               "-- mpirun ...`, or add `-x LD_PRELOAD` to mpirun's arguments, "
               "so that every host loads it");
    end_job();
}

/* Rank 0 names missing ranks; a rank only speaks when rank 0 itself is the one
 * without the library, which does not announce itself. */
static void follow(const hello_t *mine, int rank, spar_config_t *config)
{
    reply_t reply;
    MPI_Request present, send, receive;
    double timeout = config->init_timeout;

    spar_real.Irecv(&timeout, 1, MPI_DOUBLE, 0, TAG_PRESENT, MPI_COMM_WORLD,
                    &present);
    spar_real.Irecv(&reply, sizeof(reply), MPI_BYTE, 0, TAG_REPLY,
                    MPI_COMM_WORLD, &receive);
    spar_real.Isend(mine, sizeof(*mine), MPI_BYTE, 0, TAG_HELLO, MPI_COMM_WORLD,
                    &send);
    if (wait_until(&present, spar_clock_now() + config->init_timeout) != 0) {
        blame_rank_0(rank);
    }
    if (wait_until(&receive, spar_clock_now() + timeout + GRACE) != 0) {
        spar_log_set_rank(rank);
        spar_error("rank 0 did not answer in MPI_Init");
        end_job();
    }
    spar_real.Wait(&send, MPI_STATUS_IGNORE);
    memcpy(config, reply.config, sizeof(*config));
}

void spar_handshake(int rank, int size, spar_config_t *config,
                    const char *config_error)
{
    hello_t hello;

    fill_hello(&hello, config, config_error);
    if (rank == 0) {
        lead(size, &hello, config->init_timeout);
    } else {
        follow(&hello, rank, config);
    }
}
