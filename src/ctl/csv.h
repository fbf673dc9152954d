/* History as a table (CSV): the header says which column is which, a row becomes a control record as JSON.
 *
 * Columns: id, experiment, area, work, start, time, effect, se, baseline, mean_control, mean_variant, n_control,
 * n_variant, early, shipped, health, cost; in any order and case, those that are needed as in a control record; `id`
 * may stand for `experiment` and the other way round. Cells may be quoted (" doubled inside); the separator is the
 * comma, or ; or tab when the header has no comma. Times may lack the zone (UTC) or the time of day; effects may be
 * 0.21%. An empty cell is absent. Pure.
 */
#ifndef PL_CTL_CSV_H
#define PL_CTL_CSV_H

#include "util/buf.h"
#include "util/err.h"

#define PL_CSV_COLUMNS_MAX 64

struct pl_csv {
    char separator;
    unsigned n_columns;
    int columns[PL_CSV_COLUMNS_MAX]; /* which of the known ones; -1: not used */
    char *cells;                     /* owned: the cells of the last row, terminated */
    size_t cap;
};

/* Take the header line. INPUT when it has no column that is known, or one twice. A byte order mark is ignored. */
enum pl_status pl_csv_header(struct pl_csv *csv, struct pl_span line, struct pl_err *err) PL_MUSTCHECK;
void pl_csv_fini(struct pl_csv *csv);

/* One row as {"type":"result",...}; values are checked by who parses the record. */
enum pl_status pl_csv_row(struct pl_csv *csv, struct pl_span line, struct pl_buf *json,
                          struct pl_err *err) PL_MUSTCHECK;

#endif
