/* From sums to an entry: one experiment at its landmark (design 10, statistics.md 2.3).
 *
 * start = `started` record, else the smallest first exposure over shards. Units exposed on the UTC days day(start) ..
 * day(start) + L - 1 enter; due = end of the last day + the longest of the goal's and the value's window. Health is
 * judged before the effect. A holdout enters its quarter instead: 91 days, measured over the units exposed in the last
 * 28 of them, who had all that was shipped until then.
 */
#include "core/judge/judge_internal.h"

#include "core/judge/measure.h"
#include "core/judge/split.h"
#include "util/stamp.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define QUARTER_US (91 * PL_DAY_US)
#define QUARTER_SEEN_US (28 * PL_DAY_US)

static const struct judge_fact *fact_of(const struct pl_judge *judge, unsigned index)
{
    return &judge->facts[judge->fact_of_sums[index]];
}

/* Its declaration in the configuration, or NULL. */
static const struct pl_experiment_rule *declared(const struct pl_judge *judge, unsigned index)
{
    uint32_t at = fact_of(judge, index)->declared;

    return at == PL_RULES_NONE ? NULL : &judge->rules->experiments[at];
}

/* The declared one, else one with a usual name, else the first by name: which arm was seen first differs from shard to
 * shard and says nothing. */
static unsigned control_of(const struct pl_judge *judge, unsigned index)
{
    static const char *const usual[] = {"control", "off", "0", "false", "holdout"};
    const struct pl_sums_experiment *experiment = &judge->sums.experiments[index];
    const struct pl_experiment_rule *rule = declared(judge, index);
    unsigned first = 0;

    if (rule && rule->n_variants) {
        int at = pl_sums_find_variant(experiment, pl_span_of(rule->variants[0]));

        if (at >= 0)
            return (unsigned)at;
    }
    for (unsigned name = 0; name < sizeof(usual) / sizeof(*usual); name++)
        for (unsigned at = 0; at < experiment->n_variants; at++)
            if (strcasecmp(experiment->variants[at], usual[name]) == 0)
                return at;
    for (unsigned at = 1; at < experiment->n_variants; at++)
        if (strcmp(experiment->variants[at], experiment->variants[first]) < 0)
            first = at;
    return first;
}

int64_t pl_judge_exposed(const struct pl_judge *judge, unsigned index, unsigned arm, int32_t first, int32_t last)
{
    const struct pl_cell_key key = {.kind = PL_CELL_EXPOSED, .subject = index, .arm = (uint16_t)arm};

    return pl_sums_range(&judge->sums, key, first, last).n;
}

static bool is_seen(const struct pl_judge *judge, unsigned index, unsigned arm)
{
    return pl_judge_exposed(judge, index, arm, INT32_MIN, INT32_MAX) > 0;
}

unsigned pl_judge_arms(const struct pl_judge *judge, unsigned index)
{
    unsigned n = 0;

    for (unsigned arm = 0; arm < judge->sums.experiments[index].n_variants; arm++)
        n += is_seen(judge, index, arm);
    return n;
}

static double rule_share(const struct pl_experiment_rule *rule, const char *variant)
{
    for (unsigned v = 0; rule && v < rule->n_variants; v++)
        if (strcmp(rule->variants[v], variant) == 0)
            return rule->shares[v];
    return 0;
}

/* Shares of one segment by variant index: declared in the log, else in the configuration, else equal among those that
 * have units. */
static void shares_of(const struct pl_judge *judge, unsigned index, unsigned segment, double shares[PL_VARIANTS_MAX])
{
    const struct pl_sums_experiment *experiment = &judge->sums.experiments[index];
    const struct pl_experiment_rule *rule = declared(judge, index);
    double sum = 0;

    for (unsigned at = 0; at < experiment->n_variants; at++)
        sum += shares[at] = experiment->shares[segment][at];
    for (unsigned at = 0; at < experiment->n_variants && !(sum > 0); at++)
        shares[at] = rule_share(rule, experiment->variants[at]);
    if (!(sum > 0))
        for (unsigned at = 0; at < experiment->n_variants; at++)
            sum += shares[at];
    for (unsigned at = 0; at < experiment->n_variants; at++)
        if (sum > 0)
            shares[at] /= sum;
        else
            shares[at] = is_seen(judge, index, at) ? 1.0 / pl_judge_arms(judge, index) : 0;
}

/* The counts of one segment and the shares they should have. A variant that is not part of it, share 0, is left out;
 * one that was seen nevertheless makes it uneven without further arithmetic (false). */
static bool segment_of(const struct pl_judge *judge, unsigned index, unsigned segment, int64_t counts[PL_VARIANTS_MAX],
                       double shares[PL_VARIANTS_MAX], unsigned *n)
{
    double all[PL_VARIANTS_MAX];

    *n = 0;
    shares_of(judge, index, segment, all);
    for (unsigned v = 0; v < judge->sums.experiments[index].n_variants; v++) {
        const struct pl_cell_key key = {
            .kind = PL_CELL_SEGMENT, .subject = index, .arm = (uint16_t)v, .metric = segment};
        int64_t count = pl_sums_range(&judge->sums, key, 0, 0).n;

        if (all[v] <= 0 && count > 0)
            return false;
        if (all[v] <= 0)
            continue;
        counts[*n] = count;
        shares[(*n)++] = all[v];
    }
    return true;
}

