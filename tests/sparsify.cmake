spar_unit_test(kernels spar_sparsify)
spar_unit_test(residual spar_sparsify)
spar_unit_test(select spar_sparsify)
spar_unit_test(select_gaussian spar_sparsify)
spar_unit_test(select_steps spar_sparsify)
spar_unit_test(wire spar_sparsify)
spar_unit_test(wire_frozen spar_sparsify)
spar_unit_test(wire_mutated spar_sparsify)
target_link_libraries(test_wire_mutated PRIVATE xxHash::xxhash)

# The AVX-512 kernels on any processor, with SIMDe in place of the compiler's
# immintrin.h. Their object takes precedence over the one in the library.
find_path(SIMDE_INCLUDE_DIR simde/x86/avx512.h)
mark_as_advanced(SIMDE_INCLUDE_DIR)
if(SIMDE_INCLUDE_DIR)
    add_executable(test_kernels_emulated unit/kernels.c
        ${CMAKE_SOURCE_DIR}/sparsify/kernels_avx512.c)
    target_compile_definitions(test_kernels_emulated PRIVATE
        SPAR_KERNELS_X86 SPAR_TEST_EMULATED)
    target_include_directories(test_kernels_emulated PRIVATE
        unit/kernels_simde)
    target_include_directories(test_kernels_emulated SYSTEM PRIVATE
        ${SIMDE_INCLUDE_DIR})
    target_link_libraries(test_kernels_emulated PRIVATE
        spar_sparsify PkgConfig::CMOCKA m)
    add_test(NAME unit_kernels_emulated COMMAND test_kernels_emulated)
    set_tests_properties(unit_kernels_emulated PROPERTIES TIMEOUT 120)
endif()
