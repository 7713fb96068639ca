#include "tools/symbols.h"

#include <dlfcn.h>
#include <string.h>

bool spar_symbols_find(void *library, const spar_symbol_t *symbols,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *symbol = library == NULL ? NULL : dlsym(library, symbols[i].name);

        if (symbol == NULL) {
            return false;
        }
        /* C has no conversion from an object's pointer to a function's. */
        memcpy(symbols[i].place, &symbol, sizeof(symbol));
    }
    return true;
}
