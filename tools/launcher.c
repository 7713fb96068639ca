#include "tools/launcher.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

spar_launcher_t spar_launcher_of(const char *program)
{
    static const char *const mpirun[] = {"mpirun",         "mpiexec",
                                         "orterun",        "prun",
                                         "mpirun.openmpi", "mpiexec.openmpi"};
    const char *slash = strrchr(program, '/');
    const char *name = slash == NULL ? program : slash + 1;

    for (size_t i = 0; i < sizeof(mpirun) / sizeof(*mpirun); i++) {
        if (strcmp(name, mpirun[i]) == 0) {
            return SPAR_LAUNCHER_MPIRUN;
        }
    }
    return strcmp(name, "srun") == 0 ? SPAR_LAUNCHER_SRUN : SPAR_LAUNCHER_NONE;
}

static int listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return 1;
        }
    }
    return 0;
}

size_t spar_launcher_option_words(const spar_launcher_options_t *options,
                                  const char *option)
{
    const char *name = option + strspn(option, "-");

    if (listed(options->flags, name)) {
        return 1;
    }
    return listed(options->pairs, name) ? 3 : 2;
}

char *spar_launcher_preload(const char *existing, const char *library)
{
    spar_words_t entries = {0}, kept = {0};
    char *joined;

    spar_words_split(&entries, existing == NULL ? "" : existing, ": ");
    for (size_t i = 0; i < entries.count; i++) {
        const char *slash = strrchr(entries.words[i], '/');
        const char *name = slash == NULL ? entries.words[i] : slash + 1;

        if (strcmp(name, "libspar.so") != 0) {
            spar_words_add(&kept, entries.words[i]);
        }
    }
    spar_words_add(&kept, library);
    joined = spar_words_join(&kept, ":");
    spar_words_free(&entries);
    spar_words_free(&kept);
    return joined;
}

void spar_launcher_variables(spar_words_t *names_p)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, "SPAR_", 5) == 0 && strchr(*entry, '=') != NULL) {
            spar_words_addf(names_p, "%.*s", (int)strcspn(*entry, "="), *entry);
        }
    }
}
