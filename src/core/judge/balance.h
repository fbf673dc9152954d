/* The balance of an area's work: what each kind of work took and what it gave (design 6.9). Descriptive, from the whole
 * ledger, across epochs; shown beside the verdict, never instead of it.
 *
 * A result is measured when it has an effect d and its error s. Over measured results:
 *   naive      sum of d over what was shipped: what a team's slides add up
 *   unbiased   sum of X (returns.h, arms.h): what the reference policy gains, lucky winners corrected (statistics 2.4);
 *              what was stopped early, on a look at its effect, adds nothing
 *   shrunken   sum over what was shipped of d drawn to the mean of its kind (pool.h, statistics 2.2)
 *   win        d > 1.96 s (of several arms the best one's own s)
 * Thirds: the results of growth and monetisation in ledger order, cut into three of equal number; the shares of wins
 * show whether winning became rarer. Forecast of a quarter: mean X of the last 20 of these times the number of the last
 * 91 days, with the standard error of that mean. Headroom: headroom.h over their X.
 *
 * Pure; O(rows).
 */
#ifndef PL_CORE_JUDGE_BALANCE_H
#define PL_CORE_JUDGE_BALANCE_H

#include "core/judge/headroom.h"
#include "core/ledger.h"

#define PL_BALANCE_KINDS 4 /* enum pl_work */

struct pl_balance_kind {
    unsigned n;        /* results, measured or not */
    unsigned left_out; /* of them as unhealthy, too small, ... */
    unsigned measured, shipped, wins;
    double units, cost;
    double naive, unbiased, shrunken;
};

struct pl_balance {
    struct pl_balance_kind kinds[PL_BALANCE_KINDS];
    unsigned third_n[3], third_wins[3];
    double forecast, forecast_se; /* of the next 91 days; NAN below 2 results */
    double cost_per_win;          /* growth and monetisation; NAN without a win */
    struct pl_headroom headroom;
};

/* now_us: the tick. NOMEM is the only failure. */
enum pl_status pl_balance_of(const struct pl_ledger *ledger, uint32_t area, int64_t now_us, struct pl_balance *balance,
                             struct pl_err *err) PL_MUSTCHECK;

#endif
