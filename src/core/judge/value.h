/* Value: how many of an area's users really get it, how soon, how often and for how long, and whether that holds
 * (statistics.md 2.8, design 4).
 *
 * All from whole panes: a figure of a day, week or cohort is given when its last event may have come. V, the trend of
 * user value, is two weekly series by the rule of looks.h, each at half of alpha: the logarithm of value events per
 * active unit, and the logit of week-4 retention of value by cohort week (mature 35 days after it). FALLING if either
 * falls, else RISING if either rises, STABLE if both are, or the one that is measured is; else INCONCLUSIVE.
 */
#ifndef PL_CORE_JUDGE_VALUE_H
#define PL_CORE_JUDGE_VALUE_H

#include "core/judge/looks.h"

#define PL_VALUE_DAYS_MAX 28  /* value days of a unit in the days D-27 .. D */
#define PL_VALUE_WEEKS_MAX 12 /* retention is followed to this week */
#define PL_VALUE_RETENTION_WEEK 4
#define PL_VALUE_POOLED_WEEKS 4 /* weeks or cohorts that one figure is of */

struct pl_share {
    int64_t n, of;
};

/* New units of the last 28 days whose time to activate is over, and those of them activated in time. */
struct pl_share pl_value_activation(const struct pl_rules *rules, uint32_t area, const struct pl_sums *sums,
                                    int64_t tick_us);

/* Time from a unit's first event to its first value event: new units of the four last weeks that ended at least 28
 * days ago, those who got value by now. NAN in seconds without any. */
struct pl_value_time {
    int64_t n, new_units;
    double median_s, p90_s;
};
struct pl_value_time pl_value_time_to(uint32_t area, const struct pl_sums *sums, int64_t tick_us);

/* Units with at least j value days among the last `days` (7 or 28; j <= days), of those active in them. */
struct pl_share pl_value_often(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned days, unsigned j);

/* One week that is over. */
struct pl_value_week {
    int64_t monday_us;
    int64_t active;
    int64_t events, units;                 /* value events, units with any */
    int64_t fresh, recurring, resurrected; /* of these: first value ever; value in the week before; neither */
    int64_t dormant;                       /* value in the week before, none in this */
};

/* The week `back` weeks before the last complete one. */
struct pl_value_week pl_value_week(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned back);

/* Value events per active unit and week over the last four complete weeks; NAN without active units. */
double pl_value_rate(uint32_t area, const struct pl_sums *sums, int64_t tick_us);

/* Units by the week of their first value event, and those with value in their k-th week after it. */
struct pl_value_cohort {
    int64_t monday_us;
    int64_t units;
    int64_t kept[PL_VALUE_WEEKS_MAX + 1]; /* [k]; [0] is unused */
    unsigned closed;                      /* weeks 1 .. closed are over for all of them, later ones are open */
};

/* The cohort of the week `back` weeks before the last complete one. */
struct pl_value_cohort pl_value_cohort(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned back);

/* Week-k retention of the four last cohorts whose week k is over. */
struct pl_share pl_value_retention(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned k);

/* What an area keeps of its looks at V. */
struct pl_value_looks {
    struct pl_looks events, retention;
};

struct pl_value_looks pl_value_looks_init(void);
void pl_value_looks_restart(struct pl_value_looks *looks, int64_t launch_us);

/* The tick of the next look of either series, PL_TIME_NONE when nothing is known to come. */
int64_t pl_value_due(const struct pl_value_looks *looks, const struct pl_rules *rules, uint32_t area);

/* Look where a look is due; true when one was taken. Areas without value events are never looked at. */
bool pl_value_step(struct pl_value_looks *looks, const struct pl_rules *rules, uint32_t area,
                   const struct pl_sums *sums, int64_t tick_us);

/* V. */
enum pl_trend_verdict pl_value_trend(const struct pl_value_looks *looks);

#endif
