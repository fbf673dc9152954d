#include "core/count/measure.h"

#include "core/count/before.h"
#include "core/sketch.h"
#include "util/stamp.h"

/* A unit's entry in an experiment. */
struct entry {
    uint64_t *words;
    int64_t t0_us;
    uint32_t experiment;
    unsigned variant;
};

static struct entry entry_at(const struct pl_words *state, uint32_t at)
{
    uint64_t header = state->at[at];

    return (struct entry){state->at + at, (int64_t)state->at[at + 1], pl_words_id(header), pl_words_variant(header)};
}

static struct pl_cell_key key_of(const struct entry *entry, enum pl_cell_kind kind, uint32_t detail)
{
    return (struct pl_cell_key){(uint16_t)kind, (uint16_t)entry->variant, entry->experiment, detail,
                                pl_step_day(entry->t0_us)};
}

static int64_t cut(const struct pl_metric_rule *metric, int64_t total)
{
    bool capped = metric->cap_micro > 0 && metric->type != PL_METRIC_CONVERSION;

    return capped && total > metric->cap_micro ? metric->cap_micro : total;
}

static int64_t x_of(const struct pl_metric_rule *metric, const uint64_t *words)
{
    switch (metric->type) {
    case PL_METRIC_CONVERSION:
    case PL_METRIC_RETENTION:
    case PL_METRIC_FUNNEL:
        return (int64_t)words[0];
    case PL_METRIC_COUNT:
    case PL_METRIC_SUM:
        return cut(metric, (int64_t)words[0]);
    case PL_METRIC_MEAN:
        return words[1] ? cut(metric, (int64_t)words[0] / (int64_t)words[1]) : 0;
    case PL_METRIC_TIME_TO:
        return words[0] ? PL_MICRO : 0;
    case PL_METRIC_RATIO:
        break;
    }
    return 0;
}

static int64_t variable_of(const struct pl_plan *plan, const struct entry *entry, uint32_t variable)
{
    uint32_t metric = variable / 2;
    const uint64_t *words = entry->words + plan->at[metric];

    return variable % 2 ? (int64_t)words[plan->n_words[metric] - 1] : x_of(&plan->rules->metrics[metric], words);
}

static void count_square(const struct pl_step *step, struct pl_cell_key key, int64_t from, int64_t to)
{
    struct pl_amount amount = {.sum2 = (pl_int128)to * to - (pl_int128)from * from};

    if (from == to)
        return;
    amount.sum = (int64_t)((uint64_t)to - (uint64_t)from);
    pl_step_add(step, key, amount);
}

static void count_product(const struct pl_step *step, const struct entry *entry, uint32_t a, uint32_t b,
                          pl_int128 product)
{
    if (product)
        pl_step_add(step, key_of(entry, PL_CELL_CROSS, PL_CELL_PAIR(a, b)), (struct pl_amount){.sum2 = product});
}

static void count_time(const struct pl_step *step, const struct entry *entry, uint32_t metric, int64_t n)
{
    uint32_t bucket = (uint32_t)entry->words[step->plan->at[metric]] - 1;
    struct pl_cell_key key = key_of(entry, PL_CELL_TIME, metric | bucket << 16);

    key.pane = (int32_t)(pl_stamp_monday(entry->t0_us) / PL_DAY_US);
    pl_step_add(step, key, (struct pl_amount){.n = n});
}

/* x of one metric goes from one value to another, while everything else stands still. */
static void count_change(const struct pl_step *step, const struct entry *entry, uint32_t metric, const int64_t x[2])
{
    uint32_t n, own = PL_CELL_VARIABLE(metric, 0);
    const uint32_t *partners = pl_plan_partners(step->plan, metric, &n);

    if (x[0] == x[1])
        return;
    count_square(step, key_of(entry, PL_CELL_METRIC, metric), x[0], x[1]);
    for (uint32_t at = 0; at < n; at++) {
        int64_t other = variable_of(step->plan, entry, partners[at]);

        count_product(step, entry, own, partners[at], (pl_int128)x[1] * other - (pl_int128)x[0] * other);
    }
}

