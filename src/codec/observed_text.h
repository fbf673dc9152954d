/* What is observed of features and of the value users get, as names and short decimal texts: the fields of feature:ID
 * and value:AREA in Redis, and of replay's report (design 4, 5).
 *
 * Figures of the tick, but for the gaps of a feature, which are those of the area's last look. Shares are of 1, times
 * of one unit in seconds or days. Weeks are named by the date of their Monday.
 */
#ifndef PL_CODEC_OBSERVED_TEXT_H
#define PL_CODEC_OBSERVED_TEXT_H

#include "codec/pairs.h"
#include "core/judge/judge.h"

#define PL_OBSERVED_WEEKS 12   /* weeks that are shown one by one, */
#define PL_OBSERVED_COHORTS 14 /* and cohorts: the oldest two have all of their weeks */

/* Everything is borrowed. */
struct pl_observed_view {
    const struct pl_rules *rules;
    const struct pl_sums *sums;
    const struct pl_standing *standing; /* of the area, or of the feature's */
    int64_t judged_us;
};

void pl_observed_text_feature(const struct pl_observed_view *view, uint32_t feature, pl_pairs_fn emit, void *ctx);

/* Of an area that is observed (pl_rules_observed). */
void pl_observed_text_value(const struct pl_observed_view *view, uint32_t area, pl_pairs_fn emit, void *ctx);

#endif
