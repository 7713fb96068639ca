# However it ends when an allocation of the library fails on one rank, no sum is
# wrong. Some of the allocations; each of them with SPAR_LONG_TESTS.
set(short -j 24)
if(SPAR_LONG_TESTS)
    set(short "")
endif()

function(spar_out_of_memory_test name)
    spar_mpi_test(out_of_memory_${name} SCRIPT failing_malloc.sh ${ARGN})
    set_property(TEST mpi_out_of_memory_${name} APPEND PROPERTY
        ENVIRONMENT "FAILING=$<TARGET_FILE:mpi_failing_malloc>")
    if(SPAR_LONG_TESTS)
        set_tests_properties(mpi_out_of_memory_${name} PROPERTIES
            TIMEOUT 3000 LABELS "mpi;soak")
    endif()
endfunction()

add_library(mpi_failing_malloc SHARED mpi/failing_malloc.c)
target_compile_definitions(mpi_failing_malloc PRIVATE _GNU_SOURCE)
set_target_properties(mpi_failing_malloc PROPERTIES C_VISIBILITY_PRESET default)

spar_out_of_memory_test(blocking
    ENV SPAR_MODE=sparse SPAR_EXCHANGE=split SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5
    ARGS -n 2 ${short} -- ${sim} --steps 12 --expect any)
spar_out_of_memory_test(nonblocking ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3
    ARGS -n 2 ${short} -- $<TARGET_FILE:mpi_nonblocking> --complete waitall
        --steps 20 --expect any)
if(SPAR_LONG_TESTS)
    spar_out_of_memory_test(auto
        ENV SPAR_MODE=auto SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5 SPAR_WATCH_STEPS=8
        ARGS -n 3 -- ${sim} --steps 60 --expect any)
    spar_out_of_memory_test(persistent ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3
        ARGS -n 2 -- $<TARGET_FILE:mpi_nonblocking> --complete wait --persistent
            --steps 12 --expect any)
    spar_out_of_memory_test(shadow
        ENV SPAR_MODE=shadow SPAR_EXCHANGE=node SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5
        ARGS -n 2 -- ${sim} --steps 12 --expect dense)
endif()

# A rank that has no room to time a selection spoils the prediction.
spar_mpi_test(out_of_memory_forecast
    ENV SPAR_MODE=shadow SPAR_EXCHANGE=allgather SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5
        FAILING_RANK=1 FAILING_BYTES=1048576
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_failing_malloc>
    ARGS -n 2 -m "(no prediction) instead of" -- ${sim} --steps 12 --expect dense)

# No residual is flushed together with NaN on a rank without memory, which is to
# get more of it when its layer's density grows.
spar_mpi_test(out_of_memory_flush
    ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=4 SPAR_STEP_CALLS=1 SPAR_LOSS_SCALE=off
        SPAR_DENSITY=0.01,0.2 SPAR_RAMP_STEPS=14 FAILING_RANK=1
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_failing_malloc>
    ARGS -n 2 -m "sums are right" -m "NaN or Inf" -- $<TARGET_FILE:mpi_flush> memory)
