/* Facts of a host: processors, interfaces, GPUs. */
#include "placement.h"
#include "sys.h"

#include "policy/topology.h"

static spar_topology_t facts_of(spar_placement_t *m, const char *sys,
                                const char *include)
{
    spar_topology_t facts;

    memset(&facts, 0xff, sizeof(facts));
    spar_topology_read(m, sys, include, &facts);
    spar_placement_close(m);
    return facts;
}

static void processors_are_counted(void **state)
{
    spar_topology_t facts =
        facts_of(machine("pack:2 numa:2 core:4 pu:2"), NULL, NULL);

    (void)state;
    assert_int_equal(facts.packages, 2);
    assert_int_equal(facts.numa_nodes, 4);
    assert_int_equal(facts.cores, 16);
    /* Interfaces of this machine are not those of another one. */
    assert_int_equal(facts.nic_count, 0);
    assert_int_equal(facts.gpu_count, 0);
    assert_null(spar_topology_nic(&facts));
    assert_int_equal(facts.reason, SPAR_NIC_NONE);
}

static void hwloc_alone_tells_name_and_place(void **state)
{
    spar_topology_t facts =
        facts_of(machine_of_file("ethernet.xml"), NULL, NULL);

    (void)state;
    assert_int_equal(facts.packages, 2);
    assert_int_equal(facts.cores, 8);
    assert_int_equal(facts.nic_count, 1);
    assert_string_equal(facts.nics[0].name, "eth0");
    assert_int_equal(facts.nics[0].numa, 1);
    assert_float_equal(facts.nics[0].rate, 0, 0);
    assert_int_equal(facts.nics[0].state, SPAR_NIC_UNKNOWN);
    assert_true(facts.nics[0].hardware);
    assert_ptr_equal(spar_topology_nic(&facts), &facts.nics[0]);
}

static void the_kernel_tells_the_speed(void **state)
{
    sys_t sys = sys_make();
    spar_topology_t facts;

    (void)state;
    sys_add_net(&sys, "eth0", "up", "10000", "-1");
    sys_add_net(&sys, "eth9", "up", "40000", "0");
    facts = facts_of(machine_of_file("ethernet.xml"), sys.root, "eth0");
    assert_int_equal(facts.nic_count, 2);
    assert_float_equal(spar_topology_nic(&facts)->rate, 1.25e9, 0);
    /* The place is hwloc's. */
    assert_int_equal(spar_topology_nic(&facts)->numa, 1);
    assert_int_equal(facts.reason, SPAR_NIC_NAMED);
    facts = facts_of(machine_of_file("ethernet.xml"), sys.root, NULL);
    assert_string_equal(spar_topology_nic(&facts)->name, "eth9");
    assert_int_equal(spar_topology_nic(&facts)->numa, 0);
    assert_int_equal(facts.reason, SPAR_NIC_FASTEST);
    sys_remove(&sys);
}

static void openfabrics_is_infiniband(void **state)
{
    spar_topology_t facts =
        facts_of(machine_of_file("openfabrics.xml"), NULL, "mlx5_0");

    (void)state;
    assert_string_equal(spar_topology_nic(&facts)->name, "mlx5_0");
    assert_true(spar_topology_nic(&facts)->infiniband);
}

static void a_device_of_the_whole_machine_has_no_numa_node(void **state)
{
    spar_topology_t facts = facts_of(machine_of_file("root.xml"), NULL, NULL);

    (void)state;
    assert_int_equal(facts.nic_count, 1);
    assert_int_equal(facts.nics[0].numa, -1);
}

static void gpus_are_named_and_placed(void **state)
{
    spar_topology_t facts = facts_of(machine_of_file("gpus.xml"), NULL, NULL);

    (void)state;
    /* The screen of the management controller is none. */
    assert_int_equal(facts.gpu_count, 2);
    assert_string_equal(facts.gpus[0].name, "nvml0");
    assert_int_equal(facts.gpus[0].numa, 1);
    assert_string_equal(facts.gpus[1].name, "0000:c2:00.0");
    assert_int_equal(facts.nic_count, 1);
}

static void without_hwloc_the_kernel_still_tells(void **state)
{
    sys_t sys = sys_make();
    spar_topology_t facts;

    (void)state;
    sys_add_net(&sys, "eth0", "up", "1000", "0");
    facts = facts_of(NULL, sys.root, NULL);
    assert_int_equal(facts.cores, 0);
    assert_int_equal(facts.packages, 0);
    assert_int_equal(facts.nic_count, 1);
    assert_float_equal(spar_topology_nic(&facts)->rate, 1.25e8, 0);
    facts = facts_of(NULL, "/nowhere", NULL);
    assert_int_equal(facts.nic_count, 0);
    assert_int_equal(facts.picked, -1);
    sys_remove(&sys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processors_are_counted),
        cmocka_unit_test(hwloc_alone_tells_name_and_place),
        cmocka_unit_test(the_kernel_tells_the_speed),
        cmocka_unit_test(openfabrics_is_infiniband),
        cmocka_unit_test(a_device_of_the_whole_machine_has_no_numa_node),
        cmocka_unit_test(gpus_are_named_and_placed),
        cmocka_unit_test(without_hwloc_the_kernel_still_tells)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
