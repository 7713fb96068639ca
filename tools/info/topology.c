/* spar info -t: a picture of the job, or of this host. */
#include "tools/info/info.h"
#include "tools/path.h"
#include "tools/topology/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is this process a rank? Variables of Open MPI, of PMIx and of PMI, which
 * MPICH's launcher and srun set. */
static bool is_rank(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") != NULL ||
           getenv("PMIX_RANK") != NULL || getenv("PMI_RANK") != NULL;
}

/* This program has no MPI in it, so another one takes over. Comes back when it
 * cannot be started. */
static int become_rank(bool json)
{
    char *path = spar_path_helper("topology");

    if (path == NULL) {
        fprintf(stderr, "spar info: topology is missing: it belongs into "
                        "libexec/spar beside this program\n");
        return 2;
    }
    execl(path, path, json ? "--json" : (char *)NULL, (char *)NULL);
    fprintf(stderr, "spar info: cannot start %s: %s\n", path, strerror(errno));
    free(path);
    return 2;
}

static void show_host(bool json)
{
    spar_placement_t *machine = spar_placement_open();
    spar_job_host_t host;
    spar_job_t job = {.hosts = &host, .host_count = 1};

    spar_job_host_read(machine, &host);
    spar_placement_close(machine);
    spar_job_judge(&job);
    if (json) {
        spar_job_write_json(&job);
    } else {
        spar_job_draw(&job);
    }
}

int spar_info_topology(bool json)
{
    if (is_rank()) {
        return become_rank(json);
    }
    show_host(json);
    return 0;
}
