spar_unit_test(config spar_policy)
spar_unit_test(content spar_policy)
spar_unit_test(sequence spar_policy)
spar_unit_test(verdict spar_policy)
foreach(name placement placement_area placement_here)
    spar_unit_test(${name} spar_policy Hwloc::hwloc Threads::Threads)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE
        SPAR_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/unit/data")
endforeach()