static double split_of(const struct pl_judge *judge, unsigned index)
{
    double sum = 0;

    for (unsigned s = 0; s < judge->sums.experiments[index].n_segments && s < PL_SEGMENTS_MAX; s++) {
        int64_t counts[PL_VARIANTS_MAX], total = 0;
        double shares[PL_VARIANTS_MAX];
        struct pl_split segment = {.counts = counts, .shares = shares};

        if (!segment_of(judge, index, s, counts, shares, &segment.n_arms))
            return PL_INFINITY;
        for (unsigned v = 0; v < segment.n_arms; v++)
            total += counts[v];
        if (total > 0)
            sum += pl_split_log_e(&segment, 1);
    }
    return sum;
}

static int64_t mixed(const struct pl_judge *judge, unsigned index)
{
    const struct pl_cell_key key = {.kind = PL_CELL_MIXED, .subject = index};

    return pl_sums_range(&judge->sums, key, INT32_MIN, INT32_MAX).n;
}

static int32_t day_of(int64_t time_us)
{
    return (int32_t)(pl_stamp_day(time_us) / PL_DAY_US);
}

/* Its life as the ledger tells it, completed by the configuration; without a `started` record it starts with its first
 * exposure. */
struct judge_life pl_judge_life(const struct pl_judge *judge, unsigned index)
{
    const struct judge_fact *fact = fact_of(judge, index);
    const struct pl_experiment_rule *rule = declared(judge, index);
    struct judge_life life = fact->life;

    if (life.area == PL_RULES_NONE)
        life.area = fact->rule_area;
    if (life.work == PL_WORK_GROWTH && rule)
        life.work = rule->work;
    if (life.started_us == PL_TIME_NONE)
        life.started_us = judge->sums.experiments[index].first_exposure_us;
    return life;
}

int64_t pl_judge_start(const struct pl_judge *judge, unsigned index)
{
    return pl_judge_life(judge, index).started_us;
}

struct judge_span pl_judge_span(const struct pl_judge *judge, const struct judge_life *life)
{
    const struct pl_area_rule *area = &judge->rules->areas[life->area];
    int64_t start_us = pl_stamp_day(life->started_us);
    bool holdout = life->work == PL_WORK_HOLDOUT;
    int64_t end_us = start_us + (holdout ? QUARTER_US : area->landmark_us);

    return (struct judge_span){
        .first = day_of(holdout ? end_us - QUARTER_SEEN_US : start_us), .last = day_of(end_us) - 1, .end_us = end_us};
}

static int64_t window_of(const struct pl_judge *judge, uint32_t metric)
{
    return metric == PL_RULES_NONE ? 0 : judge->rules->metrics[metric].window_us;
}

/* End of the last day whose units enter, and the longest window after it. */
static int64_t due_of(const struct pl_judge *judge, const struct judge_life *life)
{
    const struct pl_area_rule *area;
    int64_t goal_us, value_us;

    if (life->area == PL_RULES_NONE || life->started_us == PL_TIME_NONE)
        return PL_TIME_NONE;
    area = &judge->rules->areas[life->area];
    goal_us = window_of(judge, area->goal);
    value_us = window_of(judge, area->value);
    return pl_judge_span(judge, life).end_us + (goal_us > value_us ? goal_us : value_us);
}

int64_t pl_judge_waits_for(const struct pl_judge *judge, unsigned index)
{
    struct judge_life life = pl_judge_life(judge, index);

    return fact_of(judge, index)->row ? PL_TIME_NONE : due_of(judge, &life);
}

static enum pl_exclusion exclusion_of(const struct pl_judge *judge, unsigned index,
                                      const struct pl_experiment_view *view, enum pl_work work)
{
    uint32_t goal = judge->rules->areas[view->area].goal;

    if (judge->sums.experiments[index].joined_late)
        return PL_EXCLUDED_JOINED_LATE; /* shown, never judged: not its health either */
    if (view->uneven_split || view->mixed_alarm)
        return PL_EXCLUDED_UNHEALTHY;
    if (work == PL_WORK_CORE || work == PL_WORK_HOLDOUT)
        return PL_EXCLUDED_KIND;
    if (pl_judge_arms(judge, index) < 2 || goal == PL_RULES_NONE)
        return PL_EXCLUDED_SHAPE;
    return PL_ENTERED;
}

void pl_judge_experiment(const struct pl_judge *judge, unsigned index, struct pl_experiment_view *view)
{
    const struct pl_sums_experiment *experiment = &judge->sums.experiments[index];
    size_t row = fact_of(judge, index)->row;
    struct judge_life life = pl_judge_life(judge, index);
    int64_t total = 0;

    *view = (struct pl_experiment_view){
        .area = life.area,
        .work = life.work,
        .start_us = life.started_us,
        .end_us = life.ended_us,
        .due_us = due_of(judge, &life),
        .control = control_of(judge, index),
        .split_log_e = split_of(judge, index),
        .n_mixed = mixed(judge, index),
        .entered = row > 0,
    };
    for (unsigned v = 0; v < experiment->n_variants; v++)
        total += pl_judge_exposed(judge, index, v, INT32_MIN, INT32_MAX);
    view->uneven_split = pl_split_uneven(view->split_log_e);
    view->mixed_alarm = pl_split_mixed(view->n_mixed, total);
    if (view->area == PL_RULES_NONE)
        return;
    view->excluded = row ? judge->ledger.rows[row - 1].excluded : exclusion_of(judge, index, view, life.work);
}
