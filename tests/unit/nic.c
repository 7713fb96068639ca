/* Which network interfaces are there, and which one carries the traffic? */
#include "sys.h"

#include "policy/nic.h"

#include <string.h>

static void interfaces_are_read(void **state)
{
    sys_t sys = sys_make();
    spar_nic_t nics[SPAR_NICS];

    (void)state;
    sys_add_net(&sys, "veth1", "up", "10000", NULL);
    sys_add_net(&sys, "eth1", "down", "-1", "-1");
    sys_add_net(&sys, "eth0", "up", "25000", "1");
    sys_add_net(&sys, "tun0", "unknown", "", NULL);
    sys_add_net(&sys, "lo", "unknown", "", NULL);
    sys_write(&sys, "class/net/lo/type", "772");
    assert_int_equal(spar_nic_list(sys.root, nics), 4);
    /* Those with hardware first, each part by name. */
    assert_string_equal(nics[0].name, "eth0");
    assert_float_equal(nics[0].rate, 3.125e9, 0);
    assert_int_equal(nics[0].numa, 1);
    assert_int_equal(nics[0].state, SPAR_NIC_UP);
    assert_true(nics[0].hardware);
    assert_false(nics[0].infiniband);
    assert_string_equal(nics[1].name, "eth1");
    assert_float_equal(nics[1].rate, 0, 0);
    assert_int_equal(nics[1].numa, -1);
    assert_int_equal(nics[1].state, SPAR_NIC_DOWN);
    assert_string_equal(nics[2].name, "tun0");
    assert_int_equal(nics[2].state, SPAR_NIC_UNKNOWN);
    assert_false(nics[2].hardware);
    assert_string_equal(nics[3].name, "veth1");
    sys_remove(&sys);
}

static void infiniband_is_read(void **state)
{
    sys_t sys = sys_make();
    spar_nic_t nics[SPAR_NICS];

    (void)state;
    sys_write(&sys, "class/infiniband/mlx5_0/ports/1/rate",
              "100 Gb/sec (4X EDR)");
    sys_write(&sys, "class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE");
    sys_write(&sys, "class/infiniband/mlx5_0/device/numa_node", "0");
    sys_write(&sys, "class/infiniband/mlx5_1/ports/1/rate", "10 Gb/sec (4X)");
    sys_write(&sys, "class/infiniband/mlx5_1/ports/1/state", "1: DOWN");
    sys_write(&sys, "class/infiniband/mlx5_2/node_type", "1: CA");
    assert_int_equal(spar_nic_list(sys.root, nics), 3);
    assert_string_equal(nics[0].name, "mlx5_0");
    assert_float_equal(nics[0].rate, 12.5e9, 0);
    assert_int_equal(nics[0].state, SPAR_NIC_UP);
    assert_int_equal(nics[0].numa, 0);
    assert_true(nics[0].infiniband && nics[0].hardware);
    assert_int_equal(nics[1].state, SPAR_NIC_DOWN);
    assert_int_equal(nics[2].state, SPAR_NIC_UNKNOWN);
    assert_float_equal(nics[2].rate, 0, 0);
    sys_remove(&sys);
}

static void too_many_interfaces_keep_the_hardware(void **state)
{
    sys_t sys = sys_make();
    spar_nic_t nics[SPAR_NICS];
    char name[16];

    (void)state;
    for (int i = 0; i < SPAR_NICS + 4; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        sys_add_net(&sys, name, "up", "10000", NULL);
    }
    sys_add_net(&sys, "z", "up", "1000", "0");
    assert_int_equal(spar_nic_list(sys.root, nics), SPAR_NICS);
    assert_string_equal(nics[0].name, "z");
    sys_remove(&sys);
}

static void no_sysfs_is_no_error(void **state)
{
    spar_nic_t nics[SPAR_NICS];
    spar_nic_reason_t reason = SPAR_NIC_NAMED;

    (void)state;
    assert_int_equal(spar_nic_list("/nowhere", nics), 0);
    assert_null(spar_nic_pick(nics, 0, "eth0", &reason));
    assert_int_equal(reason, SPAR_NIC_NONE);
}

