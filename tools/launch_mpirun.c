/*
 * Open MPI's mpirun. Facts that this relies on, seen with 4.1: `-x` holds for
 * its own application context only (contexts are separated by ":"), a later
 * `-x NAME=...` overrides an earlier one, and `-x` together with the parameter
 * mca_base_env_list is refused.
 */
#include "tools/launcher.h"

#include <stdlib.h>
#include <string.h>

#define PRELOAD       "LD_PRELOAD"
#define ENV_LIST      "mca_base_env_list"
#define ENV_LIST_NAME "OMPI_MCA_" ENV_LIST

static const char *const flags[] = {"allow-run-as-root",
                                    "bind-to-core",
                                    "bind-to-socket",
                                    "bycore",
                                    "bynode",
                                    "byslot",
                                    "continuous",
                                    "d",
                                    "debug",
                                    "debug-daemons",
                                    "debug-daemons-file",
                                    "debug-devel",
                                    "disable-recovery",
                                    "display-allocation",
                                    "display-devel-allocation",
                                    "display-devel-map",
                                    "display-diffable-map",
                                    "display-map",
                                    "display-topo",
                                    "do-not-launch",
                                    "do-not-resolve",
                                    "dvm",
                                    "enable-instant-on-support",
                                    "enable-recovery",
                                    "fwd-mpirun-port",
                                    "get-stack-traces",
                                    "index-argv-by-rank",
                                    "leave-session-attached",
                                    "merge-stderr-to-stdout",
                                    "nolocal",
                                    "nooversubscribe",
                                    "noprefix",
                                    "novm",
                                    "output-proctable",
                                    "oversubscribe",
                                    "pernode",
                                    "preload-binary",
                                    "q",
                                    "quiet",
                                    "report-bindings",
                                    "report-child-jobs-separately",
                                    "report-pid",
                                    "report-state-on-timeout",
                                    "s",
                                    "set-cwd-to-session-dir",
                                    "show-progress",
                                    "tag-output",
                                    "timestamp-output",
                                    "tv",
                                    "use-hwthread-cpus",
                                    "use-regexp",
                                    "v",
                                    "V",
                                    "verbose",
                                    "version",
                                    "xml",
                                    NULL};
static const char *const pairs[] = {"mca", "gmca", "omca", "gomca", NULL};
static const spar_launcher_options_t options = {flags, pairs};

/* What one context of the user's line says about the environment. */
typedef struct context {
    spar_words_t names;   /* variables that the user's own -x forwards */
    spar_words_t options; /* the other options, and those -x */
    const char *preload;  /* LD_PRELOAD of the ranks without Spar, or NULL */
} context_t;

/* One `-x item` of the user: NAME or NAME=VALUE. */
static void forward(context_t *context, const char *item)
{
    size_t length = strcspn(item, "=");

    if (length == strlen(PRELOAD) && strncmp(item, PRELOAD, length) == 0) {
        context->preload =
            item[length] == '=' ? item + length + 1 : getenv(PRELOAD);
        return;
    }
    spar_words_addf(&context->names, "%.*s", (int)length, item);
    spar_words_add(&context->options, "-x");
    spar_words_add(&context->options, item);
}

/* The items of mca_base_env_list become -x items, as both at once do not
   work. The pieces live in `keep`, which outlives the context. */
static void forward_list(context_t *context, const char *list,
                         spar_words_t *keep)
{
    size_t from = keep->count;

    spar_words_split(keep, list, ";");
    for (size_t i = from; i < keep->count; i++) {
        forward(context, keep->words[i]);
    }
}

/* Reads the options that start at `at`; returns the place of the program. */
static size_t read_options(char *const *words, size_t at, context_t *context,
                           spar_words_t *keep)
{
    while (words[at] != NULL && words[at][0] == '-') {
        const char *name = words[at] + strspn(words[at], "-");
        size_t span = spar_launcher_option_words(&options, words[at]);
        size_t have = 0;

        while (have < span && words[at + have] != NULL) {
            have++;
        }
        if (strcmp(name, "app") == 0) {
            spar_die(2, "run",
                     "an application file (%s) cannot be extended; write "
                     "'spar run --' before each program in it",
                     words[at]);
        }
        if (have == 2 && strcmp(name, "x") == 0) {
            forward(context, words[at + 1]);
        } else if (have == 3 && strcmp(words[at + 1], ENV_LIST) == 0) {
            forward_list(context, words[at + 2], keep);
        } else {
            spar_words_add_range(&context->options, words, at, at + have);
        }
        at += have;
    }
    return at;
}

/* Adds what Spar needs, then the user's options. */
static void write_options(const context_t *context, const char *library,
                          spar_words_t *line_p)
{
    char *preload = spar_launcher_preload(context->preload, library);
    spar_words_t names = {0};

    spar_words_add(line_p, "-x");
    spar_words_addf(line_p, PRELOAD "=%s", preload);
    spar_launcher_variables(&names);
    for (size_t i = 0; i < names.count; i++) {
        if (!spar_words_has(&context->names, names.words[i])) {
            spar_words_add(line_p, "-x");
            spar_words_add(line_p, names.words[i]);
        }
    }
    spar_words_add_range(line_p, context->options.words, 0,
                         context->options.count);
    spar_words_free(&names);
    free(preload);
}

void spar_launcher_mpirun(char *const *words, const char *library,
                          spar_words_t *line_p)
{
    const char *list = getenv(ENV_LIST_NAME);
    spar_words_t keep = {0};
    size_t at = 1;

    spar_words_add(line_p, words[0]);
    for (;;) {
        context_t context = {.preload = getenv(PRELOAD)};
        size_t program;

        if (list != NULL) {
            forward_list(&context, list, &keep);
        }
        program = read_options(words, at, &context, &keep);
        write_options(&context, library, line_p);
        spar_words_free(&context.names);
        spar_words_free(&context.options);
        for (at = program; words[at] != NULL && strcmp(words[at], ":") != 0;) {
            spar_words_add(line_p, words[at++]);
        }
        if (words[at] == NULL) {
            break;
        }
        spar_words_add(line_p, words[at++]);
    }
    unsetenv(ENV_LIST_NAME);
    spar_words_free(&keep);
}
