/* Spar: a growable list of words, such as a command line. */
#ifndef SPAR_TOOLS_WORDS_H
#define SPAR_TOOLS_WORDS_H

#include <stddef.h>

/* `words` is always terminated by NULL once something was added, as execvp
   wants it. The list owns its strings. All zero is an empty list. */
typedef struct spar_words {
    char **words;
    size_t count;
    size_t capacity;
} spar_words_t;

/* Adds a copy of `word`. Ends the process when memory is exhausted. */
void spar_words_add(spar_words_t *list, const char *word);
/* Adds the formatted word. */
void spar_words_addf(spar_words_t *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds copies of words [from, to) of `source`. */
void spar_words_add_range(spar_words_t *list, char *const *source, size_t from,
                          size_t to);
/* Splits `text` at any of `separators`; empty pieces are left out. */
void spar_words_split(spar_words_t *list, const char *text,
                      const char *separators);
/* 1 when one of the words is `word`. */
int spar_words_has(const spar_words_t *list, const char *word);
/* The words joined by `separator`; the caller frees it. */
char *spar_words_join(const spar_words_t *list, const char *separator);
/* Releases the strings and the list; it is empty afterwards. */
void spar_words_free(spar_words_t *list);

/* Writes "spar WHERE: message" to stderr and ends the process with `code`. */
void spar_die(int code, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

#endif
