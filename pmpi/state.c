#include "pmpi/state.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/nodes.h"
#include "pmpi/state_held.h"
#include "report/folder.h"
#include "report/state_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

spar_state_held_t spar_state_held = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What a rank found at the start; travels as bytes. */
typedef struct card {
    int32_t there; /* there is a file */
    uint32_t ranks;
    uint64_t run;
    uint64_t save;
    char fault[104]; /* why it is of no use; empty: it is whole */
} card_t;

bool spar_state_is_wanted(void)
{
    const spar_config_t *config = &spar_engine.config;

    return strcmp(config->state, "off") != 0 && spar_engine.size > 1 &&
           (spar_engine_is_auto() || config->mode == SPAR_MODE_SPARSE);
}

/* Some file systems tell only when a file is made. 0, or errno. */
static int try_directory(const char *directory)
{
    FILE *file;

    if (spar_folder_check(directory) != SPAR_OK) {
        return errno;
    }
    file = spar_state_place_create(directory, spar_engine.rank);
    if (file == NULL) {
        return errno;
    }
    fclose(file);
    spar_state_place_discard(directory, spar_engine.rank);
    return 0;
}

/* Had rather say now than after hours that it cannot: one line of the first
 * rank that cannot. */
static void check_directory(void)
{
    int cause = try_directory(spar_engine.config.state);
    int mine = cause == 0 ? spar_engine.size : spar_engine.rank;
    int first = mine;

    spar_real.Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == spar_engine.rank) {
        spar_error("SPAR_STATE: cannot write to the directory %s: %s",
                   spar_engine.config.state, strerror(cause));
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
    if (first < spar_engine.size) {
        spar_real.Barrier(MPI_COMM_WORLD); /* the first one ends the job */
    }
}

/* A number that no other job has. */
static void number_run(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    spar_state_held.run = spar_state_mix(
        spar_state_mix((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec),
        (uint64_t)getpid());
    spar_real.Bcast(&spar_state_held.run, sizeof(spar_state_held.run), MPI_BYTE,
                    0, MPI_COMM_WORLD);
}

/* Opens this rank's file, if it is whole. */
static void look(card_t *card)
{
    spar_state_held_t *held = &spar_state_held;
    FILE *file =
        spar_state_place_open(spar_engine.config.state, spar_engine.rank);
    const spar_state_file_origin_t *origin = &held->content.origin;
    const char *cause = NULL;

    *card = (card_t){.there = file != NULL || errno != ENOENT};
    if (file == NULL) {
        snprintf(card->fault, sizeof(card->fault), "its file: %s",
                 strerror(errno));
        return;
    }
    if (spar_state_file_read(file, &held->content, &cause) != SPAR_OK) {
        snprintf(card->fault, sizeof(card->fault), "its file: %s", cause);
        fclose(file);
        return;
    }
    held->file = file;
    card->ranks = origin->ranks;
    card->run = origin->run;
    card->save = origin->save;
    if ((int)origin->rank != spar_engine.rank) {
        snprintf(card->fault, sizeof(card->fault), "its file is rank %u's",
                 origin->rank);
    }
}

/* Why a rank's file cannot be used; false: it can. */
static bool has_fault(const card_t *cards, int rank, char *fault, size_t size)
{
    const card_t *card = &cards[rank];

    if (card->fault[0] != '\0') {
        snprintf(fault, size, "rank %d: %s", rank, card->fault);
    } else if ((int)card->ranks != spar_engine.size) {
        snprintf(fault, size, "saved by %u ranks, this job has %d", card->ranks,
                 spar_engine.size);
    } else if (card->run != cards[0].run || card->save != cards[0].save) {
        snprintf(fault, size,
                 "rank %d: its file is of another save than "
                 "rank 0's",
                 rank);
    }
    return fault[0] != '\0';
}

/* Whether all ranks' files belong together; the same on every rank, and rank 0
 * says why not. */
static bool belong_together(const card_t *cards)
{
    char fault[160] = "";
    bool there = false;

    for (int rank = 0; rank < spar_engine.size; rank++) {
        there = there || cards[rank].there;
    }
    for (int rank = 0; rank < spar_engine.size; rank++) {
        if (has_fault(cards, rank, fault, sizeof(fault))) {
            break;
        }
    }
    if (spar_engine.rank == 0 && !there) {
        spar_info("no residuals of an earlier run in %s",
                  spar_engine.config.state);
    } else if (spar_engine.rank == 0 && fault[0] != '\0') {
        spar_warn("the residuals in %s are not restored, and will be "
                  "overwritten: %s",
                  spar_engine.config.state, fault);
    }
    return fault[0] == '\0';
}

static void forget(void)
{
    spar_state_held_t *held = &spar_state_held;

    if (held->file != NULL) {
        fclose(held->file);
        held->file = NULL;
    }
    spar_state_file_destroy(&held->content);
}

void spar_state_start(void)
{
    card_t *cards;

    if (!spar_state_is_wanted()) {
        return;
    }
    check_directory();
    number_run();
    cards = calloc((size_t)spar_engine.size, sizeof(*cards));
    if (cards == NULL) {
        spar_error("out of memory in MPI_Init");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    look(&cards[spar_engine.rank]);
    spar_real.Allgather(MPI_IN_PLACE, 0, MPI_BYTE, cards, sizeof(*cards),
                        MPI_BYTE, MPI_COMM_WORLD);
    if (!belong_together(cards)) {
        forget();
    }
    free(cards);
}

void spar_state_stop(void)
{
    forget();
}

/* Communicators of the same ranks that there were before. */
typedef struct group {
    struct group *next;
    uint64_t members;
    uint64_t count;
} group_t;

static group_t *groups;

/* Of communicators of the same ranks, which one this is, from 1. 0: out of
 * memory. */
static uint64_t count_alike(uint64_t members)
{
    uint64_t count = 0;
    group_t *group;

    pthread_mutex_lock(&spar_state_held.lock);
    for (group = groups; group != NULL && group->members != members;
         group = group->next) {
    }
    if (group == NULL && (group = calloc(1, sizeof(*group))) != NULL) {
        *group = (group_t){.next = groups, .members = members};
        groups = group;
    }
    if (group != NULL) {
        count = ++group->count;
    }
    pthread_mutex_unlock(&spar_state_held.lock);
    return count;
}

void spar_state_name(spar_comm_t *comm)
{
    int *ranks = malloc((size_t)comm->size * sizeof(*ranks));
    uint64_t members = (uint64_t)comm->size;
    uint64_t number = 0;

    if (ranks != NULL &&
        spar_nodes_translate(comm->handle, comm->size, ranks)) {
        for (int i = 0; i < comm->size; i++) {
            members = spar_state_mix(members, (uint64_t)ranks[i]);
        }
        number = count_alike(members);
    }
    free(ranks);
    comm->state_key = number == 0 ? 0 : spar_state_mix(members, number);
    spar_real.Bcast(&comm->state_key, sizeof(comm->state_key), MPI_BYTE, 0,
                    comm->shadow);
}

void spar_state_describe(spar_report_state_t *out)
{
    spar_state_held_t *held = &spar_state_held;

    *out = (spar_report_state_t){.directory = NULL};
    if (!spar_state_is_wanted()) {
        return;
    }
    pthread_mutex_lock(&held->lock);
    *out = (spar_report_state_t){.directory = spar_engine.config.state,
                                 .run = held->content.origin.run,
                                 .restored = held->restored,
                                 .is_saved = held->is_saved,
                                 .saved = held->saved};
    pthread_mutex_unlock(&held->lock);
}
