/*
 * Spar: a list of layers, as SPAR_INCLUDE and SPAR_EXCLUDE have it: items
 * separated by commas.
 *
 *   3, 2-5            slots, as in the report
 *   64k:4m, 1m:, :64k layers with so many elements, bounds included
 *   com1/3, com1      the same on one communicator; all of it
 *   ^3                not those
 *
 * Items hold in their order: the last one that matches wins. A list that begins
 * with ^ begins with all layers. Plain data: it is broadcast as bytes.
 */
#ifndef SPAR_POLICY_LAYER_LIST_H
#define SPAR_POLICY_LAYER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPAR_LAYER_LIST_MAX 24
/* Bytes of the longest text of a list. */
#define SPAR_LAYER_LIST_TEXT (SPAR_LAYER_LIST_MAX * 40)
/* Of a call that has no place in a step: no slot matches it. */
#define SPAR_LAYER_LIST_NO_SLOT UINT64_MAX

typedef struct spar_layer_item {
    uint64_t low; /* both included */
    uint64_t high;
    int32_t comm;  /* -1: any */
    int16_t slots; /* 1: bounds of the slot; 0: of the number of elements */
    int16_t negated;
} spar_layer_item_t;

typedef struct spar_layer_list {
    uint64_t size; /* 0: names no layer */
    spar_layer_item_t items[SPAR_LAYER_LIST_MAX];
} spar_layer_list_t;

/* NULL: *list_p is the list. Otherwise the first item of the text that is wrong
 * or one too many; nothing is changed. An empty text is an empty list. */
const char *spar_layer_list_parse(const char *text, spar_layer_list_t *list_p);

/* Text that the parser takes again. */
void spar_layer_list_print(const spar_layer_list_t *list, char *text,
                           size_t size);

bool spar_layer_list_has(const spar_layer_list_t *list, int comm, uint64_t slot,
                         uint64_t count);

#endif
