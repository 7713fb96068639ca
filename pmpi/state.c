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

/* What a rank found in one place at the start; travels as bytes. */
typedef struct card {
    int32_t there; /* there is a file */
    uint32_t ranks;
    uint64_t run;
    uint64_t save;
    char fault[104]; /* why it is of no use; empty: it is whole */
} card_t;

/* A file that is open, and what it holds. */
typedef struct found {
    FILE *file; /* NULL: it is of no use */
    spar_state_file_t content;
} found_t;

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

static void forget(found_t *found)
{
    if (found->file != NULL) {
        fclose(found->file);
        found->file = NULL;
    }
    spar_state_file_destroy(&found->content);
}

/* Opens this rank's file, if it is whole. */
static void look(spar_state_place_t place, found_t *found, card_t *card)
{
    FILE *file = spar_state_place_open(spar_engine.config.state,
                                       spar_engine.rank, place);
    const spar_state_file_origin_t *origin = &found->content.origin;
    const char *cause = NULL;

    *card = (card_t){.there = file != NULL || errno != ENOENT};
    if (file == NULL) {
        snprintf(card->fault, sizeof(card->fault), "its file: %s",
                 strerror(errno));
        return;
    }
    if (spar_state_file_read(file, &found->content, &cause) != SPAR_OK) {
        snprintf(card->fault, sizeof(card->fault), "its file: %s", cause);
        fclose(file);
        return;
    }
    found->file = file;
    card->ranks = origin->ranks;
    card->run = origin->run;
    card->save = origin->save;
    if ((int)origin->rank != spar_engine.rank) {
        snprintf(card->fault, sizeof(card->fault), "its file is rank %u's",
                 origin->rank);
    }
}

/* What all ranks have found there; the caller frees it. */
static card_t *look_everywhere(spar_state_place_t place, found_t *found)
{
    card_t *cards = calloc((size_t)spar_engine.size, sizeof(*cards));

    if (cards == NULL) {
        spar_error("out of memory in MPI_Init");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    look(place, found, &cards[spar_engine.rank]);
    spar_real.Allgather(MPI_IN_PLACE, 0, MPI_BYTE, cards, sizeof(*cards),
                        MPI_BYTE, MPI_COMM_WORLD);
    return cards;
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

static bool is_of(const card_t *card, const card_t *wanted)
{
    return card->fault[0] == '\0' && (int)card->ranks == spar_engine.size &&
           card->run == wanted->run && card->save == wanted->save;
}

/* The newest save that all ranks have whole, by rank 0's order; NULL: none. The
 * same on every rank. */
static const card_t *find_common(card_t *const cards[SPAR_STATE_PLACES])
{
    for (int place = 0; place < SPAR_STATE_PLACES; place++) {
        const card_t *wanted = &cards[place][0];
        int rank = 0;

        while (rank < spar_engine.size &&
               (is_of(&cards[SPAR_STATE_LATEST][rank], wanted) ||
                is_of(&cards[SPAR_STATE_PREVIOUS][rank], wanted))) {
            rank++;
        }
        if (rank == spar_engine.size) {
            return wanted;
        }
    }
    return NULL;
}

static bool any_there(const card_t *cards)
{
    bool there = false;

    for (int rank = 0; rank < spar_engine.size; rank++) {
        there = there || cards[rank].there;
    }
    return there;
}

/* Rank 0 says what becomes of files of which the latest have this fault. */
static void tell(card_t *const cards[SPAR_STATE_PLACES], const char *fault,
                 const card_t *common)
{
    const char *directory = spar_engine.config.state;

    if (spar_engine.rank != 0) {
        return;
    }
    if (common != NULL) {
        spar_warn("the latest residuals in %s are of no use: %s; those of the "
                  "save before it are restored, which is number %llu of run "
                  "%016llx: begin from the checkpoint that belongs to it",
                  directory, fault, (unsigned long long)common->save,
                  (unsigned long long)common->run);
    } else if (any_there(cards[SPAR_STATE_LATEST]) ||
               any_there(cards[SPAR_STATE_PREVIOUS])) {
        spar_warn("the residuals in %s are not restored, and will be "
                  "overwritten: %s",
                  directory, fault);
    } else {
        spar_info("no residuals of an earlier run in %s", directory);
    }
}

/* A job that died between two ranks' saves has left files of two saves: those
 * of the earlier one are whole on all ranks, and are the latest again. */
static void look_further(card_t *latest, const char *fault, found_t *found)
{
    found_t before = {.file = NULL};
    card_t *cards[SPAR_STATE_PLACES] = {
        latest, look_everywhere(SPAR_STATE_PREVIOUS, &before)};
    const card_t *common = find_common(cards);

    tell(cards, fault, common);
    if (common != NULL && is_of(&latest[spar_engine.rank], common)) {
        forget(&before);
    } else {
        forget(found);
        *found = before;
    }
    if (common == NULL) {
        forget(found);
    } else if (!is_of(&latest[spar_engine.rank], common)) {
        spar_state_place_step_back(spar_engine.config.state, spar_engine.rank);
    }
    free(cards[SPAR_STATE_PREVIOUS]);
}

/* Opens the files that belong together, if there are any. */
static void find_files(found_t *found)
{
    card_t *cards = look_everywhere(SPAR_STATE_LATEST, found);
    char fault[160] = "";

    for (int rank = 0; rank < spar_engine.size && fault[0] == '\0'; rank++) {
        (void)has_fault(cards, rank, fault, sizeof(fault));
    }
    if (fault[0] != '\0') {
        look_further(cards, fault, found);
    }
    free(cards);
}

void spar_state_start(void)
{
    found_t found = {.file = NULL};

    if (!spar_state_is_wanted()) {
        return;
    }
    check_directory();
    number_run();
    find_files(&found);
    spar_state_held.file = found.file;
    spar_state_held.content = found.content;
}

void spar_state_stop(void)
{
    found_t held = {.file = spar_state_held.file,
                    .content = spar_state_held.content};

    forget(&held);
    spar_state_held.file = NULL;
    spar_state_held.content = held.content;
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
                                 .is_partial = held->is_partial,
                                 .saved = held->saved};
    pthread_mutex_unlock(&held->lock);
}
