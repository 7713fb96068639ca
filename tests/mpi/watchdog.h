/*
 * A job that hangs says where: watchdog_feed(text) names what is going on, and
 * ends the process if nothing else follows within a minute.
 */
#ifndef TESTS_MPI_WATCHDOG_H
#define TESTS_MPI_WATCHDOG_H

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 60

static char watchdog_text[200];

static void watchdog_bark(int signal_number)
{
    static const char before[] = "hangs: ";

    (void)signal_number;
    (void)!write(STDERR_FILENO, before, sizeof(before) - 1);
    (void)!write(STDERR_FILENO, watchdog_text, strlen(watchdog_text));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(3);
}

static inline void watchdog_feed(const char *text)
{
    signal(SIGALRM, watchdog_bark);
    strncpy(watchdog_text, text, sizeof(watchdog_text) - 1);
    alarm(WATCHDOG_SECONDS);
}

#endif
