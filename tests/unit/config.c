#include "unit.h"

#include "policy/config.h"
#include "policy/config_table.h"

#include <stdlib.h>
#include <string.h>

static char unknown_lines[4][256];
static int unknown_count;

static void remember(const char *line)
{
    if (unknown_count < 4) {
        snprintf(unknown_lines[unknown_count], sizeof(unknown_lines[0]), "%s",
                 line);
    }
    unknown_count++;
}

static int clear_environment(void **state)
{
    (void)state;
    for (size_t row = 0; row < spar_config_rows(); row++) {
        unsetenv(spar_config_name(row));
    }
    unsetenv("SPAR_DENSTIY");
    return 0;
}

static spar_status_t load_with(const char *name, const char *value,
                               spar_config_t *config, char *error)
{
    spar_status_t status;

    setenv(name, value, 1);
    status = spar_config_load(config, error, 192);
    unsetenv(name);
    return status;
}

static void every_default_parses_and_prints_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < spar_config_table_size; i++) {
        const spar_config_row_t *row = &spar_config_table[i];
        spar_config_t config, again;
        char text[SPAR_CONFIG_VALUE_MAX];

        memset(&config, 0, sizeof(config));
        memset(&again, 0, sizeof(again));
        assert_int_equal(
            row->type->parse(row, row->initial, (char *)&config + row->offset),
            0);
        spar_config_value(&config, i, text, sizeof(text));
        assert_int_equal(
            row->type->parse(row, text, (char *)&again + row->offset), 0);
        assert_memory_equal(&config, &again, sizeof(config));
        assert_true(strlen(row->doc) > 20);
    }
}

static void values_are_taken_from_the_environment(void **state)
{
    spar_config_t config;
    char error[192];

    (void)state;
    setenv("SPAR_MODE", "Sparse", 1);
    setenv("SPAR_DENSITY", "0.25,0.0625,1e-3", 1);
    setenv("SPAR_MIN_COUNT", "64k", 1);
    setenv("SPAR_INIT_TIMEOUT", "1500ms", 1);
    setenv("SPAR_REPORT", "out/run.json", 1);
    setenv("SPAR_AB", "8:40", 1);
    setenv("SPAR_TRACE", "out/trace", 1);
    assert_int_equal(spar_config_load(&config, error, sizeof(error)), SPAR_OK);
    assert_int_equal(config.mode, SPAR_MODE_SPARSE);
    assert_int_equal(config.density_count, 3);
    assert_true(config.density[2] == 1e-3);
    assert_int_equal(config.min_count, 65536);
    assert_true(config.init_timeout == 1.5);
    assert_string_equal(config.report, "out/run.json");
    assert_string_equal(config.trace, "out/trace");
    assert_int_equal(config.ab.dense, 8);
    assert_int_equal(config.ab.sparse, 40);
}

static void a_rule_may_stand_for_the_density(void **state)
{
    spar_config_t config;
    char error[192], text[64];
    size_t row = 0;

    (void)state;
    while (strcmp(spar_config_name(row), "SPAR_DENSITY") != 0) {
        row++;
    }
    assert_int_equal(load_with("SPAR_DENSITY", "LAGS-paper", &config, error),
                     SPAR_OK);
    assert_int_equal(config.density_rule, SPAR_CONFIG_DENSITY_PAPER);
    spar_config_value(&config, row, text, sizeof(text));
    assert_string_equal(text, "lags-paper");
    assert_int_equal(load_with("SPAR_DENSITY", "0.5,0.1", &config, error),
                     SPAR_OK);
    assert_int_equal(config.density_rule, SPAR_CONFIG_DENSITY_GIVEN);
    spar_config_value(&config, row, text, sizeof(text));
    assert_string_equal(text, "0.5,0.1");
    spar_config_defaults(&config);
    assert_int_equal(config.density_rule, SPAR_CONFIG_DENSITY_AUTO);
}

static void bounds_of_the_density_must_not_cross(void **state)
{
    spar_config_t config;
    char error[192];

    (void)state;
    setenv("SPAR_DENSITY_MAX", "0.01", 1);
    assert_int_equal(load_with("SPAR_DENSITY_MIN", "0.02", &config, error),
                     SPAR_ERR_INVALID);
    assert_non_null(strstr(error, "SPAR_DENSITY_MIN=0.02"));
    assert_non_null(strstr(error, "SPAR_DENSITY_MAX=0.01"));
    assert_int_equal(load_with("SPAR_DENSITY_MIN", "0.01", &config, error),
                     SPAR_OK);
}

static void an_empty_value_counts_as_unset(void **state)
{
    spar_config_t config;
    char error[192];

    (void)state;
    assert_int_equal(load_with("SPAR_MODE", "", &config, error), SPAR_OK);
    assert_int_equal(config.mode, SPAR_MODE_AUTO);
}

