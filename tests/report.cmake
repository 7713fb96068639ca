foreach(name trace report_modes folder state_file)
    spar_unit_test(${name} spar_report Threads::Threads)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()

# Everything else whose memory may be refused is in the exchange's tests.
spar_unit_test(allocations spar_report spar_sparsify)
spar_failing(allocations)
