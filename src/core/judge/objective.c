#include "core/judge/objective.h"

#include "core/judge/adoption.h"
#include "core/judge/value.h"
#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <string.h>

#define SPAN_DAYS 28

static double ratio(int64_t n, int64_t of)
{
    return of > 0 ? (double)n / (double)of : PL_NAN;
}

static double funnel_share(const struct pl_rules *rules, uint32_t funnel, const struct pl_sums *sums, int64_t tick_us)
{
    const struct pl_funnel_rule *rule = &rules->funnels[funnel];
    int32_t last = (int32_t)(pl_stamp_floor(tick_us - rule->window_us, PL_DAY_US) / PL_DAY_US) - 1;
    const struct pl_cell_key entry = {.kind = PL_CELL_FUNNEL, .subject = funnel};
    const struct pl_cell_key goal = {.kind = PL_CELL_FUNNEL, .arm = (uint16_t)(rule->n_steps - 1), .subject = funnel};

    return ratio(pl_sums_range(sums, goal, last - SPAN_DAYS + 1, last).n,
                 pl_sums_range(sums, entry, last - SPAN_DAYS + 1, last).n);
}

double pl_objective_figure(const struct pl_rules *rules, uint32_t objective, const struct pl_sums *sums,
                           int64_t tick_us)
{
    uint32_t area = rules->objectives[objective].area, funnel = rules->areas[area].funnel;
    struct pl_adoption_area adoption;
    struct pl_share share;

    switch (rules->objectives[objective].figure) {
    case PL_OBJECTIVE_FUNNEL:
        return funnel == PL_RULES_NONE ? PL_NAN : funnel_share(rules, funnel, sums, tick_us);
    case PL_OBJECTIVE_DELIVERED:
        pl_adoption_read_area(rules, area, sums, tick_us, &adoption);
        return adoption.share;
    case PL_OBJECTIVE_VALUE:
        return pl_value_rate(area, sums, tick_us);
    case PL_OBJECTIVE_RETENTION:
        share = pl_value_retention(area, sums, tick_us, PL_VALUE_RETENTION_WEEK);
        return ratio(share.n, share.of);
    case PL_OBJECTIVE_ACTIVATION:
        share = pl_value_activation(rules, area, sums, tick_us);
        return ratio(share.n, share.of);
    }
    return PL_NAN;
}

/* When a whole span of the figure has been seen; PL_TIME_NONE before anything was. */
static int64_t ripe_us(const struct pl_rules *rules, const struct pl_objective_rule *rule, const struct pl_sums *sums)
{
    const struct pl_area_rule *area = &rules->areas[rule->area];
    bool funnel = rule->figure == PL_OBJECTIVE_FUNNEL;
    const struct pl_cell_key key = {.kind = funnel ? PL_CELL_FUNNEL : PL_CELL_NEW,
                                    .subject = funnel ? area->funnel : rule->area};
    int32_t pane = funnel && area->funnel == PL_RULES_NONE ? PL_PANE_NONE : pl_sums_first_pane(sums, key);
    int64_t first_us = (int64_t)pane * PL_DAY_US, week_us;

    if (pane == PL_PANE_NONE)
        return PL_TIME_NONE;
    week_us = pl_stamp_monday(first_us + PL_WEEK_US - 1);
    switch (rule->figure) {
    case PL_OBJECTIVE_VALUE:
        return week_us + PL_VALUE_POOLED_WEEKS * PL_WEEK_US;
    case PL_OBJECTIVE_RETENTION:
        return week_us + (PL_VALUE_POOLED_WEEKS + PL_VALUE_RETENTION_WEEK + 1) * PL_WEEK_US;
    case PL_OBJECTIVE_FUNNEL:
        return first_us + SPAN_DAYS * PL_DAY_US + rules->funnels[area->funnel].window_us;
    case PL_OBJECTIVE_ACTIVATION:
        return first_us + SPAN_DAYS * PL_DAY_US + area->activation_us;
    case PL_OBJECTIVE_DELIVERED:
        break;
    }
    return first_us + SPAN_DAYS * PL_DAY_US;
}