static void bad_values_are_refused_by_name(void **state)
{
    static const char *const bad[][2] = {{"SPAR_MODE", "fast"},
                                         {"SPAR_MODE", "qsgd"},
                                         {"SPAR_ROUND", "up"},
                                         {"SPAR_DENSITY", "0"},
                                         {"SPAR_DENSITY", "1.5"},
                                         {"SPAR_DENSITY", "0.1,"},
                                         {"SPAR_DENSITY", "nan"},
                                         {"SPAR_DENSITY", "0.1 0.2"},
                                         {"SPAR_DENSITY", "-0.1"},
                                         {"SPAR_DENSITY", "automatic"},
                                         {"SPAR_DENSITY_MAX", "1.5"},
                                         {"SPAR_DENSITY_MIN", "0"},
                                         {"SPAR_DENSITY_BASE", "auto"},
                                         {"SPAR_DENSITY", "0x1p-4"},
                                         {"SPAR_MIN_COUNT", "12q"},
                                         {"SPAR_MIN_COUNT", "-1"},
                                         {"SPAR_MIN_COUNT", "0"},
                                         {"SPAR_MIN_COUNT", "1.0001"},
                                         {"SPAR_LEARN_STEPS", "1"},
                                         {"SPAR_LEARN_STEPS", "1e400"},
                                         {"SPAR_INIT_TIMEOUT", "5parsec"},
                                         {"SPAR_INIT_TIMEOUT", "0s"},
                                         {"SPAR_REPORT", "report.txt"},
                                         {"SPAR_ISA", "sse9"},
                                         {"SPAR_SELECT", "dgc"},
                                         {"SPAR_STEP_CALLS", "1025"},
                                         {"SPAR_LOG", "loud"},
                                         {"SPAR_AB", "20"},
                                         {"SPAR_AB", "20:"},
                                         {"SPAR_AB", ":20"},
                                         {"SPAR_AB", "3:20"},
                                         {"SPAR_AB", "20:3"},
                                         {"SPAR_AB", "20:20:20"},
                                         {"SPAR_EXCLUDE", "x"},
                                         {"SPAR_INCLUDE", "com1/"},
                                         {"SPAR_AB", "20:2e6"},
                                         {"SPAR_AB", "20.5:20"}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        spar_config_t config;
        char error[192] = "";

        memset(&config, 0x5a, sizeof(config));
        assert_int_equal(load_with(bad[i][0], bad[i][1], &config, error),
                         SPAR_ERR_INVALID);
        assert_non_null(strstr(error, bad[i][0]));
        assert_non_null(strstr(error, bad[i][1]));
        assert_non_null(strstr(error, "allowed: "));
        assert_null(strchr(error, '\n'));
        /* Set only on success. */
        assert_int_equal(((unsigned char *)&config)[0], 0x5a);
    }
}

static void the_wrong_item_of_a_list_is_named(void **state)
{
    spar_config_t config;
    char error[192];

    (void)state;
    assert_int_equal(
        load_with("SPAR_EXCLUDE", "3,64k:4m,2to5,^7", &config, error),
        SPAR_ERR_INVALID);
    assert_non_null(strstr(error, "SPAR_EXCLUDE: \"2to5\" is not allowed"));
    assert_non_null(strstr(error, "; ^ in front negates"));
}

static void layers_are_listed(void **state)
{
    spar_config_t config;
    char error[192], text[SPAR_CONFIG_VALUE_MAX];
    size_t row = 0;

    (void)state;
    while (strcmp(spar_config_name(row), "SPAR_INCLUDE") != 0) {
        row++;
    }
    assert_int_equal(
        load_with("SPAR_INCLUDE", "COM1/2-5,^4,65536:", &config, error),
        SPAR_OK);
    assert_true(spar_layer_list_has(&config.include, 1, 3, 10));
    assert_false(spar_layer_list_has(&config.include, 1, 4, 10));
    assert_int_equal(config.exclude.size, 0);
    assert_true(spar_config_is_changed(&config, row));
    spar_config_value(&config, row, text, sizeof(text));
    assert_string_equal(text, "com1/2-5,^4,64k:");
}

static void seventeen_densities_are_too_many(void **state)
{
    spar_config_t config;
    char error[192], list[128] = "0.5";

    (void)state;
    for (int i = 0; i < 15; i++) {
        strcat(list, ",0.5");
    }
    assert_int_equal(load_with("SPAR_DENSITY", list, &config, error), SPAR_OK);
    assert_int_equal(config.density_count, 16);
    strcat(list, ",0.5");
    assert_int_equal(load_with("SPAR_DENSITY", list, &config, error),
                     SPAR_ERR_INVALID);
}

static void an_unknown_name_gets_the_nearest_match(void **state)
{
    (void)state;
    unknown_count = 0;
    setenv("SPAR_DENSTIY", "0.1", 1);
    setenv("SPAR_MODE", "dense", 1);
    spar_config_report_unknown(remember);
    assert_int_equal(unknown_count, 1);
    assert_non_null(strstr(unknown_lines[0], "SPAR_DENSTIY"));
    assert_non_null(strstr(unknown_lines[0], "SPAR_DENSITY?"));
}

