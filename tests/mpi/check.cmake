# SPAR_CHECK: what is the same on all ranks passes, whatever the calls are;
# behind a library that changes bits, the job ends and tells where.
set(agreed -m "sums are right" -m "were the same on all ranks")
set(check SPAR_CHECK=3 SPAR_LEARN_STEPS=3)
foreach(mode sparse shadow)
    spar_mpi_test(check_${mode} ENV SPAR_MODE=${mode} ${check}
        ARGS -n 2 ${agreed} -m "7 steps with 35 sums" -- ${sim} --steps 30 --expect any)
endforeach()
spar_mpi_test(check_auto ENV ${check}
    ARGS -n 2 ${agreed} -- ${sim} --steps 30 --expect any)
spar_mpi_test(check_every_step ENV SPAR_MODE=sparse SPAR_CHECK=1
        SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1
    ARGS -n 2 -m "sums are right" -m "16 steps with 15 sums"
        -- ${sim} --flat --steps 20)
spar_mpi_test(check_dense ENV SPAR_MODE=dense SPAR_CHECK=1
    ARGS -n 2 -m "sums are right" -a "the same on all ranks"
        -- ${sim} --steps 20 --expect dense)
# Steps that a rank pauses, with NaN, and a sequence that is learnt again
spar_mpi_test(check_trouble ENV SPAR_MODE=sparse ${check}
    ARGS -n 2 ${agreed} -m "NaN or Inf" -- ${sim} --steps 70 --bad-step 25
        --pause 15-18 --interrupt 40)
foreach(progress inline thread)
    spar_mpi_test(check_nonblocking_${progress} ENV SPAR_MODE=sparse SPAR_CHECK=2
            SPAR_PROGRESS=${progress} SPAR_STEP_CALLS=5
        ARGS -n 2 ${agreed} -m "travelled together" -m "25 steps with 120 sums"
            -- ${nonblocking} --complete mixed --lookahead)
endforeach()

add_library(mpi_flip SHARED mpi/flip.c)
target_link_libraries(mpi_flip PRIVATE MPI::MPI_C Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(mpi_flip PRIVATE _GNU_SOURCE)
set_target_properties(mpi_flip PROPERTIES C_VISIBILITY_PRESET default)
set(flip ${check} LIBSPAR_BEHIND=$<TARGET_FILE:mpi_flip>)
set(ends -c 76 -a "sums are right" -m "SPAR_CHECK: in step" -m "the job ends")
foreach(exchange allgather split dense)
    spar_mpi_test(check_finds_${exchange} ENV SPAR_MODE=sparse
            SPAR_EXCHANGE=${exchange} SPAR_VALUES=fp32 ${flip} FLIP_MESSAGES=50
        ARGS -n 3 ${ends} -m "of communicator 0 ranks differ in the result of slot"
            -m " on rank" -- ${sim} --random --expect any)
endforeach()
spar_mpi_test(check_finds_merged ENV SPAR_MODE=sparse SPAR_CHECK=2
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_flip> FLIP_MESSAGES=20 ${merging}
    ARGS -n 2 ${ends} -m "differ in the result of slot" -- ${merged})
spar_mpi_test(check_finds_shadow ENV SPAR_MODE=shadow ${flip} FLIP_MESSAGES=50
    ARGS -n 3 ${ends} -m "differ in the result of slot"
        -- ${sim} --random --expect any)
spar_mpi_test(check_finds_density ENV SPAR_MODE=sparse ${flip} FLIP_DENSITIES=1
    ARGS -n 3 ${ends} -m "differ in the density of slot"
        -m " on ranks 0, 2; 0." -m " on rank 1;" -- ${sim} --flat --steps 100)
