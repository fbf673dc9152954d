#include "core/judge/looks.h"

#include "core/judge/trend.h"
#include "util/stamp.h"

#include <math.h>

#define WEEKS_READ (PL_LOOKS_WEEKS_MAX + PL_TREND_STEP_WEEKS)

struct pl_looks pl_looks_init(void)
{
    return (struct pl_looks){
        .monday_us = PL_TIME_NONE,
        .verdict = PL_TREND_UNKNOWN,
        .drift = PL_NAN,
        .se = PL_NAN,
        .rate = PL_NAN,
        .last_us = PL_TIME_NONE,
    };
}

void pl_looks_restart(struct pl_looks *looks, int64_t launch_us)
{
    *looks = pl_looks_init();
    looks->monday_us = pl_stamp_monday(launch_us + PL_WEEK_US - 1);
}

int64_t pl_looks_due_after(const struct pl_looks *looks, int64_t lag_us)
{
    int64_t weeks = PL_TREND_FIRST_WEEKS + (int64_t)PL_TREND_STEP_WEEKS * looks->taken;

    if (looks->monday_us == PL_TIME_NONE)
        return PL_TIME_NONE;
    return looks->monday_us + weeks * PL_WEEK_US + lag_us;
}

int64_t pl_looks_due(const struct pl_looks *looks, const struct pl_funnel_rule *funnel)
{
    return pl_looks_due_after(looks, funnel->window_us);
}

static double y_of(const struct pl_looks_series *series, const struct pl_looks_week *week)
{
    double top = week->top > 0. ? week->top : series->half;

    if (series->share)
        return pl_trend_logit(week->top, week->bottom);
    if (!(top > 0.) || !(week->bottom > 0.))
        return PL_NAN;
    return log(top / week->bottom);
}

bool pl_looks_step_at(struct pl_looks *looks, const struct pl_looks_series *series, int64_t tick_us)
{
    double y[WEEKS_READ];
    struct pl_looks_week all = {0., 0.};
    int64_t mature, first;
    struct pl_trend trend;

    if (looks->monday_us == PL_TIME_NONE)
        looks->monday_us = series->first_us;
    if (looks->monday_us == PL_TIME_NONE || tick_us < pl_looks_due_after(looks, series->lag_us))
        return false;
    mature = (tick_us - series->lag_us - looks->monday_us) / PL_WEEK_US;
    first = mature > WEEKS_READ ? mature - WEEKS_READ : 0;
    for (int64_t week = first; week < mature; week++) {
        struct pl_looks_week one = series->week(series->ctx, looks->monday_us + week * PL_WEEK_US);

        y[week - first] = y_of(series, &one);
        all.top += one.top;
        all.bottom += one.bottom;
    }
    trend = pl_trend_of(&(struct pl_trend_series){
        .y = y,
        .n_weeks = (unsigned)(mature - first),
        .first_week = (unsigned)first,
        .eps = PL_TREND_EPS,
        .alpha = series->alpha,
    });
    looks->taken = (unsigned)((mature - PL_TREND_FIRST_WEEKS) / PL_TREND_STEP_WEEKS) + 1;
    looks->verdict = trend.verdict;
    looks->drift = trend.drift;
    looks->se = trend.se;
    looks->rate = all.bottom > 0. ? all.top / all.bottom : PL_NAN;
    looks->last_us = tick_us;
    return true;
}

struct funnel_weeks {
    const struct pl_sums *sums;
    uint32_t funnel;
    unsigned last_step;
};

static double attempts(const struct funnel_weeks *from, unsigned step, int64_t monday_us)
{
    const struct pl_cell_key key = {.kind = PL_CELL_FUNNEL, .subject = from->funnel, .arm = (uint16_t)step};
    int32_t monday = (int32_t)(monday_us / PL_DAY_US);

    return (double)pl_sums_range(from->sums, key, monday, monday + 6).n;
}

static struct pl_looks_week funnel_week(const void *ctx, int64_t monday_us)
{
    const struct funnel_weeks *from = ctx;

    return (struct pl_looks_week){attempts(from, from->last_step, monday_us), attempts(from, 0, monday_us)};
}

bool pl_looks_step(struct pl_looks *looks, const struct pl_funnel_rule *funnel, uint32_t funnel_index,
                   const struct pl_sums *sums, int64_t tick_us)
{
    const struct funnel_weeks from = {sums, funnel_index, funnel->n_steps - 1};
    int32_t pane = looks->monday_us == PL_TIME_NONE
                       ? pl_sums_first_pane(sums, (struct pl_cell_key){.kind = PL_CELL_FUNNEL, .subject = funnel_index})
                       : PL_PANE_NONE;

    return pl_looks_step_at(
        looks,
        &(struct pl_looks_series){
            .share = true,
            .lag_us = funnel->window_us,
            .alpha = PL_TREND_ALPHA,
            .first_us = pane == PL_PANE_NONE ? PL_TIME_NONE : pl_stamp_monday((int64_t)pane * PL_DAY_US),
            .week = funnel_week,
            .ctx = &from,
        },
        tick_us);
}