static void changes_against_the_defaults_are_known(void **state)
{
    spar_config_t config;

    (void)state;
    spar_config_defaults(&config);
    for (size_t row = 0; row < spar_config_rows(); row++) {
        assert_false(spar_config_is_changed(&config, row));
    }
    config.mode = SPAR_MODE_DENSE;
    assert_true(spar_config_is_changed(&config, 0));
    assert_null(spar_config_name(spar_config_rows()));
}

static void periods_and_rates_are_lists(void **state)
{
    static const char *const bad_periods[] = {"0",  "1025", "4,",
                                              ",4", "4;5",  "1.5"};
    static const char *const bad_rates[] = {
        "0",      "-1",      "0.1,0.2", "5:0.1,5:0.2",
        "0:0.1,", "1.5:0.1", "0:",      "0:0.1,0.2"};
    spar_config_t config;
    char error[192];

    (void)state;
    setenv("SPAR_TRAIN_STEPS", "100", 1);
    assert_int_equal(load_with("SPAR_PERIOD", "20,5", &config, error), SPAR_OK);
    assert_int_equal(config.periods.count, 2);
    assert_int_equal(config.periods.period[1], 5);
    unsetenv("SPAR_TRAIN_STEPS");
    assert_int_equal(load_with("SPAR_PERIOD", "20,5", &config, error),
                     SPAR_ERR_INVALID);
    assert_non_null(strstr(error, "SPAR_TRAIN_STEPS"));
    assert_int_equal(load_with("SPAR_PERIOD", "8", &config, error), SPAR_OK);
    assert_int_equal(config.periods.count, 1);
    assert_int_equal(load_with("SPAR_LR", "0:0.05,700:0.005", &config, error),
                     SPAR_OK);
    assert_int_equal(config.rates.count, 2);
    assert_int_equal(config.rates.step[1], 700);
    assert_true(config.rates.rate[1] == 0.005);
    assert_int_equal(load_with("SPAR_LR", "0.1", &config, error), SPAR_OK);
    assert_int_equal(config.rates.count, 1);
    assert_int_equal(load_with("SPAR_LR", "Auto", &config, error), SPAR_OK);
    assert_int_equal(config.rates.count, 0);
    for (size_t i = 0; i < sizeof(bad_periods) / sizeof(bad_periods[0]); i++) {
        assert_int_equal(
            load_with("SPAR_PERIOD", bad_periods[i], &config, error),
            SPAR_ERR_INVALID);
    }
    for (size_t i = 0; i < sizeof(bad_rates) / sizeof(bad_rates[0]); i++) {
        assert_int_equal(load_with("SPAR_LR", bad_rates[i], &config, error),
                         SPAR_ERR_INVALID);
    }
}

static void lists_print_back_as_they_were_given(void **state)
{
    static const struct {
        const char *name, *value;
    } cases[] = {{"SPAR_PERIOD", "auto"}, {"SPAR_PERIOD", "12"},
                 {"SPAR_LR", "auto"},     {"SPAR_LR", "0.05"},
                 {"SPAR_LR", "10:0.05"},  {"SPAR_LR", "0:0.05,700:0.005"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        spar_config_t config;
        char error[192], text[SPAR_CONFIG_VALUE_MAX] = "";

        assert_int_equal(
            load_with(cases[i].name, cases[i].value, &config, error), SPAR_OK);
        for (size_t row = 0; row < spar_config_rows(); row++) {
            if (strcmp(spar_config_name(row), cases[i].name) == 0) {
                spar_config_value(&config, row, text, sizeof(text));
            }
        }
        assert_string_equal(text, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_and_rates_are_lists),
        cmocka_unit_test(lists_print_back_as_they_were_given),
        cmocka_unit_test(every_default_parses_and_prints_back),
        cmocka_unit_test_setup(values_are_taken_from_the_environment,
                               clear_environment),
        cmocka_unit_test_setup(a_rule_may_stand_for_the_density,
                               clear_environment),
        cmocka_unit_test_setup(bounds_of_the_density_must_not_cross,
                               clear_environment),
        cmocka_unit_test_setup(an_empty_value_counts_as_unset,
                               clear_environment),
        cmocka_unit_test_setup(bad_values_are_refused_by_name,
                               clear_environment),
        cmocka_unit_test_setup(the_wrong_item_of_a_list_is_named,
                               clear_environment),
        cmocka_unit_test_setup(layers_are_listed, clear_environment),
        cmocka_unit_test_setup(seventeen_densities_are_too_many,
                               clear_environment),
        cmocka_unit_test_setup(an_unknown_name_gets_the_nearest_match,
                               clear_environment),
        cmocka_unit_test(changes_against_the_defaults_are_known)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
