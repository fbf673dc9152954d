/* A guardrail: is a metric that should not suffer unharmed? (design 10; non-inferiority in the sense of statistics.md
 * 2.1)
 *
 * From the interval of its relative effect, turned so that better is positive, and the loss that is tolerated:
 *   OK        lower > -margin: a loss as large as the margin is excluded
 *   HARMED    upper < -margin, so with no margin upper < 0
 *   UNCLEAR   else
 * An interval valid at every look gives a verdict valid at every look. Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_MARGIN_H
#define PL_CORE_JUDGE_MARGIN_H

#include "core/judge/effect.h"

enum pl_margin_verdict { PL_MARGIN_UNMEASURED, PL_MARGIN_UNCLEAR, PL_MARGIN_OK, PL_MARGIN_HARMED };

/* margin: relative, .01 is one per cent; NAN (unset) and what is not positive count as 0. UNMEASURED when a bound is
 * NAN. */
enum pl_margin_verdict pl_margin_judge(const struct pl_interval *relative, double margin, bool lower_is_better);

/* "unmeasured", "unclear", "ok", "harmed". Never NULL. */
const char *pl_margin_name(enum pl_margin_verdict verdict);

#endif
