/*
 * Spar: command lines of job launchers, rewritten so that every rank gets
 * libspar.so by LD_PRELOAD and all SPAR_ variables, while the launcher itself
 * runs without the library.
 */
#ifndef SPAR_TOOLS_LAUNCHER_H
#define SPAR_TOOLS_LAUNCHER_H

#include "tools/words.h"

typedef enum spar_launcher {
    SPAR_LAUNCHER_NONE,   /* an ordinary program */
    SPAR_LAUNCHER_MPIRUN, /* Open MPI: mpirun, mpiexec, orterun, prun */
    SPAR_LAUNCHER_SRUN    /* Slurm */
} spar_launcher_t;

/* What the first word of a command line starts; directories are ignored. */
spar_launcher_t spar_launcher_of(const char *program);

/* How many words an option takes, itself included. Names are given without
   dashes; an option of neither list has one value. */
typedef struct spar_launcher_options {
    const char *const *flags; /* options without a value; ends with NULL */
    const char *const *pairs; /* options with two values; ends with NULL */
} spar_launcher_options_t;

/* Words of the option `option` by the lists. */
size_t spar_launcher_option_words(const spar_launcher_options_t *options,
                                  const char *option);

/*
 * `existing` (a value of LD_PRELOAD, or NULL) with `library` as its last
 * entry: a classic PMPI tool behind Spar would be bypassed. An older entry
 * libspar.so is replaced. The caller frees it.
 */
char *spar_launcher_preload(const char *existing, const char *library);

/* Names of all SPAR_ variables of the environment. */
void spar_launcher_variables(spar_words_t *names_p);

/* Rewrites mpirun's or srun's command line; words[0] is the launcher. */
void spar_launcher_mpirun(char *const *words, const char *library,
                          spar_words_t *line_p);
void spar_launcher_srun(char *const *words, const char *library,
                        spar_words_t *line_p);

#endif
