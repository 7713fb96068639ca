# A sanitizer's run-time library must be loaded before everything else.
set(sanitizer_env "")
foreach(pair address=libasan.so thread=libtsan.so)
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 sanitizer)
    list(GET pair 1 library)
    if(SPAR_SANITIZE MATCHES ${sanitizer})
        execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=${library}
            OUTPUT_VARIABLE library OUTPUT_STRIP_TRAILING_WHITESPACE)
        set(sanitizer_env "LIBSPAR_FIRST=${library};ASAN_OPTIONS=detect_leaks=0"
            "TSAN_OPTIONS=ignore_noninstrumented_modules=1 exitcode=66")
    endif()
endforeach()

# Jobs whose times decide what happens, or that hurt others: these run alone.
string(CONCAT spar_mpi_alone "auto|densities|ab_|taken_back|again|overlap|merged|trainer|guards|averaging|"
    "excluded|included|fusion|changing|changed|relearnt|progress|fault|killed|terminated|full|closed|version|bad_value|"
    "out_of_memory|handles|trace|paper|shadow|report|topology|loss_scale|order|predicted|second")

# Jobs under the real mpirun: spar_mpi_test(name ENV A=B... ARGS job.sh's), or
# by another SCRIPT that takes such arguments
function(spar_mpi_test name)
    cmake_parse_arguments(PARSE_ARGV 1 job "" "SCRIPT" "ENV;ARGS")
    if(NOT job_SCRIPT)
        set(job_SCRIPT job.sh)
    endif()
    # Where times do not decide what happens, two jobs may share the cores.
    set(processors 1)
    if(name MATCHES "${spar_mpi_alone}")
        set(processors 2)
    endif()
    add_test(NAME mpi_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/${job_SCRIPT} ${job_ARGS})
    set_tests_properties(mpi_${name} PROPERTIES
        TIMEOUT ${spar_mpi_seconds} PROCESSORS ${processors} LABELS mpi ENVIRONMENT
        "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};${spar_mpi_limit}${job_ENV}")
endfunction()

foreach(program sim citizen threads averaging overflow)
    add_executable(mpi_${program} mpi/${program}.c)
    target_link_libraries(mpi_${program} PRIVATE MPI::MPI_C Threads::Threads m)
endforeach()
set(sim $<TARGET_FILE:mpi_sim>)

# Conservation, identical replicas, exact sums
spar_mpi_test(sparse_in_place ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -- ${sim})
spar_mpi_test(sparse_out_of_place_double ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -- ${sim} --out-of-place --double)
spar_mpi_test(sparse_flat ENV SPAR_MODE=sparse SPAR_DENSITY=0.25,0.01
    ARGS -n 4 -m "sums are right" -- ${sim} --flat --steps 90)
spar_mpi_test(gaussian ENV SPAR_MODE=sparse SPAR_SELECT=gaussian
    ARGS -n 3 -m "sums are right" -- ${sim})
spar_mpi_test(topk ENV SPAR_MODE=sparse SPAR_SELECT=topk
    ARGS -n 2 -m "sums are right" -- ${sim})
spar_mpi_test(lossless ENV SPAR_MODE=lossless
    ARGS -n 3 -m "sums are right" -m "lossless" -- ${sim} --expect lossless)
spar_mpi_test(own_ring ENV SPAR_MODE=sparse SPAR_EXCHANGE=dense
    ARGS -n 3 -m "sums are right" -- ${sim} --expect dense)
spar_mpi_test(mode_dense ENV SPAR_MODE=dense
    ARGS -n 2 -m "sums are right" -m "mode dense" -- ${sim} --expect dense)
spar_mpi_test(mode_off ENV SPAR_MODE=off
    ARGS -n 2 -m "sums are right" -a "spar:" -- ${sim} --expect dense)
spar_mpi_test(mode_auto ARGS -n 2 -m "sums are right" -m "predicted faster" -- ${sim}
    --expect any)
spar_mpi_test(one_rank ENV SPAR_MODE=sparse
    ARGS -n 1 -m "sums are right" -- ${sim} --expect dense)

# A layer that is exchanged in pieces, with NaN in one of them
spar_mpi_test(large ENV SPAR_MODE=sparse SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1
    ARGS -n 3 -m "sums are right" -m "NaN or Inf" -m "4300001 float32 sparse"
        -- ${sim} --large --steps 20 --bad-step 10 --pause 12-13)
