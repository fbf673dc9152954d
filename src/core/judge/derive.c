#include "core/judge/derive.h"

#include "core/judge/trend.h"
#include "util/stamp.h"

#define HALF_EVENT .5
#define POOLED_WEEKS 4

struct source {
    const struct pl_sums *sums;
    uint32_t area, metric;
};

static bool has_total(const struct pl_metric_rule *rule)
{
    return rule->type == PL_METRIC_CONVERSION || rule->type == PL_METRIC_COUNT || rule->type == PL_METRIC_SUM;
}

struct pl_derive_looks pl_derive_looks_init(const struct pl_rules *rules, uint32_t area)
{
    struct pl_derive_looks looks = {0};

    for (uint32_t metric = 0; metric < rules->n_metrics && looks.n < PL_DERIVE_MAX; metric++) {
        const struct pl_metric_rule *rule = &rules->metrics[metric];

        if (rule->area == area && rule->role == PL_ROLE_DERIVE && has_total(rule))
            looks.of[looks.n++] = (struct pl_derive_look){metric, pl_looks_init()};
    }
    return looks;
}

void pl_derive_looks_restart(struct pl_derive_looks *looks, int64_t launch_us)
{
    for (unsigned at = 0; at < looks->n; at++)
        pl_looks_restart(&looks->of[at].looks, launch_us);
}

struct pl_looks *pl_derive_find(struct pl_derive_looks *looks, uint32_t metric)
{
    for (unsigned at = 0; at < looks->n; at++)
        if (looks->of[at].metric == metric)
            return &looks->of[at].looks;
    return NULL;
}

int64_t pl_derive_due(const struct pl_derive_looks *looks)
{
    int64_t due_us = PL_TIME_NONE;

    for (unsigned at = 0; at < looks->n; at++) {
        int64_t one_us = pl_looks_due_after(&looks->of[at].looks, 0);

        if (one_us != PL_TIME_NONE && (due_us == PL_TIME_NONE || one_us < due_us))
            due_us = one_us;
    }
    return due_us;
}

/* A total of the week per unit active in it. */
static struct pl_looks_week week_of(const void *ctx, int64_t monday_us)
{
    const struct source *from = ctx;
    int32_t monday = (int32_t)(monday_us / PL_DAY_US);
    const struct pl_cell_key flow = {.kind = PL_CELL_FLOW, .subject = from->metric};
    const struct pl_cell_key active = {.kind = PL_CELL_ACTIVE_WEEK, .subject = from->area};

    return (struct pl_looks_week){
        (double)pl_sums_range(from->sums, flow, monday, monday).sum / (double)PL_MICRO,
        (double)pl_sums_range(from->sums, active, monday, monday).n,
    };
}

double pl_derive_rate(uint32_t area, uint32_t metric, const struct pl_sums *sums, int64_t tick_us)
{
    const struct source from = {sums, area, metric};
    struct pl_looks_week all = {0., 0.};

    for (int back = 1; back <= POOLED_WEEKS; back++) {
        struct pl_looks_week week = week_of(&from, pl_stamp_monday(tick_us) - back * PL_WEEK_US);

        all.top += week.top;
        all.bottom += week.bottom;
    }
    return all.bottom > 0. ? all.top / all.bottom : PL_NAN;
}

bool pl_derive_step(struct pl_derive_looks *looks, const struct pl_rules *rules, uint32_t area,
                    const struct pl_sums *sums, int64_t tick_us)
{
    bool looked = false;
    int32_t pane = PL_PANE_NONE;

    if (looks->n > 0)
        pane = pl_sums_first_pane(sums, (struct pl_cell_key){.kind = PL_CELL_ACTIVE_WEEK, .subject = area});
    for (unsigned at = 0; at < looks->n; at++) {
        const struct source from = {sums, area, looks->of[at].metric};
        const struct pl_looks_series series = {
            .half = rules->metrics[from.metric].type == PL_METRIC_SUM ? 0. : HALF_EVENT,
            .alpha = PL_TREND_ALPHA,
            .first_us = pane == PL_PANE_NONE ? PL_TIME_NONE : (int64_t)pane * PL_DAY_US,
            .week = week_of,
            .ctx = &from,
        };

        looked = pl_looks_step_at(&looks->of[at].looks, &series, tick_us) || looked;
    }
    return looked;
}

bool pl_derive_rising(const struct pl_derive_looks *looks)
{
    for (unsigned at = 0; at < looks->n; at++)
        if (looks->of[at].looks.verdict == PL_TREND_RISING)
            return true;
    return false;
}
