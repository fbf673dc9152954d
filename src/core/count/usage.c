#include "core/count/usage.h"

#include "core/count/days.h"
#include "core/count/feature.h"
#include "core/sketch.h"

#define VALUE_DAYS_BACK 27

/* One unit in one area, unpacked. */
struct usage {
    struct pl_words_head head;
    int64_t first_us;
    struct pl_days active;
    int64_t value_us;
    struct pl_days value;
};

enum value_arm { VALUE_NEW, VALUE_RECURRING, VALUE_RESURRECTED, VALUE_ALL };

static void add_one(const struct pl_step *step, enum pl_cell_kind kind, uint16_t arm, uint32_t area, int32_t pane)
{
    pl_step_add(step, (struct pl_cell_key){(uint16_t)kind, arm, area, 0, pane}, (struct pl_amount){.n = 1});
}

static int32_t week_of(int64_t time_us)
{
    return pl_days_monday(pl_step_day(time_us));
}

static struct usage unpack(const uint64_t *words)
{
    return (struct usage){.head = pl_words_unpack(words[0]),
                          .first_us = (int64_t)words[1],
                          .active = pl_days_unpack(words[2]),
                          .value_us = (int64_t)words[3],
                          .value = pl_days_unpack(words[4])};
}

static void pack(const struct usage *usage, uint64_t *words)
{
    words[0] = pl_words_pack(&usage->head);
    words[1] = (uint64_t)usage->first_us;
    words[2] = pl_days_pack(usage->active);
    words[3] = (uint64_t)usage->value_us;
    words[4] = pl_days_pack(usage->value);
}

static void note_active(const struct pl_step *step, struct usage *usage, int32_t day)
{
    uint32_t area = usage->head.id;
    int32_t monday = pl_days_monday(day);
    struct pl_days was = usage->active;

    if (!pl_days_note(&usage->active, day))
        return;
    if (!pl_days_has_week(was, monday))
        add_one(step, PL_CELL_ACTIVE_WEEK, 0, area, monday);
    pl_cells_move(step->cells, (struct pl_cell_key){PL_CELL_ACTIVE, 0, area, 0, 0}, was.last, usage->active.last);
}

static void take_first_value(const struct pl_step *step, struct usage *usage, int64_t time_us)
{
    uint32_t area = usage->head.id;
    int64_t after_us = time_us - usage->first_us;
    struct pl_cell_key to_value = {PL_CELL_TO_VALUE, 0, area, pl_sketch_bucket(after_us), week_of(usage->first_us)};

    usage->value_us = time_us;
    if (after_us >= 0 && after_us < step->plan->rules->areas[area].activation_us)
        add_one(step, PL_CELL_NEW, 1, area, pl_step_day(usage->first_us));
    pl_step_add(step, to_value, (struct pl_amount){.n = 1});
    add_one(step, PL_CELL_RETAINED, 0, area, week_of(time_us));
}

static void retain(const struct pl_step *step, struct usage *usage, int64_t time_us)
{
    int64_t week = time_us < usage->value_us ? 0 : (time_us - usage->value_us) / PL_WEEK_US;
    unsigned bit;

    if (week < 1 || week > PL_USAGE_WEEKS)
        return;
    bit = 1u << (week - 1);
    if (usage->head.flags & bit)
        return;
    usage->head.flags |= bit;
    add_one(step, PL_CELL_RETAINED, (uint16_t)week, usage->head.id, week_of(usage->value_us));
}

static void count_value_week(const struct pl_step *step, const struct usage *usage, int32_t day)
{
    int32_t monday = pl_days_monday(day);
    bool first = !pl_days_has_week(usage->value, monday);
    enum value_arm arm = VALUE_RESURRECTED;

    pl_step_add(step, (struct pl_cell_key){PL_CELL_VALUE_WEEK, VALUE_ALL, usage->head.id, 0, monday},
                (struct pl_amount){.n = first, .sum = 1});
    if (!first)
        return;
    if (usage->value.last == PL_DAY_NONE)
        arm = VALUE_NEW;
    else if (pl_days_has_week(usage->value, monday - 7))
        arm = VALUE_RECURRING;
    add_one(step, PL_CELL_VALUE_WEEK, (uint16_t)arm, usage->head.id, monday);
}

