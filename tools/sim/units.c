#include "tools/sim/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

const sim_unit_t sim_units_seconds[] = {{"s", 1, "a time such as 50us"},
                                        {"", 1, NULL},
                                        {"ms", 1e-3, NULL},
                                        {"us", 1e-6, NULL},
                                        {"ns", 1e-9, NULL},
                                        {NULL, 0, NULL}};

const sim_unit_t sim_units_rate[] = {
    {"gbit", 1e9 / 8, "a rate such as 10gbit or 125MB/s"},
    {"mbit", 1e6 / 8, NULL},
    {"kbit", 1e3 / 8, NULL},
    {"gbit/s", 1e9 / 8, NULL},
    {"mbit/s", 1e6 / 8, NULL},
    {"kbit/s", 1e3 / 8, NULL},
    {"GB/s", 1e9, NULL},
    {"MB/s", 1e6, NULL},
    {"kB/s", 1e3, NULL},
    {"B/s", 1, NULL},
    {NULL, 0, NULL}};

const sim_unit_t sim_units_count[] = {{"", 1, "a number such as 25.6M"},
                                      {"k", 1e3, NULL},
                                      {"M", 1e6, NULL},
                                      {"G", 1e9, NULL},
                                      {NULL, 0, NULL}};

const sim_unit_t sim_units_share[] = {
    {"", 1, "a share such as 0.01 or 1%"}, {"%", 0.01, NULL}, {NULL, 0, NULL}};

bool sim_units_parse(const char *text, const sim_unit_t *units, double *value_p)
{
    char *end;
    double value;

    /* strtod also takes blanks, signs, hexadecimals, "inf" and "nan". */
    if ((!isdigit((unsigned char)text[0]) && text[0] != '.') ||
        tolower((unsigned char)text[1]) == 'x') {
        return false;
    }
    errno = 0;
    value = strtod(text, &end);
    if (end == text || errno != 0) {
        return false;
    }
    for (; units->name != NULL; units++) {
        if (strcasecmp(end, units->name) == 0) {
            *value_p = value * units->factor;
            return true;
        }
    }
    return false;
}
