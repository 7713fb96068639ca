/*
 * Slurm's srun. Its --export takes ALL, NONE, names, or NAME=VALUE, separated
 * by commas, so a value that holds a comma cannot be written there: SPAR_
 * variables travel by ALL or by name, only LD_PRELOAD by value (it must not be
 * in srun's own environment).
 */
#include "tools/launcher.h"

#include <stdlib.h>
#include <string.h>

static const char *const flags[] = {"contiguous",
                                    "disable-status",
                                    "exclusive",
                                    "h",
                                    "help",
                                    "H",
                                    "hold",
                                    "I",
                                    "K",
                                    "kill-on-bad-exit",
                                    "k",
                                    "l",
                                    "label",
                                    "multi-prog",
                                    "no-kill",
                                    "no-requeue",
                                    "O",
                                    "overcommit",
                                    "overlap",
                                    "exact",
                                    "Q",
                                    "quiet",
                                    "s",
                                    "oversubscribe",
                                    "pty",
                                    "reboot",
                                    "requeue",
                                    "spread-job",
                                    "unbuffered",
                                    "u",
                                    "use-min-nodes",
                                    "v",
                                    "verbose",
                                    "V",
                                    "version",
                                    "X",
                                    "disable-interrupt",
                                    "Z",
                                    "no-allocate",
                                    "whole",
                                    "test-only",
                                    "usage",
                                    NULL};
static const char *const pairs[] = {NULL};
static const spar_launcher_options_t options = {flags, pairs};

/* Words that the option takes: "-n4", "-n 4", "--ntasks=4", "--ntasks 4". */
static size_t option_words(const char *option)
{
    int is_long = option[1] == '-';

    if (is_long ? strchr(option, '=') != NULL : strlen(option) > 2) {
        return 1;
    }
    return spar_launcher_option_words(&options, option);
}

/* Reads srun's options into `line_p` without --export, whose list comes back
   in *list_p when there is one. Returns the place of the program. */
static size_t read_options(char *const *words, spar_words_t *line_p,
                           const char **list_p)
{
    size_t at = 1;

    while (words[at] != NULL && words[at][0] == '-') {
        size_t span = option_words(words[at]);

        if (strncmp(words[at], "--export=", 9) == 0) {
            *list_p = words[at++] + 9;
            continue;
        }
        if (strcmp(words[at], "--export") == 0 && words[at + 1] != NULL) {
            *list_p = words[at + 1];
            at += 2;
            continue;
        }
        for (; span > 0 && words[at] != NULL; span--) {
            spar_words_add(line_p, words[at++]);
        }
    }
    return at;
}

/* The value of --export: the user's list with Spar's variables added. */
static char *export_list(const char *list, const char *library)
{
    spar_words_t items = {0}, kept = {0}, names = {0};
    const char *existing = getenv("LD_PRELOAD");
    char *preload, *joined;
    int all = 0;

    spar_words_split(&items, list, ",");
    for (size_t i = 0; i < items.count; i++) {
        const char *item = items.words[i];

        if (strncmp(item, "LD_PRELOAD=", 11) == 0) {
            existing = item + 11;
        } else if (strcmp(item, "LD_PRELOAD") != 0 &&
                   strcmp(item, "NONE") != 0 && strcmp(item, "NIL") != 0) {
            spar_words_add(&kept, item);
            all |= strcmp(item, "ALL") == 0;
        }
    }
    preload = spar_launcher_preload(existing, library);
    if (strchr(preload, ',') != NULL) {
        spar_die(2, "run", "srun cannot forward a path with a comma: %s",
                 preload);
    }
    if (!all) {
        spar_launcher_variables(&names);
        for (size_t i = 0; i < names.count; i++) {
            spar_words_add(&kept, names.words[i]);
        }
    }
    spar_words_addf(&kept, "LD_PRELOAD=%s", preload);
    joined = spar_words_join(&kept, ",");
    free(preload);
    spar_words_free(&items);
    spar_words_free(&kept);
    spar_words_free(&names);
    return joined;
}

void spar_launcher_srun(char *const *words, const char *library,
                        spar_words_t *line_p)
{
    /* Slurm's own default for --export, which the option overrides. */
    const char *list = getenv("SLURM_EXPORT_ENV");
    spar_words_t before = {0};
    size_t program, end;
    char *joined;

    program = read_options(words, &before, &list);
    joined = export_list(list == NULL ? "ALL" : list, library);
    spar_words_add(line_p, words[0]);
    spar_words_addf(line_p, "--export=%s", joined);
    spar_words_add_range(line_p, before.words, 0, before.count);
    for (end = program; words[end] != NULL;) {
        end++;
    }
    spar_words_add_range(line_p, words, program, end);
    spar_words_free(&before);
    free(joined);
}
