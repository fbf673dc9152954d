/* Looks: when the trend of a weekly series is judged, and what the last look said (statistics.md 2.8, design 10). One
 * rule for the funnel of an area, for the value its users get and for what is taken from them.
 *
 * Weeks begin at the UTC Monday of the epoch's first entry; only mature ones count (week end + lag at or below the
 * tick). The k-th look is at week 8 + 4 k, over the last 52 weeks at most. A trend is unknown before the first look,
 * then the last look's. Between looks nothing moves, so looking every tick costs no error.
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
    double drift, se;              /* D and its standard error, per 12 weeks; NAN before the first look */
    double rate;                   /* of all weeks of the last look: top / bottom; NAN before */
    int64_t last_us;               /* tick of the last look, PL_TIME_NONE before */
};

/* One week of a series. y is the logit of top / bottom, or its logarithm. */
struct pl_looks_week {
    double top, bottom;
};

struct pl_looks_series {
    bool share;       /* top is a part of bottom: logits; else logarithms */
    double half;      /* stands for a top of 0 below a logarithm; 0: such a week says nothing */
    int64_t lag_us;   /* a week is mature this long after its end */
    double alpha;     /* for all looks together */
    int64_t first_us; /* Monday of the first entry in the sums, PL_TIME_NONE without one; for the first time only */
    struct pl_looks_week (*week)(const void *ctx, int64_t monday_us);
    const void *ctx; /* borrowed */
};

struct pl_looks pl_looks_init(void);

/* A core launch: start again at the first Monday at or after it. */
void pl_looks_restart(struct pl_looks *looks, int64_t launch_us);

/* The tick at which the next look is due, PL_TIME_NONE while no entry was seen. */
int64_t pl_looks_due(const struct pl_looks *looks, const struct pl_funnel_rule *funnel);
int64_t pl_looks_due_after(const struct pl_looks *looks, int64_t lag_us);

/* Look if one is due at tick_us; true when one was taken. funnel_index is the subject of its cells. Of several that are
 * overdue the last one is taken, and counts as its own k: the weeks of the others are in it. */
bool pl_looks_step(struct pl_looks *looks, const struct pl_funnel_rule *funnel, uint32_t funnel_index,
                   const struct pl_sums *sums, int64_t tick_us);

/* The same of any series. */
bool pl_looks_step_at(struct pl_looks *looks, const struct pl_looks_series *series, int64_t tick_us);

#endif
