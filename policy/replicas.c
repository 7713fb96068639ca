#include "policy/replicas.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define DIGEST_BITS 52

/* What is named before the rest is only counted. */
#define MOST_GROUPS 6
#define MOST_NAMES  8

double spar_replicas_digest(const void *bytes, size_t size)
{
    return (double)(XXH3_64bits(bytes, size) >> (64 - DIGEST_BITS)) + 1;
}

void spar_replicas_put(double number, double *pair)
{
    pair[0] = number;
    pair[1] = -number;
}

bool spar_replicas_known(const double *pair)
{
    return pair[0] != SPAR_REPLICAS_UNKNOWN;
}

bool spar_replicas_differ(const double *pair)
{
    return spar_replicas_known(pair) && pair[0] != -pair[1];
}

/* A text that grows up to its room. */
typedef struct words {
    char *text;
    size_t size;
    size_t used;
} words_t;

__attribute__((format(printf, 2, 3))) static void add(words_t *words,
                                                      const char *format, ...)
{
    size_t left = words->size - words->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(words->text + words->used, left, format, arguments);
    va_end(arguments);
    if (length > 0) {
        words->used += (size_t)length < left ? (size_t)length : left - 1;
    }
}

static void add_number(words_t *words, double number, bool digest)
{
    if (!digest) {
        add(words, "%.17g", number);
    } else if (number == SPAR_REPLICAS_NOTHING) {
        add(words, "none");
    } else {
        add(words, "%013llx", (unsigned long long)number);
    }
}

static size_t count_equal(const double *numbers, size_t ranks, size_t rank)
{
    size_t count = 0;

    for (size_t i = 0; i < ranks; i++) {
        count += numbers[i] == numbers[rank];
    }
    return count;
}

static void add_ranks(words_t *words, const double *numbers, size_t ranks,
                      size_t first)
{
    size_t count = count_equal(numbers, ranks, first);
    size_t named = 0;

    add(words, count == 1 ? " on rank" : " on ranks");
    for (size_t i = first; i < ranks && named < MOST_NAMES; i++) {
        if (numbers[i] == numbers[first]) {
            add(words, named == 0 ? " %zu" : ", %zu", i);
            named++;
        }
    }
    if (count > named) {
        add(words, " and %zu more", count - named);
    }
}

static bool is_first(const double *numbers, size_t rank)
{
    for (size_t i = 0; i < rank; i++) {
        if (numbers[i] == numbers[rank]) {
            return false;
        }
    }
    return true;
}

void spar_replicas_describe(const double *numbers, size_t ranks, bool digests,
                            char *text, size_t size)
{
    words_t words = {.text = text, .size = size};
    size_t groups = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ranks && groups <= MOST_GROUPS; i++) {
        if (!is_first(numbers, i)) {
            continue;
        }
        if (groups == MOST_GROUPS) {
            add(&words, "; and others");
        } else {
            add(&words, "%s", groups > 0 ? "; " : "");
            add_number(&words, numbers[i], digests);
            add_ranks(&words, numbers, ranks, i);
        }
        groups++;
    }
}
