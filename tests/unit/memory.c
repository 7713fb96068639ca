/* How much memory there is to spare, on machines and in control groups. */
#include "tests/unit/sys.h"

#include "policy/memory.h"

#include <sys/resource.h>

#define MIB (UINT64_C(1) << 20)

static sys_t machine_make(void)
{
    sys_t sys = sys_make();

    sys_write(&sys, "proc/meminfo",
              "MemTotal:  33554432 kB\nMemFree:  1024 kB\n"
              "MemAvailable:   8388608 kB");
    return sys;
}

static void check(const sys_t *sys, uint64_t mebibytes)
{
    assert_int_equal(spar_memory_available(sys->root), mebibytes * MIB);
}

static void the_kernel_says_what_is_available(void **state)
{
    sys_t sys = sys_make();

    (void)state;
    check(&sys, 0);
    sys_write(&sys, "proc/meminfo", "MemFree:  1024 kB");
    check(&sys, 0);
    sys_remove(&sys);
    sys = machine_make();
    check(&sys, 8192);
    sys_remove(&sys);
}

static void a_group_allows_less(void **state)
{
    sys_t sys = machine_make();

    (void)state;
    sys_write(&sys, "proc/self/cgroup", "0::/job/step");
    sys_write(&sys, "sys/fs/cgroup/job/step/memory.max", "max");
    sys_write(&sys, "sys/fs/cgroup/job/step/memory.current", "1048576");
    check(&sys, 8192);
    /* The one above it, which other processes are in as well. */
    sys_write(&sys, "sys/fs/cgroup/job/memory.max", "1073741824");
    sys_write(&sys, "sys/fs/cgroup/job/memory.current", "943718400");
    check(&sys, 124);
    /* Files that were read once. */
    sys_write(&sys, "sys/fs/cgroup/job/memory.stat",
              "anon 1\ninactive_anon 5\ninactive_file 838860800\nslab 7");
    check(&sys, 924);
    /* Full. */
    sys_write(&sys, "sys/fs/cgroup/job/step/memory.max", "524288");
    check(&sys, 0);
    sys_remove(&sys);
}

static void groups_of_the_first_version_count(void **state)
{
    sys_t sys = machine_make();

    (void)state;
    sys_write(&sys, "proc/self/cgroup",
              "3:cpu,cpuacct:/other\n2:memory:/docker/0123\n1:name=x:/y");
    /* In a container, whose group is the topmost one that it sees. */
    sys_write(&sys, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648");
    sys_write(&sys, "sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824");
    check(&sys, 1024);
    sys_write(&sys, "sys/fs/cgroup/memory/memory.limit_in_bytes",
              "9223372036854771712");
    check(&sys, 8192);
    sys_remove(&sys);
}

/* Then an array that only serves speed might take what is needed. */
static void a_limited_process_has_none_to_spare(void **state)
{
    const int resources[] = {RLIMIT_AS, RLIMIT_DATA};
    sys_t sys = machine_make();
    struct rlimit before, limited;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(getrlimit(resources[i], &before), 0);
        limited = before;
        limited.rlim_cur = (rlim_t)1 << 46;
        assert_int_equal(setrlimit(resources[i], &limited), 0);
        check(&sys, 0);
        assert_int_equal(setrlimit(resources[i], &before), 0);
        check(&sys, 8192);
    }
    sys_remove(&sys);
}

static void processes_share_a_quarter(void **state)
{
    (void)state;
    assert_true(spar_memory_affords(1600, 4, 0, 100));
    assert_false(spar_memory_affords(1600, 4, 0, 101));
    assert_true(spar_memory_affords(1600, 4, 40, 60));
    assert_false(spar_memory_affords(1600, 4, 40, 61));
    assert_false(spar_memory_affords(1600, 4, 101, 0));
    assert_false(spar_memory_affords(0, 1, 0, 1));
    assert_false(spar_memory_affords(1600, 4, 50, UINT64_MAX));
}

/* Whatever machine runs this. */
static void this_machine_is_read(void **state)
{
    (void)state;
    assert_true(spar_memory_available("") < UINT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_says_what_is_available),
        cmocka_unit_test(a_group_allows_less),
        cmocka_unit_test(groups_of_the_first_version_count),
        cmocka_unit_test(a_limited_process_has_none_to_spare),
        cmocka_unit_test(processes_share_a_quarter),
        cmocka_unit_test(this_machine_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
