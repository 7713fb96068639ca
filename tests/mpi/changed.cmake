# The step changes while the job runs: what is owed goes to the same layers, or
# to none. Where it cannot be told which they are, a warning tells how much
# there was.
add_executable(mpi_changed_step mpi/changed_step.c)
target_link_libraries(mpi_changed_step PRIVATE MPI::MPI_C)
set(is_lost -m "still to send when the sequence of calls changed")
set(is_kept -a "still to send")
function(spar_changed_test scenario)
    spar_mpi_test(changed_${scenario} ENV SPAR_MODE=sparse SPAR_LOG=info
        ARGS -n 2 -m "sums are right" -m "learning again" ${ARGN}
            -- $<TARGET_FILE:mpi_changed_step> ${scenario})
endfunction()
foreach(scenario same begun_elsewhere swapped_and_more added)
    spar_changed_test(${scenario} ${is_kept})
endforeach()
foreach(scenario swapped moving_and_more crossed added_moving gone)
    spar_changed_test(${scenario} ${is_lost} -m "a layer of 5000 elements had"
        -a "a layer of 20000 elements had" -a "a layer of 9000 elements had")
endforeach()
foreach(scenario gone_alone resized)
    spar_changed_test(${scenario} ${is_lost} -m "a layer of 9000 elements had"
        -a "a layer of 20000 elements had" -a "a layer of 5000 elements had")
endforeach()
spar_changed_test(another ${is_lost} -m "a layer of 20000 elements had"
    -m "a layer of 5000 elements had" -m "a layer of 9000 elements had")
