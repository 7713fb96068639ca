/* spar info: version, configuration, and what Spar sees of the machine. */
#include "policy/config.h"
#include "tools/info/info.h"
#include "tools/path.h"

#include "spar_version.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: spar info [OPTION]\n"
    "\n"
    "Without an option: version, parts, and what is seen of the machine.\n"
    "\n"
    "  -c, --config       the settings in force, from the SPAR_ variables of\n"
    "                     the environment, beside their defaults\n"
    "  -t, --topology     hosts, ranks, links, what messages cost, and where\n"
    "                     each number comes from; under mpirun, of the job,\n"
    "                     whose links are measured for a moment\n"
    "      --json         with -t: for programs\n"
    "  -f, --full         with -c: what each setting means and allows\n"
    "      --env-example  the file env.example\n"
    "      --man-config   the settings as rows of a man page (roff)\n"
    "  -h, --help         this text\n"
    "\n"
    "Options can be joined: -cf. Exit code: 0; 2 when an option or the value\n"
    "of a setting is not allowed.\n";

typedef struct request {
    int config;
    int full;
    int topology;
    int json;
} request_t;

void spar_info_row(const char *label, const char *format, ...)
{
    va_list args;

    printf("  %-12s", label);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void print_parts(void)
{
    char *library = spar_path_library();

    puts("Spar");
    spar_info_row("version", "%s (%s, %s)", SPAR_VERSION_STRING,
                  SPAR_BUILD_TYPE, SPAR_BUILD_COMPILER);
    spar_info_row("library", "%s", library == NULL ? "missing" : library);
    spar_info_launcher();
    free(library);
}

static void print_unknown(const char *line)
{
    fprintf(stderr, "spar info: warning: %s\n", line);
}

/* NAME, value, and the default where it differs. */
static void print_table(const spar_config_t *config)
{
    spar_config_t defaults;
    char value[SPAR_CONFIG_VALUE_MAX], initial[SPAR_CONFIG_VALUE_MAX];

    spar_config_defaults(&defaults);
    for (size_t row = 0; row < spar_config_rows(); row++) {
        spar_config_value(config, row, value, sizeof(value));
        if (!spar_config_is_changed(config, row)) {
            printf("%-20s %s\n", spar_config_name(row), value);
            continue;
        }
        spar_config_value(&defaults, row, initial, sizeof(initial));
        printf("%-20s %s  (default: %s)\n", spar_config_name(row), value,
               initial);
    }
}

static int print_config(int full)
{
    spar_config_t config;
    char error[512];

    if (spar_config_load(&config, error, sizeof(error)) != SPAR_OK) {
        fprintf(stderr, "spar info: %s\n", error);
        return 2;
    }
    spar_config_report_unknown(print_unknown);
    if (full) {
        spar_config_print(&config, stdout, 1);
    } else {
        print_table(&config);
    }
    return 0;
}

/* "-c", "-f", "-t" and joined forms; 0 when it is none of them. */
static int read_short(const char *word, request_t *request)
{
    if (word[0] != '-' || word[1] == '\0' ||
        word[1 + strspn(word + 1, "cft")] != '\0') {
        return 0;
    }
    request->config |= strchr(word, 'c') != NULL;
    request->full |= strchr(word, 'f') != NULL;
    request->topology |= strchr(word, 't') != NULL;
    return 1;
}

/* Prints what an option asks for by itself; 0 when it is no such option. */
static int print_single(const char *word)
{
    if (strcmp(word, "--env-example") == 0) {
        spar_config_print_env_example(stdout);
    } else if (strcmp(word, "--man-config") == 0) {
        spar_config_print_man(stdout);
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(help, stdout);
    } else {
        return 0;
    }
    return 1;
}

/* Long forms; 0 when it is none of them. */
static int read_long(const char *word, request_t *request)
{
    const struct {
        const char *word;
        int *field;
    } options[] = {{"--config", &request->config},
                   {"--full", &request->full},
                   {"--topology", &request->topology},
                   {"--json", &request->json}};

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        if (strcmp(word, options[i].word) == 0) {
            *options[i].field = 1;
            return 1;
        }
    }
    return 0;
}

static int answer(const request_t *request)
{
    if (request->topology) {
        return spar_info_topology(request->json != 0);
    }
    if (request->json) {
        fprintf(stderr, "spar info: --json goes with -t\n");
        return 2;
    }
    if (request->config || request->full) {
        return print_config(request->full);
    }
    print_parts();
    spar_info_machine();
    spar_info_ucx();
    return 0;
}

int main(int argc, char **argv)
{
    request_t request = {0};

    for (int i = 1; i < argc; i++) {
        if (print_single(argv[i])) {
            return 0;
        }
        if (!read_long(argv[i], &request) && !read_short(argv[i], &request)) {
            fprintf(stderr,
                    "spar info: unknown option %s (see spar info --help)\n",
                    argv[i]);
            return 2;
        }
    }
    return answer(&request);
}