/* The j-th of one list was, that of the other is now the j-th newest value day. */
static void move_value_days(const struct pl_step *step, uint32_t area, struct pl_days was, struct pl_days now)
{
    int32_t from[PL_DAYS_BACK + 1], to[PL_DAYS_BACK + 1];
    unsigned n_from = pl_days_list(was, VALUE_DAYS_BACK, from);
    unsigned n_to = pl_days_list(now, VALUE_DAYS_BACK, to);

    for (unsigned at = 0; at < n_from || at < n_to; at++)
        pl_cells_move(step->cells, (struct pl_cell_key){PL_CELL_VALUE_DAYS, (uint16_t)(at + 1), area, 0, 0},
                      at < n_from ? from[at] : PL_DAY_NONE, at < n_to ? to[at] : PL_DAY_NONE);
}

static void take_value(const struct pl_step *step, struct usage *usage, int64_t time_us)
{
    int32_t day = pl_step_day(time_us);
    struct pl_days was = usage->value;

    if (was.last == PL_DAY_NONE)
        take_first_value(step, usage, time_us);
    else
        retain(step, usage, time_us);
    if (pl_days_too_old(was, day))
        return;
    count_value_week(step, usage, day);
    if (pl_days_note(&usage->value, day))
        move_value_days(step, usage->head.id, was, usage->value);
}

static bool begin(const struct pl_step *step, struct pl_words *state, uint32_t area, int64_t time_us)
{
    struct usage usage = {.head = {.kind = PL_WORDS_AREA, .id = area, .n_words = PL_USAGE_WORDS},
                          .first_us = time_us,
                          .active.last = PL_DAY_NONE,
                          .value.last = PL_DAY_NONE};

    if (!pl_words_push(state, PL_USAGE_WORDS))
        return false;
    pack(&usage, state->at + state->n - PL_USAGE_WORDS);
    add_one(step, PL_CELL_NEW, 0, area, pl_step_day(time_us));
    return true;
}

static bool act_in(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                   const struct pl_action_area *area)
{
    const struct pl_rules *rules = step->plan->rules;
    const struct pl_action_rule *action = &rules->by_action[event->subject];
    uint32_t at = pl_words_find(state, PL_WORDS_AREA, area->area);
    struct usage usage;
    int32_t last;

    if (!at && !begin(step, state, area->area, event->time_us))
        return false;
    if (!at)
        at = state->n - PL_USAGE_WORDS;
    usage = unpack(state->at + at);
    last = usage.active.last;
    note_active(step, &usage, pl_step_day(event->time_us));
    if (area->value)
        take_value(step, &usage, event->time_us);
    pack(&usage, state->at + at);
    if (usage.active.last != last)
        pl_feature_follow(step, state, area->area, usage.active.last);
    for (unsigned n = 0; n < action->n_features; n++)
        if (rules->features[action->features[n].feature].area == area->area &&
            !pl_feature_act(step, state, event, &action->features[n], usage.active.last))
            return false;
    return true;
}

/* What one action adds to a flow; false when nothing. */
static bool flow_of(const struct pl_metric_rule *metric, const struct pl_tail_event *event, int64_t *flow)
{
    *flow = PL_MICRO;
    if (metric->role != PL_ROLE_DERIVE || metric->type > PL_METRIC_SUM)
        return false;
    if (metric->type != PL_METRIC_SUM)
        return true;
    if (metric->value >= PL_EVENT_VALUES || !(event->has_value >> metric->value & 1))
        return false;
    *flow = event->value_micro[metric->value];
    return true;
}

bool pl_usage_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    const struct pl_rules *rules = step->plan->rules;
    const struct pl_action_rule *action = &rules->by_action[event->subject];
    int64_t flow;

    for (unsigned at = 0; at < action->n_metrics; at++)
        if (flow_of(&rules->metrics[action->metrics[at]], event, &flow))
            pl_step_add(step, (struct pl_cell_key){PL_CELL_FLOW, 0, action->metrics[at], 0, week_of(event->time_us)},
                        (struct pl_amount){.n = 1, .sum = flow});
    for (unsigned at = 0; at < action->n_areas; at++)
        if (!act_in(step, state, event, &action->areas[at]))
            return false;
    return true;
}
