# How the source looks and hangs together. Each checker gets the root of a git
# checkout, so that style_checkers can show that it finds what it should find.
set(style ${CMAKE_CURRENT_SOURCE_DIR}/style)

function(spar_style_test name)
    add_test(NAME style_${name} COMMAND ${ARGN})
    set_tests_properties(style_${name} PROPERTIES LABELS style TIMEOUT 600
        SKIP_RETURN_CODE 77)
endfunction()

spar_style_test(format sh ${style}/format.sh ${CMAKE_SOURCE_DIR})
spar_style_test(includes /usr/bin/python3 ${style}/includes.py ${CMAKE_SOURCE_DIR})
spar_style_test(kernels /usr/bin/python3 ${style}/kernels.py ${CMAKE_SOURCE_DIR})
spar_style_test(sizes sh ${style}/sizes.sh ${CMAKE_SOURCE_DIR})
spar_style_test(cppcheck sh ${style}/cppcheck.sh ${CMAKE_SOURCE_DIR})
spar_style_test(tidy sh ${style}/tidy.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
spar_style_test(python /usr/bin/python3 ${style}/python.py ${CMAKE_SOURCE_DIR})
spar_style_test(env_example sh ${style}/generated.sh env
    $<TARGET_FILE:spar_info> ${CMAKE_SOURCE_DIR}/env.example)
spar_style_test(man_config sh ${style}/generated.sh man
    $<TARGET_FILE:spar_info> ${CMAKE_SOURCE_DIR}/docs/man/spar.7)
spar_style_test(man_pages sh ${style}/man.sh ${CMAKE_SOURCE_DIR}/docs/man)
spar_style_test(checkers sh ${style}/checkers.sh ${style}
    $<TARGET_FILE:spar_info>)
# These two keep all cores busy.
set_tests_properties(style_tidy style_cppcheck PROPERTIES PROCESSORS 2)
