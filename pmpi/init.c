/* Spar: begin and end of the application's MPI. */
#include "include/spar/pcontrol.h"
#include "pmpi/engine.h"
#include "pmpi/finish.h"

/* Full thread support lets exchanges run beside the application. It makes every
 * request of MPI a little slower, so not where nothing is exchanged. Settings
 * that differ between ranks, or are wrong, are dealt with later. */
static int level_to_ask_for(int required)
{
    spar_config_t config;
    char error[192];

    spar_config_defaults(&config);
    (void)spar_config_load(&config, error, sizeof(error));
    return config.mode == SPAR_MODE_DENSE || config.mode == SPAR_MODE_OFF
               ? required
               : MPI_THREAD_MULTIPLE;
}

/* Shows the application the level that it asked for. */
static int init(int *argc, char ***argv, int required, int *provided)
{
    int level = MPI_THREAD_SINGLE;
    int code =
        spar_real.Init_thread(argc, argv, level_to_ask_for(required), &level);

    if (code != MPI_SUCCESS) {
        return code;
    }
    spar_engine.has_threads = level >= MPI_THREAD_MULTIPLE;
    spar_engine.provided_level = level < required ? level : required;
    *provided = spar_engine.provided_level;
    spar_engine_start();
    return code;
}

SPAR_EXPORT int MPI_Init(int *argc, char ***argv)
{
    int provided;

    return init(argc, argv, MPI_THREAD_SINGLE, &provided);
}

SPAR_ALIAS(Init);

SPAR_EXPORT int MPI_Init_thread(int *argc, char ***argv, int required,
                                int *provided)
{
    return init(argc, argv, required, provided);
}

SPAR_ALIAS(Init_thread);

SPAR_EXPORT int MPI_Query_thread(int *provided)
{
    int code = spar_real.Query_thread(provided);

    if (code == MPI_SUCCESS && spar_engine.started > 0) {
        *provided = spar_engine.provided_level;
    }
    return code;
}

SPAR_ALIAS(Query_thread);

SPAR_EXPORT int MPI_Finalize(void)
{
    spar_engine_stop();
    return spar_real.Finalize();
}

SPAR_ALIAS(Finalize);

SPAR_EXPORT int MPI_Abort(MPI_Comm comm, int errorcode)
{
    spar_finish_partial("the application called MPI_Abort");
    return spar_real.Abort(comm, errorcode);
}

SPAR_ALIAS(Abort);

static void control(int level)
{
    switch (level) {
    case SPAR_PCONTROL_OFF:
        atomic_store(&spar_engine.paused, true);
        break;
    case SPAR_PCONTROL_ON:
        atomic_store(&spar_engine.paused, false);
        break;
    case SPAR_PCONTROL_FLUSH:
        atomic_fetch_add(&spar_engine.flush_epoch, 1);
        break;
    case SPAR_PCONTROL_REPORT:
        spar_state_save();
        spar_finish_partial("MPI_Pcontrol asked for a report");
        break;
    default:
        break; /* for some other tool */
    }
}

/* MPI leaves the arguments behind the level to the tools; Spar has none, and
 * cannot pass unknown ones on. */
SPAR_EXPORT int MPI_Pcontrol(const int level, ...)
{
    if (spar_engine.active) {
        control(level);
    }
    return spar_real.Pcontrol(level);
}

SPAR_ALIAS(Pcontrol);
