#include "tools/topology/job.h"
#include "tools/words.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct strokes {
    const char *across, *down;
    const char *top_left, *top_right, *bottom_left, *bottom_right;
    const char *leave, *enter; /* where a link joins a box */
} strokes_t;

static const strokes_t ascii = {"-", "|", "+", "+", "+", "+", "+", "+"};
static const strokes_t unicode = {"\u2500", "\u2502", "\u250c", "\u2510",
                                  "\u2514", "\u2518", "\u252c", "\u2534"};

/* Where links leave a box, in characters from its left edge. */
#define STEM 8

static const strokes_t *choose_strokes(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? &unicode : &ascii;
}

static void format_cost(double alpha, double beta, char *text, size_t size)
{
    snprintf(text, size, "%.3g us, %.3g Gbit/s", alpha * 1e6, 8e-9 / beta);
}

/* "0-3, 8": the ranks of a host. */
static void format_ranks(const spar_job_t *job, int leader, char *text,
                         size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int rank = 0; rank < job->ranks && used < size; rank++) {
        int first = rank;

        if (job->leaders[rank] != leader) {
            continue;
        }
        while (rank + 1 < job->ranks && job->leaders[rank + 1] == leader) {
            rank++;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%d",
                                 used > 0 ? ", " : "", first);
        if (rank > first && used < size) {
            used += (size_t)snprintf(text + used, size - used, "-%d", rank);
        }
    }
}

static void format_numa(int32_t numa, char *text, size_t size)
{
    text[0] = '\0';
    if (numa >= 0) {
        snprintf(text, size, ", NUMA node %d", numa);
    }
}

static void add_nic(const spar_nic_t *nic, bool picked, spar_words_t *lines)
{
    static const char *const states[] = {[SPAR_NIC_UNKNOWN] = "",
                                         [SPAR_NIC_DOWN] = ", down",
                                         [SPAR_NIC_UP] = ""};
    char numa[32], speed[32] = "speed unknown";

    if (nic->rate > 0) {
        snprintf(speed, sizeof(speed), "%g Gbit/s", nic->rate * 8e-9);
    }
    format_numa(nic->numa, numa, sizeof(numa));
    spar_words_addf(lines, "NIC    %c %s, %s%s%s%s%s", picked ? '*' : ' ',
                    nic->name, speed, states[nic->state],
                    nic->hardware ? "" : ", virtual",
                    nic->infiniband ? ", InfiniBand" : "", numa);
}

static void add_devices(const spar_topology_t *facts, spar_words_t *lines)
{
    for (int i = 0; i < facts->nic_count; i++) {
        add_nic(&facts->nics[i], i == facts->picked, lines);
    }
    if (facts->nic_count == 0) {
        spar_words_add(lines, "NIC      none seen");
    }
    for (int i = 0; i < facts->gpu_count; i++) {
        char numa[32];

        format_numa(facts->gpus[i].numa, numa, sizeof(numa));
        spar_words_addf(lines, "GPU      %s%s", facts->gpus[i].name, numa);
    }
}

static const spar_job_link_t *find_link(const spar_job_t *job, int from,
                                        spar_level_t level)
{
    for (int i = 0; i < job->link_count; i++) {
        if (job->links[i].from == from && job->links[i].level == level) {
            return &job->links[i];
        }
    }
    return NULL;
}

static void add_link(const spar_job_link_t *link, const char *label,
                     spar_words_t *lines)
{
    char cost[64];

    format_cost(link->alpha, link->beta, cost, sizeof(cost));
    spar_words_addf(lines, "%s%s, ranks %d and %d", label, cost, link->from,
                    link->to);
}

static void describe_host(const spar_job_t *job, const spar_job_host_t *host,
                          spar_words_t *lines)
{
    const spar_job_link_t *inside =
        find_link(job, host->leader, SPAR_LEVEL_NODE);
    char ranks[256];

    if (job->ranks > 0) {
        format_ranks(job, host->leader, ranks, sizeof(ranks));
        spar_words_addf(lines, "ranks    %s", ranks);
    }
    if (host->facts.cores > 0) {
        spar_words_addf(lines, "cores    %d, packages %d, NUMA nodes %d",
                        host->facts.cores, host->facts.packages,
                        host->facts.numa_nodes);
    } else {
        spar_words_add(lines, "cores    unknown");
    }
    if (host->helper[0] != '\0') {
        spar_words_addf(lines, "helper   %s", host->helper);
    }
    add_devices(&host->facts, lines);
    if (inside != NULL) {
        add_link(inside, "inside   ", lines);
    }
}

