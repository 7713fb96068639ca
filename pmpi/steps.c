#include "pmpi/steps.h"

#include "base/clock.h"
#include "pmpi/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More steps than that are not remembered one by one. */
#define MOST_STEPS 100000
/* Reading the interfaces' counters costs tens of microseconds: at most once in
 * so many seconds. */
#define COUNTER_SECONDS 0.1
/* Threads that only look at calls end the job so many seconds late. */
#define STOP_PATIENCE 2.0

/* From a line of /proc/net/dev: "name: 8 receive columns, bytes sent, ..." */
static uint64_t sent_bytes(const char *line)
{
    const char *text = strchr(line, ':');
    uint64_t value = 0;

    if (text == NULL || strncmp(line + strspn(line, " "), "lo:", 3) == 0) {
        return 0;
    }
    text++;
    for (int column = 0; column < 9; column++) {
        char *end;

        value = strtoull(text, &end, 10);
        if (end == text) {
            return 0; /* a heading */
        }
        text = end;
    }
    return value;
}

uint64_t spar_steps_interface_bytes(void)
{
    FILE *file = fopen("/proc/self/net/dev", "r");
    char line[512];
    uint64_t sum = 0;

    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        sum += sent_bytes(line);
    }
    fclose(file);
    return sum;
}

static void remember(spar_steps_t *steps, double seconds)
{
    if (steps->count == steps->capacity) {
        size_t capacity = steps->capacity == 0 ? 256 : steps->capacity * 2;
        double *grown = NULL;

        if (capacity <= MOST_STEPS && !steps->full) {
            grown = realloc(steps->seconds, capacity * sizeof(*grown));
        }
        if (grown == NULL) {
            steps->full = true;
            return;
        }
        steps->seconds = grown;
        steps->capacity = capacity;
    }
    steps->seconds[steps->count++] = seconds;
}

/* When the first call was not started any more, seconds. */
static _Atomic double stopped_at;
static atomic_bool stopping;

bool spar_steps_are_over(void)
{
    return atomic_load_explicit(&stopped_at, memory_order_relaxed) > 0;
}

void spar_steps_stop_late(void)
{
    double at = atomic_load_explicit(&stopped_at, memory_order_relaxed);

    if (at > 0 && spar_clock_now() - at > STOP_PATIENCE) {
        spar_steps_stop_job();
    }
}

_Noreturn void spar_steps_stop_job(void)
{
    while (atomic_exchange(&stopping, true)) {
        pause(); /* another thread does it */
    }
    spar_real.Barrier(MPI_COMM_WORLD);
    fflush(NULL);
    spar_engine_stop();
    spar_real.Finalize();
    fflush(NULL);
    /* Not exit(): the trainer's own handlers may call MPI again. */
    _exit(0);
}

static void watch_traffic(spar_comm_t *comm, uint64_t step, double now)
{
    spar_steps_t *steps = &comm->steps;

    if (step < steps->steady_from) {
        return;
    }
    if (!steps->steady_started) {
        steps->steady_started = true;
        steps->steady_begin = step;
        steps->steady_bytes_begin = comm->bytes_sent;
        steps->steady_tx_begin = spar_steps_interface_bytes();
        steps->last_look = now;
    } else if (now - steps->last_look > COUNTER_SECONDS) {
        steps->last_look = now;
        steps->steady_steps = step - steps->steady_begin;
        steps->steady_bytes_end = comm->bytes_sent;
        steps->steady_tx_end = spar_steps_interface_bytes();
    }
}

bool spar_steps_begin(spar_comm_t *comm, double now)
{
    spar_steps_t *steps = &comm->steps;
    uint64_t step = comm->sequence->steps - 1;

    if (steps->last_begin > 0) {
        remember(steps, now - steps->last_begin);
    }
    steps->last_begin = now;
    watch_traffic(comm, step, now);
    steps->begun++;
    if (spar_engine.config.stop_steps > 0 &&
        steps->begun > spar_engine.config.stop_steps &&
        comm->size == spar_engine.size) {
        atomic_store(&stopped_at, spar_clock_now());
        return true;
    }
    return false;
}
