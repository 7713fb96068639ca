#include "sparsify/kernels_internal.h"

#include <pthread.h>
#include <stdatomic.h>

/* Fastest last. */
static const spar_kernels_t *tables[4];
static size_t table_count;
static _Atomic(const spar_kernels_t *) table_in_use;
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void tables_fill(void)
{
    tables[table_count++] = &spar_kernels_scalar;
#ifdef SPAR_KERNELS_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("popcnt")) {
        spar_kernels_avx2_prepare();
        tables[table_count++] = &spar_kernels_avx2;
    }
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("popcnt")) {
        tables[table_count++] = &spar_kernels_avx512;
    }
#endif
    atomic_store(&table_in_use, tables[table_count - 1]);
}

const spar_kernels_t *spar_kernels(void)
{
    const spar_kernels_t *table = atomic_load(&table_in_use);

    if (table == NULL) {
        pthread_once(&tables_once, tables_fill);
        table = atomic_load(&table_in_use);
    }
    return table;
}

const spar_kernels_t *spar_kernels_find(const char *name)
{
    size_t i;

    pthread_once(&tables_once, tables_fill);
    for (i = 0; i < table_count; i++) {
        if (strcmp(tables[i]->name, name) == 0) {
            return tables[i];
        }
    }
    return NULL;
}

spar_status_t spar_kernels_use(const char *name)
{
    const spar_kernels_t *table;

    pthread_once(&tables_once, tables_fill);
    table = strcmp(name, "auto") == 0 ? tables[table_count - 1]
                                      : spar_kernels_find(name);
    if (table == NULL) {
        return SPAR_ERR_INVALID;
    }
    atomic_store(&table_in_use, table);
    return SPAR_OK;
}
