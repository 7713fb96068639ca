/*
 * Spar: the vector kernels of the wire block on one instruction set. No
 * include guard. The including file defines
 *
 *   VEC, LANES            vector of LANES (8 or 16) unsigned 32-bit numbers
 *   vec_load, vec_store, vec_set, vec_numbers   lane i: i
 *   vec_add, vec_sub, vec_and, vec_shl, vec_shr
 *   vec_prefix(v)         lane i: sum of the lanes 0 to i
 *   vec_last(v)           all lanes: the last one
 *   vec_first(v)          lane 0 as a number
 *   unpack_t, unpack_plan(parameter), unpack(plan, from)
 *                         LANES numbers of `parameter` bits from the 4 LANES
 *                         bytes at `from`
 *   expand(word, first, places)
 *                         writes first + i for each bit i set in word, and up
 *                         to LANES - 1 numbers behind them; returns how many
 *   pairs(v, bits, units) LANES / 2 numbers of 2 bits each: lane 2i, and above
 *                         it lane 2i + 1
 *   unary_bits(ends)      a word with the bits ends - 1 (0 to 63) of all lanes
 *   WIDE, wide_zero, wide_add(wide, v), wide_sum
 *                         64-bit sums
 */

#include "sparsify/wire_kernels_vector_get.h"
#include "sparsify/wire_kernels_vector_put.h"
