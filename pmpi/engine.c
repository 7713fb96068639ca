#include "pmpi/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/finish.h"
#include "pmpi/gate.h"
#include "pmpi/handshake.h"
#include "pmpi/helper.h"
#include "pmpi/horovod.h"
#include "pmpi/links.h"
#include "pmpi/nodes.h"
#include "pmpi/periodic.h"
#include "pmpi/progress.h"
#include "pmpi/rounded.h"
#include "pmpi/steps.h"
#include "report/folder.h"
#include "sparsify/kernels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A correct program leaves nothing that takes long. */
#define DRAIN_SECONDS 5.0

spar_engine_t spar_engine;

static void warn_line(const char *line)
{
    spar_warn("%s", line);
}

/* What depends on which ranks share a node. */
static void look_at_node(void)
{
    MPI_Comm node;

    if (spar_real.Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0,
                                  MPI_INFO_NULL, &node) != MPI_SUCCESS) {
        node = MPI_COMM_SELF;
    }
    spar_engine.node_ranks = 1;
    spar_real.Comm_size(node, &spar_engine.node_ranks);
    spar_engine.nodes = spar_links_learn(node);
    if (spar_engine.size > 1) {
        spar_helper_start(node);
    }
    if (node != MPI_COMM_SELF) {
        spar_real.Comm_free(&node);
    }
}

/* Rank 0 had rather say now than after hours that it cannot. Only the name of a
 * file has a dot. */
static void check_report(char *error, size_t error_size)
{
    const spar_config_t *config = &spar_engine.config;
    char directory[SPAR_CONFIG_TEXT_MAX];

    if (spar_engine.rank != 0 || config->mode == SPAR_MODE_OFF ||
        strchr(config->report, '.') == NULL) {
        return;
    }
    spar_folder_of(config->report, directory, sizeof(directory));
    if (spar_folder_check(directory) != SPAR_OK) {
        snprintf(error, error_size,
                 "SPAR_REPORT: cannot write to the directory %.90s: %s",
                 directory, strerror(errno));
    }
}

static void load_config(char *error, size_t error_size)
{
    error[0] = '\0';
    spar_config_defaults(&spar_engine.config);
    if (spar_config_load(&spar_engine.config, error, error_size) == SPAR_OK) {
        check_report(error, error_size);
    }
}

/* Every rank must have the instruction set that was asked for. */
static void choose_kernels(void)
{
    if (spar_kernels_use(spar_engine.config.isa) != SPAR_OK) {
        spar_error("SPAR_ISA=%s: this processor does not have it",
                   spar_engine.config.isa);
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
}

static void warn_of_stacking(void)
{
    if (spar_engine.rank == 0 && spar_real_has_tool_behind()) {
        spar_warn("another MPI tool is loaded behind Spar and will not see "
                  "the calls that Spar passes on: put libspar.so last in "
                  "LD_PRELOAD");
    }
}

void spar_engine_start(void)
{
    char error[192];

    if (spar_real.Comm_rank(MPI_COMM_WORLD, &spar_engine.rank) != MPI_SUCCESS ||
        spar_real.Comm_size(MPI_COMM_WORLD, &spar_engine.size) != MPI_SUCCESS) {
        return;
    }
    spar_engine.started = spar_clock_now();
    load_config(error, sizeof(error));
    if (spar_engine.rank == 0) {
        spar_config_report_unknown(warn_line);
        spar_rounded_settle(&spar_engine.config);
        spar_periodic_warn_of_settings();
    }
    spar_handshake(spar_engine.rank, spar_engine.size, &spar_engine.config,
                   error);
    spar_log_set_level((spar_log_level_t)spar_engine.config.log);
    spar_log_set_rank(spar_engine.rank);
    warn_of_stacking();
    if (spar_engine.config.mode == SPAR_MODE_OFF) {
        return;
    }
    choose_kernels();
    spar_horovod_unfuse();
    spar_gate_init();
    spar_engine.tx_at_start = spar_steps_interface_bytes();
    spar_tracing_start();
    spar_state_start();
    look_at_node();
    spar_comm_attach(MPI_COMM_WORLD);
    spar_engine.active = true;
}

void spar_engine_stop(void)
{
    if (!spar_engine.active) {
        return;
    }
    spar_engine.active = false;
    /* All ranks are here, so what all of them have begun comes to its end. Of a
     * job that ends behind a step only its residuals are of use. */
    if ((!spar_steps_are_over() || spar_state_is_wanted()) &&
        !spar_progress_drain(DRAIN_SECONDS)) {
        spar_warn("calls were not completed before MPI_Finalize");
    }
    spar_helper_stop();
    spar_state_save_last();
    spar_finish_report();
    spar_comm_release_all();
    spar_comm_free_all();
    spar_state_stop();
    spar_links_forget();
    spar_nodes_forget();
    spar_tracing_stop();
}
