# Sums of 16-bit floats by the application's own operations
foreach(program half half_other)
    add_executable(mpi_${program} mpi/${program}.c)
    target_link_libraries(mpi_${program} PRIVATE MPI::MPI_C m)
endforeach()
set(half $<TARGET_FILE:mpi_half>)
set(half_other $<TARGET_FILE:mpi_half_other>)
# A number that is too large a sum is no loss scale.
set(half_env SPAR_LEARN_STEPS=4 SPAR_STEP_CALLS=3 SPAR_LOSS_SCALE=off)

# Horovod's type, and one that others take
spar_mpi_test(half_contiguous
    ENV SPAR_MODE=sparse SPAR_DENSITY=0.05 ${half_env}
    ARGS -n 2 -m "sums are right" -m "20000 float16 sparse" -m "NaN or Inf"
        -- ${half} --contiguous --shift 1 --bad-step 20 --large-step 24)
spar_mpi_test(half_bf16 ENV SPAR_MODE=sparse ${half_env}
    ARGS -n 3 -m "sums are right" -m "20000 bfloat16 sparse" -m "NaN or Inf"
        -- ${half} --bf16 --out-of-place --shift 2 --bad-step 20 --large-step 24)
spar_mpi_test(half_gaussian
    ENV SPAR_MODE=sparse SPAR_SELECT=gaussian SPAR_EXCHANGE=split ${half_env}
    ARGS -n 4 -m "sums are right" -m "20000 float16 sparse"
        -- ${half} --out-of-place --bad-step 20 --large-step 24)
foreach(progress inline thread)
    spar_mpi_test(half_nonblocking_${progress}
        ENV SPAR_MODE=sparse SPAR_PROGRESS=${progress} ${half_env}
        ARGS -n 2 -m "sums are right" -m "20000 float16 sparse" -m "non-blocking"
            -- ${half} --nonblocking --contiguous --bad-step 20 --large-step 24)
endforeach()
spar_mpi_test(half_fleeting ENV SPAR_MODE=sparse ${half_env}
    ARGS -n 3 -m "sums are right" -m "20000 float16 sparse"
        -- ${half} --nonblocking --contiguous --fleeting --bad-step 20)

spar_mpi_test(half_large ENV SPAR_MODE=sparse SPAR_STEP_CALLS=3 SPAR_LEARN_STEPS=2
        SPAR_LOSS_SCALE=off SPAR_DENSITY=0.001
    ARGS -n 2 -m "sums are right" -m "4200001 bfloat16 sparse" -m "NaN or Inf"
        -m "dense: 8.42 MB" -- ${half} --large --bf16 --steps 10 --bad-step 5 --large-step 6)
spar_mpi_test(half_flush ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=4 SPAR_STEP_CALLS=1
        SPAR_DENSITY=0.05
    ARGS -n 3 -m "sums are right" -m "5000 float16 sparse" -- ${half_other} flush)
foreach(progress inline thread)
    spar_mpi_test(half_order_${progress} ENV SPAR_MODE=sparse SPAR_PROGRESS=${progress}
            SPAR_LEARN_STEPS=4 SPAR_STEP_CALLS=2 SPAR_LOSS_SCALE=off
        ARGS -n 2 -m "sums are right" -m "600000 float16 sparse" -m "5000 16 bits dense"
            -m "NaN or Inf" -- ${half_other} order)
endforeach()

# The other modes
spar_mpi_test(half_auto ENV ${half_env}
    ARGS -n 2 -m "sums are right" -- ${half} --expect any --steps 60)
spar_mpi_test(half_ab ENV SPAR_MODE=ab SPAR_AB=4:6 SPAR_EXCHANGE=allgather
        ${half_env} ${slow_dense}
    ARGS -n 2 -m "sums are right" -m "a/b: gain" -m "20000 float16 sparse"
        -- ${half} --expect any --steps 60 --bad-step 35)
spar_mpi_test(half_shadow ENV SPAR_MODE=shadow ${half_env}
    ARGS -n 2 -m "sums are right" -m "20000 float16 shadow"
        -- ${half} --expect dense --bad-step 20 --large-step 24)
