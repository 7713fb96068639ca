#include "policy/layer_list.h"

#include "policy/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* No step, no job and no memory has more; they bound the text. */
#define MOST_COMM  9999
#define MOST_SLOT  99999
#define MOST_COUNT 68719476736.0 /* 64 g */

#define ITEM_TEXT 64

/* A whole number at the start of *text_p; advances behind it. */
static int parse_whole(const char **text_p, uint64_t most, uint64_t *number_p)
{
    const char *text = *text_p;
    uint64_t number = 0;

    if (!isdigit((unsigned char)*text)) {
        return -1;
    }
    for (; isdigit((unsigned char)*text); text++) {
        number = 10 * number + (uint64_t)(*text - '0');
        if (number > most) {
            return -1;
        }
    }
    *text_p = text;
    *number_p = number;
    return 0;
}

/* comN, alone or with a slash behind it. */
static int parse_comm(const char **text_p, spar_layer_item_t *item)
{
    const char *text = *text_p + strlen("com");
    uint64_t number;

    if (parse_whole(&text, MOST_COMM, &number) != 0 ||
        (*text != '\0' && *text != '/')) {
        return -1;
    }
    item->comm = (int32_t)number;
    *text_p = text;
    return 0;
}

static int parse_slots(const char *text, spar_layer_item_t *item)
{
    item->slots = 1;
    if (parse_whole(&text, MOST_SLOT, &item->low) != 0) {
        return -1;
    }
    item->high = item->low;
    if (*text == '-') {
        text++;
        if (parse_whole(&text, MOST_SLOT, &item->high) != 0) {
            return -1;
        }
    }
    return *text == '\0' && item->low <= item->high ? 0 : -1;
}

/* One end of a range; stays as it is if there is no text. */
static int parse_count(const char *text, uint64_t *count_p)
{
    double value;

    if (*text == '\0') {
        return 0;
    }
    if (spar_number_parse_with_unit(text, spar_number_units, &value) != 0 ||
        value > MOST_COUNT || value != (double)(uint64_t)value) {
        return -1;
    }
    *count_p = (uint64_t)value;
    return 0;
}

static int parse_counts(char *text, char *colon, spar_layer_item_t *item)
{
    *colon = '\0';
    return parse_count(text, &item->low) == 0 &&
                   parse_count(colon + 1, &item->high) == 0 &&
                   item->low <= item->high
               ? 0
               : -1;
}

static int parse_item(const char *text, size_t length, spar_layer_item_t *item)
{
    char copy[ITEM_TEXT];
    const char *rest = copy;
    char *colon;

    *item = (spar_layer_item_t){.high = UINT64_MAX, .comm = -1};
    if (length >= sizeof(copy)) {
        return -1;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (*rest == '^') {
        item->negated = 1;
        rest++;
    }
    if (strncasecmp(rest, "com", 3) == 0) {
        if (parse_comm(&rest, item) != 0) {
            return -1;
        }
        if (*rest++ == '\0') {
            return 0;
        }
    }
    colon = strchr(rest, ':');
    return colon != NULL ? parse_counts(copy + (rest - copy), colon, item)
                         : parse_slots(rest, item);
}

const char *spar_layer_list_parse(const char *text, spar_layer_list_t *list_p)
{
    spar_layer_list_t list;

    memset(&list, 0, sizeof(list));
    while (*text != '\0' || list.size > 0) {
        size_t length = strcspn(text, ",");

        if (list.size == SPAR_LAYER_LIST_MAX ||
            parse_item(text, length, &list.items[list.size]) != 0) {
            return text;
        }
        list.size++;
        if (text[length] == '\0') {
            break;
        }
        text += length + 1;
    }
    *list_p = list;
    return NULL;
}

/* With the largest unit that leaves a whole number. */
static size_t print_count(uint64_t count, char *text, size_t size)
{
    static const char units[] = {'k', 'm', 'g'};
    size_t unit = 0;

    while (count > 0 && count % 1024 == 0 && unit < sizeof(units)) {
        count /= 1024;
        unit++;
    }
    return (size_t)snprintf(text, size, "%llu%.*s", (unsigned long long)count,
                            unit > 0, unit > 0 ? &units[unit - 1] : "");
}

static size_t print_slots(const spar_layer_item_t *item, char *text,
                          size_t size)
{
    if (item->low == item->high) {
        return (size_t)snprintf(text, size, "%llu",
                                (unsigned long long)item->low);
    }
    return (size_t)snprintf(text, size, "%llu-%llu",
                            (unsigned long long)item->low,
                            (unsigned long long)item->high);
}

static size_t print_counts(const spar_layer_item_t *item, char *text,
                           size_t size)
{
    size_t used = 0;

    if (item->low > 0) {
        used += print_count(item->low, text, size);
    }
    used += (size_t)snprintf(text + used, size - used, ":");
    if (item->high < UINT64_MAX) {
        used += print_count(item->high, text + used, size - used);
    }
    return used;
}

/* No more than 40 bytes, with a comma. */
static void print_item(const spar_layer_item_t *item, char *text, size_t size)
{
    bool all = !item->slots && item->low == 0 && item->high == UINT64_MAX;
    size_t used = (size_t)snprintf(text, size, "%s", item->negated ? "^" : "");

    if (item->comm >= 0) {
        used += (size_t)snprintf(text + used, size - used, "com%d%s",
                                 item->comm, all ? "" : "/");
    }
    if (item->comm >= 0 && all) {
        return;
    }
    if (item->slots) {
        (void)print_slots(item, text + used, size - used);
    } else {
        (void)print_counts(item, text + used, size - used);
    }
}

void spar_layer_list_print(const spar_layer_list_t *list, char *text,
                           size_t size)
{
    size_t used = 0;

    snprintf(text, size, "%s", "");
    for (uint64_t i = 0; i < list->size && used < size; i++) {
        char item[ITEM_TEXT];

        print_item(&list->items[i], item, sizeof(item));
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i > 0 ? "," : "", item);
    }
}

static bool matches(const spar_layer_item_t *item, int comm, uint64_t slot,
                    uint64_t count)
{
    uint64_t number = item->slots ? slot : count;

    return (item->comm < 0 || item->comm == comm) && number >= item->low &&
           number <= item->high;
}

bool spar_layer_list_has(const spar_layer_list_t *list, int comm, uint64_t slot,
                         uint64_t count)
{
    bool has = list->size > 0 && list->items[0].negated;

    for (uint64_t i = 0; i < list->size; i++) {
        if (matches(&list->items[i], comm, slot, count)) {
            has = !list->items[i].negated;
        }
    }
    return has;
}
