#include "tools/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spar_die(int code, const char *where, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "spar %s: ", where);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(code);
}

/* Takes over `word`, which may be NULL when an allocation failed. */
static void take(spar_words_t *list, char *word)
{
    if (list->count + 2 > list->capacity) {
        list->capacity = 2 * list->capacity + 16;
        list->words =
            realloc(list->words, list->capacity * sizeof(*list->words));
    }
    if (word == NULL || list->words == NULL) {
        spar_die(1, "command", "out of memory");
    }
    list->words[list->count++] = word;
    list->words[list->count] = NULL;
}

void spar_words_add(spar_words_t *list, const char *word)
{
    take(list, strdup(word));
}

void spar_words_addf(spar_words_t *list, const char *format, ...)
{
    va_list args;
    char *word;
    int length;

    va_start(args, format);
    length = vasprintf(&word, format, args);
    va_end(args);
    take(list, length < 0 ? NULL : word);
}

void spar_words_add_range(spar_words_t *list, char *const *source, size_t from,
                          size_t to)
{
    for (size_t i = from; i < to; i++) {
        spar_words_add(list, source[i]);
    }
}

void spar_words_split(spar_words_t *list, const char *text,
                      const char *separators)
{
    while (*(text += strspn(text, separators)) != '\0') {
        size_t length = strcspn(text, separators);

        take(list, strndup(text, length));
        text += length;
    }
}

int spar_words_has(const spar_words_t *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->words[i], word) == 0) {
            return 1;
        }
    }
    return 0;
}

char *spar_words_join(const spar_words_t *list, const char *separator)
{
    size_t length = 1;
    char *joined, *end;

    for (size_t i = 0; i < list->count; i++) {
        length += strlen(list->words[i]) + strlen(separator);
    }
    joined = malloc(length);
    if (joined == NULL) {
        spar_die(1, "command", "out of memory");
    }
    *(end = joined) = '\0';
    for (size_t i = 0; i < list->count; i++) {
        end = stpcpy(end, i == 0 ? "" : separator);
        end = stpcpy(end, list->words[i]);
    }
    return joined;
}

void spar_words_free(spar_words_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->words[i]);
    }
    free(list->words);
    *list = (spar_words_t){0};
}
