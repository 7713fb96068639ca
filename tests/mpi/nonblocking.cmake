# Jobs with non-blocking sums

add_library(mpi_completion STATIC mpi/completion.c mpi/traffic.c)
target_link_libraries(mpi_completion PUBLIC MPI::MPI_C Threads::Threads m)

function(spar_mpi_program name)
    add_executable(mpi_${name} ${ARGN})
    target_link_libraries(mpi_${name} PRIVATE mpi_completion)
endfunction()

spar_mpi_program(nonblocking mpi/nonblocking.c mpi/nonblocking_slot.c
    mpi/nonblocking_check.c)
spar_mpi_program(soak mpi/soak.c mpi/soak_comms.c mpi/soak_operations.c)
foreach(program progress freed worker threads_nonblocking errors pieces)
    spar_mpi_program(${program} mpi/${program}.c)
endforeach()
set(nonblocking $<TARGET_FILE:mpi_nonblocking>)
# The report shows that calls were taken over while they were non-blocking.
set(taken_over -m "sums are right" -m "20000 float32 sparse" -m "non-blocking")

# Five calls per step, whatever buffers the allocator hands out: where they
# alternate, they look like the layers of a longer step.

# Every way to complete, with and without the helper thread
foreach(way wait wait-reverse waitall waitany waitsome test testall testany
        testsome get-status mixed)
    spar_mpi_test(nonblocking_${way}_inline ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5 SPAR_PROGRESS=inline
        ARGS -n 2 ${taken_over} -- ${nonblocking} --complete ${way})
    spar_mpi_test(nonblocking_${way}_thread ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5 SPAR_PROGRESS=thread
        ARGS -n 3 ${taken_over} -- ${nonblocking} --complete ${way} --out-of-place)
endforeach()

# What a trainer may do between MPI_Iallreduce and the completion
foreach(progress inline thread)
    set(env ENV SPAR_MODE=sparse SPAR_PROGRESS=${progress})
    spar_mpi_test(nonblocking_lookahead_${progress} ${env} SPAR_STEP_CALLS=5
        ARGS -n 3 ${taken_over} -- ${nonblocking} --complete mixed --lookahead)
    spar_mpi_test(nonblocking_between_${progress} ${env} SPAR_STEP_CALLS=7
        ARGS -n 4 ${taken_over} -- ${nonblocking} --complete mixed --blocking-between)
    spar_mpi_test(nonblocking_between_lookahead_${progress} ${env} SPAR_STEP_CALLS=7
        ARGS -n 2 ${taken_over} -- ${nonblocking} --complete mixed --blocking-between
            --lookahead --out-of-place)
    spar_mpi_test(persistent_${progress} ${env}
        ARGS -n 3 ${taken_over} -- ${nonblocking} --complete mixed --persistent)
    spar_mpi_test(persistent_lookahead_${progress} ${env}
        ARGS -n 2 ${taken_over} -- ${nonblocking} --complete mixed --persistent
            --lookahead --blocking-between --out-of-place)
    spar_mpi_test(progress_${progress} ${env}
        ARGS -n 3 ${taken_over} -- $<TARGET_FILE:mpi_progress>)
    spar_mpi_test(threads_nonblocking_${progress} ${env}
        ARGS -n 2 ${taken_over} -- $<TARGET_FILE:mpi_threads_nonblocking>)
    spar_mpi_test(worker_${progress} ${env}
        ARGS -n 2 ${taken_over} -- $<TARGET_FILE:mpi_worker>)
endforeach()
# Pieces of few entries each
foreach(exchange allgather split auto)
    spar_mpi_test(nonblocking_pieces_${exchange} ENV SPAR_MODE=sparse SPAR_DENSITY=0.001
            SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=2 SPAR_EXCHANGE=${exchange}
        ARGS -n 2 -m "sums are right" -m "4299999 float32 sparse" -- $<TARGET_FILE:mpi_pieces>)
endforeach()
spar_mpi_test(nonblocking_five ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5
    ARGS -n 5 ${taken_over} -- ${nonblocking} --complete mixed)
spar_mpi_test(nonblocking_double ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5
    ARGS -n 2 -m "sums are right" -m "20000 float64 sparse"
        -- ${nonblocking} --complete mixed --double --out-of-place)
spar_mpi_test(persistent_double ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -m "20000 float64 sparse"
        -- ${nonblocking} --complete mixed --double --persistent)
spar_mpi_test(nonblocking_ramp ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5 SPAR_DENSITY=0.25,0.01
    ARGS -n 3 ${taken_over} -- ${nonblocking} --complete waitall --steps 90)
spar_mpi_test(nonblocking_auto
    ARGS -n 2 -m "sums are right" -- ${nonblocking} --complete mixed --expect any)

