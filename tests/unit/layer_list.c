#include "unit.h"

#include "policy/config.h"
#include "policy/layer_list.h"

#include <stdlib.h>
#include <string.h>

static spar_layer_list_t list_of(const char *text)
{
    spar_layer_list_t list;

    memset(&list, 0x5a, sizeof(list));
    assert_null(spar_layer_list_parse(text, &list));
    return list;
}

static bool has(const char *text, int comm, uint64_t slot, uint64_t count)
{
    spar_layer_list_t list = list_of(text);

    return spar_layer_list_has(&list, comm, slot, count);
}

static void an_empty_list_names_nothing(void **state)
{
    (void)state;
    assert_false(has("", 0, 0, 5000));
    assert_false(has("", 1, 7, UINT64_MAX));
}

static void slots_are_named_alone_and_in_ranges(void **state)
{
    (void)state;
    assert_false(has("3", 0, 2, 1));
    assert_true(has("3", 0, 3, 1));
    assert_true(has("3", 2, 3, 1));
    assert_false(has("3", 0, 4, 3));
    assert_false(has("2-5", 0, 1, 3));
    assert_true(has("2-5", 0, 2, 1));
    assert_true(has("2-5", 0, 5, 1));
    assert_false(has("2-5", 0, 6, 3));
    assert_true(has("1,9,4", 0, 9, 1));
}

static void elements_are_named_with_units_and_open_ends(void **state)
{
    (void)state;
    assert_false(has("64k:4m", 0, 0, 65535));
    assert_true(has("64k:4m", 0, 0, 65536));
    assert_true(has("64k:4M", 0, 9, 4194304));
    assert_false(has("64k:4m", 0, 65536, 4194305));
    assert_true(has(":64k", 0, 0, 65536));
    assert_false(has(":64k", 0, 0, 65537));
    assert_false(has("1m:", 0, 0, 1048575));
    assert_true(has("1m:", 0, 0, UINT64_MAX));
    assert_true(has("1.5k:1536", 0, 0, 1536));
    assert_true(has(":", 0, 0, 1));
}

static void a_communicator_restricts(void **state)
{
    (void)state;
    assert_true(has("com1", 1, 77, 5000));
    assert_false(has("com1", 0, 77, 5000));
    assert_true(has("com12/3", 12, 3, 5000));
    assert_false(has("com12/3", 12, 4, 5000));
    assert_false(has("com12/3", 1, 3, 5000));
    assert_true(has("com2/1k:2k", 2, 0, 1024));
    assert_false(has("com2/1k:2k", 3, 0, 1024));
}

static void the_last_match_wins(void **state)
{
    (void)state;
    assert_true(has("2-5,^3", 0, 2, 1));
    assert_false(has("2-5,^3", 0, 3, 1));
    assert_true(has("2-5,^3,3", 0, 3, 1));
    assert_false(has("2-5,^3,com1/3", 0, 3, 1));
    assert_true(has("2-5,^3,com1/3", 1, 3, 1));
    assert_false(has("com1,^com1/64k:", 1, 0, 65536));
}

static void a_list_that_begins_with_not_begins_with_all(void **state)
{
    (void)state;
    assert_true(has("^3", 0, 2, 1));
    assert_false(has("^3", 0, 3, 1));
    assert_false(has("^3,^5-7", 0, 6, 1));
    assert_true(has("^com0", 1, 0, 1));
    assert_false(has("3,^5", 0, 4, 1));
}

static void calls_without_a_slot_are_named_by_size_only(void **state)
{
    const uint64_t none = SPAR_LAYER_LIST_NO_SLOT;

    (void)state;
    assert_false(has("0-99999", 0, none, 5000));
    assert_true(has("^0-99999", 0, none, 5000));
    assert_true(has("4k:5000", 0, none, 5000));
    assert_true(has("com3", 3, none, 5000));
}

static void what_is_printed_parses_to_the_same(void **state)
{
    static const char *const lists[] = {"",
                                        "0",
                                        "99999",
                                        "2-5",
                                        "^3",
                                        "64k:4m",
                                        ":64k",
                                        "1m:",
                                        ":",
                                        "com1",
                                        "com0/3",
                                        "^com9999/7",
                                        "com1/4097:5000",
                                        "^com2",
                                        "1g:64g",
                                        "0,^0-7,1k:",
                                        "1023:1025,com3/:3k,^com4/2-9"};

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        spar_layer_list_t list = list_of(lists[i]), again;
        char text[SPAR_LAYER_LIST_TEXT];

        spar_layer_list_print(&list, text, sizeof(text));
        assert_string_equal(text, lists[i]);
        again = list_of(text);
        assert_memory_equal(&again, &list, sizeof(list));
    }
}

/* It must fit into what settings are printed to. */
static void the_longest_list_has_room(void **state)
{
    const char *item = "^com9999/68719476735:68719476735";
    char text[2048] = "", printed[SPAR_CONFIG_VALUE_MAX];
    spar_layer_list_t list;

    (void)state;
    for (int i = 0; i < SPAR_LAYER_LIST_MAX; i++) {
        strcat(strcat(text, i > 0 ? "," : ""), item);
    }
    list = list_of(text);
    spar_layer_list_print(&list, printed, sizeof(printed));
    assert_string_equal(printed, text);
    assert_true(sizeof(printed) >= SPAR_LAYER_LIST_TEXT);
    assert_true(strlen(text) < SPAR_LAYER_LIST_TEXT);
    strcat(text, ",17");
    assert_string_equal(spar_layer_list_parse(text, &list), "17");
}

static void wrong_items_are_found(void **state)
{
    static const char *const bad[] = {
        "x",
        "-1",
        "3-",
        "5-2",
        "3 ",
        " 3",
        "1e3",
        "0x10",
        "100000",
        "4m:64k",
        "64q:",
        "1.5:",
        "-1:",
        ":nan",
        ":65g",
        "1:2:3",
        "com",
        "com1/",
        "comx",
        "com-1",
        "com10000",
        "com1:2",
        "^",
        "^^3",
        "com1/^3",
        "com1/com2",
        "3-64k",
        "99999999999999999999999999999999999999999999999999999999999999999:"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        spar_layer_list_t list;
        char text[256];
        const char *found;

        memset(&list, 0x5a, sizeof(list));
        snprintf(text, sizeof(text), "7,%s,9", bad[i]);
        found = spar_layer_list_parse(text, &list);
        assert_ptr_equal(found, text + 2);
        assert_int_equal(((unsigned char *)&list)[0], 0x5a);
    }
}

static void an_empty_item_is_wrong(void **state)
{
    spar_layer_list_t list;

    (void)state;
    assert_string_equal(spar_layer_list_parse("3,", &list), "");
    assert_string_equal(spar_layer_list_parse(",3", &list), ",3");
    assert_string_equal(spar_layer_list_parse("3,,4", &list), ",4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_names_nothing),
        cmocka_unit_test(slots_are_named_alone_and_in_ranges),
        cmocka_unit_test(elements_are_named_with_units_and_open_ends),
        cmocka_unit_test(a_communicator_restricts),
        cmocka_unit_test(the_last_match_wins),
        cmocka_unit_test(a_list_that_begins_with_not_begins_with_all),
        cmocka_unit_test(calls_without_a_slot_are_named_by_size_only),
        cmocka_unit_test(what_is_printed_parses_to_the_same),
        cmocka_unit_test(the_longest_list_has_room),
        cmocka_unit_test(wrong_items_are_found),
        cmocka_unit_test(an_empty_item_is_wrong)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
