# Kernels and memory of GPUs. On emulated devices, which need nothing but a C++
# compiler (cuda/emulated/emulated.h); names of such tests end in _emulated.

# The emulated driver and runtime, under the driver's name, so that a process
# that has loaded it has "loaded the CUDA driver".
set(emulated ${CMAKE_CURRENT_SOURCE_DIR}/cuda/emulated)
add_library(cuda_emulated SHARED
    ${emulated}/block.c
    ${emulated}/context.c
    ${emulated}/memory.c
    ${emulated}/state.c
    ${emulated}/stream.c)
set_target_properties(cuda_emulated PROPERTIES
    OUTPUT_NAME cuda SOVERSION 1 C_VISIBILITY_PRESET default
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/emulated)
target_compile_definitions(cuda_emulated PRIVATE _GNU_SOURCE)
# Jumps between the stacks of a block's threads
target_compile_options(cuda_emulated PRIVATE -U_FORTIFY_SOURCE)
target_include_directories(cuda_emulated PUBLIC ${emulated})
target_link_libraries(cuda_emulated PRIVATE Threads::Threads)

# Kernels are C++ for the host's compiler.
function(spar_emulated_sources)
    set_source_files_properties(${ARGN} PROPERTIES
        LANGUAGE CXX COMPILE_OPTIONS "-x;c++")
endfunction()

# spar_emulated_test(name libraries...): tests/cuda/<name>.cu
function(spar_emulated_test name)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/cuda/${name}.cu)
    spar_emulated_sources(${source})
    add_executable(test_cuda_${name}_emulated ${source})
    target_link_libraries(test_cuda_${name}_emulated PRIVATE
        cuda_emulated ${ARGN} PkgConfig::CMOCKA m)
    add_test(NAME unit_cuda_${name}_emulated
        COMMAND test_cuda_${name}_emulated)
    set_tests_properties(unit_cuda_${name}_emulated PROPERTIES
        TIMEOUT ${spar_unit_seconds})
endfunction()

spar_emulated_test(primitives)
