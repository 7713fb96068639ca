# The modes that compare dense and sparse steps

# Dense and sparse windows in one run: 100 steps, of which 8 are watched and 8
# are a trial; the last window is not over.
foreach(ranks 2 3 4)
    spar_mpi_test(ab_${ranks} ENV SPAR_MODE=ab SPAR_AB=4:6 SPAR_STEP_CALLS=1
            SPAR_EXCHANGE=allgather ${slow_dense}
        ARGS -n ${ranks} -m "sums are right" -m "a/b: 15 windows" -m "(16 steps)"
            -m "(28 steps)" -m "a/b: gain" -a "nothing goes sparse"
            -- ${sim} --flat --steps 100 --windows 4:6 --expect any)
endforeach()
# Non-blocking calls; inline, because a helper thread hides from the application
# how slow this network is, and then dense sums may be the faster ones.
spar_mpi_test(ab_nonblocking ENV SPAR_MODE=ab SPAR_AB=4:6 SPAR_STEP_CALLS=5
        SPAR_EXCHANGE=allgather SPAR_PROGRESS=inline ${slow_dense}
    ARGS -n 3 -m "sums are right" -m "a/b: 7 windows"
        -- ${nonblocking} --complete mixed)
# Where dense sums are asked for, there is nothing to compare.
spar_mpi_test(ab_nowhere
    ENV SPAR_MODE=ab SPAR_AB=4:6 SPAR_EXCHANGE=dense
    ARGS -n 2 -m "sums are right" -a "windows"
        -m "a/b: nothing goes sparse, so there is nothing to compare"
        -- ${sim} --flat --steps 60 --expect dense)
spar_mpi_test(ab_short ENV SPAR_MODE=ab
    ARGS -n 2 -m "sums are right"
        -m "a/b: the run ended before a dense and a sparse window were over"
        -- ${sim} --flat --steps 5 --expect dense)

# Sparse exchanges beside dense sums: not a bit of what the application gets is
# another one.
add_executable(mpi_bits mpi/bits.c)
target_link_libraries(mpi_bits PRIVATE MPI::MPI_C)
set(bits $<TARGET_FILE:mpi_bits>)
foreach(progress inline thread)
    foreach(ranks 2 3 4)
        spar_mpi_test(shadow_bits_${progress}_${ranks} SCRIPT same_bits.sh
            ENV SPAR_MODE=shadow SPAR_STEP_CALLS=5 SPAR_PROGRESS=${progress}
            ARGS -n ${ranks} -m "5001 float64 shadow" -m "6000 float32 shadow"
                -m "40001 float32 shadow" -m "NaN or Inf"
                -a "no sparse exchange was made" -- ${bits})
    endforeach()
endforeach()
foreach(exchange doubling split node)
    spar_mpi_test(shadow_bits_${exchange} SCRIPT same_bits.sh
        ENV SPAR_MODE=shadow SPAR_STEP_CALLS=5 SPAR_EXCHANGE=${exchange}
        ARGS -n 3 -m "shadow ${exchange}" -- ${bits})
endforeach()
spar_mpi_test(shadow_bits_large SCRIPT same_bits.sh
    ENV SPAR_MODE=shadow SPAR_STEP_CALLS=6 SPAR_LEARN_STEPS=3
    ARGS -n 2 -m "4300001 float32 shadow" -- ${bits} large)
# A large layer's second array changes no bit: topk selects the same entries, and
# has none.
foreach(exchange allgather doubling)
    spar_mpi_test(fresh_bits_${exchange} SCRIPT same_bits.sh
        ENV PLAIN=SPAR_SELECT=topk SPAR_MODE=sparse SPAR_EXCHANGE=${exchange}
            SPAR_DENSITY=0.02 SPAR_STEP_CALLS=6 SPAR_LEARN_STEPS=3
        ARGS -n 3 -m "4300001 float32 sparse" -m "NaN or Inf" -m "of it residuals 34.7 MB"
            -- ${bits} large)
endforeach()
spar_mpi_test(shadow_sums ENV SPAR_MODE=shadow
    ARGS -n 3 -m "sums are right" -m "NaN or Inf" -m "float32 shadow"
        -m "times fewer bytes" -a "still to send"
        -- ${sim} --bad-step 45 --pause 30-35 --interrupt 50 --steps 110
            --expect dense)
spar_mpi_test(shadow_embedding ENV SPAR_MODE=shadow
    ARGS -n 2 -m "sums are right" -m "float32 shadow"
        -- ${sim} --embedding --steps 80 --crowded-step 70 --expect dense)
spar_mpi_test(shadow_dense ENV SPAR_MODE=shadow SPAR_EXCHANGE=dense
    ARGS -n 2 -m "sums are right" -m "shadow: no sparse exchange was made"
        -m "dense is asked for" -- ${sim} --expect dense)
spar_mpi_test(shadow_persistent ENV SPAR_MODE=shadow
    ARGS -n 2 -m "sums are right" -m "persistent: dense in modes that compare"
        -- ${nonblocking} --complete mixed --persistent --expect dense)
spar_mpi_test(shadow_averaging ENV SPAR_MODE=shadow
    ARGS -n 2 -m "sums are right" -m "changes little, like parameters"
        -- $<TARGET_FILE:mpi_averaging>)

if(SPAR_SANITIZE)
    return()
endif()
# One rank has no room for the sparse sum: none of them exchanges sparsely.
target_compile_definitions(mpi_faults PRIVATE WITH_MALLOC)
spar_mpi_test(shadow_no_memory
    ENV SPAR_MODE=shadow FAULT_MALLOC=80000
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>
    ARGS -n 3 -m "sums are right" -m "shadow: no sparse exchange was made"
        -- ${sim} --flat --expect dense)
spar_mpi_test(shadow_residual
    ENV SPAR_MODE=shadow SPAR_LEARN_STEPS=2 SPAR_STEP_CALLS=1
        SPAR_DENSITY=0.01,1 SPAR_RAMP_STEPS=16 SPAR_VALUES=fp32
        SPAR_EXCHANGE=allgather
        SPAR_REPORT=${CMAKE_CURRENT_BINARY_DIR}/shadow_residual.json
    ARGS -n 2 -m "the residual is right" -a "FAILED"
        -- /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/mpi/shadow.py 2)
