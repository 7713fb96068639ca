# What hosts and people do to a job: signals, full disks, closed files, another
# library or other settings on some ranks
if(SPAR_SANITIZE)
    return()
endif()

# A process of the job ends; rank 0 still writes its report.
function(spar_killed_test name)
    add_test(NAME mpi_${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/killed.sh -n 3
        ${ARGN} -m "ended by a signal" -- ${nonblocking} --complete mixed --steps 1000000)
    set_tests_properties(mpi_${name} PROPERTIES
        TIMEOUT 180 PROCESSORS 2 LABELS mpi
        ENVIRONMENT "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};SPAR_MODE=sparse")
endfunction()
spar_killed_test(terminated_rank -s TERM -v 0)
spar_killed_test(terminated_job -s TERM -v mpirun)

# Nobody reads what the trainer prints, or what Spar does.
spar_mpi_test(stdout_closed ENV SPAR_MODE=sparse
    ARGS -n 2 -a "sums are right" -m "spar: memory per rank" -- sh -c "exec ${sim} >&-")
spar_mpi_test(stderr_full ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -a "spar:" -- sh -c "exec ${sim} 2>/dev/full")

# Full disks
set(full ${CMAKE_CURRENT_BINARY_DIR}/full)
spar_mpi_test(report_full ENV SPAR_MODE=sparse LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>
        FAULT_FULL=${full} SPAR_REPORT=${full}.json
    ARGS -n 2 -m "sums are right"
        -m "cannot write the report to ${full}.json: No space left on device" -- ${sim})
spar_mpi_test(trace_full ENV SPAR_MODE=sparse LIBSPAR_BEHIND=$<TARGET_FILE:mpi_faults>
        FAULT_FULL=${full}_trace SPAR_TRACE=${full}_trace
    ARGS -n 2 -m "sums are right"
        -m "cannot write the trace to ${full}_trace: No space left on device" -- ${sim})

# One rank alone has a bad setting.
spar_mpi_test(bad_value_elsewhere
    ARGS -n 3 -c fail -a "sums are right" -m "SPAR_MODE=fast is not allowed"
        -m "(rank 1 on" -- sh -c
        "SPAR_MODE=$(test $OMPI_COMM_WORLD_RANK = 1 && echo fast) exec ${sim}")

# Another version of the library on some ranks: the same objects, but for the
# one that tells the version
set(version_folder ${CMAKE_CURRENT_BINARY_DIR}/other_version)
file(READ ${CMAKE_BINARY_DIR}/generated/spar_version.h version_text)
string(REGEX REPLACE "(SPAR_VERSION_STRING) \"[^\"]*\"" "\\1 \"9.8.7\""
    version_text "${version_text}")
file(CONFIGURE OUTPUT ${version_folder}/spar_version.h CONTENT "${version_text}" @ONLY)
add_library(mpi_other_version SHARED ${CMAKE_SOURCE_DIR}/pmpi/handshake.c
    $<FILTER:$<TARGET_OBJECTS:spar>,EXCLUDE,/handshake\\.c>)
target_include_directories(mpi_other_version BEFORE PRIVATE ${version_folder})
target_compile_definitions(mpi_other_version PRIVATE _GNU_SOURCE OMPI_SKIP_MPICXX)
target_link_libraries(mpi_other_version PRIVATE
    $<TARGET_PROPERTY:spar,LINK_LIBRARIES>)
target_link_options(mpi_other_version PRIVATE -Wl,--exclude-libs,ALL)
set(other $<TARGET_FILE:mpi_other_version>)
spar_mpi_test(other_version ENV SPAR_MODE=sparse
    ARGS -n 4 -c fail -a "sums are right"
        -m "2 of 4 ranks have another libspar.so than rank 0, which has ${PROJECT_VERSION}: rank 1 on"
        -m " has 9.8.7, rank 3 on" -m " has 9.8.7. Install the same version on every host"
        -- sh -c
        "test $((OMPI_COMM_WORLD_RANK % 2)) = 0 || export LD_PRELOAD=${other}$<SEMICOLON> exec ${sim}")
