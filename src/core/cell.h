/* Cells: what is counted, under which key. The table of kinds is core/cell.def.
 *
 * Plain values, no ownership. Both rooms, storage and publication know a kind by its row alone.
 */
#ifndef PL_CORE_CELL_H
#define PL_CORE_CELL_H

#include <stdbool.h>
#include <stdint.h>

enum pl_cell_kind {
#define CELL(name, number, text, subject, detail, pane, kept) PL_CELL_##name = (number),
#include "core/cell.def"
#undef CELL
    PL_CELL_KINDS = 64 /* kinds are below it */
};

enum pl_cell_subject { PL_OF_EXPERIMENT, PL_OF_FUNNEL, PL_OF_AREA, PL_OF_FEATURE, PL_OF_METRIC };
enum pl_cell_detail { PL_BY_NONE, PL_BY_METRIC, PL_BY_PLAIN, PL_BY_METRIC_BUCKET, PL_BY_PAIR };
enum pl_cell_pane { PL_IN_DAY, PL_IN_HOUR, PL_IN_WEEK, PL_IN_ALL };

/* A row of core/cell.def. */
struct pl_cell_info {
    const char *name; /* "exposed"; NULL: no such kind */
    enum pl_cell_subject subject;
    enum pl_cell_detail detail;
    enum pl_cell_pane pane;
    int32_t kept;
};

/* Never NULL; kinds of PL_CELL_KINDS and above have no name. */
const struct pl_cell_info *pl_cell_info(unsigned kind);

/* Is the arm a variant of the experiment? Of MIXED it is not. */
bool pl_cell_has_variant(unsigned kind);

/* A variable of PAIR: what a unit has of a metric, or had of it before its exposure. The smaller one stands below. */
#define PL_CELL_VARIABLE(metric, before) ((uint32_t)(metric)*2 + (before))
#define PL_CELL_PAIR(a, b) ((a) < (b) ? (a) | (b) << 16 : (b) | (a) << 16)

struct pl_cell_key {
    uint16_t kind;
    uint16_t arm;
    uint32_t subject; /* experiment: index in pl_sums.experiments; else an index in the rules */
    uint32_t metric;  /* the detail of cell.def */
    int32_t pane;     /* days (or hours) since 1970-01-01; 0 for ALL */
};

/* Total order of keys: kind, subject, pane, arm, metric. */
int pl_cell_key_order(const struct pl_cell_key *a, const struct pl_cell_key *b);

__extension__ typedef __int128 pl_int128;

/* In decimal, at the end of out: where the text begins. Products may be negative. */
#define PL_CELL_WIDE_BYTES 48
const char *pl_cell_wide(pl_int128 value, char out[PL_CELL_WIDE_BYTES]);

#endif
