/* Spar: the subcommands of `spar`. */
#ifndef SPAR_TOOLS_COMMANDS_H
#define SPAR_TOOLS_COMMANDS_H

/* `spar run`: argv[0] is "run". Returns the exit code; does not come back
   when the program could be started. */
int spar_command_run(int argc, char **argv);

#endif
