# The example trainers: right gradients, clear errors, identical replicas.
if(TARGET fashion_c)
    add_executable(apps_gradient apps/gradient.c)
    target_link_libraries(apps_gradient PRIVATE fashion)
    add_test(NAME apps_gradient COMMAND apps_gradient)
    set_tests_properties(apps_gradient PROPERTIES LABELS apps)
endif()

# Exit code 77: the trainer, its libraries or its data are not here.
foreach(trainer fashion_c fashion_torch)
    if(trainer STREQUAL fashion_torch)
        set(program ${CMAKE_SOURCE_DIR}/apps/fashion_torch.py)
    elseif(TARGET fashion_c)
        set(program $<TARGET_FILE:fashion_c>)
    else()
        continue()
    endif()
    foreach(case errors training)
        add_test(NAME apps_${trainer}_${case}
            COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/apps/${case}.sh ${program})
        set_tests_properties(apps_${trainer}_${case} PROPERTIES TIMEOUT 300
            LABELS apps SKIP_RETURN_CODE 77)
    endforeach()
endforeach()

if(TARGET fashion_c)
    add_test(NAME apps_periodic_table COMMAND /usr/bin/python3 -B
        ${CMAKE_CURRENT_SOURCE_DIR}/apps/periodic_table.py ${CMAKE_SOURCE_DIR}
        ${CMAKE_BINARY_DIR})
    set_tests_properties(apps_periodic_table PROPERTIES TIMEOUT 300 LABELS apps)
endif()

add_test(NAME apps_bible_lm
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/apps/language.sh
        ${CMAKE_SOURCE_DIR}/apps/bible_lm.py)
set_tests_properties(apps_bible_lm PROPERTIES TIMEOUT 300 LABELS apps
    SKIP_RETURN_CODE 77)

if(TARGET replay)
    add_executable(apps_replay_sums apps/replay_sums.c)
    target_link_libraries(apps_replay_sums PRIVATE replay_exchange)
    add_test(NAME apps_replay_sums COMMAND mpirun --allow-run-as-root --oversubscribe
        --bind-to none -n 3 $<TARGET_FILE:apps_replay_sums>)
    add_executable(apps_replay_gradients apps/replay_gradients.c)
    target_link_libraries(apps_replay_gradients PRIVATE emulate)
    add_test(NAME apps_replay_gradients COMMAND apps_replay_gradients)
    add_test(NAME apps_replay COMMAND sh ${CMAKE_SOURCE_DIR}/apps/replay/smoke.sh
        $<TARGET_FILE:replay> ${CMAKE_SOURCE_DIR}/bench/traces/resnet50.csv)
    add_test(NAME apps_lags_table COMMAND /usr/bin/python3 -B
        ${CMAKE_CURRENT_SOURCE_DIR}/apps/lags_table.py ${CMAKE_SOURCE_DIR}
        ${CMAKE_BINARY_DIR})
    set_tests_properties(apps_replay apps_replay_sums apps_replay_gradients
        apps_lags_table PROPERTIES
        TIMEOUT 300 LABELS apps)
endif()

add_test(NAME apps_traces COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/apps/traces.py
    ${CMAKE_SOURCE_DIR})
set_tests_properties(apps_traces PROPERTIES TIMEOUT 60 LABELS apps)
