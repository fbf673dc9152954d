#include "core/judge/looks.h"

#include "core/judge/trend.h"
#include "util/stamp.h"

#include <math.h>

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

int64_t pl_looks_due(const struct pl_looks *looks, const struct pl_funnel_rule *funnel)
{
    int64_t weeks = PL_TREND_FIRST_WEEKS + (int64_t)PL_TREND_STEP_WEEKS * looks->taken;

    if (looks->monday_us == PL_TIME_NONE)
        return PL_TIME_NONE;
    return looks->monday_us + weeks * PL_WEEK_US + funnel->window_us;
}

static int64_t attempts(const struct pl_sums *sums, uint32_t funnel, unsigned step, int64_t from_us, int64_t to_us)
{
    const struct pl_cell_key key = {.kind = PL_CELL_FUNNEL, .subject = funnel, .arm = (uint16_t)step};

    return pl_sums_range(sums, key, (int32_t)(from_us / PL_DAY_US), (int32_t)(to_us / PL_DAY_US) - 1).n;
}

/* The UTC Monday of the first entry that is still in the sums; day panes come sorted. */
static int64_t first_monday(const struct pl_sums *sums, uint32_t funnel)
{
    for (size_t at = 0; at < sums->n_cells; at++) {
        const struct pl_cell_key *key = &sums->cells[at].key;

        if (key->kind == PL_CELL_FUNNEL && key->subject == funnel && key->arm == 0 && sums->cells[at].n > 0)
            return pl_stamp_monday((int64_t)key->pane * PL_DAY_US);
    }
    return PL_TIME_NONE;
}

bool pl_looks_step(struct pl_looks *looks, const struct pl_funnel_rule *funnel, uint32_t funnel_index,
                   const struct pl_sums *sums, int64_t tick_us)
{
    struct pl_week weeks[PL_LOOKS_WEEKS_MAX + PL_TREND_STEP_WEEKS];
    int64_t mature, first, entries = 0, goals = 0;
    struct pl_trend trend;

    if (looks->monday_us == PL_TIME_NONE)
        looks->monday_us = first_monday(sums, funnel_index);
    if (looks->monday_us == PL_TIME_NONE || tick_us < pl_looks_due(looks, funnel))
        return false;
    mature = (tick_us - funnel->window_us - looks->monday_us) / PL_WEEK_US;
    first = mature > (int64_t)(sizeof(weeks) / sizeof(*weeks)) ? mature - (int64_t)(sizeof(weeks) / sizeof(*weeks)) : 0;
    for (int64_t week = first; week < mature; week++) {
        int64_t from_us = looks->monday_us + week * PL_WEEK_US;
        struct pl_week *one = &weeks[week - first];

        one->entries = attempts(sums, funnel_index, 0, from_us, from_us + PL_WEEK_US);
        one->goals = attempts(sums, funnel_index, funnel->n_steps - 1, from_us, from_us + PL_WEEK_US);
        entries += one->entries;
        goals += one->goals;
    }
    trend = pl_trend_judge(&(struct pl_trend_input){
        .weeks = weeks,
        .n_values = 1,
        .n_weeks = (unsigned)(mature - first),
        .first_week = (unsigned)first,
        .eps = PL_TREND_EPS,
    });
    looks->taken = (unsigned)((mature - PL_TREND_FIRST_WEEKS) / PL_TREND_STEP_WEEKS) + 1;
    looks->verdict = trend.verdict;
    looks->drift = trend.drift;
    looks->se = trend.se;
    looks->rate = entries > 0 ? (double)goals / (double)entries : PL_NAN;
    looks->last_us = tick_us;
    return true;
}
