#include "core/judge/value.h"

#include "core/judge/histogram.h"
#include "core/judge/trend.h"
#include "util/stamp.h"

#include <assert.h>

#define SECOND_US 1000000.
#define ACTIVATION_DAYS 28
#define REACH_US (28 * PL_DAY_US)
#define RETENTION_LAG_US ((PL_VALUE_RETENTION_WEEK + 1) * PL_WEEK_US)
#define VALUE_ALL 3 /* arm of VALUE_WEEK */
#define HALF_EVENT .5

/* One arm of a kind of the area's cells, added over panes. */
static struct pl_cell cells(const struct pl_sums *sums, enum pl_cell_kind kind, uint32_t area, unsigned arm,
                            const int32_t panes[2])
{
    const struct pl_cell_key key = {.kind = (uint16_t)kind, .arm = (uint16_t)arm, .subject = area};

    return pl_sums_range(sums, key, panes[0], panes[1]);
}

static struct pl_cell of_week(const struct pl_sums *sums, enum pl_cell_kind kind, uint32_t area, unsigned arm,
                              int64_t monday_us)
{
    const int32_t monday = (int32_t)(monday_us / PL_DAY_US), panes[2] = {monday, monday};

    return cells(sums, kind, area, arm, panes);
}

static int32_t day_before(int64_t time_us)
{
    return (int32_t)(pl_stamp_floor(time_us, PL_DAY_US) / PL_DAY_US) - 1;
}

/* The last week that ended at least this long ago. */
static int64_t last_week(int64_t tick_us, int64_t ago_us)
{
    return pl_stamp_monday(tick_us - ago_us) - PL_WEEK_US;
}

struct pl_share pl_value_activation(const struct pl_rules *rules, uint32_t area, const struct pl_sums *sums,
                                    int64_t tick_us)
{
    int32_t last = day_before(tick_us - rules->areas[area].activation_us);
    const int32_t panes[2] = {last - ACTIVATION_DAYS + 1, last};

    return (struct pl_share){cells(sums, PL_CELL_NEW, area, 1, panes).n, cells(sums, PL_CELL_NEW, area, 0, panes).n};
}

struct pl_value_time pl_value_time_to(uint32_t area, const struct pl_sums *sums, int64_t tick_us)
{
    int32_t last = (int32_t)(last_week(tick_us, REACH_US) / PL_DAY_US);
    const int32_t weeks[2] = {last - 7 * (PL_VALUE_POOLED_WEEKS - 1), last}, days[2] = {weeks[0], last + 6};
    const struct pl_cell_key key = {.kind = PL_CELL_TO_VALUE, .subject = area};
    struct pl_value_time out = {.median_s = PL_NAN, .p90_s = PL_NAN};
    struct pl_histogram times = {0};

    pl_histogram_add(&times, sums, key, weeks[0], weeks[1]);
    out.n = times.n;
    out.new_units = cells(sums, PL_CELL_NEW, area, 0, days).n;
    if (times.n <= 0)
        return out;
    out.median_s = (double)pl_sketch_middle((unsigned)pl_histogram_quantile(&times, 50)) / SECOND_US;
    out.p90_s = (double)pl_sketch_middle((unsigned)pl_histogram_quantile(&times, 90)) / SECOND_US;
    return out;
}

struct pl_share pl_value_often(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned days, unsigned j)
{
    int32_t last = day_before(tick_us - 1) + 1;
    const int32_t panes[2] = {last - (int32_t)days + 1, last};

    assert(j >= 1 && j <= days && days <= PL_VALUE_DAYS_MAX);
    return (struct pl_share){cells(sums, PL_CELL_VALUE_DAYS, area, j, panes).n,
                             cells(sums, PL_CELL_ACTIVE, area, 0, panes).n};
}

static struct pl_value_week week_at(uint32_t area, const struct pl_sums *sums, int64_t monday_us)
{
    struct pl_cell all = of_week(sums, PL_CELL_VALUE_WEEK, area, VALUE_ALL, monday_us);
    struct pl_value_week week = {
        .monday_us = monday_us,
        .active = of_week(sums, PL_CELL_ACTIVE_WEEK, area, 0, monday_us).n,
        .events = all.sum,
        .units = all.n,
        .fresh = of_week(sums, PL_CELL_VALUE_WEEK, area, 0, monday_us).n,
        .recurring = of_week(sums, PL_CELL_VALUE_WEEK, area, 1, monday_us).n,
        .resurrected = of_week(sums, PL_CELL_VALUE_WEEK, area, 2, monday_us).n,
    };

    week.dormant = of_week(sums, PL_CELL_VALUE_WEEK, area, VALUE_ALL, monday_us - PL_WEEK_US).n - week.recurring;
    if (week.dormant < 0)
        week.dormant = 0;
    return week;
}

struct pl_value_week pl_value_week(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned back)
{
    return week_at(area, sums, last_week(tick_us, 0) - back * PL_WEEK_US);
}