static void repeat(const char *text, size_t count)
{
    while (count-- > 0) {
        fputs(text, stdout);
    }
}

/* A horizontal edge of `width` strokes with a title or a stem, or neither. */
static void draw_edge(const strokes_t *strokes, const char *left,
                      const char *right, const char *title, const char *stem,
                      size_t width)
{
    fputs(left, stdout);
    repeat(strokes->across, STEM - 1);
    fputs(stem == NULL ? strokes->across : stem, stdout);
    width -= STEM;
    if (title != NULL) {
        printf(" %s ", title);
        width -= strlen(title) + 2;
    }
    repeat(strokes->across, width);
    puts(right);
}

static size_t longest(const spar_words_t *lines, const char *title)
{
    size_t width = STEM + strlen(title) + 3;

    for (size_t i = 0; i < lines->count; i++) {
        size_t length = strlen(lines->words[i]) + 2;

        width = length > width ? length : width;
    }
    return width;
}

static void draw_host(const strokes_t *strokes, const spar_job_t *job,
                      int index)
{
    const spar_job_host_t *host = &job->hosts[index];
    bool last = index + 1 == job->host_count;
    spar_words_t lines = {0};
    size_t width;

    describe_host(job, host, &lines);
    width = longest(&lines, host->name);
    draw_edge(strokes, strokes->top_left, strokes->top_right, host->name,
              index > 0 ? strokes->enter : NULL, width);
    for (size_t i = 0; i < lines.count; i++) {
        printf("%s %-*s %s\n", strokes->down, (int)width - 2, lines.words[i],
               strokes->down);
    }
    draw_edge(strokes, strokes->bottom_left, strokes->bottom_right, NULL,
              last ? NULL : strokes->leave, width);
    spar_words_free(&lines);
}

static void draw_link(const strokes_t *strokes, const spar_job_t *job,
                      int leader)
{
    const spar_job_link_t *link = find_link(job, leader, SPAR_LEVEL_NETWORK);
    spar_words_t lines = {0};

    if (link == NULL) {
        spar_words_add(&lines, "not measured");
    } else {
        add_link(link, "", &lines);
    }
    printf("%*s%s  %s\n", STEM, "", strokes->down, lines.words[0]);
    spar_words_free(&lines);
}

static void draw_hosts(const strokes_t *strokes, const spar_job_t *job)
{
    int shown =
        job->host_count < SPAR_JOB_HOSTS ? job->host_count : SPAR_JOB_HOSTS;

    for (int i = 0; i < shown; i++) {
        draw_host(strokes, job, i);
        if (i + 1 < job->host_count) {
            draw_link(strokes, job, job->hosts[i].leader);
        }
    }
    if (shown < job->host_count) {
        printf("%*s%d more hosts\n", STEM, "", job->host_count - shown);
    }
}

static void print_cost(const char *label, double alpha, double beta,
                       const char *source)
{
    char cost[64];

    format_cost(alpha, beta, cost, sizeof(cost));
    printf("  %-11s %-26s %s\n", label, cost, source);
}

static void print_level(const spar_job_t *job, spar_level_t level)
{
    const spar_prior_t *prior = &job->priors[level];
    const spar_prior_t *estimate = &job->estimates[level];
    const char *label = level == SPAR_LEVEL_NODE ? "same host" : "other host";
    double alpha, beta;

    if (spar_job_measured(job, level, &alpha, &beta)) {
        print_cost(label, alpha, beta, "measured (the slowest)");
        label = "";
    }
    print_cost(label, prior->alpha, prior->beta, prior->source);
    if (estimate->alpha > 0) {
        print_cost("", estimate->alpha, estimate->beta, estimate->source);
    }
}

static void print_legend(const spar_job_t *job)
{
    const spar_topology_t *facts = &job->hosts[0].facts;

    puts("\nLatency of a message, and rate beyond it:");
    for (int i = 0; i < SPAR_LEVELS; i++) {
        print_level(job, (spar_level_t)i);
    }
    if (facts->picked >= 0) {
        printf("* %s; which interface MPI uses cannot be asked.\n",
               spar_nic_reason_string(facts->reason));
    }
    puts("Which hosts share a switch cannot be seen from them.");
}

void spar_job_draw(const spar_job_t *job)
{
    if (job->ranks > 0) {
        printf("%d rank%s on %d host%s\n", job->ranks,
               job->ranks == 1 ? "" : "s", job->host_count,
               job->host_count == 1 ? "" : "s");
    } else {
        puts(
            "No job: this host. Links are measured by mpirun ... spar info -t");
    }
    draw_hosts(choose_strokes(), job);
    print_legend(job);
}
