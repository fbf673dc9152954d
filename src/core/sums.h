/* Sums: where the two rooms meet. What a shard has counted of events placed below a tick, exact and order-free.
 *
 * A set of cells, each an integer aggregate under a key, and the dictionary of experiments the keys refer to. Adding
 * the sums of all shards gives the sums of the product: cells are added field by field, dictionaries are joined by
 * name. Panes are fixed slices of event time; windows (landmark, 7d, 28d, life) are sums of panes, made by the judge.
 */
#ifndef PL_CORE_SUMS_H
#define PL_CORE_SUMS_H

#include "core/cell.h"
#include "core/control.h"
#include "core/keying.h"
#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pl_cell {
    struct pl_cell_key key;
    int64_t n;
    int64_t sum;    /* micro-units for COUNT and SUM metrics and conversions alike: one conversion is 1,000,000 */
    pl_int128 sum2; /* square micro-units */
};

#define PL_SEGMENTS_MAX 8

struct pl_sums_experiment {
    char name[PL_NAME_BYTES];
    unsigned n_variants;
    char variants[PL_VARIANTS_MAX][PL_NAME_BYTES]; /* in order of first exposure in this shard */
    int64_t first_exposure_us;                     /* smallest time of an accepted exposure */
    bool joined_late;    /* no `started` and first exposure within 1 d of the shard's first record (design 10) */
    unsigned n_segments; /* allocation segments seen, at least 1 */
    double shares[PL_SEGMENTS_MAX][PL_VARIANTS_MAX]; /* declared, by variant index here; a row of zeros: not declared */
};

struct pl_sums {
    int64_t tick_us;
    unsigned n_experiments;
    struct pl_sums_experiment *experiments; /* owned */
    size_t n_cells;
    struct pl_cell *cells;  /* owned; sorted by pl_cell_key_order, no zero cells */
    struct pl_keying units; /* owned: a sample of the units, by which it is seen whether the input is keyed by them */
};

/* A zeroed struct is valid and empty. */
void pl_sums_fini(struct pl_sums *sums);

/* into += from (dictionaries joined by name, variants by name, first exposure the smaller, joined_late if either,
 * declared shares from whoever has them); tick_us becomes the larger. Order-free. When
 * the parts know more than PL_VARIANTS_MAX variants of an experiment, the names that sort first stay and units of the
 * others count as mixed. Fails with NOMEM, or INPUT when a sum would leave 64 bits or a cell names no experiment or
 * variant (into is then unspecified). */
enum pl_status pl_sums_merge(struct pl_sums *into, const struct pl_sums *from, struct pl_err *err) PL_MUSTCHECK;

/* Add up the cells of one kind, subject, arm and metric with first_pane <= pane <= last_pane; the result carries `key`.
 * What would leave the type stays at its largest or smallest value. O(cells of the subject in these panes). */
struct pl_cell pl_sums_range(const struct pl_sums *sums, struct pl_cell_key key, int32_t first_pane, int32_t last_pane);

/* The first cell that is not below the key; n_cells when all are. O(log cells). */
size_t pl_sums_at(const struct pl_sums *sums, const struct pl_cell_key *key);

/* The first pane with n > 0 of a kind, subject, arm and metric; PL_PANE_NONE without one. */
#define PL_PANE_NONE INT32_MIN
int32_t pl_sums_first_pane(const struct pl_sums *sums, struct pl_cell_key key);

/* Index of an experiment by name, or -1; of its variant by name, or -1. */
int pl_sums_find(const struct pl_sums *sums, struct pl_span experiment);
int pl_sums_find_variant(const struct pl_sums_experiment *experiment, struct pl_span variant);

#endif
