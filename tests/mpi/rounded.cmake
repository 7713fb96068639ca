# Sums with fewer bits (SPAR_MODE=quantised)
add_executable(mpi_rounded mpi/rounded.c)
target_link_libraries(mpi_rounded PRIVATE MPI::MPI_C m)
set(rounded $<TARGET_FILE:mpi_rounded>)

foreach(values bf16 fp16 int8)
    spar_mpi_test(quantised_${values}
        ENV SPAR_MODE=quantised SPAR_VALUES=${values} SPAR_CHECK=7
        ARGS -n 3 -m "sums are right" -m "dense  quantised" -m "NaN or Inf"
            -m "of it residuals 0 B" -a "different"
            -- ${rounded} --values ${values} --bad-step 33 --pause 30)
endforeach()
foreach(ranks 2 4 5)
    spar_mpi_test(quantised_nonblocking_${ranks}
        ENV SPAR_MODE=quantised SPAR_VALUES=int8 SPAR_STEP_CALLS=3
        ARGS -n ${ranks} -m "sums are right" -m "dense  quantised"
            -- ${rounded} --values int8 --nonblocking --bad-step 33 --pause 30)
endforeach()
spar_mpi_test(quantised_nearest
    ENV SPAR_MODE=quantised SPAR_VALUES=int8 SPAR_ROUND=nearest
    ARGS -n 2 -m "sums are right" -- ${rounded} --values int8 --expect nearest)
spar_mpi_test(quantised_fp32 ENV SPAR_MODE=quantised SPAR_VALUES=fp32
    ARGS -n 2 -m "sums are right" -m "rounds nothing" -m "mode dense"
        -- ${rounded} --expect dense)
spar_mpi_test(quantised_ring ENV SPAR_MODE=quantised SPAR_VALUES=int8 SPAR_EXCHANGE=dense
    ARGS -n 2 -m "sums are right" -m "dense  quantised" -m "SPAR_EXCHANGE=dense is ignored"
        -- ${rounded} --values int8)
spar_mpi_test(quantised_excluded
    ENV SPAR_MODE=quantised SPAR_EXCLUDE=com0 SPAR_STEP_CALLS=3
    ARGS -n 2 -m "sums are right" -- ${rounded} --expect dense)
# Distances to a goal change little from step to step, as parameters do.
spar_mpi_test(quantised_descends
    ENV SPAR_MODE=quantised SPAR_VALUES=int8 SPAR_INCLUDE=0
    ARGS -n 3 -m "sums are right" -m "dense  quantised"
        -m "sent per rank and step 54.5 kB (dense: 213 kB)"
        -- ${rounded} --descend --steps 900)
spar_mpi_test(quantised_averaging ENV SPAR_MODE=quantised
    ARGS -n 2 -m "sums are right" -m "changes little, like parameters"
        -- $<TARGET_FILE:mpi_averaging>)
spar_mpi_test(quantised_double ENV SPAR_MODE=quantised
    ARGS -n 2 -m "sums are right" -m "only float32 travels with fewer bits"
        -- ${sim} --double --expect dense)
spar_mpi_test(quantised_persistent ENV SPAR_MODE=quantised
    ARGS -n 2 -m "sums are right" -m "persistent: dense in mode quantised"
        -- ${nonblocking} --complete mixed --persistent --expect dense)
