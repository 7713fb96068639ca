# Gradients in a device's memory: on emulated devices, whose memory the host
# cannot touch (cuda/emulated/emulated.h). None of this shows that a real one
# works. mpi_device_plugin does by Spar's loops on the host what the kernels do.
add_executable(mpi_device mpi/device.c)
target_link_libraries(mpi_device PRIVATE MPI::MPI_C cuda_emulated)
add_library(mpi_device_aware SHARED mpi/device_aware.c)
target_link_libraries(mpi_device_aware PRIVATE
    MPI::MPI_C cuda_emulated ${CMAKE_DL_LIBS})
target_compile_definitions(mpi_device_aware PRIVATE _GNU_SOURCE)
set_target_properties(mpi_device_aware PROPERTIES C_VISIBILITY_PRESET default)
add_library(mpi_device_plugin SHARED mpi/device_plugin.c)
target_link_libraries(mpi_device_plugin PRIVATE spar_sparsify cuda_emulated m)
target_link_options(mpi_device_plugin PRIVATE -Wl,--exclude-libs,ALL)

set(device $<TARGET_FILE:mpi_device>)
set(device_env LIBSPAR_BEHIND=$<TARGET_FILE:mpi_device_aware>
    SPAR_EXCHANGE=allgather SPAR_MERGE=off SPAR_DENSITY=0.02
    SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=5)
set(by_plugin SPAR_CUDA_LIBRARY=$<TARGET_FILE:mpi_device_plugin> ${device_env})
set(by_kernels SPAR_CUDA_LIBRARY=$<TARGET_FILE:spar_cuda_emulated> ${device_env}
    DEVICE_STEPS=15)
set(on_device SPAR_MODE=sparse DEVICE_PLACE=device)

# The same bits as with the same buffers on the host
function(spar_device_test name)
    cmake_parse_arguments(PARSE_ARGV 1 job "" "" "ENV;ARGS")
    spar_mpi_test(device_${name} SCRIPT same_bits.sh
        ENV PLAIN=DEVICE_PLACE=host ${by_plugin} ${job_ENV} ARGS ${job_ARGS})
endfunction()

foreach(place odd apart turns)
    spar_device_test(${place} ENV SPAR_MODE=sparse DEVICE_PLACE=${place}
        ARGS -n 2 -m "NaN or Inf" -m "40001 float32 sparse" -- ${device})
endforeach()
spar_device_test(split ENV ${on_device} SPAR_EXCHANGE=split SPAR_VALUES=int8
    ARGS -n 3 -m "40001 float32 sparse" -m "split" -- ${device})
# A sum of halves that is too large is delivered by MPI.
set(half SPAR_STEP_CALLS=6 SPAR_LOSS_SCALE=off)
spar_device_test(half ENV ${on_device} ${half}
    ARGS -n 2 -m "9001 float16 sparse" -m "NaN or Inf" -- ${device} half)
spar_device_test(pieces ENV ${on_device} SPAR_STEP_CALLS=1
    ARGS -n 2 -m "4300001 float32 sparse" -- ${device} large)
spar_device_test(persistent ENV SPAR_MODE=lossless DEVICE_PLACE=device
    ARGS -n 2 -- ${device} persistent)
# A flush in between, and one at the end
spar_device_test(persistent_flush ENV ${on_device}
    ARGS -n 2 -m "20000 float32 sparse" -m "sums are right"
        -- ${device} persistent exact)
spar_device_test(shadow ENV SPAR_MODE=shadow DEVICE_PLACE=device
    ARGS -n 2 -m "40001 float32 shadow" -- ${device})
spar_device_test(scaled ENV ${on_device}
    ARGS -n 2 -m "40001 float32 sparse" -m "rescaled" -- ${device} scaled)
spar_mpi_test(device_state SCRIPT device_state.sh ENV ${by_plugin} ${on_device}
    ARGS ${device})
spar_mpi_test(device_auto ENV ${by_plugin} DEVICE_PLACE=device
    ARGS -n 2 -m "sums are right" -- ${device} exact)
# Where the buffers were when a step was learnt need not last: the ring, and
# calls that travel together
spar_mpi_test(device_ring ENV ${by_plugin} SPAR_MODE=sparse SPAR_EXCHANGE=dense
        DEVICE_PLACE=turns
    ARGS -n 2 -m "sums are right" -m "ring" -- ${device} exact)
