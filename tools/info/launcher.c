/* mpirun of the PATH, and its version. */
#include "tools/info/info.h"

#include <stdio.h>
#include <string.h>

/* First line that `command` writes, without its end; empty when it fails. */
static void first_line(const char *command, char *line, size_t size)
{
    /* The command is a constant of this file, not input. */
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c)

    line[0] = '\0';
    if (pipe == NULL) {
        return;
    }
    if (fgets(line, (int)size, pipe) == NULL) {
        line[0] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    pclose(pipe);
}

void spar_info_launcher(void)
{
    char path[1024], version[256];

    first_line("command -v mpirun 2>/dev/null", path, sizeof(path));
    if (path[0] == '\0') {
        spar_info_row("mpirun", "not found in PATH");
        return;
    }
    first_line("mpirun --version 2>/dev/null </dev/null", version,
               sizeof(version));
    spar_info_row("mpirun", "%s, %s", path,
                  version[0] == '\0' ? "version unknown" : version);
    if (strstr(version, "Open MPI") == NULL) {
        spar_info_row("", "this is not Open MPI; Spar is tested with Open MPI");
    }
}
