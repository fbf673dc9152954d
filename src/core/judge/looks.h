/* Looks: when the trend of an area's funnel is judged, and what the last look said (statistics.md 2.8, design 10).
 *
 * Weeks begin at the UTC Monday of the epoch's first entry; only mature ones count (week end + funnel window below the
 * tick). The k-th look is at week 8 + 4 k, over the last 52 weeks at most. P is unknown before the first look, then the
 * last look's. Between looks nothing moves, so looking every tick costs no error.
 */
#ifndef PL_CORE_JUDGE_LOOKS_H
#define PL_CORE_JUDGE_LOOKS_H

#include "core/judge/advice.h"
#include "core/rules.h"
#include "core/sums.h"

#define PL_LOOKS_WEEKS_MAX 52

struct pl_looks {
    int64_t monday_us;             /* start of week 0, PL_TIME_NONE before the first entry */
    unsigned taken;                /* looks in this epoch */
    enum pl_trend_verdict verdict; /* of the last look */
    double drift, se;              /* D and its standard error, logit per 12 weeks; NAN before the first look */
    double rate;                   /* entry -> goal over the weeks of the last look; NAN before */
    int64_t last_us;               /* tick of the last look, PL_TIME_NONE before */
};

struct pl_looks pl_looks_init(void);

/* A core launch: start again at the first Monday at or after it. */
void pl_looks_restart(struct pl_looks *looks, int64_t launch_us);

/* The tick at which the next look is due, PL_TIME_NONE while no entry was seen. */
int64_t pl_looks_due(const struct pl_looks *looks, const struct pl_funnel_rule *funnel);

/* Look if one is due at tick_us; true when one was taken. funnel_index is the subject of its cells. Of several that are
 * overdue the last one is taken, and counts as its own k: the weeks of the others are in it. */
bool pl_looks_step(struct pl_looks *looks, const struct pl_funnel_rule *funnel, uint32_t funnel_index,
                   const struct pl_sums *sums, int64_t tick_us);

#endif
