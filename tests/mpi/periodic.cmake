# Exchanges that are skipped in most steps: parameters that are averaged, and
# gradients of plain SGD.
add_executable(mpi_periodic mpi/periodic.c)
add_executable(mpi_periodic_sgd mpi/periodic_sgd.c)
target_link_libraries(mpi_periodic PRIVATE MPI::MPI_C m)
target_link_libraries(mpi_periodic_sgd PRIVATE MPI::MPI_C m)

# spar_periodic_test(name RANKS scenes ENV ... ARGS job.sh's)
function(spar_periodic_test name ranks scenes)
    cmake_parse_arguments(PARSE_ARGV 3 job "" "" "ENV;ARGS")
    separate_arguments(scenes)
    spar_mpi_test(periodic_${name}
        ENV SPAR_MODE=periodic SPAR_LEARN_STEPS=4 SPAR_DENSE=mpi SPAR_CHECK=1 ${job_ENV}
        ARGS -n ${ranks} -m "sums are right" ${job_ARGS}
            -- $<TARGET_FILE:mpi_periodic> ${scenes})
endfunction()
set(four ENV SPAR_PERIOD=4)
spar_periodic_test(plain 3 plain ${four} ARGS -m "33 of 60 steps skipped"
    -m "10 steps averaged, 33 skipped; period 4" -m "averaged periodically"
    -m "the replicas may differ: 3 steps since they were averaged" -a "longer than the run")
spar_periodic_test(length 3 plain ENV SPAR_PERIOD=4 SPAR_TRAIN_STEPS=500
    ARGS -m "SPAR_TRAIN_STEPS says 500 steps, and there were 60" -m "or the right SPAR_TRAIN_STEPS" -a "have no effect")
spar_mpi_test(periodic_no_effect ENV SPAR_MODE=dense SPAR_PERIOD=8
    ARGS -n 2 -m "sums are right" -m "have no effect without SPAR_MODE=periodic" -- $<TARGET_FILE:mpi_averaging>)
spar_periodic_test(double 4 "plain double out-of-place" ${four} ARGS -m "33 of 60 steps skipped")
spar_periodic_test(flush 4 flush ${four} ARGS -m "gaps: 4 4 4 4 2 4 4 4 4 4 4;")
spar_periodic_test(late 3 late ${four} ARGS -m "gaps: 4 4 4 4 3 4 4 4 4 4 4;")
spar_periodic_test(pause 3 pause ${four} ARGS -m "gaps: 4 4 4 4 2 4 4 4 4 4 4;")
spar_periodic_test(twice 3 "twice out-of-place" ${four} ARGS -m "gaps: 4 4 4 4 3 4 4 4 4 4 4;")
spar_periodic_test(nan 3 nan ${four} ARGS -m "gaps: 4 4 4 4 3 4 4 4 4 4 4;" -m "NaN or Inf")
spar_periodic_test(nan_all 3 "nan-all out-of-place" ${four} ARGS -m "gaps: 4 4 4 4 2 4 4 4 4 4 4;" -m "NaN or Inf")
foreach(progress inline thread)
    spar_periodic_test(nonblocking_${progress} 3 "nonblocking nan late"
        ENV SPAR_PERIOD=4 SPAR_PROGRESS=${progress} ARGS -m "gaps: 4 4 4 4 3 4 4 4 4 4 4;")
endforeach()
spar_periodic_test(nonblocking_flush 4 "nonblocking out-of-place flush" ${four}
    ARGS -m "gaps: 4 4 4 4 2 4 4 4 4 4 4;")
spar_periodic_test(weighted 3 weighted ${four} ARGS -m " 0 of 60 steps skipped"
    -m "not every rank divides the sum by the number of ranks")
spar_periodic_test(uneven 3 uneven ${four} ARGS -m " 0 of 60 steps skipped"
    -m "not every rank divides the sum by the number of ranks")
spar_periodic_test(broadcast 3 broadcast ${four} ARGS -m " 0 of 60 steps skipped"
    -m "not every rank divides the sum by the number of ranks")
spar_periodic_test(gradients 3 gradients ${four} ARGS -m " 0 of 60 steps skipped"
    -m "changes as gradients do, not like parameters")
spar_periodic_test(excluded 2 plain ENV SPAR_PERIOD=4 SPAR_EXCLUDE=0-2
    ARGS -m " 0 of 60 steps skipped" -m "SPAR_EXCLUDE names it")
spar_periodic_test(split 5 split ${four} ARGS -m "2 ranks: 33 of 60 steps skipped"
    -m "3 ranks: 33 of 60 steps skipped")
spar_periodic_test(stranger 3 stranger ${four} ARGS -m "33 of 60 steps skipped")
spar_periodic_test(finish 3 finish ${four} ARGS -m "10 steps averaged, 33 skipped" -a "replicas may differ")
spar_periodic_test(changed 3 changed ${four} ARGS -m "18 of 60 steps skipped"
    -m "6 steps averaged, 19 skipped")
