#include "policy/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

const spar_unit_t spar_number_units[] = {
    {"", 1}, {"k", 1024.0}, {"m", 1048576.0}, {"g", 1073741824.0}, {NULL, 0}};

int spar_number_parse(const char **text_p, double *value_p)
{
    const char *text = *text_p;
    char *end;
    double value;

    /* strtod also takes blanks, hexadecimals, "inf" and "nan". */
    if (!isdigit((unsigned char)text[0]) && text[0] != '.') {
        return -1;
    }
    if (text[0] == '0' && tolower((unsigned char)text[1]) == 'x') {
        return -1;
    }
    errno = 0;
    value = strtod(text, &end);
    if (end == text || errno != 0) {
        return -1;
    }
    *text_p = end;
    *value_p = value;
    return 0;
}

int spar_number_parse_with_unit(const char *text, const spar_unit_t *units,
                                double *value_p)
{
    double value;

    if (spar_number_parse(&text, &value) != 0) {
        return -1;
    }
    for (const spar_unit_t *unit = units; unit->name != NULL; unit++) {
        if (strcasecmp(text, unit->name) == 0) {
            *value_p = value * unit->factor;
            return 0;
        }
    }
    return -1;
}
