/* Cells of a shard: exact integer sums under keys, of what settled events contributed. Published and stored.
 *
 * Adding is exact and order-free: arithmetic is modulo 2^64 (2^128 for squares), so what is taken back leaves nothing,
 * and a sum is right whenever the true one fits. Panes that are too old take nothing any more (see cut).
 *
 * Memory: 64 bytes a cell and 8 of index; as many cells as there are experiment x arm x (metrics + covariates + pairs +
 * 1) x day with units and experiment x arm x bucket of each time_to metric x week (at most one a unit and metric), and
 * of other subjects rows x arms x panes kept (core/cell.def). Days come from events, so they are bounded as well:
 * from PL_CELLS_MAX cells on the shard takes no exposure, and only kinds that are kept for a while make new days.
 * Adding is O(1).
 */
#ifndef PL_CORE_COUNT_CELLS_H
#define PL_CORE_COUNT_CELLS_H

#include "core/sums.h"

#define PL_CELLS_MAX 4000000u

struct pl_amount {
    int64_t n;
    int64_t sum;
    pl_int128 sum2;
};

struct pl_cells_row {
    struct pl_cell_key key; /* subject: experiment's index in the registry, else an index in the rules */
    bool dirty;             /* changed since it was stored */
    bool stored;            /* the store has it */
    struct pl_amount amount;
};

/* A zeroed struct with pl_cells_cut() called is valid and empty. */
struct pl_cells {
    struct pl_cells_row *rows; /* owned */
    uint32_t n, cap;
    uint32_t *slots; /* owned: row + 1, 0 for empty; power of two */
    uint32_t mask;
    uint32_t *dirty; /* owned: rows, each once; room for cap */
    uint32_t n_dirty;
    uint64_t n_mixed;  /* n of all MIXED cells */
    int32_t day, hour; /* of the tick up to which panes were cut, INT32_MIN before */
    bool changed;      /* since the caller cleared it */
    bool failed;       /* memory ran out: sums are no longer right */
};

void pl_cells_fini(struct pl_cells *cells);

void pl_cells_add(struct pl_cells *cells, const struct pl_cell_key *key, const struct pl_amount *amount);

/* One unit moves from the key's cell of one pane to that of another; a pane below 0 stands for none. key.pane is not
 * read. */
void pl_cells_move(struct pl_cells *cells, struct pl_cell_key key, int32_t from, int32_t to);

/* Add without marking: a cell that comes back from the store. */
void pl_cells_restore(struct pl_cells *cells, const struct pl_cell_key *key, const struct pl_amount *amount);

/* Nothing is kept any more of panes that ended `kept` days (hours) of their kind before this tick; PL_TIME_NONE keeps
 * all. */
void pl_cells_cut(struct pl_cells *cells, int64_t tick_us);

/* Empty what is cut and drop rows that are all zero and not in the store. Moves rows. */
void pl_cells_sweep(struct pl_cells *cells);

/* Become a copy (the old content is not freed); false without memory, then empty. */
bool pl_cells_copy(struct pl_cells *cells, const struct pl_cells *from);

/* Is this pane still kept? */
bool pl_cells_kept(const struct pl_cells *cells, const struct pl_cell_key *key);

/* The first tick at which this pane is not kept any more; INT64_MAX when it is kept for ever. */
int64_t pl_cells_cut_at(const struct pl_cell_key *key);

bool pl_amount_is_zero(const struct pl_amount *amount);

#endif