spar_periodic_test(long 2 plain ENV SPAR_PERIOD=100
    ARGS -m "43 of 60 steps skipped"
        -m "43 steps since they were averaged, and the period was longer than the run")
spar_periodic_test(parts 3 plain ENV SPAR_PERIOD=20,5 SPAR_TRAIN_STEPS=60
    ARGS -m "gaps: 14 5 5 5 5 5 4;" -a "replicas may differ")
spar_mpi_test(periodic_parts_unknown ENV SPAR_MODE=periodic SPAR_PERIOD=20,5
    ARGS -c fail -m "SPAR_PERIOD with several periods needs SPAR_TRAIN_STEPS"
        -a "sums are right" -- $<TARGET_FILE:mpi_periodic>)
spar_mpi_test(periodic_adapts SCRIPT periodic.sh
    ENV SPAR_MODE=periodic SPAR_LEARN_STEPS=4 SPAR_TRAIN_STEPS=200 SPAR_LR=0:0.1,80:0.5
    ARGS 3 $<TARGET_FILE:mpi_periodic> variance steps 200)
# In mode auto, where dense calls are slow
spar_periodic_test(auto 2 plain
    ENV SPAR_MODE=auto SPAR_PERIODIC=auto SPAR_PERIOD=4 ${slow_dense}
    ARGS -m "33 of 60 steps skipped" -m "averaged periodically")
spar_periodic_test(auto_gradients 2 gradients
    ENV SPAR_MODE=auto SPAR_PERIODIC=auto SPAR_PERIOD=4 SPAR_DENSITY=1 SPAR_VALUES=fp32 ${slow_dense}
    ARGS -a "averaged periodically")

# Gradients of plain SGD
function(spar_periodic_sgd_test name ranks scenes)
    cmake_parse_arguments(PARSE_ARGV 3 job "" "" "ENV;ARGS")
    separate_arguments(scenes)
    spar_mpi_test(periodic_sgd_${name}
        ENV SPAR_MODE=periodic SPAR_LEARN_STEPS=4 SPAR_PERIOD=4 SPAR_DENSE=mpi ${job_ENV}
        ARGS -n ${ranks} -m "sums are right" ${job_ARGS}
            -- $<TARGET_FILE:mpi_periodic_sgd> ${scenes})
endfunction()
set(given ENV SPAR_PERIODIC=gradients SPAR_LR=0.25)
set(apart ARGS -m "31 steps as dense, 30 apart")
spar_periodic_sgd_test(plain 3 plain ${given} ${apart})
spar_periodic_sgd_test(nonblocking 4 "nonblocking nan" ${given} ${apart})
spar_periodic_sgd_test(nan 3 "nan out-of-place" ${given} ${apart})
foreach(case "skipped 3 out-of-place 34 31 30" "exchanged 4 nonblocking 36 30 31" "lost 3 changed 45 57 52")
    separate_arguments(case)
    list(GET case 0 name)
    list(GET case 1 ranks)
    list(GET case 2 scene)
    list(GET case 3 step)
    list(GET case 4 same)
    list(GET case 5 differ)
    spar_periodic_sgd_test(nan_${name} ${ranks} "nan-first at ${step} ${scene}" ${given}
        ARGS -m "${same} steps as dense, ${differ} apart" -a "are lost")
endforeach()
spar_periodic_sgd_test(flush 3 flush ${given} ARGS -a "replicas may differ")
spar_periodic_sgd_test(pause 3 "pause at 33" ${given} ARGS -m "52 steps as dense, 9 apart"
    -m "31 steps exchanged, 9 skipped" -a "replicas may differ")
spar_periodic_sgd_test(pause_owing 3 "pause at 34" ${given} ARGS -m "24 steps as dense, 37 apart"
    -m "30 steps exchanged, 10 skipped" -m "28 steps since they were averaged")
spar_periodic_sgd_test(changed 3 changed ${given} ARGS -m "39 steps as dense, 70 apart" -a "are lost")
# A layer that is not periodic any more makes up for what it had skipped.
spar_periodic_sgd_test(frozen 3 "changed frozen" ${given} ARGS -m "39 steps as dense, 70 apart" -a "are lost"
    -m "changes little, like parameters")
spar_periodic_sgd_test(frozen_all 3 "changed frozen-all" ${given} ARGS -m "73 steps as dense, 36 apart" -a "are lost"
    -a "replicas may differ")
spar_periodic_sgd_test(refused 2 plain ENV SPAR_PERIODIC=gradients SPAR_LR=0:0.25,40:0.1
    ARGS -m "61 steps as dense" -m "needs one number as SPAR_LR" -m "all stays dense")
spar_periodic_sgd_test(any 2 plain ENV SPAR_PERIODIC=gradients-any ${apart})
