/*
 * Spar: what every machine of exchange/exchange.h has to pass, whatever its
 * algorithm.
 */
#ifndef SPAR_TESTS_EXCHANGE_CASES_H
#define SPAR_TESTS_EXCHANGE_CASES_H

#include "job.h"

#include <string.h>

/* The initial state of each test is the algorithm. */
void case_every_size_sums_and_conserves(void **state);
void case_every_type_and_way_of_sending(void **state);
void case_extreme_selections(void **state);
void case_large_layers_go_piece_by_piece(void **state);
void case_nan_leaves_all_untouched(void **state);
void case_requests_bind_all(void **state);
void case_dropped_results_touch_nothing(void **state);
void case_lossless_sums_everything(void **state);
void case_broken_targets_are_given_up(void **state);
void case_no_room_no_call(void **state);
void case_another_exchange_is_noticed(void **state);
void case_faults_never_pass_silently(void **state);
void case_a_lost_rank_never_looks_like_success(void **state);

#define EXCHANGE_CASE(name, algorithm)                                         \
    cmocka_unit_test_prestate(case_##name, (void *)(algorithm))

#define EXCHANGE_CASES(algorithm)                                              \
    EXCHANGE_CASE(every_size_sums_and_conserves, algorithm),                   \
        EXCHANGE_CASE(every_type_and_way_of_sending, algorithm),               \
        EXCHANGE_CASE(extreme_selections, algorithm),                          \
        EXCHANGE_CASE(large_layers_go_piece_by_piece, algorithm),              \
        EXCHANGE_CASE(nan_leaves_all_untouched, algorithm),                    \
        EXCHANGE_CASE(requests_bind_all, algorithm),                           \
        EXCHANGE_CASE(dropped_results_touch_nothing, algorithm),               \
        EXCHANGE_CASE(lossless_sums_everything, algorithm),                    \
        EXCHANGE_CASE(broken_targets_are_given_up, algorithm),                 \
        EXCHANGE_CASE(no_room_no_call, algorithm),                             \
        EXCHANGE_CASE(another_exchange_is_noticed, algorithm),                 \
        EXCHANGE_CASE(faults_never_pass_silently, algorithm),                  \
        EXCHANGE_CASE(a_lost_rank_never_looks_like_success, algorithm)

#endif