static void count_pair(const struct pl_step *step, const struct entry *entry, uint32_t index, int64_t sign)
{
    struct pl_plan_pair pair = step->plan->pairs[index];
    pl_int128 product =
        (pl_int128)variable_of(step->plan, entry, pair.a) * variable_of(step->plan, entry, pair.b) * sign;

    count_product(step, entry, pair.a, pair.b, product);
}

static void count_pairs(const struct pl_step *step, const struct entry *entry, int64_t sign)
{
    uint32_t n, first = pl_plan_pairs(step->plan, step->registry->experiments[entry->experiment]->area, &n);

    for (uint32_t at = 0; at < n; at++)
        count_pair(step, entry, first + at, sign);
}

static void set_before(const struct pl_step *step, const struct pl_words *state, const struct entry *entry,
                       uint32_t index)
{
    const struct pl_metric_rule *metric = &step->plan->rules->metrics[index];
    int64_t p = cut(metric, pl_before_total(state, step->plan->rules, index, pl_step_day(entry->t0_us)));

    entry->words[step->plan->at[index] + step->plan->n_words[index] - 1] = (uint64_t)p;
    count_square(step, key_of(entry, PL_CELL_BEFORE, index), 0, p);
}

bool pl_measure_enter(const struct pl_step *step, struct pl_words *state, struct pl_words_head head, int64_t t0_us)
{
    uint32_t area = step->registry->experiments[head.id]->area;
    uint32_t at = state->n, n;
    const uint32_t *metrics = pl_plan_metrics(step->plan, area, &n);
    struct entry entry;

    head.n_words = pl_plan_entry(step->plan, area);
    if (!pl_words_push(state, head.n_words))
        return false;
    state->at[at] = pl_words_pack(&head);
    state->at[at + 1] = (uint64_t)t0_us;
    entry = entry_at(state, at);
    for (uint32_t slot = 0; slot < n; slot++)
        if (pl_plan_has_before(&step->plan->rules->metrics[metrics[slot]]))
            set_before(step, state, &entry, metrics[slot]);
    count_pairs(step, &entry, 1);
    return true;
}

static void leave_metric(const struct pl_step *step, const struct entry *entry, uint32_t index)
{
    const struct pl_metric_rule *metric = &step->plan->rules->metrics[index];
    const uint64_t *words = entry->words + step->plan->at[index];
    struct pl_cell_key key = key_of(entry, PL_CELL_METRIC, index);

    if (metric->type == PL_METRIC_RATIO)
        return;
    count_square(step, key, x_of(metric, words), 0);
    if (metric->type == PL_METRIC_MEAN && words[1])
        pl_step_add(step, key, (struct pl_amount){.n = -1});
    if (metric->type == PL_METRIC_TIME_TO && words[0])
        count_time(step, entry, index, -1);
    if (pl_plan_has_before(metric))
        count_square(step, key_of(entry, PL_CELL_BEFORE, index), (int64_t)words[step->plan->n_words[index] - 1], 0);
}

void pl_measure_leave(const struct pl_step *step, const struct pl_words *state, uint32_t at)
{
    struct entry entry = entry_at(state, at);
    uint32_t n;
    const uint32_t *metrics = pl_plan_metrics(step->plan, step->registry->experiments[entry.experiment]->area, &n);

    for (uint32_t slot = 0; slot < n; slot++)
        leave_metric(step, &entry, metrics[slot]);
    count_pairs(step, &entry, -1);
}

/* What the action adds to a total; false when nothing. */
static bool gain_of(const struct pl_metric_rule *metric, const struct pl_tail_event *event, int64_t *gain)
{
    *gain = PL_MICRO;
    if (metric->type != PL_METRIC_SUM && metric->type != PL_METRIC_MEAN)
        return true;
    if (metric->value >= PL_EVENT_VALUES || !(event->has_value & (1u << metric->value)))
        return false;
    *gain = event->value_micro[metric->value];
    return true;
}

/* Types of which the first action says all. */
static bool is_once(enum pl_metric_type type)
{
    return type == PL_METRIC_CONVERSION || type == PL_METRIC_RETENTION || type == PL_METRIC_FUNNEL ||
           type == PL_METRIC_TIME_TO;
}

