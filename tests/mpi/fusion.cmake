# Horovod's fusion buffer
add_executable(mpi_fusion mpi/fusion.c)
target_link_libraries(mpi_fusion PRIVATE MPI::MPI_C ${CMAKE_DL_LIBS})
set(fusion $<TARGET_FILE:mpi_fusion>)
# Called as Horovod's library is
add_library(mpi_horovod MODULE mpi/horovod.c)
set_target_properties(mpi_horovod PROPERTIES PREFIX "" OUTPUT_NAME mpi_lib_v2
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/horovod/torch)
set(said "HOROVOD_FUSION_THRESHOLD=0 was set for Horovod")

spar_mpi_test(fusion_off ARGS -m "rank 0 reads 0" -m "rank 1 reads 0" -a ${said}
    -- ${fusion})
spar_mpi_test(fusion_given ENV HOROVOD_FUSION_THRESHOLD=1024
    ARGS -m "rank 0 reads 1024" -m "rank 1 reads 1024" -a ${said}
        -- ${fusion} $<TARGET_FILE:mpi_horovod> before)
spar_mpi_test(fusion_given_once
    ARGS -m "rank 0 reads nothing" -m "rank 1 reads 7" -- sh -c
    "[ $OMPI_COMM_WORLD_RANK = 0 ] || export HOROVOD_FUSION_THRESHOLD=7 && exec ${fusion}")
foreach(mode off dense)
    spar_mpi_test(fusion_mode_${mode} ENV SPAR_MODE=${mode}
        ARGS -m "rank 0 reads nothing" -m "rank 1 reads nothing" -a ${said}
            -- ${fusion} $<TARGET_FILE:mpi_horovod> before)
endforeach()
foreach(when before after)
    spar_mpi_test(fusion_horovod_${when} ENV SPAR_MODE=shadow
        ARGS -m "rank 0 reads 0" -m "rank 1 reads 0" -m ${said}
            -- ${fusion} $<TARGET_FILE:mpi_horovod> ${when})
endforeach()
# A buffer that is refilled with changing tensors, beside calls that repeat and
# beside communicators with few calls
add_executable(mpi_changing mpi/changing.c)
target_link_libraries(mpi_changing PRIVATE MPI::MPI_C)
set(changing $<TARGET_FILE:mpi_changing>)
spar_mpi_test(changing ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -m "6000 float32 sparse"
        -m "note: all stayed dense: 93 calls of 57 sizes on communicator 1 did not repeat: set SPAR_STEP_CALLS if each step makes the same number of calls; Horovod: HOROVOD_FUSION_THRESHOLD=0"
        -a "on communicator 0 " -a "on communicator 2 " -a "too short"
        -- ${changing})
spar_mpi_test(changing_given ENV SPAR_MODE=sparse SPAR_STEP_CALLS=2
    ARGS -n 2 -m "sums are right"
        -m "93 calls of 57 sizes on communicator 1 did not repeat in steps of 2 calls (SPAR_STEP_CALLS)"
        -- ${changing})
spar_mpi_test(changing_short ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=100
    ARGS -n 2 -m "sums are right"
        -m "93 calls of 1 size on communicator 0 repeated, but not 100 times (SPAR_LEARN_STEPS): the run was too short"
        -- ${changing} short)
