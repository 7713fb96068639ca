spar_unit_test(trace spar_report Threads::Threads)
target_compile_definitions(test_trace PRIVATE _GNU_SOURCE)
