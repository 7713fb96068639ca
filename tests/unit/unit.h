/* Spar: what every unit test includes before its own headers. */
#ifndef SPAR_TESTS_UNIT_H
#define SPAR_TESTS_UNIT_H

/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