static const spar_nic_t some[] = {
    {.name = "eth0",
     .rate = 1e9,
     .state = SPAR_NIC_UP,
     .hardware = true,
     .address = 0x0a4d0001,
     .mask = 0xffffff00},
    {.name = "eth1",
     .rate = 4e9,
     .state = SPAR_NIC_UP,
     .hardware = true,
     .address = 0x0a580001,
     .mask = 0xffffff00},
    {.name = "eth2", .rate = 9e9, .state = SPAR_NIC_DOWN, .hardware = true},
    {.name = "veth", .rate = 9e9, .state = SPAR_NIC_UP, .address = 0xc0a80101}};

static void assert_picks(const char *include, const char *name,
                         spar_nic_reason_t expected)
{
    spar_nic_reason_t reason;
    const spar_nic_t *nic = spar_nic_pick(some, 4, include, &reason);

    assert_non_null(nic);
    assert_string_equal(nic->name, name);
    assert_int_equal(reason, expected);
}

static void the_fastest_that_is_up_is_picked(void **state)
{
    (void)state;
    assert_picks(NULL, "eth1", SPAR_NIC_FASTEST);
    assert_picks("", "eth1", SPAR_NIC_FASTEST);
}

static void what_open_mpi_is_told_goes_first(void **state)
{
    (void)state;
    assert_picks("eth0", "eth0", SPAR_NIC_NAMED);
    assert_picks("none,veth,eth0", "veth", SPAR_NIC_NAMED);
    assert_picks("10.77.0.0/24", "eth0", SPAR_NIC_NAMED);
    assert_picks("192.168.0.0/16", "veth", SPAR_NIC_NAMED);
    assert_picks("10.99.0.0/24,10.88.0.0/16", "eth1", SPAR_NIC_NAMED);
    assert_picks("0.0.0.0/0", "eth0", SPAR_NIC_NAMED);
    /* Nothing fits. */
    assert_picks("10.77.1.0/24", "eth1", SPAR_NIC_FASTEST);
    assert_picks("10.77.0.0/99,x/y,eth", "eth1", SPAR_NIC_FASTEST);
}

static void without_speeds_the_one_that_is_up_is_picked(void **state)
{
    const spar_nic_t nics[] = {
        {.name = "a", .state = SPAR_NIC_UNKNOWN, .hardware = true},
        {.name = "b", .state = SPAR_NIC_UP, .hardware = true}};
    spar_nic_reason_t reason;

    (void)state;
    assert_ptr_equal(spar_nic_pick(nics, 2, NULL, &reason), &nics[1]);
    assert_ptr_equal(spar_nic_pick(nics, 1, NULL, &reason), &nics[0]);
    /* No address is in no network. */
    assert_ptr_equal(spar_nic_pick(nics, 2, "0.0.0.0/0", &reason), &nics[1]);
    assert_int_equal(reason, SPAR_NIC_FASTEST);
}

static void reasons_have_phrases(void **state)
{
    (void)state;
    assert_string_equal(spar_nic_reason_string(SPAR_NIC_FASTEST),
                        "the fastest that is up");
    assert_string_equal(spar_nic_reason_string(SPAR_NIC_REASONS), "?");
    assert_string_equal(spar_nic_reason_string(-1), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interfaces_are_read),
        cmocka_unit_test(infiniband_is_read),
        cmocka_unit_test(too_many_interfaces_keep_the_hardware),
        cmocka_unit_test(no_sysfs_is_no_error),
        cmocka_unit_test(the_fastest_that_is_up_is_picked),
        cmocka_unit_test(what_open_mpi_is_told_goes_first),
        cmocka_unit_test(without_speeds_the_one_that_is_up_is_picked),
        cmocka_unit_test(reasons_have_phrases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