/* The first action. */
static void take_once(const struct pl_step *step, const struct entry *entry, uint32_t index, int64_t since_us)
{
    const int64_t x[2] = {0, PL_MICRO};
    uint64_t *words = entry->words + step->plan->at[index];

    if (step->plan->rules->metrics[index].type == PL_METRIC_TIME_TO) {
        words[0] = 1u + pl_sketch_bucket(since_us);
        count_time(step, entry, index, 1);
    } else {
        words[0] = (uint64_t)PL_MICRO;
    }
    count_change(step, entry, index, x);
}

static void take_more(const struct pl_step *step, const struct entry *entry, uint32_t index, int64_t gain)
{
    const struct pl_metric_rule *metric = &step->plan->rules->metrics[index];
    uint64_t *words = entry->words + step->plan->at[index];
    int64_t x[2] = {x_of(metric, words), 0};

    words[0] = (uint64_t)pl_step_total((int64_t)words[0], gain);
    if (metric->type == PL_METRIC_MEAN && words[1]++ == 0)
        pl_step_add(step, key_of(entry, PL_CELL_METRIC, index), (struct pl_amount){.n = 1});
    x[1] = x_of(metric, words);
    count_change(step, entry, index, x);
}

/* The action lies in the window of this metric. */
static void take(const struct pl_step *step, const struct entry *entry, uint32_t index, int64_t gain, int64_t since_us)
{
    if (!is_once(step->plan->rules->metrics[index].type))
        take_more(step, entry, index, gain);
    else if (!entry->words[step->plan->at[index]])
        take_once(step, entry, index, since_us);
}

static void collect(const struct pl_step *step, const struct pl_words *state, int64_t time_us, uint32_t index,
                    int64_t gain)
{
    const struct pl_metric_rule *metric = &step->plan->rules->metrics[index];

    for (uint32_t at = PL_WORDS_FIRST; at < state->n; at += pl_words_size(state->at[at])) {
        uint64_t header = state->at[at];
        struct entry entry;
        int64_t since_us;

        if (pl_words_kind_of(header) != PL_WORDS_EXPERIMENT || pl_words_mixed(header) ||
            step->registry->experiments[pl_words_id(header)]->area != metric->area)
            continue;
        entry = entry_at(state, at);
        since_us = time_us - entry.t0_us;
        if (since_us >= metric->from_us && since_us < metric->window_us)
            take(step, &entry, index, gain, since_us);
    }
}

bool pl_measure_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                    uint32_t metric)
{
    const struct pl_rules *rules = step->plan->rules;
    int64_t gain;

    if (!gain_of(&rules->metrics[metric], event, &gain))
        return true;
    collect(step, state, event->time_us, metric, gain);
    return !pl_plan_has_before(&rules->metrics[metric]) ||
           pl_before_note(state, rules, metric, pl_step_day(event->time_us), gain);
}

void pl_measure_funnel(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                       uint32_t funnel)
{
    uint32_t n;
    const uint32_t *metrics = pl_plan_of_funnel(step->plan, funnel, &n);

    for (uint32_t at = 0; at < n; at++)
        collect(step, state, event->time_us, metrics[at], PL_MICRO);
}

void pl_measure_pair(const struct pl_step *step, const struct pl_words *state, uint32_t at, uint32_t pair)
{
    struct entry entry = entry_at(state, at);

    count_pair(step, &entry, pair, 1);
}

static bool is_total(int64_t value)
{
    return value >= -PL_TOTAL_MAX && value <= PL_TOTAL_MAX;
}

bool pl_measure_valid(const struct pl_plan *plan, uint32_t metric, const int64_t *words, uint32_t n)
{
    const struct pl_metric_rule *rule = &plan->rules->metrics[metric];

    if (n != plan->n_words[metric])
        return false;
    for (uint32_t at = 0; at < n; at++)
        if (!is_total(words[at]))
            return false;
    if (rule->type == PL_METRIC_MEAN)
        return words[1] >= 0;
    return rule->type != PL_METRIC_TIME_TO || (words[0] >= 0 && words[0] <= PL_SKETCH_BUCKETS);
}
