#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Usage: mpirun -n RANKS replay --trace FILE [options]\n"
    "Repeats the steps of a training run of which only the layers are known:\n"
    "their sizes and how long each computes. The computation is emulated, the\n"
    "gradients (float, random, other ones in every step) are summed by MPI.\n"
    "  --trace FILE     CSV: name,elements,forward_ms,backward_ms[,rms], a "
    "line\n"
    "                   per layer in forward order; rms is its gradient's "
    "(0.001)\n"
    "  --post iallreduce|blocking|flat|none|thread\n"
    "                   MPI_Iallreduce per layer in backward order and one\n"
    "                   MPI_Waitall; MPI_Allreduce per layer; one of all\n"
    "                   layers at the end; no exchange; MPI_Allreduce per\n"
    "                   layer from a second thread, waited for at the end\n"
    "                   (iallreduce)\n"
    "  --need step|layer\n"
    "                   waits for all sums at the end of the step, or, with\n"
    "                   --post iallreduce, for each layer's in the next "
    "forward\n"
    "                   pass (step)\n"
    "  --compute sleep|busy\n"
    "                   sleeps as while a GPU works, or keeps the core busy\n"
    "                   (sleep)\n"
    "  --steps N        steps that are measured (50)\n"
    "  --warmup N       steps before these (5)\n"
    "  --scale X        times of the trace times X (1)\n"
    "  --jitter SHARE   each rank's times of each step are longer by a random\n"
    "                   share of up to this (0)\n"
    "  --steps-out FILE writes a line for each of these steps: time_s,wait_s\n"
    "  --help\n"
    "Prints, of the steps on rank 0: their number, median and 10th and 90th\n"
    "percentile, the computation in a step, and median times spent in calls\n"
    "that post an exchange and in calls that wait for it.\n";

enum {
    OPT_TRACE = 1,
    OPT_POST,
    OPT_NEED,
    OPT_COMPUTE,
    OPT_STEPS,
    OPT_WARMUP,
    OPT_SCALE,
    OPT_JITTER,
    OPT_STEPS_OUT,
    OPT_HELP
};

static const struct option LONG_OPTIONS[] = {
    {"trace", required_argument, NULL, OPT_TRACE},
    {"post", required_argument, NULL, OPT_POST},
    {"need", required_argument, NULL, OPT_NEED},
    {"compute", required_argument, NULL, OPT_COMPUTE},
    {"steps", required_argument, NULL, OPT_STEPS},
    {"warmup", required_argument, NULL, OPT_WARMUP},
    {"scale", required_argument, NULL, OPT_SCALE},
    {"jitter", required_argument, NULL, OPT_JITTER},
    {"steps-out", required_argument, NULL, OPT_STEPS_OUT},
    {"help", no_argument, NULL, OPT_HELP},
    {0}};

static bool parse_int(const char *text, long low, int *value_p)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < low || value > 1000000)
        return false;
    *value_p = (int)value;
    return true;
}

static bool parse_number(const char *text, double most, double *value_p)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0 && value <= most))
        return false;
    *value_p = value;
    return true;
}

/* The place of the word in a list that ends with NULL, or -1. */
static int find_word(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

static bool parse_post(const char *text, post_t *post_p)
{
    static const char *const words[] = {"iallreduce", "blocking", "flat",
                                        "none",       "thread",   NULL};
    int place = find_word(text, words);

    if (place >= 0)
        *post_p = (post_t)place;
    return place >= 0;
}

static bool parse_need(const char *text, need_t *need_p)
{
    static const char *const words[] = {"step", "layer", NULL};
    int place = find_word(text, words);

    *need_p = place == 1 ? NEED_LAYER : NEED_STEP;
    return place >= 0;
}

static bool parse_compute(const char *text, bool *busy_p)
{
    static const char *const words[] = {"sleep", "busy", NULL};
    int place = find_word(text, words);

    *busy_p = place == 1;
    return place >= 0;
}

static bool parse_one(int option, const char *text, options_t *options)
{
    switch (option) {
    case OPT_POST:
        return parse_post(text, &options->post);
    case OPT_NEED:
        return parse_need(text, &options->need);
    case OPT_COMPUTE:
        return parse_compute(text, &options->busy);
    case OPT_STEPS:
        return parse_int(text, 1, &options->steps);
    case OPT_WARMUP:
        return parse_int(text, 0, &options->warmup);
    case OPT_SCALE:
        return parse_number(text, 1000, &options->scale);
    case OPT_JITTER:
        return parse_number(text, 1, &options->jitter);
    case OPT_STEPS_OUT:
        options->steps_out = text;
        return true;
    default:
        options->trace = text;
        return true;
    }
}

/* Says what is wrong with a word of the command line. */
static options_result_t wrong(FILE *errors, const char *word, const char *what)
{
    if (errors)
        fprintf(errors, "replay: %s: %s (see --help)\n", word, what);
    return OPTIONS_WRONG;
}

options_result_t options_parse(int argc, char **argv, FILE *help, FILE *errors,
                               options_t *options_p)
{
    options_t options = {.steps = 50, .warmup = 5, .scale = 1};
    int option;

    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1) {
        if (option == OPT_HELP) {
            if (help)
                fputs(HELP, help);
            return OPTIONS_HELP;
        }
        if (option == '?')
            return wrong(errors, argv[optind - 1],
                         "unknown or incomplete option");
        if (!parse_one(option, optarg, &options))
            return wrong(errors, optarg, "not a valid value");
    }
    if (optind < argc)
        return wrong(errors, argv[optind], "what is this for?");
    if (!options.trace)
        return wrong(errors, "--trace", "needed");
    if (options.need == NEED_LAYER && options.post != POST_IALLREDUCE)
        return wrong(errors, "--need layer", "only with --post iallreduce");
    *options_p = options;
    return OPTIONS_OK;
}
