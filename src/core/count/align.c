#include "core/count/align.h"

int pl_align_next(const struct pl_align_head *heads, unsigned n)
{
    int best = PL_ALIGN_END;

    for (unsigned at = 0; at < n; at++) {
        if (!heads[at].has_record) {
            if (!heads[at].at_end)
                return PL_ALIGN_BLOCKED;
            continue;
        }
        if (best == PL_ALIGN_END || heads[at].time_us < heads[best].time_us)
            best = (int)at;
    }
    return best;
}
