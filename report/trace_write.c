#include "report/trace.h"

#include "report/folder.h"
#include "spar_version.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A thread's selections have a track of their own, because they do not nest
 * in its waiting. */
#define SELECTIONS_TRACK 1000

typedef struct writer {
    FILE *file;
    const spar_trace_process_t *process;
    size_t index; /* of the event */
} writer_t;

spar_status_t spar_trace_prepare(const char *directory)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return SPAR_ERR_IO;
    }
    return spar_folder_check(directory);
}

/* As a JSON string. */
static void put_text(const writer_t *writer, const char *text)
{
    json_t *string = json_string(text);

    if (string == NULL || /* not UTF-8 */
        json_dumpf(string, writer->file, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) !=
            0) {
        fputs("\"?\"", writer->file);
    }
    json_decref(string);
}

/* Microseconds since rank 0's MPI_Init. */
static double at(const writer_t *writer, double seconds)
{
    return 1e6 * (seconds - writer->process->origin);
}

/* The line of an event up to its name, which has to need no escape. */
static void open_event(const writer_t *writer, const char *phase,
                       double seconds, unsigned track, const char *name)
{
    fprintf(writer->file,
            ",\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,\"ts\":%.3f,"
            "\"name\":\"%s\"",
            phase, writer->process->rank, track, at(writer, seconds), name);
}

static void put_async(const writer_t *writer, const char *phase,
                      const char *category, double seconds, const char *name)
{
    open_event(writer, phase, seconds, 0, name);
    fprintf(writer->file, ",\"cat\":\"%s\",\"id\":\"%d.%zu\"", category,
            writer->process->rank, writer->index);
}

static void close_event(const writer_t *writer)
{
    fputc('}', writer->file);
}

/* The layer's name, and where it belongs to. */
static void name_layer(const spar_trace_event_t *event, char *text, size_t size)
{
    static const char *const kinds[] = {[SPAR_TRACE_OUTSIDE] = "other call",
                                        [SPAR_TRACE_SLOT] = "slot",
                                        [SPAR_TRACE_STANDING] = "persistent"};
    char comm[24] = "";
    char number[16] = "";

    if (event->comm > 0) {
        snprintf(comm, sizeof(comm), "comm %d ", event->comm);
    }
    if (event->origin != SPAR_TRACE_OUTSIDE) {
        snprintf(number, sizeof(number), " %u", event->number);
    }
    snprintf(text, size, "%s%s%s", comm, kinds[event->origin], number);
}

static void put_place(const writer_t *writer, const spar_trace_event_t *event)
{
    fprintf(writer->file, ",\"args\":{\"comm\":%d,\"step\":%lld,\"plan\":%u",
            event->comm, (long long)event->step, event->plan);
    if (event->origin != SPAR_TRACE_OUTSIDE) {
        fprintf(writer->file, ",\"%s\":%u",
                event->origin == SPAR_TRACE_SLOT ? "slot" : "persistent",
                event->number);
    }
    fprintf(writer->file, ",\"count\":%llu", (unsigned long long)event->count);
}

static void put_call(const writer_t *writer, const spar_trace_event_t *event)
{
    double launched = event->call.launched;
    char layer[64];
    char name[96];
    char exchange[64];

    name_layer(event, layer, sizeof(layer));
    snprintf(name, sizeof(name), "%s (%llu)", layer,
             (unsigned long long)event->count);
    snprintf(exchange, sizeof(exchange), "exchange: %s", event->text);
    put_async(writer, "b", "call", event->begin, name);
    put_place(writer, event);
    fprintf(writer->file, ",\"method\":\"%s\",\"density\":%g,\"bytes\":%llu}",
            event->text, event->call.density,
            (unsigned long long)event->call.bytes);
    close_event(writer);
    if (launched > 0) {
        put_async(writer, "b", "call", launched, exchange);
        close_event(writer);
        put_async(writer, "e", "call", event->end, exchange);
        close_event(writer);
    }
    put_async(writer, "e", "call", event->end, name);
    close_event(writer);
}

