/* The object "topology" of the JSON report. */
#include "unit.h"

#include "report/json_topology.h"

static json_t *at(json_t *object, const char *array, size_t index)
{
    return json_array_get(json_object_get(object, array), index);
}

static const char *text(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static double number(json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void levels_and_nodes_are_told(void **state)
{
    spar_report_node_t nodes[] = {
        {0, 2, {.name = "eth0", .rate = 1.25e8, .numa = 1}, SPAR_NIC_NAMED},
        {2, 3, {.name = "eth1", .numa = -1}, SPAR_NIC_FASTEST},
        {5, 1, {.name = ""}, SPAR_NIC_NONE}};
    spar_report_topology_t topology = {
        {{1e-6, 2e-10, "a guess"}, {5e-5, 8e-9, "a link"}}, nodes, 3};
    json_t *root = spar_report_topology_json(&topology);
    json_t *nic;

    (void)state;
    assert_int_equal(json_array_size(json_object_get(root, "levels")), 2);
    assert_string_equal(text(at(root, "levels", 0), "level"), "same_node");
    assert_string_equal(text(at(root, "levels", 1), "level"), "other_node");
    assert_string_equal(text(at(root, "levels", 1), "source"), "a link");
    assert_float_equal(number(at(root, "levels", 1), "alpha_s"), 5e-5, 0);
    assert_float_equal(number(at(root, "levels", 0), "beta_s_per_byte"), 2e-10,
                       0);
    assert_int_equal(json_array_size(json_object_get(root, "nodes")), 3);
    assert_float_equal(number(at(root, "nodes", 1), "first_rank"), 2, 0);
    assert_float_equal(number(at(root, "nodes", 1), "ranks"), 3, 0);
    nic = json_object_get(at(root, "nodes", 0), "nic");
    assert_string_equal(text(nic, "name"), "eth0");
    assert_string_equal(text(nic, "source"),
                        "named by OMPI_MCA_btl_tcp_if_include");
    assert_float_equal(number(nic, "bytes_per_s"), 1.25e8, 0);
    assert_float_equal(number(nic, "numa_node"), 1, 0);
    nic = json_object_get(at(root, "nodes", 1), "nic");
    assert_true(json_is_null(json_object_get(nic, "bytes_per_s")));
    assert_true(json_is_null(json_object_get(nic, "numa_node")));
    assert_true(json_is_null(json_object_get(at(root, "nodes", 2), "nic")));
    json_decref(root);
}

static void nothing_known_is_null(void **state)
{
    json_t *root = spar_report_topology_json(NULL);

    (void)state;
    assert_true(json_is_null(root));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_and_nodes_are_told),
        cmocka_unit_test(nothing_known_is_null)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
