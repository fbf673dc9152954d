/* One screen about one area, in users' words: its verdict, why, what was left out, what would change it, where value
 * may be, and what repeats the numbers. At most 50 lines of 100 columns: what has no end (features, changes, reasons)
 * is cut as far as it must be, and said to be. Pure.
 */
#ifndef PL_CTL_EXPLAIN_H
#define PL_CTL_EXPLAIN_H

#include "ctl/past.h"
#include "ctl/table.h"
#include "ctl/told.h"

struct pl_explain {
    const char *area;
    const struct pl_told *told;
    const struct pl_past *past;
    struct pl_look look;
    const char *instance; /* NULL: main */
};

void pl_explain_write(const struct pl_explain *explain, struct pl_buf *out);

/* Since when nothing was counted for max(60 d, twice the median gap of the last results); PL_TIME_NONE: it is not so.
 */
int64_t pl_explain_stale_since(const struct pl_told *told, const struct pl_past *past);

#endif