# Layers whose selection leaves the sums in a second array (pmpi/fresh.h), which
# moves with the residual, too
set(fresh ${sim} --count 600001)
spar_mpi_test(fresh ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -m "NaN or Inf" -m "of it residuals 4.8 MB"
        -- ${fresh} --bad-step 45 --pause 50-52)
spar_mpi_test(fresh_double ENV SPAR_MODE=sparse SPAR_EXCHANGE=split
    ARGS -n 2 -m "sums are right" -m "NaN or Inf" -m "of it residuals 9.6 MB"
        -- ${fresh} --double --out-of-place --bad-step 48)
spar_mpi_test(fresh_relearnt ENV SPAR_MODE=sparse SPAR_LOG=info
    ARGS -n 2 -m "sums are right" -m "learning again" -a "still to send"
        -m "of it residuals 4.8 MB"
        -- ${fresh} --interrupt 40 --steps 110)
spar_mpi_test(large_lossless ENV SPAR_MODE=lossless
    ARGS -n 2 -m "sums are right" -- ${sim} --large --steps 6 --expect lossless)

spar_mpi_test(relearnt ENV SPAR_MODE=sparse SPAR_LOG=info
    ARGS -n 3 -m "sums are right" -m "learning again" -a "still to send"
        -- ${sim} --interrupt 40 --steps 110)
spar_mpi_test(equal_bits ENV SPAR_MODE=sparse
    ARGS -n 4 -m "sums are right" -- ${sim} --random --expect any)
spar_mpi_test(equal_bits_fp32 ENV SPAR_MODE=sparse SPAR_VALUES=fp32
    ARGS -n 3 -m "sums are right" -- ${sim} --random --expect any)
foreach(values fp16 int8)
    spar_mpi_test(values_${values} ENV SPAR_MODE=sparse SPAR_VALUES=${values}
        ARGS -n 3 -m "sums are right" -- ${sim})
    spar_mpi_test(values_${values}_random
        ENV SPAR_MODE=sparse SPAR_VALUES=${values} SPAR_ROUND=random
        ARGS -n 4 -m "sums are right" -- ${sim})
    spar_mpi_test(equal_bits_${values}
        ENV SPAR_MODE=sparse SPAR_VALUES=${values} SPAR_ROUND=random
        ARGS -n 3 -m "sums are right" -- ${sim} --random --expect any)
endforeach()

# Each host has its own settings: rank 0's hold, or the ranks would diverge.
spar_mpi_test(settings_differ
    ARGS -n 3 -m "sums are right" -m "rank 0's" -- sh -c
    "SPAR_MODE=sparse SPAR_DENSITY=0.$((OMPI_COMM_WORLD_RANK + 1)) SPAR_MIN_COUNT=$((4096 * (1 + OMPI_COMM_WORLD_RANK))) exec ${sim}")

# Each exchange algorithm by name
foreach(algorithm doubling split node)
    spar_mpi_test(${algorithm} ENV SPAR_MODE=sparse SPAR_EXCHANGE=${algorithm}
        ARGS -n 3 -m "sums are right" -m "sparse ${algorithm}" -- ${sim})
    spar_mpi_test(${algorithm}_nan
        ENV SPAR_MODE=sparse SPAR_EXCHANGE=${algorithm}
        ARGS -n 4 -m "sums are right" -m "NaN or Inf"
            -- ${sim} --bad-step 45 --pause 30-35)
    spar_mpi_test(${algorithm}_double
        ENV SPAR_MODE=sparse SPAR_EXCHANGE=${algorithm}
        ARGS -n 5 -m "sums are right" -- ${sim} --double --out-of-place)
    spar_mpi_test(${algorithm}_lossless
        ENV SPAR_MODE=lossless SPAR_EXCHANGE=${algorithm}
        ARGS -n 3 -m "sums are right" -- ${sim} --expect lossless)
    spar_mpi_test(${algorithm}_overflow
        ENV SPAR_MODE=lossless SPAR_EXCHANGE=${algorithm}
        ARGS -n 3 -m "sums are right" -- $<TARGET_FILE:mpi_overflow>)
    spar_mpi_test(${algorithm}_embedding
        ENV SPAR_MODE=sparse SPAR_EXCHANGE=${algorithm} SPAR_DENSITY=0.03
        ARGS -n 2 -m "sums are right" -m "few non-zeros: all are sent, exactly"
            -- ${sim} --embedding --steps 60 --expect any)
    spar_mpi_test(${algorithm}_equal_bits
        ENV SPAR_MODE=sparse SPAR_EXCHANGE=${algorithm}
        ARGS -n 4 -m "sums are right" -- ${sim} --random --expect any)
