spar_unit_test(half_sum spar_sparsify)
spar_unit_test(kernels spar_sparsify)
spar_unit_test(likeness spar_sparsify)
spar_unit_test(merge spar_sparsify)
spar_unit_test(narrow spar_sparsify)
spar_unit_test(quantise spar_sparsify)
spar_unit_test(residual spar_sparsify)
spar_unit_test(scale spar_sparsify)
spar_unit_test(select spar_sparsify)
spar_unit_test(select_gaussian spar_sparsify)
spar_unit_test(select_steps spar_sparsify)
spar_unit_test(values spar_sparsify)
spar_unit_test(wire spar_sparsify)
spar_unit_test(wire_frozen spar_sparsify)
spar_unit_test(wire_kernels spar_sparsify)
spar_unit_test(wire_mutated spar_sparsify)
target_link_libraries(test_wire_mutated PRIVATE xxHash::xxhash)

# The AVX-512 kernels on any processor, with SIMDe in place of the compiler's
# immintrin.h. Their object takes precedence over the one in the library.
find_path(SIMDE_INCLUDE_DIR simde/x86/avx512.h)
mark_as_advanced(SIMDE_INCLUDE_DIR)
if(SIMDE_INCLUDE_DIR)
    foreach(test kernels wire_kernels)
        add_executable(test_${test}_emulated unit/${test}.c
            ${CMAKE_SOURCE_DIR}/sparsify/${test}_avx512.c)
        target_compile_definitions(test_${test}_emulated PRIVATE
            SPAR_TEST_EMULATED)
        # Vectors of an instruction set that is off; all in one object.
        target_compile_options(test_${test}_emulated PRIVATE -Wno-psabi)
        if(SPAR_SANITIZE MATCHES undefined)
            # Sums of vectors wrap around; SIMDe's are of plain ints.
            target_compile_options(test_${test}_emulated PRIVATE
                -fno-sanitize=signed-integer-overflow)
        endif()
        target_include_directories(test_${test}_emulated PRIVATE
            unit/kernels_simde)
        target_include_directories(test_${test}_emulated SYSTEM PRIVATE
            ${SIMDE_INCLUDE_DIR})
        target_link_libraries(test_${test}_emulated PRIVATE
            spar_sparsify PkgConfig::CMOCKA m)
        add_test(NAME unit_${test}_emulated COMMAND test_${test}_emulated)
        set_tests_properties(unit_${test}_emulated PROPERTIES TIMEOUT 120)
    endforeach()
endif()
