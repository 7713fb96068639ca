/* The part of `spar info -t` that runs in every rank of a job: gathers what the
 * hosts are, measures the links between them, and shows all on rank 0. */
#include "tools/topology/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        fprintf(stderr, "spar info: out of memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return memory;
}

/* Is there a core for the helper thread? Asked as the library does, from the
 * bindings of all ranks of the host. */
static void find_helper(MPI_Comm node, const spar_placement_t *machine,
                        char *text, size_t size)
{
    uint64_t own[SPAR_PLACEMENT_WORDS] = {0};
    uint64_t used[SPAR_PLACEMENT_WORDS] = {0};
    int known = spar_placement_binding(machine, own);
    spar_placement_choice_t choice;
    int rank, ranks;

    MPI_Comm_rank(node, &rank);
    MPI_Comm_size(node, &ranks);
    MPI_Allreduce(MPI_IN_PLACE, &known, 1, MPI_INT, MPI_MIN, node);
    MPI_Allreduce(own, used, SPAR_PLACEMENT_WORDS, MPI_UINT64_T, MPI_BOR, node);
    if (!known) {
        memset(used, 0, sizeof(used));
    }
    spar_placement_choose(machine, used, own, ranks, rank, &choice);
    snprintf(text, size, "%s%s", choice.spare ? "" : "no core: ", choice.why);
}

/* The lowest rank of each rank's host, on every rank. */
static int *gather_leaders(MPI_Comm node, int ranks)
{
    int *leaders = allocate((size_t)ranks, sizeof(*leaders));
    int leader;

    MPI_Comm_rank(MPI_COMM_WORLD, &leader);
    MPI_Bcast(&leader, 1, MPI_INT, 0, node);
    MPI_Allgather(&leader, 1, MPI_INT, leaders, 1, MPI_INT, MPI_COMM_WORLD);
    return leaders;
}

/* On rank 0: one per host; NULL on others. */
static spar_job_host_t *gather_hosts(const spar_job_host_t *own, int rank,
                                     int *count_p)
{
    spar_job_host_t *hosts = NULL;
    MPI_Comm first_ranks;

    MPI_Comm_split(MPI_COMM_WORLD, own->leader == rank ? 0 : MPI_UNDEFINED,
                   rank, &first_ranks);
    if (first_ranks == MPI_COMM_NULL) {
        return NULL;
    }
    MPI_Comm_size(first_ranks, count_p);
    if (rank == 0) {
        hosts = allocate((size_t)*count_p, sizeof(*hosts));
    }
    MPI_Gather(own, sizeof(*own), MPI_BYTE, hosts, sizeof(*own), MPI_BYTE, 0,
               first_ranks);
    MPI_Comm_free(&first_ranks);
    return hosts;
}

static void read_own(MPI_Comm node, spar_job_host_t *own_p)
{
    spar_placement_t *machine = spar_placement_open();

    spar_job_host_read(machine, own_p);
    find_helper(node, machine, own_p->helper, sizeof(own_p->helper));
    spar_placement_close(machine);
}

static void show(spar_job_t *job, bool json)
{
    spar_job_judge(job);
    if (json) {
        spar_job_write_json(job);
    } else {
        spar_job_draw(job);
    }
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    spar_job_t job = {0};
    spar_job_host_t own;
    spar_job_host_t *hosts;
    int *leaders;
    int rank;
    MPI_Comm node;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &job.ranks);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL,
                        &node);
    read_own(node, &own);
    leaders = gather_leaders(node, job.ranks);
    own.leader = leaders[rank];
    hosts = gather_hosts(&own, rank, &job.host_count);
    job.leaders = leaders;
    job.hosts = hosts;
    spar_measure_links(&job);
    if (rank == 0) {
        show(&job, json);
    }
    free(hosts);
    free(leaders);
    MPI_Comm_free(&node);
    MPI_Finalize();
    return 0;
}
