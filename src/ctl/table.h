/* Text for terminals: aligned tables, sparklines, bars of an interval, and colour where it can be seen.
 *
 * Colour only when stdout is a terminal and none of NO_COLOR, TERM=dumb, --no-color says otherwise; Unicode marks only
 * in a UTF-8 locale. Every mark stands beside its number. Writes into a buffer; printing is the caller's.
 */
#ifndef PL_CTL_TABLE_H
#define PL_CTL_TABLE_H

#include "util/buf.h"

enum pl_ink { PL_INK_NONE, PL_INK_BOLD, PL_INK_FAINT, PL_INK_GOOD, PL_INK_WARN, PL_INK_BAD };

struct pl_look {
    bool color;
    bool unicode;
};

/* What this process' stdout and environment allow. */
struct pl_look pl_table_look(bool no_color);

/* Text in an ink. */
void pl_table_ink(struct pl_buf *out, struct pl_look look, enum pl_ink ink, const char *text);

#define PL_TABLE_COLUMNS_MAX 12

/* Rows of cells, filled from left to right; columns are as wide as their widest cell. A zeroed struct with n_columns
 * and look set is ready. */
struct pl_table {
    unsigned n_columns;
    unsigned right; /* bit c: column c is aligned to the right */
    struct pl_look look;
    struct pl_table_cell *cells; /* owned */
    size_t n, cap;
    bool failed;
};

void pl_table_cell(struct pl_table *table, enum pl_ink ink, const char *fmt, ...) PL_PRINTF(3, 4);

/* Append all rows, two blanks between columns and none at line ends, each line behind `indent` blanks. */
void pl_table_write(const struct pl_table *table, unsigned indent, struct pl_buf *out);
void pl_table_fini(struct pl_table *table);

/* Sentences in lines of at most `width` columns, each behind `indent` blanks. */
void pl_table_wrap(struct pl_buf *out, unsigned indent, unsigned width, const char *text);

/* n values as n marks, lowest to highest; values that are not finite as a blank. */
void pl_table_spark(struct pl_buf *out, struct pl_look look, const double *values, size_t n);

/* An interval [lower, upper] with a mark at `at` on a scale of `width` columns from low to high; ends beyond the scale
 * are cut there. at NAN: no mark. */
struct pl_table_bar {
    double low, high;
    double lower, at, upper;
    unsigned width;
};
void pl_table_bar(struct pl_buf *out, struct pl_look look, const struct pl_table_bar *bar);

#endif
