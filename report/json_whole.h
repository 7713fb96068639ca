/*
 * Spar: JSON arrays and objects that are filled in a loop. jansson tells of a
 * lack of memory with every element; a report that lacks some would be wrong
 * without saying so, so a container is whole or is not there. For the writers
 * of the report only.
 */
#ifndef SPAR_REPORT_JSON_WHOLE_H
#define SPAR_REPORT_JSON_WHOLE_H

#include <jansson.h>
#include <stdbool.h>

/* Both take the value over, which may be NULL (out of memory). *whole is
 * cleared if it is not in the container. */
static inline void spar_json_append(json_t *array, json_t *value, bool *whole)
{
    *whole = json_array_append_new(array, value) == 0 && *whole;
}

static inline void spar_json_set(json_t *object, const char *key, json_t *value,
                                 bool *whole)
{
    *whole = json_object_set_new(object, key, value) == 0 && *whole;
}

/* The container if it is whole; otherwise it is freed, and NULL. */
static inline json_t *spar_json_whole(json_t *container, bool whole)
{
    if (!whole) {
        json_decref(container);
        return NULL;
    }
    return container;
}

#endif
