#include "failing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_BLOCKS 65536u

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *block);
FILE *__real_fopen(const char *path, const char *mode);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *block);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_asprintf(char **text_p, const char *format, ...);

static bool armed, paused, forever, failed;
static uint64_t fatal, allocations;

/* Blocks that were allocated here: open addressing; a freed one leaves its
 * place to later ones. */
static void *blocks[MOST_BLOCKS];
static size_t living;

static bool fails(void)
{
    bool now;

    if (!armed || paused) {
        return false;
    }
    allocations++;
    now = allocations == fatal || (forever && allocations > fatal);
    failed = failed || now;
    if (now) {
        errno = ENOMEM;
    }
    return now;
}

static size_t place_of(const void *block)
{
    return ((uintptr_t)block >> 4) * 2654435761u % MOST_BLOCKS;
}

static void *note(void *block)
{
    size_t place = place_of(block);

    if (block != NULL) {
        while (blocks[place] != NULL) {
            place = (place + 1) % MOST_BLOCKS;
        }
        blocks[place] = block;
        living++;
    }
    return block;
}

/* What comes from elsewhere (getline, say) is not there. */
static void forget(const void *block)
{
    size_t place = place_of(block);

    for (size_t i = 0; block != NULL && i < MOST_BLOCKS; i++) {
        if (blocks[place] == block) {
            blocks[place] = NULL;
            living--;
            return;
        }
        place = (place + 1) % MOST_BLOCKS;
    }
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : note(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : note(__real_calloc(count, bytes));
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : note(__real_aligned_alloc(alignment, bytes));
}

void *__wrap_realloc(void *block, size_t bytes)
{
    uintptr_t before = (uintptr_t)block;
    void *grown;

    if (fails()) {
        return NULL;
    }
    grown = __real_realloc(block, bytes);
    if (grown != NULL) {
        forget((void *)before);
    }
    return note(grown);
}

void __wrap_free(void *block)
{
    forget(block);
    __real_free(block);
}

/* The stream's buffer is libc's. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
    return fails() ? NULL : __real_fopen(path, mode);
}

int __wrap_asprintf(char **text_p, const char *format, ...)
{
    va_list arguments;
    int length;

    if (fails()) {
        return -1;
    }
    va_start(arguments, format);
    length = vasprintf(text_p, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        (void)note(*text_p);
    }
    return length;
}

void failing_begin(uint64_t number, bool lasting)
{
    armed = true;
    paused = false;
    failed = false;
    forever = lasting;
    fatal = number;
    allocations = 0;
}

void failing_pause(void)
{
    paused = true;
}

void failing_resume(void)
{
    paused = false;
}

bool failing_end(void)
{
    armed = false;
    return failed;
}

uint64_t failing_allocations(void)
{
    return allocations;
}

size_t failing_living(void)
{
    return living;
}

void *failing_malloc(size_t bytes)
{
    return __wrap_malloc(bytes);
}

void failing_free(void *block)
{
    __wrap_free(block);
}

/* Whether the allocation was reached at all. */
static bool fail_at(const failing_case_t *what, void *thing, uint64_t number,
                    bool lasting)
{
    size_t before = failing_living();
    spar_status_t status;
    bool reached;

    what->setup(thing);
    failing_begin(number, lasting);
    status = what->attempt(thing);
    reached = failing_end();
    if (reached != (status != SPAR_OK)) {
        print_error("allocation %llu%s\n", (unsigned long long)number,
                    lasting ? " and all behind it" : "");
    }
    assert_int_equal(reached, status != SPAR_OK);
    what->check(thing, status);
    what->cleanup(thing);
    assert_int_equal(failing_living(), before);
    return reached;
}

uint64_t failing_everywhere(const failing_case_t *what, void *thing)
{
    uint64_t number = 1;

    while (fail_at(what, thing, number, false)) {
        (void)fail_at(what, thing, number, true);
        number++;
    }
    return number - 1;
}
