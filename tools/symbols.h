/* Spar: functions of a library that need not be there. */
#ifndef SPAR_TOOLS_SYMBOLS_H
#define SPAR_TOOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct spar_symbol {
    void *place; /* of the function pointer that is set */
    const char *name;
} spar_symbol_t;

/* Sets the pointers from a handle of dlopen; NULL: there is no library. false:
 * a function is missing, and some pointers may be set. */
bool spar_symbols_find(void *library, const spar_symbol_t *symbols,
                       size_t count);

#endif
