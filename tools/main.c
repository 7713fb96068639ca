/* The spar command: finds the subcommand and hands over. */
#include "tools/commands.h"
#include "tools/path.h"
#include "tools/words.h"

#include "spar_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: spar COMMAND [ARGUMENTS]\n"
    "\n"
    "Makes the gradient exchange of an MPI trainer sparse, without a change\n"
    "to the trainer.\n"
    "\n"
    "  run     start a program under mpirun or srun with Spar loaded\n"
    "  ab      measure a program without and with Spar, side by side\n"
    "  advise  what Spar would do for a program, and what a step would take\n"
    "  report  show what SPAR_REPORT=FILE.json or SPAR_TRACE=DIR left behind\n"
    "  sim     predict exchanges by method, from 2 to 65,536 ranks\n"
    "  info    version, configuration, and what Spar sees of the machine\n"
    "\n"
    "'spar COMMAND --help' tells more. 'spar --version' prints the version.\n";

/* Becomes a program of libexec/spar: a Python script by its ending. The
   system's own interpreter comes first, as its packages are the ones that a
   distribution installs. */
static int run_helper(const char *name, char **argv)
{
    char *path = spar_path_helper(name);
    spar_words_t line = {0};

    if (path == NULL) {
        spar_die(2, argv[0],
                 "%s is missing: it belongs into libexec/spar "
                 "beside the directory of this command",
                 name);
    }
    if (strstr(name, ".py") != NULL) {
        spar_words_add(&line, "python3");
        spar_words_add(&line, "-B");
    }
    spar_words_add(&line, path);
    for (argv++; *argv != NULL; argv++) {
        spar_words_add(&line, *argv);
    }
    if (strcmp(line.words[0], path) == 0) {
        execv(path, line.words);
    } else {
        execv("/usr/bin/python3", line.words);
        execvp("python3", line.words);
    }
    spar_die(127, name, "cannot start %s: %s", line.words[0], strerror(errno));
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : NULL;

    if (command == NULL) {
        fputs(help, stderr);
        return 2;
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
        puts("spar " SPAR_VERSION_STRING);
        return 0;
    }
    if (strcmp(command, "run") == 0) {
        return spar_command_run(argc - 1, argv + 1);
    }
    if (strcmp(command, "info") == 0) {
        return run_helper("info", argv + 1);
    }
    if (strcmp(command, "ab") == 0) {
        return run_helper("ab.py", argv + 1);
    }
    if (strcmp(command, "advise") == 0) {
        return run_helper("advise.py", argv + 1);
    }
    if (strcmp(command, "report") == 0) {
        return run_helper("report.py", argv + 1);
    }
    if (strcmp(command, "sim") == 0) {
        return run_helper("sim.py", argv + 1);
    }
    fprintf(stderr, "spar: unknown command %s (see spar --help)\n", command);
    return 2;
}
