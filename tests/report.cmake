foreach(name trace report_modes folder)
    spar_unit_test(${name} spar_report Threads::Threads)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