static const struct pl_objective_start *started(const struct pl_objective_starts *starts, uint32_t objective)
{
    for (unsigned at = 0; at < starts->n; at++)
        if (starts->of[at].objective == objective)
            return &starts->of[at];
    return NULL;
}

bool pl_objective_step(struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area,
                       const struct pl_sums *sums, int64_t tick_us)
{
    bool kept = false;

    for (uint32_t at = 0; at < rules->n_objectives && starts->n < PL_OBJECTIVE_STARTS_MAX; at++) {
        int64_t ripe;
        double value;

        if (rules->objectives[at].area != area || started(starts, at))
            continue;
        ripe = ripe_us(rules, &rules->objectives[at], sums);
        if (ripe == PL_TIME_NONE || tick_us < ripe)
            continue;
        value = pl_objective_figure(rules, at, sums, tick_us);
        if (isnan(value))
            continue;
        starts->of[starts->n++] = (struct pl_objective_start){at, value, tick_us};
        kept = true;
    }
    return kept;
}

int64_t pl_objective_due(const struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area,
                         const struct pl_sums *sums, int64_t after_us)
{
    int64_t due_us = PL_TIME_NONE;

    for (uint32_t at = 0; at < rules->n_objectives && starts->n < PL_OBJECTIVE_STARTS_MAX; at++) {
        int64_t ripe;

        if (rules->objectives[at].area != area || started(starts, at))
            continue;
        ripe = ripe_us(rules, &rules->objectives[at], sums);
        if (ripe > after_us && (due_us == PL_TIME_NONE || ripe < due_us))
            due_us = ripe;
    }
    return due_us;
}

void pl_objective_adapt(struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area)
{
    unsigned n = 0;

    for (unsigned at = 0; at < starts->n; at++)
        if (starts->of[at].objective < rules->n_objectives && rules->objectives[starts->of[at].objective].area == area)
            starts->of[n++] = starts->of[at];
    starts->n = n;
}

/* Where it stands against its target and the straight line to it. */
static void compare(struct pl_objective *one, int64_t tick_us)
{
    bool over = tick_us >= one->by_us, begun = one->start_us != PL_TIME_NONE && one->start_us < one->by_us;

    if (begun && !over)
        one->expected = one->start + (one->target - one->start) * (double)(tick_us - one->start_us) /
                                         (double)(one->by_us - one->start_us);
    if (one->start < one->target)
        one->way = (one->now - one->start) / (one->target - one->start);
    if (isnan(one->now))
        one->state = PL_OBJECTIVE_UNKNOWN;
    else if (one->now >= one->target)
        one->state = PL_OBJECTIVE_REACHED;
    else if (over)
        one->state = PL_OBJECTIVE_MISSED;
    else if (begun)
        one->state = one->now >= one->expected ? PL_OBJECTIVE_ON_TRACK : PL_OBJECTIVE_BEHIND;
}

struct pl_objective pl_objective_read(const struct pl_objective_starts *starts, const struct pl_rules *rules,
                                      uint32_t objective, const struct pl_sums *sums, int64_t tick_us)
{
    const struct pl_objective_rule *rule = &rules->objectives[objective];
    const struct pl_objective_start *start = started(starts, objective);
    struct pl_objective one = {
        .figure = rule->figure,
        .target = rule->target,
        .by_us = rule->by_us,
        .now = pl_objective_figure(rules, objective, sums, tick_us),
        .start = start ? start->value : PL_NAN,
        .start_us = start ? start->time_us : PL_TIME_NONE,
        .way = PL_NAN,
        .expected = PL_NAN,
        .days_left = tick_us < rule->by_us ? (double)(rule->by_us - tick_us) / (double)PL_DAY_US : 0.,
    };

    memcpy(one.id, rule->id, sizeof(one.id));
    compare(&one, tick_us);
    return one;
}

const char *pl_objective_figure_name(enum pl_objective_figure figure)
{
    static const char *const names[] = {"funnel", "delivered", "value", "retention", "activation"};

    return names[figure];
}

const char *pl_objective_state_name(enum pl_objective_state state)
{
    static const char *const names[] = {"unknown", "on_track", "behind", "reached", "missed"};

    return names[state];
}
