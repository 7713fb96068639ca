# The matrix of trainers: programs that call MPI as known trainers do, and what
# must and what must not go sparse of that. All of them in one table, with those
# that Spar is known to misjudge, which are no tests:
#   LIBSPAR=... LIBSPAR_SLOW=... tests/mpi/trainers/run.py build/tests/trainers.list
set(trainers ${CMAKE_CURRENT_SOURCE_DIR}/mpi/trainers)
set(trainers_list "")

add_library(mpi_trainer_network STATIC mpi/trainers/network.c)
target_link_libraries(mpi_trainer_network PUBLIC m)
foreach(program ddp horovod lbann)
    add_executable(mpi_trainer_${program} mpi/trainers/${program}.c)
    target_link_libraries(mpi_trainer_${program} PRIVATE mpi_trainer_network MPI::MPI_C
        Threads::Threads)
endforeach()

# spar_trainer(name ranks program [arguments] [ENV A=B...]): in the list only; a
# program is a Python file or one of those above. spar_trainer_test: a test as well.
function(spar_trainer name ranks program)
    cmake_parse_arguments(PARSE_ARGV 3 job "" "" "ENV")
    if(program MATCHES "\\.py$")
        set(command "/usr/bin/python3 -B ${trainers}/${program}")
    else()
        set(command "$<TARGET_FILE:mpi_trainer_${program}>")
    endif()
    if(job_ENV)
        string(JOIN " " command env ${job_ENV} ${command})
    endif()
    string(JOIN " " line ${name} ${ranks} ${command} ${job_UNPARSED_ARGUMENTS})
    set(trainers_list "${trainers_list}${line}\n" PARENT_SCOPE)
endfunction()

macro(spar_trainer_test name)
    spar_trainer(${name} ${ARGN})
    add_test(NAME mpi_trainer_${name} COMMAND /usr/bin/python3 -B ${trainers}/run.py
        ${CMAKE_CURRENT_BINARY_DIR}/trainers.list ${name})
    set_tests_properties(mpi_trainer_${name} PROPERTIES TIMEOUT 180 PROCESSORS 2 LABELS mpi
        SKIP_RETURN_CODE 77 ENVIRONMENT "LIBSPAR=$<TARGET_FILE:spar>;LIBSPAR_SLOW=$<TARGET_FILE:mpi_slow>")
endmacro()

spar_trainer_test(flat 2 flat.py)
spar_trainer_test(flat_metric 2 flat.py --metric)
spar_trainer(flat_keep 2 flat.py --keep)
spar_trainer_test(tensors 2 tensors.py)
spar_trainer(tensors_equal 2 tensors.py --equal)
spar_trainer(tensors_told 2 tensors.py --equal ENV SPAR_STEP_CALLS=12)
spar_trainer_test(ddp 2 ddp)
spar_trainer_test(horovod 2 horovod)
spar_trainer_test(horovod_fused 2 horovod --fused)
spar_trainer_test(chainermn 3 chainermn.py)
spar_trainer_test(lbann 2 lbann)
spar_trainer_test(trpo 2 trpo.py)
spar_trainer_test(trpo_bare 2 trpo.py --bare)
spar_trainer_test(averaging 2 averaging.py 1)
spar_trainer_test(averaging_rare 2 averaging.py 10)
spar_trainer(averaging_told 2 averaging.py 10 ENV SPAR_STEP_CALLS=1)
spar_trainer_test(averaging_mixed 2 averaging.py 10 gradients)
spar_trainer_test(asserting 2 asserting.py)
spar_trainer_test(normalisers 2 normalisers.py)
spar_trainer_test(evaluation 2 evaluation.py)
spar_trainer_test(clipping 3 clipping.py)

file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/trainers.list CONTENT "${trainers_list}")
