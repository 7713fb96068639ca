# bench/lab: skipped (77) where network namespaces cannot be made.
add_executable(lab_transfer lab/transfer.c)
target_link_libraries(lab_transfer PRIVATE MPI::MPI_C)
foreach(case shape killed fallback usage)
    add_test(NAME lab_${case}
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/${case}.sh
            ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>)
    set_tests_properties(lab_${case} PROPERTIES LABELS lab TIMEOUT 120
        SKIP_RETURN_CODE 77 RESOURCE_LOCK lab)
endforeach()

add_test(NAME lab_nodes
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/nodes.sh
        ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>
        $<TARGET_FILE:spar_command> $<TARGET_FILE:mpi_sim>)
set_tests_properties(lab_nodes PROPERTIES LABELS lab TIMEOUT 180
    SKIP_RETURN_CODE 77 RESOURCE_LOCK lab PROCESSORS 2)

add_test(NAME lab_partial
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/partial.sh
        ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>
        $<TARGET_FILE:mpi_sim> $<TARGET_FILE:spar>)
set_tests_properties(lab_partial PROPERTIES LABELS lab TIMEOUT 120
    SKIP_RETURN_CODE 77 RESOURCE_LOCK lab)

add_test(NAME lab_topology
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/topology.sh
        ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>
        $<TARGET_FILE:spar_command>)
set_tests_properties(lab_topology PROPERTIES LABELS lab TIMEOUT 240
    SKIP_RETURN_CODE 77 RESOURCE_LOCK lab PROCESSORS 2)

if(TARGET fashion_c)
    add_test(NAME lab_traffic
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/traffic.sh
            ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>
            $<TARGET_FILE:spar_command> $<TARGET_FILE:fashion_c>)
    set_tests_properties(lab_traffic PROPERTIES LABELS lab TIMEOUT 180
        SKIP_RETURN_CODE 77 RESOURCE_LOCK lab PROCESSORS 2)
endif()

if(TARGET replay)
    add_test(NAME lab_densities
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/lab/densities.sh
            ${CMAKE_SOURCE_DIR}/bench/lab $<TARGET_FILE:lab_transfer>
            $<TARGET_FILE:spar_command> $<TARGET_FILE:replay>)
    set_tests_properties(lab_densities PROPERTIES LABELS lab TIMEOUT 120
        SKIP_RETURN_CODE 77 RESOURCE_LOCK lab PROCESSORS 2)
endif()
