# Layers that the user names. Communicators are com0, com1 (the first two ranks)
# and com2, whose number the third rank would not know by itself.
add_executable(mpi_selected mpi/selected.c)
target_link_libraries(mpi_selected PRIVATE MPI::MPI_C)
set(selected $<TARGET_FILE:mpi_selected>)
spar_mpi_test(excluded_slot ENV SPAR_MODE=sparse SPAR_EXCLUDE=1
    ARGS -n 3 -m "sums are right" -m "SPAR_EXCLUDE names it"
        -m "world 5000: sparse" -m "world 20000: dense" -m "world 6000: sparse"
        -m "pair 7000: sparse" -m "all 8000: sparse" -m "all 9000: dense"
        -- ${selected})
spar_mpi_test(excluded_comm
    ENV SPAR_MODE=sparse SPAR_EXCLUDE=^com0,^com2/:8000,com0/6000:6000
    ARGS -n 3 -m "sums are right"
        -m "world 5000: sparse" -m "world 20000: sparse" -m "world 6000: dense"
        -m "pair 7000: dense" -m "all 8000: sparse" -m "all 9000: dense"
        -- ${selected})
# Persistent calls have no slot.
spar_mpi_test(excluded_persistent
    ENV SPAR_MODE=sparse SPAR_EXCLUDE=0-99,com0/:5000
    ARGS -n 3 -m "sums are right" -m "persistent: SPAR_EXCLUDE names it"
        -m "world 5000: dense" -m "world 20000: sparse"
        -- ${selected} --persistent)
# In every mode, where sparse is much faster
foreach(mode auto ab lossless shadow)
    spar_mpi_test(excluded_${mode}
        ENV ${slow_dense} SPAR_MODE=${mode} SPAR_EXCLUDE=0 SPAR_INCLUDE=0
        ARGS -n 2 -m "sums are right" -m "SPAR_EXCLUDE names it"
            -a "float32 sparse" -a "float32 shadow"
            -- ${sim} --flat --steps 44 --expect dense)
endforeach()
# Calls before their slot is known go sparse in mode lossless, and not these.
spar_mpi_test(excluded_unknown SCRIPT dense_calls.sh
    ENV SPAR_MODE=lossless SPAR_LEARN_STEPS=1000 SPAR_EXCLUDE=0,:4500
    ARGS 8 ${sim} --steps 8 --expect dense)
spar_mpi_test(excluded_wrong ENV SPAR_EXCLUDE=64k:4m,2to5
    ARGS -c fail -a "sums are right"
        -m "SPAR_EXCLUDE: \"2to5\" is not allowed; allowed: up to 24 of: slots (3, 2-5)"
        -- ${sim})
# What changes as little as parameters goes sparse all the same, to its harm.
spar_mpi_test(included ENV ${slow_dense} SPAR_INCLUDE=16k:
    ARGS -n 2 -c fail -m "FAILED" -m "30000 float32 sparse"
        -a "changes little" -- $<TARGET_FILE:mpi_averaging>)
spar_mpi_test(included_shadow ENV SPAR_MODE=shadow SPAR_INCLUDE=16k:
    ARGS -n 2 -m "sums are right" -m "mode auto: " -a "changes little"
        -- $<TARGET_FILE:mpi_averaging>)
