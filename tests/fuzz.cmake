# What a peer sends, and the merge of lists, under clang's fuzzer for some
# seconds from a committed corpus; without clang, the corpus alone.
set(SPAR_FUZZ_SECONDS 20 CACHE STRING "Seconds that each fuzz target runs")
set(fuzz ${CMAKE_CURRENT_SOURCE_DIR}/fuzz)

foreach(target wire merge)
    file(GLOB files CONFIGURE_DEPENDS ${fuzz}/corpus/${target}/*)
    add_executable(fuzz_replay_${target} fuzz/${target}.c fuzz/replay.c)
    target_link_libraries(fuzz_replay_${target} PRIVATE spar_sparsify
        xxHash::xxhash)
    add_test(NAME fuzz_corpus_${target}
        COMMAND fuzz_replay_${target} ${files})
    set_tests_properties(fuzz_corpus_${target} PROPERTIES LABELS fuzz
        TIMEOUT 120)
    math(EXPR limit "${SPAR_FUZZ_SECONDS} + 180")
    add_test(NAME fuzz_${target} COMMAND sh ${fuzz}/run.sh
        ${CMAKE_SOURCE_DIR} ${target} ${SPAR_FUZZ_SECONDS})
    set_tests_properties(fuzz_${target} PROPERTIES LABELS fuzz
        TIMEOUT ${limit} SKIP_RETURN_CODE 77)
endforeach()

# Makes the corpus again, after a change of the wire block.
add_executable(fuzz_seeds fuzz/seeds.c)
target_link_libraries(fuzz_seeds PRIVATE spar_sparsify)
