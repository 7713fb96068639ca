# The spar command. Stand-ins for launchers are in tools/standin and labelled
# so; what concerns Open MPI's real mpirun runs it.
function(spar_tool_test name)
    add_test(NAME tool_${name}
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/tools/${name}.sh
            $<TARGET_FILE:spar_command> ${CMAKE_CURRENT_SOURCE_DIR}/tools)
    set_tests_properties(tool_${name} PROPERTIES LABELS tools TIMEOUT 120
        SKIP_RETURN_CODE 77)
endfunction()

foreach(case help run_words run_errors run_srun run_mpirun info ab advise ab_failure
        ab_signal report trace sim topology install)
    spar_tool_test(${case})
endforeach()
