#include "core/cell.h"

#include <stddef.h>

static const struct pl_cell_info infos[PL_CELL_KINDS] = {
#define CELL(name_, number_, text_, subject_, detail_, pane_, kept_)                                                   \
    [number_] = {text_, PL_OF_##subject_, PL_BY_##detail_, PL_IN_##pane_, kept_},
#include "core/cell.def"
#undef CELL
};

const struct pl_cell_info *pl_cell_info(unsigned kind)
{
    return &infos[kind < PL_CELL_KINDS ? kind : 0]; /* no kind has the number 0 */
}

bool pl_cell_has_variant(unsigned kind)
{
    const struct pl_cell_info *info = pl_cell_info(kind);

    return info->name && info->subject == PL_OF_EXPERIMENT && kind != PL_CELL_MIXED;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int pl_cell_key_order(const struct pl_cell_key *a, const struct pl_cell_key *b)
{
    if (a->kind != b->kind)
        return ORDER(a->kind, b->kind);
    if (a->subject != b->subject)
        return ORDER(a->subject, b->subject);
    if (a->pane != b->pane)
        return ORDER(a->pane, b->pane);
    if (a->arm != b->arm)
        return ORDER(a->arm, b->arm);
    return ORDER(a->metric, b->metric);
}

const char *pl_cell_wide(pl_int128 value, char out[PL_CELL_WIDE_BYTES])
{
    char *at = out + PL_CELL_WIDE_BYTES - 1;
    bool negative = value < 0;

    *at = '\0';
    do {
        int digit = (int)(value % 10);

        *--at = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value != 0);
    if (negative)
        *--at = '-';
    return at;
}
