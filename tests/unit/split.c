#include "exchange_cases.h"

#include "exchange/split.h"

#include <math.h>

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_split_create(transport, 1, exchange_p);
}

static const job_algorithm_t split = {
    .name = "split", .create = create, .in_rank_order = true, .partial = true};

int main(void)
{
    const struct CMUnitTest tests[] = {EXCHANGE_CASES(&split)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
