#include "pmpi/piece.h"

#include "exchange/split_state.h"

#include <stdlib.h>
#include <string.h>

unsigned spar_piece_number(uint64_t count)
{
    uint64_t number = (count + SPAR_PIECE_ELEMENTS - 1) / SPAR_PIECE_ELEMENTS;

    return number > SPAR_PIECES ? SPAR_PIECES
           : number > 0         ? (unsigned)number
                                : 1;
}

/* Pieces differ by at most one element. */
static uint64_t first_of(uint64_t count, unsigned index, unsigned number)
{
    uint64_t rest = count % number;

    return count / number * index + (index < rest ? index : rest);
}

void spar_piece_init(spar_piece_t *piece, spar_selector_kind_t kind,
                     spar_dtype_t dtype, uint64_t layer_count, unsigned index,
                     unsigned number)
{
    memset(piece, 0, sizeof(*piece));
    piece->first = first_of(layer_count, index, number);
    piece->count = first_of(layer_count, index + 1, number) - piece->first;
    spar_selector_init(&piece->selector, kind, dtype, piece->count);
}

void spar_piece_forget_room(spar_piece_t *piece, unsigned methods)
{
    for (unsigned lane = 0; lane < SPAR_LANES; lane++) {
        for (unsigned method = 0; method < SPAR_METHODS; method++) {
            if ((methods & SPAR_METHOD_BIT(method)) != 0) {
                piece->room[lane][method] = 0;
            }
        }
    }
}

void spar_piece_rescale(spar_piece_t *piece, int exponent)
{
    spar_selector_rescale(&piece->selector, exponent);
    if (piece->split != NULL) {
        spar_selector_rescale(&piece->split->selector, exponent);
    }
}

void spar_piece_cleanup(spar_piece_t *piece)
{
    free(piece->split);
    piece->split = NULL;
}
