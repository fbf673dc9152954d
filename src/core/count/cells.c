#include "core/count/cells.h"

#include "util/hash.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

void pl_cells_fini(struct pl_cells *cells)
{
    free(cells->rows);
    free(cells->slots);
    free(cells->dirty);
    *cells = (struct pl_cells){0};
}

bool pl_amount_is_zero(const struct pl_amount *amount)
{
    return amount->n == 0 && amount->sum == 0 && amount->sum2 == 0;
}

static uint32_t hash_of(const struct pl_cell_key *key)
{
    uint64_t h = ((uint64_t)key->subject << 32 | (uint32_t)key->pane) * UINT64_C(0x9e3779b97f4a7c15);

    h ^= ((uint64_t)key->kind << 48 | (uint64_t)key->arm << 32 | key->metric) * UINT64_C(0xc2b2ae3d27d4eb4f);
    h ^= h >> 32;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

static bool same_key(const struct pl_cell_key *a, const struct pl_cell_key *b)
{
    return a->kind == b->kind && a->arm == b->arm && a->subject == b->subject && a->metric == b->metric &&
           a->pane == b->pane;
}

/* The slot that holds key, or the empty one where it would go. */
static uint32_t probe(const struct pl_cells *cells, const struct pl_cell_key *key)
{
    uint32_t at = hash_of(key) & cells->mask;

    while (cells->slots[at] && !same_key(key, &cells->rows[cells->slots[at] - 1].key))
        at = (at + 1) & cells->mask;
    return at;
}

static void index_rows(struct pl_cells *cells)
{
    memset(cells->slots, 0, ((size_t)cells->mask + 1) * sizeof(*cells->slots));
    for (uint32_t row = 0; row < cells->n; row++)
        cells->slots[probe(cells, &cells->rows[row].key)] = row + 1;
}

static bool grow(struct pl_cells *cells)
{
    uint32_t cap = cells->cap ? cells->cap * 2 : 64;
    struct pl_cells_row *rows = realloc(cells->rows, cap * sizeof(*rows));
    uint32_t *dirty, *slots;

    if (!rows)
        return false;
    cells->rows = rows;
    dirty = realloc(cells->dirty, cap * sizeof(*dirty));
    if (!dirty)
        return false;
    cells->dirty = dirty;
    slots = realloc(cells->slots, (size_t)cap * 2 * sizeof(*slots));
    if (!slots)
        return false;
    cells->slots = slots;
    cells->mask = cap * 2 - 1;
    cells->cap = cap;
    index_rows(cells);
    return true;
}

/* The row of key, made when new; NULL when memory is out. */
static struct pl_cells_row *row_of(struct pl_cells *cells, const struct pl_cell_key *key)
{
    uint32_t at;

    if (cells->n == cells->cap && !grow(cells)) {
        cells->failed = true;
        return NULL;
    }
    at = probe(cells, key);
    if (!cells->slots[at]) {
        cells->rows[cells->n] = (struct pl_cells_row){.key = *key};
        cells->slots[at] = ++cells->n;
    }
    return &cells->rows[cells->slots[at] - 1];
}

/* Unsigned, because an overflow that is taken back later must leave nothing, and must not be undefined. */
static void accumulate(struct pl_cells *cells, struct pl_cells_row *row, const struct pl_amount *amount)
{
    struct pl_amount *into = &row->amount;

    into->n = (int64_t)((uint64_t)into->n + (uint64_t)amount->n);
    into->sum = (int64_t)((uint64_t)into->sum + (uint64_t)amount->sum);
    into->sum2 = (pl_int128)((wide)into->sum2 + (wide)amount->sum2);
    if (row->key.kind == PL_CELL_MIXED)
        cells->n_mixed += (uint64_t)amount->n;
}

static void mark(struct pl_cells *cells, struct pl_cells_row *row)
{
    cells->changed = true;
    if (row->dirty)
        return;
    row->dirty = true;
    cells->dirty[cells->n_dirty++] = (uint32_t)(row - cells->rows);
}

void pl_cells_add(struct pl_cells *cells, const struct pl_cell_key *key, const struct pl_amount *amount)
{
    struct pl_cells_row *row;

    if (!pl_cells_kept(cells, key))
        return;
    row = row_of(cells, key);
    if (!row)
        return;
    accumulate(cells, row, amount);
    mark(cells, row);
}

void pl_cells_move(struct pl_cells *cells, struct pl_cell_key key, int32_t from, int32_t to)
{
    if (from == to)
        return;
    key.pane = from;
    if (from >= 0)
        pl_cells_add(cells, &key, &(struct pl_amount){.n = -1});
    key.pane = to;
    if (to >= 0)
        pl_cells_add(cells, &key, &(struct pl_amount){.n = 1});
}

void pl_cells_restore(struct pl_cells *cells, const struct pl_cell_key *key, const struct pl_amount *amount)
{
    struct pl_cells_row *row = row_of(cells, key);

    if (!row)
        return;
    accumulate(cells, row, amount);
    row->stored = true;
}

static void *copy_of(const void *from, size_t n, size_t size)
{
    void *to = calloc(n, size);

    if (to)
        memcpy(to, from, n * size);
    return to;
}

bool pl_cells_copy(struct pl_cells *cells, const struct pl_cells *from)
{
    *cells = *from;
    if (!from->cap)
        return true;
    cells->rows = copy_of(from->rows, from->cap, sizeof(*from->rows));
    cells->slots = copy_of(from->slots, (size_t)from->mask + 1, sizeof(*from->slots));
    cells->dirty = copy_of(from->dirty, from->cap, sizeof(*from->dirty));
    if (cells->rows && cells->slots && cells->dirty)
        return true;
    pl_cells_fini(cells);
    return false;
}

/* The last day (hour) of a pane; that of a week is named by its first day. */
static int32_t last_of(const struct pl_cell_info *info, const struct pl_cell_key *key)
{
    return key->pane + (info->pane == PL_IN_WEEK ? 6 : 0);
}

bool pl_cells_kept(const struct pl_cells *cells, const struct pl_cell_key *key)
{
    const struct pl_cell_info *info = pl_cell_info(key->kind);
    int32_t now = info->pane == PL_IN_HOUR ? cells->hour : cells->day;

    return info->kept == 0 || now == INT32_MIN || last_of(info, key) >= now - info->kept;
}

int64_t pl_cells_cut_at(const struct pl_cell_key *key)
{
    const struct pl_cell_info *info = pl_cell_info(key->kind);
    int64_t width_us = info->pane == PL_IN_HOUR ? PL_HOUR_US : PL_DAY_US;

    return info->kept == 0 ? INT64_MAX : ((int64_t)last_of(info, key) + 1 + info->kept) * width_us;
}

/* A pane is kept while its end, which is that of its last day (hour), lies after tick - kept days (hours). */
void pl_cells_cut(struct pl_cells *cells, int64_t tick_us)
{
    if (tick_us == PL_TIME_NONE) {
        cells->day = cells->hour = INT32_MIN;
        return;
    }
    cells->day = (int32_t)(pl_stamp_floor(tick_us, PL_DAY_US) / PL_DAY_US);
    cells->hour = (int32_t)(pl_stamp_floor(tick_us, PL_HOUR_US) / PL_HOUR_US);
}

static void empty_cut(struct pl_cells *cells)
{
    for (uint32_t at = 0; at < cells->n; at++) {
        struct pl_cells_row *row = &cells->rows[at];

        if (pl_cells_kept(cells, &row->key))
            continue;
        if (!pl_amount_is_zero(&row->amount))
            mark(cells, row);
        row->amount = (struct pl_amount){0};
    }
}

void pl_cells_sweep(struct pl_cells *cells)
{
    uint32_t kept = 0;

    empty_cut(cells);
    for (uint32_t at = 0; at < cells->n; at++) {
        const struct pl_cells_row *row = &cells->rows[at];

        if (row->stored || !pl_amount_is_zero(&row->amount))
            cells->rows[kept++] = *row;
    }
    if (kept == cells->n)
        return;
    cells->n = kept;
    index_rows(cells);
    cells->n_dirty = 0;
    for (uint32_t at = 0; at < cells->n; at++)
        if (cells->rows[at].dirty)
            cells->dirty[cells->n_dirty++] = at;
}
