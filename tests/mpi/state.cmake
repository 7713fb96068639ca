# Residuals across runs
add_executable(mpi_resume mpi/resume.c)
target_link_libraries(mpi_resume PRIVATE MPI::MPI_C m)
function(spar_state_test scene)
    add_test(NAME mpi_state_${scene}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/state.sh ${scene}
            $<TARGET_FILE:mpi_resume>)
    set_tests_properties(mpi_state_${scene} PROPERTIES
        TIMEOUT 180 PROCESSORS 2 LABELS mpi
        ENVIRONMENT "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};${ARGN}")
endfunction()
foreach(scene plain double half nonblocking groups large ring auto ab short once freed relearnt checkpoint
        skewed pending pending_groups stopped torn jump jump_between jump_auto jump_rests mismatch directory)
    spar_state_test(${scene})
endforeach()
spar_state_test(flush_lost FLUSH=$<TARGET_FILE:mpi_flush>)
if(NOT SPAR_SANITIZE)
    spar_state_test(full LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>)
endif()
