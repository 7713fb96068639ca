# Random faults: some here, with one seed; 200 in long tests, with another one
# each time. By hand: fault_rounds.py --help
if(SPAR_SANITIZE) # which takes more address space than a rank may have there
    return()
endif()
function(spar_rounds_test name)
    add_test(NAME mpi_fault_rounds${name} COMMAND /usr/bin/python3
        ${CMAKE_CURRENT_SOURCE_DIR}/mpi/fault_rounds.py --build ${CMAKE_BINARY_DIR} ${ARGN})
    set_tests_properties(mpi_fault_rounds${name} PROPERTIES
        TIMEOUT 900 PROCESSORS 2 LABELS mpi)
endfunction()
spar_rounds_test("" 8 --seed 1) # each fault once
if(SPAR_LONG_TESTS)
    spar_rounds_test(_long 200)
    set_tests_properties(mpi_fault_rounds_long PROPERTIES
        TIMEOUT 3600 LABELS "mpi;soak")
endif()