endforeach()

# Layers of which most elements are zero
spar_mpi_test(embedding ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -m "few non-zeros: all are sent, exactly"
        -- ${sim} --embedding --steps 80 --bad-step 60 --expect any)
spar_mpi_test(embedding_crowded ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -m "few non-zeros, but not always"
        -- ${sim} --embedding --steps 90 --crowded-step 60 --expect any)

# Non-finite values
spar_mpi_test(nan_in_place ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -m "NaN or Inf" -- ${sim} --bad-step 45)
spar_mpi_test(nan_lossless ENV SPAR_MODE=lossless
    ARGS -n 2 -m "sums are right" -- ${sim} --expect lossless --bad-step 45)

# A loss scale that halves after an overflow and doubles: residuals follow
add_executable(mpi_loss_scale mpi/loss_scale.c)
target_link_libraries(mpi_loss_scale PRIVATE MPI::MPI_C m)
set(loss_scale $<TARGET_FILE:mpi_loss_scale>)
set(rescaled -m "sums are right" -m "rescaled 2 times, at last by 2^1"
    -m "not by one power of two on all ranks" -m "NaN or Inf")
spar_mpi_test(loss_scale
    ENV SPAR_MODE=sparse SPAR_STEP_CALLS=6 SPAR_LOG=info
    ARGS -n 3 ${rescaled} -- ${loss_scale})
spar_mpi_test(loss_scale_double
    ENV SPAR_MODE=sparse SPAR_STEP_CALLS=6 SPAR_LOG=info SPAR_EXCHANGE=split
    ARGS -n 2 ${rescaled} -- ${loss_scale} --double)
spar_mpi_test(loss_scale_half
    ENV SPAR_MODE=sparse SPAR_STEP_CALLS=6 SPAR_LOG=info
    ARGS -n 2 ${rescaled} -m "20000 float16 sparse" -- ${loss_scale} --half)
spar_mpi_test(loss_scale_off
    ENV SPAR_MODE=sparse SPAR_STEP_CALLS=6 SPAR_LOSS_SCALE=off
    ARGS -n 2 -c fail -m "a step that jumps is not dense" -a rescaled -- ${loss_scale})
foreach(progress inline thread)
    spar_mpi_test(loss_scale_merged_${progress}
        ENV SPAR_MODE=sparse SPAR_STEP_CALLS=6 SPAR_LOG=info
            SPAR_EXCHANGE=allgather SPAR_PROGRESS=${progress}
        ARGS -n 3 ${rescaled} -m "travelled together" -- ${loss_scale} --nonblocking)
endforeach()
spar_mpi_test(loss_scale_large
    ENV SPAR_MODE=sparse SPAR_STEP_CALLS=1 SPAR_LEARN_STEPS=3 SPAR_LOG=info
    ARGS -n 2 ${rescaled} -m "of it residuals 34.4 MB" -- ${loss_scale} --large)

# MPI_Pcontrol by one rank alone
spar_mpi_test(pause ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -- ${sim} --pause 30-40 --steps 80)

# A good citizen
spar_mpi_test(citizen ENV SPAR_MODE=sparse
    ARGS -n 3 -m "sums are right" -- $<TARGET_FILE:mpi_citizen>)
spar_mpi_test(citizen_dense ENV SPAR_MODE=dense
    ARGS -n 2 -m "sums are right" -- $<TARGET_FILE:mpi_citizen>)

spar_mpi_test(threads ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -- $<TARGET_FILE:mpi_threads>)

# The children of spawn.c run without the library.
add_executable(mpi_spawn mpi/spawn.c)
target_link_libraries(mpi_spawn PRIVATE MPI::MPI_C)
spar_mpi_test(other_world ENV SPAR_MODE=sparse
    ARGS -n 2 -m "4 ranks: sums are right" -- $<TARGET_FILE:mpi_spawn>)

