/*
 * Spar: log lines. They go to stderr (stdout is the trainer's), lower case, one
 * line each, prefixed by "spar: " and, once known, the rank. Thread-safe.
 */
#ifndef SPAR_BASE_LOG_H
#define SPAR_BASE_LOG_H

typedef enum spar_log_level {
    SPAR_LOG_ERROR,
    SPAR_LOG_WARN,
    SPAR_LOG_INFO,
    SPAR_LOG_DEBUG,
    SPAR_LOG_TRACE
} spar_log_level_t;

/* Lines above this level are not written. The default is SPAR_LOG_WARN. */
void spar_log_set_level(spar_log_level_t level);
/* Rank shown in the prefix; negative: none. */
void spar_log_set_rank(int rank);
int spar_log_enabled(spar_log_level_t level);
void spar_log_write(spar_log_level_t level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define spar_error(...) spar_log_write(SPAR_LOG_ERROR, __VA_ARGS__)
#define spar_warn(...)  spar_log_write(SPAR_LOG_WARN, __VA_ARGS__)
#define spar_info(...)  spar_log_write(SPAR_LOG_INFO, __VA_ARGS__)
#define spar_debug(...) spar_log_write(SPAR_LOG_DEBUG, __VA_ARGS__)

#endif
