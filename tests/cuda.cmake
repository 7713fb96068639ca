# Kernels and memory of GPUs. On emulated devices, which need nothing but a C++
# compiler (cuda/emulated/emulated.h); names of such tests end in _emulated.

# The emulated driver and runtime, under the driver's name, so that a process
# that has loaded it has "loaded the CUDA driver".
set(emulated ${CMAKE_CURRENT_SOURCE_DIR}/cuda/emulated)
add_library(cuda_emulated SHARED
    ${emulated}/block.c
    ${emulated}/capture.c
    ${emulated}/context.c
    ${emulated}/load.c
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
        LANGUAGE CXX COMPILE_OPTIONS -Wno-unknown-pragmas)
endfunction()

# The library itself, from the same sources, as the setting for it may name it.
get_property(cuda_sources GLOBAL PROPERTY SPAR_CUDA_SOURCES)
spar_emulated_sources(${cuda_sources})
add_library(spar_cuda_emulated SHARED ${cuda_sources})
set_target_properties(spar_cuda_emulated PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/emulated)
target_link_libraries(spar_cuda_emulated PRIVATE cuda_emulated spar_sparsify
    spar_base Threads::Threads ${CMAKE_DL_LIBS} m)
target_link_options(spar_cuda_emulated PRIVATE -Wl,--exclude-libs,ALL)

# tests/cuda/<name>.cu on emulated devices
function(spar_emulated_test name)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/cuda/${name}.cu)
    spar_emulated_sources(${source})
    add_executable(test_cuda_${name}_emulated ${source})
    target_compile_definitions(test_cuda_${name}_emulated PRIVATE
        SPAR_TEST_EMULATED
        SPAR_TEST_LIBRARY="$<TARGET_FILE:spar_cuda_emulated>")
    target_link_libraries(test_cuda_${name}_emulated PRIVATE cuda_emulated
        spar_sparsify spar_base PkgConfig::CMOCKA ${CMAKE_DL_LIBS} m)
    add_dependencies(test_cuda_${name}_emulated spar_cuda_emulated)
    add_test(NAME unit_cuda_${name}_emulated
        COMMAND test_cuda_${name}_emulated)
    set_tests_properties(unit_cuda_${name}_emulated PROPERTIES
        TIMEOUT ${spar_unit_seconds})
endfunction()

# A device's memory, what threads of a block share, and what nobody has written:
# each of the tools sees one of them.
get_filename_component(nvcc_folder "${SPAR_NVCC}" DIRECTORY)
find_program(SPAR_COMPUTE_SANITIZER compute-sanitizer HINTS ${nvcc_folder})
mark_as_advanced(SPAR_COMPUTE_SANITIZER)
function(spar_sanitized_tests name program)
    foreach(tool memcheck racecheck initcheck)
        add_test(NAME cuda_${name}_${tool}
            COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/cuda/sanitized.sh ${tool}
                ${program})
        set_tests_properties(cuda_${name}_${tool} PROPERTIES
            TIMEOUT 1800 SKIP_RETURN_CODE 77 RUN_SERIAL ON
            ENVIRONMENT "SANITIZER=${SPAR_COMPUTE_SANITIZER}")
    endforeach()
endfunction()

# The same program on a device; skipped where there is none.
get_property(cuda_library GLOBAL PROPERTY SPAR_CUDA_LIBRARY)
function(spar_device_test name)
    if(NOT cuda_library)
        return()
    endif()
    set(object ${CMAKE_CURRENT_BINARY_DIR}/cuda_${name}.o)
    set(program ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/test_cuda_${name})
    list(TRANSFORM CMOCKA_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE includes)
    spar_nvcc_object(${CMAKE_CURRENT_SOURCE_DIR}/cuda/${name}.cu ${object}
        -DSPAR_TEST_LIBRARY="${cuda_library}" ${includes})
    add_custom_command(OUTPUT ${program}
        COMMAND ${SPAR_NVCC} -cudart static -o ${program} ${object}
            $<TARGET_FILE:spar_sparsify> $<TARGET_FILE:spar_base>
            ${CMOCKA_LINK_LIBRARIES} -lpthread -ldl -lm
        DEPENDS ${object} spar_sparsify spar_base VERBATIM)
    add_custom_target(test_cuda_${name} ALL DEPENDS ${program} spar_cuda)
    add_test(NAME cuda_${name}_device COMMAND ${program})
    set_tests_properties(cuda_${name}_device PROPERTIES
        TIMEOUT 300 SKIP_RETURN_CODE 77 RUN_SERIAL ON)
    spar_sanitized_tests(${name} ${program})
endfunction()

foreach(test primitives apply memory steps)
    spar_emulated_test(${test})
    spar_device_test(${test})
endforeach()
# Errors come when the test wants them.
spar_emulated_test(failures)
add_test(NAME unit_cuda_sanitized
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/cuda/sanitized_check.sh
        ${CMAKE_CURRENT_SOURCE_DIR}/cuda/sanitized.sh
        $<TARGET_FILE:test_cuda_steps_emulated>)

# Of the library, on inputs that the host selects from as well: C, so that they
# include what is C only.
set(select_sources ${CMAKE_CURRENT_SOURCE_DIR}/unit/cuda_select.c
    ${CMAKE_CURRENT_SOURCE_DIR}/unit/cuda_cases.c)
add_executable(test_cuda_select_emulated ${select_sources})
target_compile_definitions(test_cuda_select_emulated PRIVATE
    SPAR_TEST_EMULATED)
target_link_libraries(test_cuda_select_emulated PRIVATE spar_cuda_emulated
    cuda_emulated spar_sparsify spar_base PkgConfig::CMOCKA m)
add_test(NAME unit_cuda_select_emulated COMMAND test_cuda_select_emulated)
# The order of blocks and threads must not show. Under AddressSanitizer, fibers
# are ten times as slow.
set_tests_properties(unit_cuda_select_emulated PROPERTIES
    TIMEOUT 600 ENVIRONMENT SPAR_EMULATED_SHUFFLE=7)
if(cuda_library)
    set(program ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/test_cuda_select)
    get_filename_component(folder ${cuda_library} DIRECTORY)
    list(TRANSFORM CMOCKA_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE includes)
    add_custom_command(OUTPUT ${program}
        COMMAND ${SPAR_NVCC} -cudart static -O2 -I${CMAKE_SOURCE_DIR}
            ${includes} -o ${program} ${select_sources} ${cuda_library}
            -Xlinker -rpath,${folder} $<TARGET_FILE:spar_sparsify>
            $<TARGET_FILE:spar_base> ${CMOCKA_LINK_LIBRARIES} -lpthread -ldl -lm
        DEPENDS ${select_sources} unit/cuda_cases.h ${cuda_library}
            spar_sparsify spar_base VERBATIM)
    add_custom_target(test_cuda_select ALL DEPENDS ${program} spar_cuda)
    add_test(NAME cuda_select_device COMMAND ${program})
    set_tests_properties(cuda_select_device PROPERTIES
        TIMEOUT 300 SKIP_RETURN_CODE 77 RUN_SERIAL ON)
    spar_sanitized_tests(select ${program})
endif()