spar_mpi_test(device_merged ENV ${by_plugin} SPAR_MODE=sparse SPAR_MERGE=on
        DEVICE_PLACE=turns
    ARGS -n 2 -m "sums are right" -m "travelled together" -- ${device} exact)

# The real kernels; sanitizers see them in the unit tests.
if(NOT SPAR_SANITIZE)
    spar_device_test(kernels ENV ${by_kernels} ${on_device} SPAR_CHECK=4
        ARGS -n 2 -m "NaN or Inf" -m "40001 float32 sparse" -m "; on GPUs "
            -a ", page-locked 0 B" -- ${device})
    spar_device_test(kernels_half ENV ${by_kernels} ${on_device} ${half}
        ARGS -n 2 -m "9001 float16 sparse" -m "NaN or Inf" -- ${device} half)
endif()

# One rank's device has no room, or an error: that call is dense on all ranks,
# or its sum formed on the host, and nothing is lost; later ones go by way of
# the host.
set(broken DEVICE_RANK=1 SPAR_LOG=info SPAR_CHECK=1)
foreach(failure ALLOCATIONS=12 LAUNCHES=43)
    string(REPLACE "=" "_" name ${failure})
    spar_mpi_test(device_no_${name} ENV ${by_kernels} ${on_device} ${broken}
            DEVICE_${failure}
        ARGS -n 2 -m "sums are right" -m "by way of the host"
            -m "were the same on all ranks" -- ${device} exact)
endforeach()
foreach(failure create:4 select:40 select=40)
    string(REPLACE ":" "_" name ${failure})
    string(REPLACE "=" "_once_" name ${name})
    spar_mpi_test(device_no_${name} ENV ${by_plugin} ${on_device} ${broken}
            DEVICE_FAIL=${failure}
        ARGS -n 2 -m "sums are right" -m "by way of the host"
            -m "were the same on all ranks" -a "selected from again"
            -- ${device} exact)
endforeach()
# One rank's driver is older than the library's CUDA.
spar_mpi_test(device_old_driver ENV ${by_kernels} ${on_device} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_OLD_DRIVER=1
    ARGS -n 2 -m "sums are right" -m "left to MPI: opening a device"
        -m "update the driver" -m "does not work on some rank"
        -- ${device} exact)
# Behind the agreement the host forms the sum, and nobody else notices.
foreach(failure commit:30 finish:60)
    string(REPLACE ":" "_" name ${failure})
    spar_device_test(no_${name} ENV ${on_device} DEVICE_RANK=1 SPAR_LOG=info
            DEVICE_FAIL=${failure}
        ARGS -n 2 -m "by way of the host" -- ${device})
endforeach()
# Its buffers cannot be copied: dense for good, and what it owes stays.
spar_mpi_test(device_no_to_host ENV ${by_plugin} SPAR_MODE=sparse
        DEVICE_PLACE=apart DEVICE_RANK=1 DEVICE_FAIL=to_host:40
    ARGS -n 2 -m "bits: " -m "owes cannot be read from its device"
        -- ${device})
# What is owed cannot be read: other ranks have to learn of it, since the flush of
# 16 bits is another sum than the application's.
spar_mpi_test(device_no_residual ENV ${by_plugin} ${on_device} ${half} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_FAIL=residual_get:1
    ARGS -n 2 -m "bits: " -m "were the same on all ranks" -m "1 layer has up to"
        -- ${device} half)
# The same of other layers; rank 0 alone has asked for it, so that rank 1 learns
# of it too late. It asks again, but the run is over before that is given up,
spar_mpi_test(device_unread ENV ${by_plugin} ${on_device} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_FAIL=residual_get:1 DEVICE_STEPS=20
    ARGS -n 2 -m "bits: " -m "were the same on all ranks"
        -m "what 5 layers of some rank owed could not be read"
        -m "page-locked 0 B; on GPUs 3"
        -- ${device})