# Never worse: where sparse proves slower, the layers go back to dense, and
# what they owed is delivered. Also shows the warning about a tool behind Spar.
add_library(mpi_slow SHARED mpi/slow.c)
target_link_libraries(mpi_slow PRIVATE MPI::MPI_C ${CMAKE_DL_LIBS})
target_compile_definitions(mpi_slow PRIVATE _GNU_SOURCE)
set_target_properties(mpi_slow PROPERTIES C_VISIBILITY_PRESET default)
set(slow SPAR_DENSE=mpi LIBSPAR_BEHIND=$<TARGET_FILE:mpi_slow>)
set(slow_dense ${slow} SLOW_DENSE=20000)
# Memory that never comes back, as under sanitizers, does not tell the step.
spar_mpi_test(taken_back
    ENV ${slow} SPAR_STEP_CALLS=1 SLOW_DENSE=4000 SLOW_ENTRIES=15000
    ARGS -n 2 -m "sums are right" -m "sparse proved slower"
        -m "another MPI tool is loaded behind Spar" -a "still to send"
        -- ${sim} --flat --steps 100 --expect any)

# Sparse proves slower at first, and the layer rests. At the first look after that
# dense sums are slower than what sparse is predicted to take, but not than what
# it took: it stays dense. At the second look they are, and it goes sparse; then
# entries become slow, and it is taken back.
spar_mpi_test(again ENV ${slow} SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1
        SPAR_EXCHANGE=allgather SPAR_LOG=info
        SLOW_DENSE=10000,60:0,2560:20000,2580:0,3075:100000,3110:0
        SLOW_ENTRIES=40000,20:120000
    ARGS -n 2 -m "sums are right" -a "still to send"
        -m "step 2577: 0 of 1 dense layers go sparse"
        -m "step 3089: 1 of 1 dense layers go sparse" -m "sparse proved slower"
        -- ${sim} --flat --count 5000 --expect any --steps 3150)
# What was only predicted to be slower has no rest. Of non-blocking calls, too.
spar_mpi_test(again_predicted SCRIPT again.sh
    ENV SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1 SPAR_LOG=info SPAR_DENSITY=0.5
        SPAR_VALUES=fp32
    ARGS [01] ${sim} --flat --count 30000 --expect any --steps 530)
if(TARGET replay)
    spar_mpi_test(again_nonblocking SCRIPT again.sh
        ENV ${slow} SLOW_DENSE=0,510:30000 SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1
            SPAR_LOG=info TRACE=1
        ARGS 1 $<TARGET_FILE:replay> --warmup 0 --steps 540)
endif()

# The same network, where sparse is predicted faster, but these are parameters.
# They are not looked at again either.
spar_mpi_test(averaging_for_long ENV SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=1
        SPAR_LOG=info
    ARGS -n 2 -m "sums are right" -a "second look"
        -- $<TARGET_FILE:mpi_averaging> 560)
spar_mpi_test(averaging
    ENV ${slow} SLOW_DENSE=4000 SLOW_ENTRIES=15000
    ARGS -n 2 -m "sums are right" -m "changes little, like parameters"
        -- $<TARGET_FILE:mpi_averaging>)

# Settings
spar_mpi_test(bad_value ENV SPAR_MODE=fast
    ARGS -c fail -a "sums are right" -m "SPAR_MODE=fast is not allowed; allowed: auto"
        -- ${sim})
spar_mpi_test(report_nowhere ENV SPAR_REPORT=/dev/null/run.json
    ARGS -c fail -a "sums are right"
        -m "SPAR_REPORT: cannot write to the directory /dev/null: Not a directory"
        -- ${sim})
spar_mpi_test(report_nowhere_off ENV SPAR_REPORT=/dev/null/run.json SPAR_MODE=off
    ARGS -m "sums are right" -a "spar:" -- ${sim} --expect dense --steps 5)
spar_mpi_test(unknown_name ENV SPAR_MODE=dense SPAR_DENSTIY=0.1
    ARGS -m "sums are right" -m "SPAR_DENSTIY is not a variable of Spar (maybe: SPAR_DENSITY?)"
        -- ${sim} --expect dense --steps 5)
spar_mpi_test(stop_steps ENV SPAR_MODE=sparse SPAR_STOP_STEPS=5
    ARGS -a "sums are right" -m "spar: 5 steps" -- ${sim} --steps 100000)

include(mpi/state.cmake)
include(mpi/changed.cmake)

# Where nothing was measured, the model starts from priors.
add_test(NAME mpi_topology
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/topology.sh ${sim})
set_tests_properties(mpi_topology PROPERTIES TIMEOUT 180 PROCESSORS 2
    LABELS mpi ENVIRONMENT "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env}")