# Exact sums
spar_mpi_test(nonblocking_lossless ENV SPAR_MODE=lossless
    ARGS -n 4 -m "sums are right" -m "lossless"
        -- ${nonblocking} --complete mixed --expect lossless)
spar_mpi_test(persistent_lossless ENV SPAR_MODE=lossless SPAR_PROGRESS=thread
    ARGS -n 3 -m "sums are right" -- ${nonblocking} --complete mixed --persistent
        --lookahead --expect lossless)
spar_mpi_test(nonblocking_own_ring ENV SPAR_MODE=sparse SPAR_EXCHANGE=dense
    ARGS -n 3 -m "sums are right" -- ${nonblocking} --complete mixed --expect dense)
spar_mpi_test(nonblocking_dense ENV SPAR_MODE=dense
    ARGS -n 2 -m "sums are right" -m "mode dense"
        -- ${nonblocking} --complete mixed --lookahead --expect dense)
spar_mpi_test(nonblocking_off ENV SPAR_MODE=off
    ARGS -n 2 -m "sums are right" -a "spar:"
        -- ${nonblocking} --complete mixed --persistent --expect dense)
spar_mpi_test(nonblocking_one_rank ENV SPAR_MODE=sparse
    ARGS -n 1 -m "sums are right" -- ${nonblocking} --complete mixed --expect dense)

# Non-finite values, and MPI_Pcontrol by one rank alone
spar_mpi_test(nonblocking_nan ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5 SPAR_PROGRESS=thread
    ARGS -n 3 ${taken_over} -m "NaN or Inf"
        -- ${nonblocking} --complete mixed --bad-step 45 --lookahead)
spar_mpi_test(nonblocking_nan_lossless ENV SPAR_MODE=lossless
    ARGS -n 2 -m "sums are right"
        -- ${nonblocking} --complete mixed --bad-step 45 --expect lossless)
spar_mpi_test(nonblocking_pause ENV SPAR_MODE=sparse SPAR_STEP_CALLS=5
    ARGS -n 3 ${taken_over}
        -- ${nonblocking} --complete mixed --pause 30-40 --steps 80)

# MPI's rules about progress, communicators, errors and thread levels
spar_mpi_test(progress_lossless ENV SPAR_MODE=lossless
    ARGS -n 4 -m "sums are right" -- $<TARGET_FILE:mpi_progress> --exact)
spar_mpi_test(freed ENV SPAR_MODE=lossless
    ARGS -n 4 -m "sums are right" -- $<TARGET_FILE:mpi_freed>)
spar_mpi_test(freed_thread ENV SPAR_MODE=lossless SPAR_PROGRESS=thread
    ARGS -n 3 -m "sums are right" -- $<TARGET_FILE:mpi_freed>)
spar_mpi_test(freed_dense ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -- $<TARGET_FILE:mpi_freed> --anchor)
spar_mpi_test(errors ENV SPAR_MODE=lossless
    ARGS -n 3 -m "sums are right" -- $<TARGET_FILE:mpi_errors>)
spar_mpi_test(errors_one_rank ENV SPAR_MODE=lossless
    ARGS -n 1 -m "sums are right" -- $<TARGET_FILE:mpi_errors>)
foreach(level single funneled)
    spar_mpi_test(worker_${level} ENV SPAR_MODE=sparse
        ARGS -n 2 ${taken_over} -- $<TARGET_FILE:mpi_worker> --${level})
endforeach()

# Trouble on one rank, or beside the sums
spar_mpi_program(trouble mpi/trouble.c)
add_library(mpi_faults SHARED mpi/faults.c)
target_link_libraries(mpi_faults PRIVATE MPI::MPI_C ${CMAKE_DL_LIBS})
target_compile_definitions(mpi_faults PRIVATE _GNU_SOURCE)
set_target_properties(mpi_faults PROPERTIES C_VISIBILITY_PRESET default)
spar_mpi_test(persistent_receive_fails ENV SPAR_MODE=lossless
    ARGS -n 2 -m "all is well" -- $<TARGET_FILE:mpi_trouble> persistent)
spar_mpi_test(broken_exchange ENV SPAR_MODE=lossless FAULT_RECEIVE=60
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>
    ARGS -n 2 -c fail -m "sparse allreduce failed" -m "the handler knows"
        -- $<TARGET_FILE:mpi_trouble> broken)
spar_mpi_test(fork ENV SPAR_MODE=sparse
    ARGS -n 2 -m "all is well" -- $<TARGET_FILE:mpi_trouble> fork)
if(NOT SPAR_SANITIZE) # whose run-time library starts threads in its own way
spar_mpi_test(no_thread ENV SPAR_MODE=sparse FAULT_THREAD=1
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>
    ARGS -n 2 -m "sums are right" -m "no helper thread on some rank"
        -- ${nonblocking} --complete waitall --expect dense)