# or not.
spar_mpi_test(device_given_up ENV ${by_plugin} ${on_device} ${half} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_FAIL=residual_get:1 DEVICE_STEPS=60
    ARGS -n 2 -m "bits: " -m "were the same on all ranks"
        -m "40001 elements owes could not be delivered in 8 calls: a rank cannot"
        -m "9001 elements owes could not be delivered in 8 calls: a rank cannot"
        -m "6 times a layer's residual was not delivered when it was due"
        -a "of some rank" -- ${device} half)
# All ranks have asked for it, in the last step: it is put off.
spar_mpi_test(device_put_off ENV ${by_plugin} ${on_device} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_FAIL=residual_get:1 DEVICE_FLUSH=late
    ARGS -n 2 -m "bits: " -m "were the same on all ranks" -m "5 layers have up to"
        -a "not delivered" -- ${device} exact)
# No memory to copy a gradient to: the flush waits for it.
if(NOT SPAR_SANITIZE) # which has an allocator of its own
    spar_mpi_test(device_hungry ENV ${by_plugin} SPAR_MODE=sparse DEVICE_PLACE=turns
            SPAR_CHECK=1 DEVICE_HUNGRY=1 FAILING_RANK=1
            LIBSPAR_BEHIND=$<TARGET_FILE:mpi_device_aware>:$<TARGET_FILE:mpi_failing_malloc>
        ARGS -n 2 -m "sums are right" -m "were the same on all ranks" -a "not delivered"
            -- ${device} exact)
endif()
# The result of an exchange on the device cannot be read for the check.
spar_mpi_test(device_unchecked ENV ${by_plugin} ${on_device} SPAR_CHECK=1
        DEVICE_RANK=1 DEVICE_FAIL=to_host:1
    ARGS -n 2 -m "bits: " -m "were the same on all ranks" -m "were left out"
        -- ${device})
# Both, behind the agreement
spar_mpi_test(device_lost ENV ${by_plugin} ${on_device} DEVICE_RANK=1
        DEVICE_FAIL=add:50,to_host:1
    ARGS -n 2 -c fail -a "bits: " -m "a device cannot apply an allreduce"
        -- ${device})
spar_mpi_test(device_short ENV ${by_plugin} ${on_device} DEVICE_SHORT=1
    ARGS -n 2 -c fail -m "bits: " -m "which is not all there; left to MPI"
        -- ${device})
spar_mpi_test(device_freed ENV ${by_plugin} ${on_device} DEVICE_FREED=1
    ARGS -n 2 -c fail -m "bits: " -m "was it a GPU"
        -- ${device})

# Without the library, MPI sums.
function(spar_device_test_without name library said)
    spar_mpi_test(device_${name} SCRIPT same_bits.sh
        ENV PLAIN=SPAR_MODE=off ${device_env} SPAR_MODE=sparse DEVICE_PLACE=odd
            SPAR_CUDA_LIBRARY=${library} SPAR_LOG=info
        ARGS -n 2 -m "left to MPI: " -m "${said}" -m "off or does not work"
            -- ${device})
endfunction()
spar_device_test_without(off off "SPAR_CUDA_LIBRARY is off")
spar_device_test_without(missing /nowhere.so "nowhere.so")
spar_device_test_without(other $<TARGET_FILE:mpi_device_aware>
    "of another version")

# More of the same
if(SPAR_LONG_TESTS)
    spar_device_test(managed ENV SPAR_MODE=sparse DEVICE_PLACE=managed
        ARGS -n 2 -m "40001 float32 sparse" -- ${device})
    spar_device_test(half_apart ENV SPAR_MODE=sparse DEVICE_PLACE=apart ${half}
        ARGS -n 2 -m "9001 float16 sparse" -m "NaN or Inf" -- ${device} half)
    spar_device_test(lossless ENV SPAR_MODE=lossless DEVICE_PLACE=device
        ARGS -n 2 -m "lossless" -- ${device})
    spar_device_test(no_add ENV ${on_device} DEVICE_RANK=1 SPAR_LOG=info
            DEVICE_FAIL=add:50
        ARGS -n 2 -m "by way of the host" -- ${device})
    spar_mpi_test(device_no_residual_get ENV ${by_plugin} SPAR_MODE=sparse
            DEVICE_PLACE=turns ${broken} DEVICE_FAIL=residual_get:1
        ARGS -n 2 -m "bits: " -m "were the same on all ranks" -- ${device})
endif()