double pl_value_rate(uint32_t area, const struct pl_sums *sums, int64_t tick_us)
{
    double events = 0., active = 0.;

    for (unsigned back = 0; back < PL_VALUE_POOLED_WEEKS; back++) {
        struct pl_value_week week = pl_value_week(area, sums, tick_us, back);

        events += (double)week.events;
        active += (double)week.active;
    }
    return active > 0. ? events / active : PL_NAN;
}

struct pl_value_cohort pl_value_cohort(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned back)
{
    struct pl_value_cohort cohort = {.monday_us = last_week(tick_us, 0) - back * PL_WEEK_US};

    cohort.closed = back > PL_VALUE_WEEKS_MAX ? PL_VALUE_WEEKS_MAX : back > 0 ? back - 1 : 0;
    cohort.units = of_week(sums, PL_CELL_RETAINED, area, 0, cohort.monday_us).n;
    for (unsigned k = 1; k <= PL_VALUE_WEEKS_MAX; k++)
        cohort.kept[k] = of_week(sums, PL_CELL_RETAINED, area, k, cohort.monday_us).n;
    return cohort;
}

struct pl_share pl_value_retention(uint32_t area, const struct pl_sums *sums, int64_t tick_us, unsigned k)
{
    int32_t last = (int32_t)(last_week(tick_us, (k + 1) * PL_WEEK_US) / PL_DAY_US);
    const int32_t panes[2] = {last - 7 * (PL_VALUE_POOLED_WEEKS - 1), last};

    return (struct pl_share){cells(sums, PL_CELL_RETAINED, area, k, panes).n,
                             cells(sums, PL_CELL_RETAINED, area, 0, panes).n};
}

struct pl_value_looks pl_value_looks_init(void)
{
    return (struct pl_value_looks){pl_looks_init(), pl_looks_init()};
}

void pl_value_looks_restart(struct pl_value_looks *looks, int64_t launch_us)
{
    pl_looks_restart(&looks->events, launch_us);
    pl_looks_restart(&looks->retention, launch_us);
}

int64_t pl_value_due(const struct pl_value_looks *looks, const struct pl_rules *rules, uint32_t area)
{
    int64_t events_us = pl_looks_due_after(&looks->events, 0);
    int64_t retention_us = pl_looks_due_after(&looks->retention, RETENTION_LAG_US);

    if (rules->areas[area].value_events.n == 0 || events_us == PL_TIME_NONE)
        return PL_TIME_NONE;
    return retention_us < events_us ? retention_us : events_us;
}

struct source {
    const struct pl_sums *sums;
    uint32_t area;
};

static struct pl_looks_week events_week(const void *ctx, int64_t monday_us)
{
    const struct source *from = ctx;

    return (struct pl_looks_week){
        (double)of_week(from->sums, PL_CELL_VALUE_WEEK, from->area, VALUE_ALL, monday_us).sum,
        (double)of_week(from->sums, PL_CELL_ACTIVE_WEEK, from->area, 0, monday_us).n,
    };
}

static struct pl_looks_week retention_week(const void *ctx, int64_t monday_us)
{
    const struct source *from = ctx;

    return (struct pl_looks_week){
        (double)of_week(from->sums, PL_CELL_RETAINED, from->area, PL_VALUE_RETENTION_WEEK, monday_us).n,
        (double)of_week(from->sums, PL_CELL_RETAINED, from->area, 0, monday_us).n,
    };
}

bool pl_value_step(struct pl_value_looks *looks, const struct pl_rules *rules, uint32_t area,
                   const struct pl_sums *sums, int64_t tick_us)
{
    const struct source from = {sums, area};
    int32_t pane;
    bool looked;

    if (rules->areas[area].value_events.n == 0)
        return false;
    pane = pl_sums_first_pane(sums, (struct pl_cell_key){.kind = PL_CELL_ACTIVE_WEEK, .subject = area});
    struct pl_looks_series series = {
        .half = HALF_EVENT,
        .alpha = PL_TREND_ALPHA / 2.,
        .first_us = pane == PL_PANE_NONE ? PL_TIME_NONE : (int64_t)pane * PL_DAY_US,
        .week = events_week,
        .ctx = &from,
    };

    looked = pl_looks_step_at(&looks->events, &series, tick_us);
    series.share = true;
    series.lag_us = RETENTION_LAG_US;
    series.week = retention_week;
    return pl_looks_step_at(&looks->retention, &series, tick_us) || looked;
}

enum pl_trend_verdict pl_value_trend(const struct pl_value_looks *looks)
{
    enum pl_trend_verdict a = looks->events.verdict, b = looks->retention.verdict;

    if (a == PL_TREND_FALLING || b == PL_TREND_FALLING)
        return PL_TREND_FALLING;
    if (a == PL_TREND_RISING || b == PL_TREND_RISING)
        return PL_TREND_RISING;
    if (a == PL_TREND_UNKNOWN)
        return b;
    return b == PL_TREND_UNKNOWN || b == a ? a : PL_TREND_INCONCLUSIVE;
}