/* Something that one thread does. */
static void put_span(const writer_t *writer, const spar_trace_event_t *event,
                     const char *what, unsigned track)
{
    char layer[64];
    char name[96];

    name_layer(event, layer, sizeof(layer));
    snprintf(name, sizeof(name), "%s %s", what, layer);
    open_event(writer, "X", event->begin, track, name);
    fprintf(writer->file, ",\"cat\":\"%s\",\"dur\":%.3f",
            event->kind == SPAR_TRACE_WAIT ? "wait" : "selection",
            1e6 * (event->end - event->begin));
    put_place(writer, event);
    fputc('}', writer->file);
    close_event(writer);
}

static void put_instant(const writer_t *writer, const spar_trace_event_t *event,
                        const char *name, const char *category)
{
    open_event(writer, "i", event->begin, 0, name);
    fprintf(writer->file,
            ",\"cat\":\"%s\",\"s\":\"p\",\"args\":{\"comm\":%d,"
            "\"step\":%lld,\"plan\":%u",
            category, event->comm, (long long)event->step, event->plan);
}

static void put_counter(const writer_t *writer, const spar_trace_event_t *event,
                        const char *what, const char *unit, double value)
{
    char name[64];

    snprintf(name, sizeof(name), event->comm > 0 ? "%s, comm %d" : "%s", what,
             event->comm);
    open_event(writer, "C", event->step_before.before, 0, name);
    fprintf(writer->file, ",\"args\":{\"%s\":%.9g}", unit, value);
    close_event(writer);
}

static void put_step(const writer_t *writer, const spar_trace_event_t *event)
{
    char name[64];

    snprintf(name, sizeof(name), "step %lld", (long long)event->step);
    put_instant(writer, event, name, "step");
    fputc('}', writer->file);
    close_event(writer);
    if (event->step_before.before > 0) {
        put_counter(writer, event, "sent per step", "bytes",
                    (double)event->step_before.bytes);
        put_counter(writer, event, "exposed per step", "seconds",
                    event->step_before.exposed);
    }
}

static void put_plan(const writer_t *writer, const spar_trace_event_t *event)
{
    char name[64];

    snprintf(name, sizeof(name), "plan %u", event->plan);
    put_instant(writer, event, name, "plan");
    fprintf(writer->file, ",\"layers\":%llu,\"sparse\":%llu,\"why\":",
            (unsigned long long)event->count,
            (unsigned long long)event->plan_part.sparse);
    put_text(writer, event->plan_part.why);
    fputc('}', writer->file);
    close_event(writer);
}

static void put_layers(const writer_t *writer, const spar_trace_event_t *event)
{
    char name[96];

    snprintf(name, sizeof(name), "plan %u: %llu by %s", event->plan,
             (unsigned long long)event->count, event->text);
    put_instant(writer, event, name, "plan");
    fprintf(writer->file,
            ",\"layers\":%llu,\"method\":\"%s\",\"density_least\":%g,"
            "\"density_most\":%g,\"why\":",
            (unsigned long long)event->count, event->text,
            (double)event->plan_part.least, (double)event->plan_part.most);
    put_text(writer, event->plan_part.why);
    fputc('}', writer->file);
    close_event(writer);
}

static void put_agreement(const writer_t *writer,
                          const spar_trace_event_t *event)
{
    put_async(writer, "b", "agreement", event->begin, event->text);
    fprintf(writer->file, ",\"args\":{\"comm\":%d,\"plan\":%u}", event->comm,
            event->plan);
    close_event(writer);
    put_async(writer, "e", "agreement", event->end, event->text);
    close_event(writer);
}

