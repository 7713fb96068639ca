/* spar run: starts a program, or a launcher's ranks, with Spar loaded. */
#include "tools/commands.h"
#include "tools/launcher.h"
#include "tools/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: spar run [SPAR_NAME=VALUE ...] -- mpirun [OPTIONS] PROGRAM ...\n"
    "       mpirun [OPTIONS] spar run -- PROGRAM ...\n"
    "\n"
    "Runs an MPI program with Spar loaded. The program stays as it is.\n"
    "\n"
    "In front of mpirun, mpiexec, orterun or prun (Open MPI) and of srun\n"
    "(Slurm), every rank gets libspar.so by LD_PRELOAD, behind what is\n"
    "preloaded already, and all SPAR_ variables of the environment. Behind\n"
    "the launcher, 'spar run' sets LD_PRELOAD and becomes the program.\n"
    "\n"
    "  SPAR_NAME=VALUE  set a variable for this run ('spar info -c' lists "
    "them)\n"
    "      --dry-run    print the command that would be started\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit code: the program's own; 2 for a mistake in this command line, 126\n"
    "for a program that cannot be started, 127 for one that does not exist.\n";

/* Reads options and assignments; returns the place of the first word of the
   command. */
static int read_arguments(int argc, char **argv, int *dry_run_p)
{
    int at;

    for (at = 1; at < argc; at++) {
        char *equals = strchr(argv[at], '=');

        if (strcmp(argv[at], "--") == 0) {
            return at + 1;
        }
        if (strcmp(argv[at], "--dry-run") == 0) {
            *dry_run_p = 1;
        } else if (argv[at][0] == '-') {
            spar_die(2, "run", "unknown option %s (see spar run --help)",
                     argv[at]);
        } else if (strncmp(argv[at], "SPAR_", 5) == 0 && equals != NULL) {
            *equals = '\0';
            setenv(argv[at], equals + 1, 1);
            *equals = '=';
        } else {
            break;
        }
    }
    return at;
}

/* Builds the line for the words and prepares the environment for it. */
static void prepare(char **words, const char *library, spar_words_t *line_p)
{
    char *preload;

    switch (spar_launcher_of(words[0])) {
    case SPAR_LAUNCHER_MPIRUN:
        spar_launcher_mpirun(words, library, line_p);
        break;
    case SPAR_LAUNCHER_SRUN:
        spar_launcher_srun(words, library, line_p);
        break;
    case SPAR_LAUNCHER_NONE:
        preload = spar_launcher_preload(getenv("LD_PRELOAD"), library);
        setenv("LD_PRELOAD", preload, 1);
        free(preload);
        for (; *words != NULL; words++) {
            spar_words_add(line_p, *words);
        }
        break;
    }
}

/* Prints a word so that a shell reads the same word. */
static void print_quoted(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./@%";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            fputs("'\\''", stdout);
        } else {
            putchar(*word);
        }
    }
    putchar('\'');
}

static void print_line(const spar_words_t *line, const char *preload)
{
    if (preload != NULL) {
        fputs("LD_PRELOAD=", stdout);
        print_quoted(preload);
        putchar(' ');
    }
    for (size_t i = 0; i < line->count; i++) {
        print_quoted(line->words[i]);
        putchar(i + 1 == line->count ? '\n' : ' ');
    }
}

int spar_command_run(int argc, char **argv)
{
    spar_words_t line = {0};
    int dry_run = 0, at, code;
    char *library;

    if (argc > 1 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    at = read_arguments(argc, argv, &dry_run);
    if (at >= argc) {
        spar_die(2, "run", "no program given (see spar run --help)");
    }
    library = spar_path_library();
    if (library == NULL) {
        spar_die(2, "run",
                 "libspar.so is missing: it belongs into the directory lib "
                 "beside the one of this command");
    }
    prepare(argv + at, library, &line);
    free(library);
    if (dry_run) {
        print_line(&line, spar_launcher_of(argv[at]) == SPAR_LAUNCHER_NONE
                              ? getenv("LD_PRELOAD")
                              : NULL);
        spar_words_free(&line);
        return 0;
    }
    execvp(argv[at], line.words);
    code = errno == ENOENT ? 127 : 126;
    fprintf(stderr, "spar run: cannot start %s: %s\n", argv[at],
            strerror(errno));
    spar_words_free(&line);
    return code;
}
