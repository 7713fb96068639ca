# What a peer, a disk or a user may send, and the merge of lists, under clang's
# fuzzer for some seconds from a committed corpus; without clang, the corpus
# alone. Each target names its libraries, and the sources that the fuzzer
# compiles with its instrumentation.
set(SPAR_FUZZ_SECONDS 20 CACHE STRING "Seconds that each fuzz target runs")
set(fuzz ${CMAKE_CURRENT_SOURCE_DIR}/fuzz)

set(wire_libraries spar_sparsify)
set(wire_sources sparsify/*.c)
set(merge_libraries spar_sparsify)
set(merge_sources sparsify/*.c)
set(state_libraries spar_report)
set(state_sources report/state_read.c report/state_write.c)
set(config_libraries spar_policy)
set(config_sources policy/config.c policy/config_table.c policy/config_types.c
    policy/config_periodic.c policy/number.c policy/layer_list.c)

# The last two are small: half the time shows what there is to see.
math(EXPR half "(${SPAR_FUZZ_SECONDS} + 1) / 2")
set(wire_seconds ${SPAR_FUZZ_SECONDS})
set(merge_seconds ${SPAR_FUZZ_SECONDS})
set(state_seconds ${half})
set(config_seconds ${half})

foreach(target wire merge state config)
    file(GLOB files CONFIGURE_DEPENDS ${fuzz}/corpus/${target}/*)
    add_executable(fuzz_replay_${target} fuzz/${target}.c fuzz/replay.c)
    target_link_libraries(fuzz_replay_${target} PRIVATE ${${target}_libraries}
        xxHash::xxhash)
    target_compile_definitions(fuzz_replay_${target} PRIVATE _GNU_SOURCE)
    add_test(NAME fuzz_corpus_${target}
        COMMAND fuzz_replay_${target} ${files})
    set_tests_properties(fuzz_corpus_${target} PROPERTIES LABELS fuzz
        TIMEOUT 120)
    math(EXPR limit "${SPAR_FUZZ_SECONDS} + 180")
    add_test(NAME fuzz_${target} COMMAND sh ${fuzz}/run.sh
        ${CMAKE_SOURCE_DIR} ${target} ${${target}_seconds}
        ${${target}_sources})
    set_tests_properties(fuzz_${target} PROPERTIES LABELS fuzz
        TIMEOUT ${limit} SKIP_RETURN_CODE 77)
endforeach()

# Make the corpus again, after a change of the wire block or of the file.
add_executable(fuzz_seeds fuzz/seeds.c)
target_link_libraries(fuzz_seeds PRIVATE spar_sparsify)
add_executable(fuzz_state_seeds fuzz/state_seeds.c)
target_link_libraries(fuzz_state_seeds PRIVATE spar_report)