spar_mpi_test(half_lossless ENV SPAR_MODE=lossless ${half_env}
    ARGS -n 2 -m "sums are right" -m "left to MPI" -- ${half} --expect dense)
spar_mpi_test(half_ring ENV SPAR_MODE=sparse SPAR_EXCHANGE=dense ${half_env}
    ARGS -n 2 -m "sums are right" -m "only MPI sums them densely"
        -- ${half} --expect dense)

# Checked over the ranks, and left to MPI where the user says so
spar_mpi_test(half_check ENV SPAR_MODE=sparse SPAR_CHECK=3 ${half_env}
    ARGS -n 2 -m "sums are right" -m "were the same on all ranks"
        -m "11 steps" -- ${half} --contiguous --bad-step 21 --large-step 24)
spar_mpi_test(half_check_finds ENV SPAR_MODE=sparse SPAR_CHECK=1
        SPAR_EXCHANGE=allgather LIBSPAR_BEHIND=$<TARGET_FILE:mpi_flip> FLIP_MESSAGES=6
        SPAR_DENSITY=0.05 ${half_env}
    ARGS -n 3 -c 76 -a "sums are right" -m "in the result of slot" -m "float16, sparse"
        -- ${half})
spar_mpi_test(half_excluded ENV SPAR_MODE=sparse SPAR_EXCLUDE=16k: ${half_env}
    ARGS -n 2 -m "sums are right" -m "20000 float16 dense" -m "SPAR_EXCLUDE names it"
        -m "5001 float16 sparse" -- ${half})

# What is no such sum
set(other_env SPAR_MODE=sparse SPAR_LEARN_STEPS=4 SPAR_STEP_CALLS=1)
foreach(scene whole max disagree)
    spar_mpi_test(half_${scene} ENV ${other_env}
        ARGS -n 3 -m "sums are right" -m "5000 16 bits dense"
            -m "no sum of 16-bit floats" -- ${half_other} ${scene})
endforeach()
set(scenes disagree-later)
if(NOT SPAR_SANITIZE) # which keeps freed handles from coming again
    list(APPEND scenes handles)
endif()
foreach(scene ${scenes})
    spar_mpi_test(half_${scene} ENV ${other_env}
        ARGS -n 2 -m "sums are right" -m "5000 float16 sparse"
            -- ${half_other} ${scene})
endforeach()

# A flush whose sum does not fit 16 bits
add_executable(mpi_flush mpi/flush.c)
target_link_libraries(mpi_flush PRIVATE MPI::MPI_C m)
set(flush $<TARGET_FILE:mpi_flush>)
set(flush_env SPAR_MODE=sparse SPAR_LEARN_STEPS=4 SPAR_DENSITY=0.05 SPAR_LOSS_SCALE=off)
set(flush_refused -m "sums are right" -m "NaN or Inf" -a "when it was due")
spar_mpi_test(half_flush_refused ENV ${flush_env} SPAR_STEP_CALLS=1
    ARGS -n 2 ${flush_refused} -m "9000 float16 sparse" -- ${flush} refused)
spar_mpi_test(half_flush_refused_bf16 ENV ${flush_env} SPAR_STEP_CALLS=1
    ARGS -n 2 ${flush_refused} -m "9000 bfloat16 sparse" -- ${flush} refused bf16)
foreach(progress inline thread)
    spar_mpi_test(half_flush_refused_${progress} ENV ${flush_env} SPAR_STEP_CALLS=2
            SPAR_PROGRESS=${progress}
        ARGS -n 2 ${flush_refused} -m "9000 float16 sparse" -m "8999 16 bits dense"
            -- ${flush} refused nonblocking)
endforeach()
spar_mpi_test(half_flush_given_up ENV ${flush_env} SPAR_STEP_CALLS=1
    ARGS -n 2 -m "sums are right" -m "could not be delivered in 8 calls"
        -m "1 times a layer's residual was not delivered when it was due"
        -m "9000 float16 sparse" -a "still to send" -- ${flush} given-up)
