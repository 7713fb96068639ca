# N ranks in one process, and what every algorithm has to pass.
add_library(spar_test_job STATIC unit/job.c unit/job_target.c
    unit/algorithms.c unit/exchange_cases.c)
target_link_libraries(spar_test_job PUBLIC
    spar_exchange spar_loopback PkgConfig::CMOCKA m)
spar_unit_test(allgather spar_test_job)
spar_unit_test(doubling spar_test_job)
spar_unit_test(split spar_test_job)
spar_unit_test(node spar_test_job)
spar_unit_test(quantised spar_test_job)
spar_unit_test(exchange_random spar_test_job)
spar_unit_test(exchange_faults spar_test_job)
if(SPAR_LONG_TESTS)
    add_test(NAME unit_exchange_faults_long COMMAND test_exchange_faults 10000)
    set_tests_properties(unit_exchange_faults_long PROPERTIES
        TIMEOUT 600 LABELS soak)
endif()
spar_unit_test(allocations_exchange spar_test_job)
spar_failing(allocations_exchange)
spar_unit_test(exchange_turns spar_exchange spar_loopback)
spar_unit_test(ring spar_exchange spar_loopback)
spar_unit_test(ring_large spar_exchange)
target_compile_definitions(test_ring_large PRIVATE _GNU_SOURCE)
spar_unit_test(simulated spar_exchange spar_loopback)

# Some ask for more memory than there is, which has to end in an error.
set_tests_properties(unit_allgather unit_doubling unit_split unit_node unit_quantised
    PROPERTIES
    ENVIRONMENT ASAN_OPTIONS=allocator_may_return_null=1)
