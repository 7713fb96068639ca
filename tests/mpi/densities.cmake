# Densities that a rule sets while the job runs

# What all ranks say of them: densities.sh RANKS AIM POST replay [arguments]
function(spar_densities_test name)
    cmake_parse_arguments(PARSE_ARGV 1 job "" "" "ENV;ARGS")
    spar_mpi_test(densities_${name} SCRIPT densities.sh
        ENV SPAR_LEARN_STEPS=3 SPAR_DENSITY=auto ${job_ENV}
        ARGS ${job_ARGS})
endfunction()

if(TARGET replay)
    set(replay $<TARGET_FILE:replay>)
    # Where dense sums are slow, mode auto goes sparse as well.
    foreach(ranks 2 3)
        spar_densities_test(iallreduce_${ranks} ENV SPAR_MODE=sparse
            ARGS ${ranks} hide iallreduce ${replay})
    endforeach()
    spar_densities_test(iallreduce_auto ENV SPAR_MODE=auto
        ARGS 2 hide iallreduce ${replay})
    spar_densities_test(iallreduce_jitter ENV SPAR_MODE=sparse
        ARGS 4 hide iallreduce ${replay} --jitter 0.5)
    foreach(aim thread=hide blocking=spend flat=spend)
        string(REPLACE "=" ";" aim ${aim})
        list(GET aim 0 post)
        list(GET aim 1 aim)
        set(calls SPAR_STEP_CALLS=8)
        set(behind "")
        set(behind_auto SPAR_MODE=auto ${slow_dense})
        set(more "")
        if(post STREQUAL flat) # all in one call, that much slower
            set(calls SPAR_STEP_CALLS=1)
            set(behind_auto SPAR_MODE=auto ${slow} SLOW_DENSE=100000)
        elseif(post STREQUAL thread)
            # Exchanges that take more and less time show a second thread, on
            # a busy machine too.
            set(behind ${slow_dense} SLOW_SPREAD=1500)
            set(behind_auto SPAR_MODE=auto ${behind})
            set(more --scale 1)
            if(SPAR_SANITIZE) # too slow to be sure
                set(aim any)
            endif()
        endif()
        spar_densities_test(${post} ENV SPAR_MODE=sparse ${calls} ${behind}
            ARGS 2 ${aim} ${post} ${replay} ${more})
        spar_densities_test(${post}_auto ENV ${behind_auto} ${calls}
            ARGS 2 ${aim} ${post} ${replay} ${more})
        spar_densities_test(${post}_jitter ENV SPAR_MODE=sparse ${calls}
            ARGS 4 any ${post} ${replay} --jitter 0.5)
        spar_densities_test(${post}_paper ENV SPAR_MODE=sparse SPAR_DENSITY=lags-paper ${calls}
            ARGS 2 paper ${post} ${replay})
    endforeach()
    spar_densities_test(iallreduce_paper ENV SPAR_MODE=sparse SPAR_DENSITY=lags-paper
        ARGS 3 paper iallreduce ${replay})
endif()

# One rank alone sees what looks like a second thread.
add_executable(mpi_overlap_differs mpi/overlap_differs.c)
target_link_libraries(mpi_overlap_differs PRIVATE MPI::MPI_C m)
spar_mpi_test(densities_overlap_differs
    ENV SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=9 SPAR_DENSITY=auto LIMIT=60
        ${slow_dense}
    ARGS -n 2 -m "sums are right"
        -- $<TARGET_FILE:mpi_overlap_differs>)

# Steps of unusual shapes: nothing is lost, and the job ends.
add_executable(mpi_shapes mpi/shapes.c)
target_link_libraries(mpi_shapes PRIVATE MPI::MPI_C)
foreach(shape huge=201 alternating=9 slower=5 freed=5)
    string(REPLACE "=" ";" shape ${shape})
    list(GET shape 1 calls)
    list(GET shape 0 shape)
    set(solved ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=${calls} SPAR_DENSITY=auto)
    spar_mpi_test(densities_${shape} ${solved}
        ARGS -n 3 -m "sums are right" -m "densities:" -- $<TARGET_FILE:mpi_shapes> ${shape})
    spar_mpi_test(densities_${shape}_blocking ${solved}
        ARGS -n 2 -m "sums are right" -m "densities:"
            -- $<TARGET_FILE:mpi_shapes> ${shape} --blocking)
endforeach()

# While steps are probed: NaN, a pause, a flush. Steps 5 to 12 are.
set(probing ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5 SPAR_DENSITY=auto)
spar_mpi_test(densities_probing_nan ${probing}
    ARGS -n 3 -m "sums are right" -m "NaN or Inf" -m "densities:" -- ${sim} --bad-step 8)
spar_mpi_test(densities_probing_pause ${probing}
    ARGS -n 3 -m "sums are right" -m "densities:" -- ${sim} --pause 6-9)
spar_mpi_test(densities_probing_flush ${probing}
    ARGS -n 2 -m "sums are right" -- ${sim} --steps 12)

# Completed by tests alone; persistent calls, which have no densities by a rule
spar_mpi_test(densities_tests ${probing}
    ARGS -n 3 ${taken_over} -m "densities:" -- ${nonblocking} --complete test)
# Who tests again and again waits: dense sums hide behind no computation.
spar_mpi_test(densities_polled ENV SPAR_MODE=auto SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5
        SPAR_PROGRESS=thread ${slow_dense}
    ARGS -n 2 -m "sums are right" -m "nothing to hide behind"
        -- ${nonblocking} --complete test --expect any)
spar_mpi_test(densities_persistent ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3 SPAR_DENSITY=auto
    ARGS -n 2 ${taken_over} -- ${nonblocking} --complete mixed --persistent --blocking-between)

# Modes that have no densities
foreach(mode lossless dense)
    spar_mpi_test(densities_${mode} ENV SPAR_MODE=${mode} SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5
            SPAR_DENSITY=auto
        ARGS -n 2 -m "sums are right" -a "densities:" -- ${sim} --expect ${mode})
endforeach()