include(mpi/nonblocking.cmake)
include(mpi/modes.cmake)
include(mpi/half.cmake)
include(mpi/rounded.cmake)
include(mpi/densities.cmake)
include(mpi/selected.cmake)
include(mpi/fusion.cmake)
include(mpi/check.cmake)
include(mpi/trouble.cmake)
include(mpi/rounds.cmake)
include(mpi/guards.cmake)
include(mpi/periodic.cmake)
include(mpi/device.cmake)

# Traces, of blocking calls, of non-blocking ones, of ranks whose clocks differ,
# and of a job that dies
function(spar_trace_test name script)
    add_test(NAME mpi_trace_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/${script} ${ARGN})
    set_tests_properties(mpi_trace_${name} PROPERTIES
        TIMEOUT 240 PROCESSORS 2 LABELS mpi SKIP_RETURN_CODE 77 ENVIRONMENT
        "LIBSPAR=$<TARGET_FILE:spar>;${sanitizer_env};SPAR_MODE=sparse;SPAR_STEP_CALLS=5")
endfunction()
spar_trace_test(blocking trace.sh 3 -m "sums are right" -- ${sim} --steps 60)
spar_trace_test(nonblocking trace.sh 3 -m "sums are right"
    -- ${nonblocking} --complete waitall)
spar_trace_test(clocks trace_clocks.sh ${sim})
spar_trace_test(killed trace_killed.sh -n 3
    -- ${nonblocking} --complete mixed --steps 1000000)

# The rest looks at the library as it is shipped.
if(SPAR_SANITIZE)
    return()
endif()

# A rank without the library
spar_mpi_test(partial_last ENV SPAR_INIT_TIMEOUT=3s
    ARGS -n 3 -s last -c fail -a "sums are right" -m "1 of 3 ranks run without libspar.so: rank 2"
        -m "-x LD_PRELOAD" -- ${sim})
spar_mpi_test(partial_first ENV SPAR_INIT_TIMEOUT=2s
    ARGS -n 3 -s first -c fail -a "sums are right" -m "rank 0 runs without libspar.so"
        -m "-x LD_PRELOAD" -- ${sim})

include(mpi/out_of_memory.cmake)

# Programs in other languages
include(CheckLanguage)
check_language(Fortran)
if(CMAKE_Fortran_COMPILER)
    enable_language(Fortran)
    find_package(MPI COMPONENTS Fortran)
endif()
if(MPI_Fortran_FOUND)
    add_executable(mpi_layers_fortran mpi/layers.f90)
    target_link_libraries(mpi_layers_fortran PRIVATE MPI::MPI_Fortran)
    # The flags of C do not fit Fortran.
    set_target_properties(mpi_layers_fortran PROPERTIES COMPILE_OPTIONS "")
    spar_mpi_test(fortran ENV SPAR_MODE=sparse
        ARGS -n 2 -m "sums are right" -m "20000 float32 sparse" -m "20000 float64 sparse"
            -- $<TARGET_FILE:mpi_layers_fortran>)
    foreach(binding mpif f08)
        add_executable(mpi_nonblocking_${binding} mpi/nonblocking_${binding}.f90)
        target_link_libraries(mpi_nonblocking_${binding} PRIVATE MPI::MPI_Fortran)
        # mpif.h has no interfaces: one name is called with several types.
        set_target_properties(mpi_nonblocking_${binding} PROPERTIES COMPILE_OPTIONS
            "$<$<Fortran_COMPILER_ID:GNU>:-fallow-argument-mismatch;-w>")
        spar_mpi_test(nonblocking_${binding} ENV SPAR_MODE=sparse
            ARGS -n 2 -m "sums are right" -m "20000 float32 sparse"
                -m "20000 float64 sparse" -- $<TARGET_FILE:mpi_nonblocking_${binding}>)
    endforeach()
else()
    message(STATUS "no Fortran compiler: Fortran tests are left out")
endif()
spar_mpi_test(mpi4py ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -m "50000 float32 sparse"
        -- /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/mpi/layers.py)
spar_mpi_test(mpi4py_nonblocking ENV SPAR_MODE=sparse
    ARGS -n 2 -m "sums are right" -m "50000 float32 sparse"
        -- /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/mpi/nonblocking.py)

include(mpi/trainers.cmake)

# The library itself
add_test(NAME mpi_exports COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/exports.sh
    $<TARGET_FILE:spar>)
add_test(NAME mpi_inert COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/inert.sh
    $<TARGET_FILE:spar>)