endif()
# Small sums between the large ones must not be waited for beyond the end, nor
# must a plan that is still being made.
spar_mpi_test(nonblocking_stop ENV SPAR_MODE=sparse SPAR_STEP_CALLS=7
        SPAR_PROGRESS=thread SPAR_STOP_STEPS=30
    ARGS -n 3 -a "sums are right" -m "spar: 30 steps"
        -- ${nonblocking} --complete mixed --blocking-between --steps 100000)
spar_mpi_test(unfinished_plan ENV SPAR_MODE=dense
    ARGS -n 2 -m "sums are right" -a "not completed"
        -- ${nonblocking} --complete waitall --steps 9 --expect dense)
# A flush is nothing to remember for calls that owe nothing.
spar_mpi_test(lossless_flush ENV SPAR_MODE=lossless SPAR_LEARN_STEPS=1000
    ARGS -n 2 -m "sums are right" -a "all stayed dense"
        -- ${nonblocking} --complete waitall --expect lossless)

# All of it at random
spar_mpi_test(soak_2 ENV SPAR_MODE=lossless
    ARGS -n 2 -m "1000 rounds" -m "sums are right"
        -- $<TARGET_FILE:mpi_soak> --unanchored --rounds 1000 --seed 2)
foreach(ranks 1 3 5)
    spar_mpi_test(soak_${ranks} ENV SPAR_MODE=lossless
        ARGS -n ${ranks} -m "sums are right"
            -- $<TARGET_FILE:mpi_soak> --unanchored --seconds 3 --seed ${ranks})
endforeach()
spar_mpi_test(soak_thread ENV SPAR_MODE=lossless SPAR_PROGRESS=thread
    ARGS -n 3 -m "sums are right"
        -- $<TARGET_FILE:mpi_soak> --unanchored --seconds 3 --seed 13)
spar_mpi_test(soak_threads ENV SPAR_MODE=lossless
    ARGS -n 2 -m "sums are right"
        -- $<TARGET_FILE:mpi_soak> --unanchored --seconds 3 --seed 22 --threads 2)
if(SPAR_LONG_TESTS)
    foreach(ranks 2 3 5)
        spar_mpi_test(soak_long_${ranks}
            ENV SPAR_MODE=lossless SPAR_PROGRESS=thread LIMIT=900
            ARGS -n ${ranks} -m "sums are right" -- $<TARGET_FILE:mpi_soak>
                --unanchored --seconds 600 --seed 1${ranks} --threads 2)
        set_tests_properties(mpi_soak_long_${ranks} PROPERTIES
            TIMEOUT 1000 LABELS "mpi;soak")
    endforeach()
endif()

# A rank that dies
add_test(NAME mpi_killed COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/killed.sh -n 3
    -m "ended by a signal" -- ${nonblocking} --complete mixed --steps 1000000)
set_tests_properties(mpi_killed PROPERTIES
    TIMEOUT 180 PROCESSORS 2 LABELS mpi
    ENVIRONMENT "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};SPAR_MODE=sparse")

# Small layers that travel together, and what may come between them
spar_mpi_program(merged mpi/merged.c mpi/merged_scenes.c)
set(merged $<TARGET_FILE:mpi_merged>)
set(merging SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=6)
set(travelled -m "sums are right" -m "travelled together")
foreach(ranks 2 3 4 5)
    spar_mpi_test(merged_inline_${ranks} ENV SPAR_MODE=sparse SPAR_PROGRESS=inline ${merging}
        ARGS -n ${ranks} ${travelled} -- ${merged})
    spar_mpi_test(merged_thread_${ranks} ENV SPAR_MODE=sparse SPAR_PROGRESS=thread ${merging}
        ARGS -n ${ranks} ${travelled} -- ${merged})
endforeach()
foreach(exchange doubling split)
    spar_mpi_test(merged_${exchange} ENV SPAR_MODE=sparse SPAR_EXCHANGE=${exchange} ${merging}
        ARGS -n 3 ${travelled} -- ${merged})
endforeach()
# The same bits, merged or not
foreach(way "" --rough)
    add_test(NAME mpi_merged_same_bits${way}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/merged.sh -n 3 -m "sums are right"
            -- ${merged} ${way})
    set_tests_properties(mpi_merged_same_bits${way} PROPERTIES
        TIMEOUT 180 PROCESSORS 2 LABELS mpi ENVIRONMENT
        "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};SPAR_MODE=sparse;SPAR_EXCHANGE=allgather;SPAR_DENSITY=0.0625;SPAR_VALUES=fp32;SPAR_LEARN_STEPS=3;SPAR_STEP_CALLS=6")
endforeach()
