#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Usage: mpirun -n RANKS fashion_c [options]\n"
    "Trains a network on Fashion-MNIST; the ranks share the samples and sum\n"
    "their gradients, or parameters, layer by layer with MPI_Allreduce.\n"
    "  --model mlp|cnn  perceptron or convolutional network (mlp)\n"
    "  --hidden A,B,..  sizes of the hidden layers (mlp 2048,1536,512;\n"
    "                   cnn 1024)\n"
    "  --epochs N       passes over the samples (2)\n"
    "  --steps N        stop after N steps (0: at the end of the epochs)\n"
    "  --batch N        samples per rank and step (32)\n"
    "  --lr X           learning rate (0.02)\n"
    "  --lr-drop X      times this in the last quarter of the steps (0.1)\n"
    "  --momentum X     (0.9)\n"
    "  --seed N         of the weights and the order of the samples (1)\n"
    "  --iallreduce     MPI_Iallreduce per layer and one MPI_Waitall\n"
    "  --average N      average the parameters after every N-th step, and at\n"
    "                   the end, instead of summing gradients in each (0: no)\n"
    "  --data DIR       where the .gz files are\n"
    "                   (/usr/share/datasets/fashion-mnist)\n"
    "  --help\n";

enum {
    OPT_MODEL = 1,
    OPT_HIDDEN,
    OPT_EPOCHS,
    OPT_STEPS,
    OPT_BATCH,
    OPT_RATE,
    OPT_DROP,
    OPT_MOMENTUM,
    OPT_SEED,
    OPT_NONBLOCKING,
    OPT_AVERAGE,
    OPT_DATA,
    OPT_HELP
};

static const struct option LONG_OPTIONS[] = {
    {"model", required_argument, NULL, OPT_MODEL},
    {"hidden", required_argument, NULL, OPT_HIDDEN},
    {"epochs", required_argument, NULL, OPT_EPOCHS},
    {"steps", required_argument, NULL, OPT_STEPS},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"lr", required_argument, NULL, OPT_RATE},
    {"lr-drop", required_argument, NULL, OPT_DROP},
    {"momentum", required_argument, NULL, OPT_MOMENTUM},
    {"seed", required_argument, NULL, OPT_SEED},
    {"iallreduce", no_argument, NULL, OPT_NONBLOCKING},
    {"average", required_argument, NULL, OPT_AVERAGE},
    {"data", required_argument, NULL, OPT_DATA},
    {"help", no_argument, NULL, OPT_HELP},
    {0}};

static bool parse_int(const char *text, long low, long high, int *value_p)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < low || value > high)
        return false;
    *value_p = (int)value;
    return true;
}

static bool parse_real(const char *text, double low, double high,
                       double *value_p)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= low && value <= high))
        return false;
    *value_p = value;
    return true;
}

static bool parse_hidden(const char *text, options_t *options)
{
    char word[16];

    for (options->n_hidden = 0; options->n_hidden < OPTIONS_MAX_HIDDEN;) {
        size_t length = strcspn(text, ",");

        if (length >= sizeof(word))
            return false;
        memcpy(word, text, length);
        word[length] = '\0';
        if (!parse_int(word, 1, 65536, &options->hidden[options->n_hidden++]))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
    return false;
}

static bool parse_model(const char *text, options_t *options)
{
    options->cnn = strcmp(text, "cnn") == 0;
    return options->cnn || strcmp(text, "mlp") == 0;
}

static bool parse_one(int option, const char *text, options_t *options)
{
    int seed;

    switch (option) {
    case OPT_MODEL:
        return parse_model(text, options);
    case OPT_HIDDEN:
        return parse_hidden(text, options);
    case OPT_EPOCHS:
        return parse_int(text, 1, 100000, &options->epochs);
    case OPT_STEPS:
        return parse_int(text, 0, 1000000000, &options->steps);
    case OPT_BATCH:
        return parse_int(text, 1, 65536, &options->batch);
    case OPT_RATE:
        return parse_real(text, 0, 1e6, &options->rate);
    case OPT_DROP:
        return parse_real(text, 0, 1e6, &options->rate_drop);
    case OPT_MOMENTUM:
        return parse_real(text, 0, 1, &options->momentum);
    case OPT_SEED:
        if (!parse_int(text, 0, 0x7fffffff, &seed))
            return false;
        options->seed = (unsigned)seed;
        return true;
    case OPT_AVERAGE:
        return parse_int(text, 0, 1000000, &options->average);
    case OPT_DATA:
        options->data = text;
        return true;
    default:
        options->nonblocking = true;
        return true;
    }
}

__attribute__((format(printf, 2, 3))) static options_result_t wrong(
    FILE *errors, const char *format, ...)
{
    if (errors) {
        va_list arguments;

        va_start(arguments, format);
        fputs("fashion_c: ", errors);
        vfprintf(errors, format, arguments);
        fputs(" (see --help)\n", errors);
        va_end(arguments);
    }
    return OPTIONS_WRONG;
}

static void set_default_hidden(options_t *options)
{
    static const int mlp[] = {2048, 1536, 512};

    if (options->cnn) {
        options->hidden[0] = 1024;
        options->n_hidden = 1;
    } else {
        memcpy(options->hidden, mlp, sizeof(mlp));
        options->n_hidden = 3;
    }
}

options_result_t options_parse(int argc, char **argv, FILE *help, FILE *errors,
                               options_t *options_p)
{
    options_t options = {.epochs = 2,
                         .batch = 32,
                         .rate = 0.02,
                         .rate_drop = 0.1,
                         .momentum = 0.9,
                         .seed = 1,
                         .data = "/usr/share/datasets/fashion-mnist"};
    int option;
    int index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", LONG_OPTIONS, &index)) != -1) {
        if (option == OPT_HELP) {
            if (help)
                fputs(HELP, help);
            return OPTIONS_HELP;
        }
        if (option == '?')
            return wrong(errors, "%s: unknown or incomplete option",
                         argv[optind - 1]);
        if (!parse_one(option, optarg, &options))
            return wrong(errors, "--%s %s: not a valid value",
                         LONG_OPTIONS[index].name, optarg);
    }
    if (optind < argc)
        return wrong(errors, "%s: what is this for?", argv[optind]);
    if (options.n_hidden == 0)
        set_default_hidden(&options);
    if (options.cnn && options.n_hidden != 1)
        return wrong(errors, "--hidden: the cnn has one hidden layer");
    *options_p = options;
    return OPTIONS_OK;
}
