/* Sums of experiments, cell by cell or unit by unit, as a shard would have counted them (core/cell.def).
 *
 * Cells of one key add up. cells_close() sorts; nothing may be added afterwards. The sums own their memory.
 */
#ifndef PL_TESTS_SUPPORT_CELLS_FIXTURE_H
#define PL_TESTS_SUPPORT_CELLS_FIXTURE_H

#include "core/sums.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned cells_experiment(struct pl_sums *sums, const char *name, unsigned n_variants, int64_t first_us)
{
    unsigned at = sums->n_experiments++;
    struct pl_sums_experiment *experiment;

    sums->experiments = realloc(sums->experiments, sums->n_experiments * sizeof(*sums->experiments));
    if (!sums->experiments)
        abort();
    experiment = &sums->experiments[at];
    *experiment = (struct pl_sums_experiment){.n_variants = n_variants, .first_exposure_us = first_us, .n_segments = 1};
    snprintf(experiment->name, PL_NAME_BYTES, "%s", name);
    for (unsigned v = 0; v < n_variants; v++)
        snprintf(experiment->variants[v], PL_NAME_BYTES, "%c%u", v ? 'v' : 'a', v); /* a0, v1, v2: a0 is control */
    return at;
}

static inline void cells_add(struct pl_sums *sums, struct pl_cell_key key, int64_t n, int64_t sum, pl_int128 sum2)
{
    struct pl_cell *cell = NULL;

    for (size_t at = sums->n_cells; at-- > 0 && !cell;)
        if (pl_cell_key_order(&sums->cells[at].key, &key) == 0)
            cell = &sums->cells[at];
    if (!cell) {
        sums->cells = realloc(sums->cells, (sums->n_cells + 1) * sizeof(*sums->cells));
        if (!sums->cells)
            abort();
        cell = &sums->cells[sums->n_cells++];
        *cell = (struct pl_cell){.key = key};
    }
    cell->n += n;
    cell->sum += sum;
    cell->sum2 += sum2;
}

/* One unit: exposed in this arm on this day. */
static inline void cells_unit(struct pl_sums *sums, unsigned experiment, unsigned arm, int32_t day)
{
    cells_add(sums, (struct pl_cell_key){PL_CELL_EXPOSED, (uint16_t)arm, experiment, 0, day}, 1, 0, 0);
    cells_add(sums, (struct pl_cell_key){PL_CELL_SEGMENT, (uint16_t)arm, experiment, 0, 0}, 1, 0, 0);
}

/* What it has of a variable: x of a metric, or what it had before; in whole units. n counts it (means). */
static inline void cells_value(struct pl_sums *sums, struct pl_cell_key key, int64_t x, int64_t n)
{
    cells_add(sums, key, n, x * PL_MICRO, (pl_int128)(x * PL_MICRO) * (x * PL_MICRO));
}

static inline void cells_product(struct pl_sums *sums, struct pl_cell_key key, int64_t x, int64_t y)
{
    cells_add(sums, key, 0, 0, (pl_int128)(x * PL_MICRO) * (y * PL_MICRO));
}

static inline int cells_order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

static inline void cells_close(struct pl_sums *sums)
{
    if (sums->n_cells)
        qsort(sums->cells, sums->n_cells, sizeof(*sums->cells), cells_order);
}

#endif
