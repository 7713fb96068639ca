#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic spar_log_level_t log_level = SPAR_LOG_WARN;
static _Atomic int log_rank = -1;

void spar_log_set_level(spar_log_level_t level)
{
    atomic_store(&log_level, level);
}

void spar_log_set_rank(int rank)
{
    atomic_store(&log_rank, rank);
}

int spar_log_enabled(spar_log_level_t level)
{
    return level <= atomic_load(&log_level);
}

void spar_log_write(spar_log_level_t level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug",
                                        "trace"};
    char line[1024];
    int rank = atomic_load(&log_rank);
    va_list args;

    if (!spar_log_enabled(level)) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    /* One call per line, so that lines of several threads do not mix. */
    if (rank >= 0) {
        fprintf(stderr, "spar: rank %d: %s: %s\n", rank, names[level], line);
    } else {
        fprintf(stderr, "spar: %s: %s\n", names[level], line);
    }
}