static void put_event(const writer_t *writer, const spar_trace_event_t *event)
{
    switch ((spar_trace_kind_t)atomic_load_explicit(&event->kind,
                                                    memory_order_acquire)) {
    case SPAR_TRACE_NOTHING:
        break;
    case SPAR_TRACE_CALL:
        put_call(writer, event);
        break;
    case SPAR_TRACE_SELECTION:
        put_span(writer, event, "select", SELECTIONS_TRACK + event->thread);
        break;
    case SPAR_TRACE_WAIT:
        put_span(writer, event, "wait for", event->thread);
        break;
    case SPAR_TRACE_STEP:
        put_step(writer, event);
        break;
    case SPAR_TRACE_PLAN:
        put_plan(writer, event);
        break;
    case SPAR_TRACE_LAYERS:
        put_layers(writer, event);
        break;
    case SPAR_TRACE_AGREEMENT:
        put_agreement(writer, event);
        break;
    }
}

static void put_name(const writer_t *writer, const char *what, unsigned track,
                     const char *name)
{
    fprintf(writer->file,
            ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\","
            "\"args\":{\"name\":",
            writer->process->rank, track, what);
    put_text(writer, name);
    fputs("}}", writer->file);
}

static void put_threads(const writer_t *writer)
{
    const char *name;

    for (uint16_t thread = 0; (name = spar_trace_thread_name(thread)) != NULL;
         thread++) {
        char selections[64];

        snprintf(selections, sizeof(selections), "%s %u: selection", name,
                 thread);
        put_name(writer, "thread_name", thread, name);
        put_name(writer, "thread_name", SELECTIONS_TRACK + thread, selections);
    }
}

/* Up to the first event, which others follow behind a comma. */
static void put_head(const writer_t *writer, const spar_trace_t *trace)
{
    const spar_trace_process_t *process = writer->process;
    char name[160];

    fprintf(writer->file,
            "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"spar\":\"%s\","
            "\"rank\":%d,\"ranks\":%d,\"dropped\":%zu,"
            "\"clock_offset_us\":%.3f,\"clock_error_us\":%.3f,\"host\":",
            SPAR_VERSION_STRING, process->rank, process->ranks,
            spar_trace_dropped(trace), 1e6 * process->offset,
            1e6 * process->error);
    put_text(writer, process->host);
    fprintf(writer->file,
            "},\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"pid\":%d,\"name\":\"process_sort_index\","
            "\"args\":{\"sort_index\":%d}}",
            process->rank, process->rank);
    snprintf(name, sizeof(name), "rank %d (%s)", process->rank, process->host);
    put_name(writer, "process_name", 0, name);
    put_threads(writer);
}

static void put_all(writer_t *writer, const spar_trace_t *trace)
{
    size_t taken = atomic_load(&trace->taken);
    size_t count = taken < trace->capacity ? taken : trace->capacity;

    put_head(writer, trace);
    for (size_t i = 0; i < count; i++) {
        writer->index = i;
        put_event(writer, &trace->events[i]);
    }
    fputs("\n]}\n", writer->file);
}

/* false: errno tells why. */
static int write_to(const char *path, const spar_trace_t *trace,
                    const spar_trace_process_t *process)
{
    writer_t writer = {.file = fopen(path, "w"), .process = process};
    int failed;

    if (writer.file == NULL) {
        return 0;
    }
    put_all(&writer, trace);
    failed = ferror(writer.file);
    return fclose(writer.file) == 0 && !failed;
}

spar_status_t spar_trace_write(const spar_trace_t *trace,
                               const spar_trace_process_t *process,
                               const char *directory)
{
    char *path = NULL;
    char *beside = NULL;
    int written, cause;

    if (asprintf(&path, "%s/spar.rank%d.json", directory, process->rank) < 0 ||
        asprintf(&beside, "%s.tmp", path) < 0) {
        free(path);
        errno = ENOMEM;
        return SPAR_ERR_IO;
    }
    written = write_to(beside, trace, process) && rename(beside, path) == 0;
    cause = errno;
    if (!written) {
        (void)unlink(beside);
    }
    free(path);
    free(beside);
    errno = cause;
    return written ? SPAR_OK : SPAR_ERR_IO;
}
