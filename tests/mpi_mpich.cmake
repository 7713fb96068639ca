# The functions of MPI 4. Where this build's MPI lacks them, one test builds
# and runs all this against MPICH.
if(SPAR_SANITIZE)
    return()
endif()
if(NOT SPAR_HAVE_LARGE_COUNT)
    add_test(NAME mpich COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/mpich.sh
        ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/mpich -G ${CMAKE_GENERATOR}
        -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE})
    set_tests_properties(mpich PROPERTIES
        LABELS mpi TIMEOUT 300 PROCESSORS 2 SKIP_RETURN_CODE 77)
    return()
endif()

add_executable(mpi_large_count mpi/large_count.c)
target_link_libraries(mpi_large_count PRIVATE MPI::MPI_C)
add_library(mpi_large_count_behind SHARED mpi/large_count_behind.c)
target_link_libraries(mpi_large_count_behind PRIVATE MPI::MPI_C ${CMAKE_DL_LIBS})
target_compile_definitions(mpi_large_count_behind PRIVATE _GNU_SOURCE)
set_target_properties(mpi_large_count_behind PROPERTIES C_VISIBILITY_PRESET default)
set(large_count $<TARGET_FILE:mpi_large_count>)

# Each of its layers is exchanged by another function.
foreach(progress inline thread)
    spar_mpi_test(large_count_${progress} ENV SPAR_MODE=sparse SPAR_PROGRESS=${progress}
        ARGS -n 3 -m "sums are right" -m "20000 float32 sparse" -m "30000 float32 sparse"
            -m "40001 float32 sparse" -m "10000 float32 sparse" -- ${large_count})
endforeach()
spar_mpi_test(large_count_lossless ENV SPAR_MODE=lossless
    ARGS -n 2 -m "sums are right" -m "20000 float32 sparse" -m "30000 float32 sparse"
        -m "40001 float32 sparse" -m "10000 float32 sparse" -- ${large_count} --exact)
spar_mpi_test(large_count_dense ENV SPAR_MODE=dense
    ARGS -n 2 -m "sums are right" -m "30000 float32 dense" -- ${large_count} --exact)

# Counts beyond an int
spar_mpi_test(large_count_huge ENV SPAR_MODE=sparse
        LIBSPAR_BEHIND=$<TARGET_FILE:mpi_large_count_behind>
    ARGS -n 2 -m "sums are right"
        -m "MPI_Allreduce_c of 2147483648 elements"
        -m "MPI_Iallreduce_c of 2147483649 elements"
        -m "MPI_Allreduce_init_c of 2147483650 elements" -- ${large_count} --huge)

# Takes 18 GB.
if(SPAR_LONG_TESTS)
    spar_mpi_test(large_count_beyond
        ENV SPAR_MODE=lossless SPAR_LEARN_STEPS=2 SPAR_STEP_CALLS=1
            LIBSPAR_BEHIND=$<TARGET_FILE:mpi_large_count_behind>
        ARGS -n 2 -m "sums are right" -m "2147483653 float32 sparse" -- ${large_count} --beyond)
    set_tests_properties(mpi_large_count_beyond PROPERTIES TIMEOUT 600)
endif()

# Persistent requests, in the ways of completion in which MPICH 4.0 itself can
# tell one that is not started from one that is.
foreach(way wait waitall test get-status)
    spar_mpi_test(persistent_alone_${way} ENV SPAR_MODE=sparse
        ARGS -n 2 -m "sums are right" -m "20000 float32 sparse"
            -- $<TARGET_FILE:mpi_nonblocking> --complete ${way} --persistent)
endforeach()
