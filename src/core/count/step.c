#include "core/count/step.h"

#include "core/count/funnel.h"
#include "core/count/usage.h"

#define X_AT 2 /* words of an experiment before its metrics: header, t0 */

void pl_step_add(const struct pl_step *step, struct pl_cell_key key, struct pl_amount amount)
{
    pl_cells_add(step->cells, &key, &amount);
}

bool pl_step_is_void(const struct pl_step *step, const struct pl_tail_event *event)
{
    return event->kind == PL_EVENT_EXPOSURE && event->place_us >= step->registry->experiments[event->subject]->end_us;
}

static void count_unit(const struct pl_step *step, const struct pl_words_head *head, int64_t t0_us, int64_t n)
{
    uint16_t arm = (uint16_t)head->variant;

    pl_step_add(step, (struct pl_cell_key){PL_CELL_EXPOSED, arm, head->id, 0, pl_step_day(t0_us)},
                (struct pl_amount){.n = n});
    pl_step_add(step, (struct pl_cell_key){PL_CELL_SEGMENT, arm, head->id, head->segment, 0},
                (struct pl_amount){.n = n});
}

/* The contribution of x changes from one value to another. */
static void count_x(const struct pl_step *step, const struct pl_words_head *head, int64_t t0_us, uint32_t metric,
                    const int64_t change[2])
{
    struct pl_cell_key key = {PL_CELL_METRIC, (uint16_t)head->variant, head->id, metric, pl_step_day(t0_us)};
    struct pl_amount amount = {.sum2 = (pl_int128)change[1] * change[1] - (pl_int128)change[0] * change[0]};

    if (change[0] == change[1])
        return;
    amount.sum = (int64_t)((uint64_t)change[1] - (uint64_t)change[0]);
    pl_step_add(step, key, amount);
}

static int64_t cut(const struct pl_metric_rule *metric, int64_t total)
{
    bool capped = metric->type != PL_METRIC_CONVERSION && metric->cap_micro > 0;

    return capped && total > metric->cap_micro ? metric->cap_micro : total;
}

static bool enter(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    const struct pl_experiment *experiment = step->registry->experiments[event->subject];
    struct pl_words_head head = {.kind = PL_WORDS_EXPERIMENT, .id = event->subject, .variant = event->variant};
    uint32_t at = state->n, n_metrics;

    pl_plan_metrics(step->plan, experiment->area, &n_metrics);
    head.segment = pl_experiment_segment(experiment, event->place_us);
    head.n_words = X_AT + n_metrics;
    if (!pl_words_push(state, head.n_words))
        return false;
    state->at[at] = pl_words_pack(&head);
    state->at[at + 1] = (uint64_t)event->time_us;
    count_unit(step, &head, event->time_us, 1);
    return true;
}

static void mix(const struct pl_step *step, struct pl_words *state, uint32_t at, struct pl_words_head head)
{
    const struct pl_experiment *experiment = step->registry->experiments[head.id];
    int64_t t0_us = (int64_t)state->at[at + 1];
    uint32_t n_metrics;
    const uint32_t *metrics = pl_plan_metrics(step->plan, experiment->area, &n_metrics);

    for (uint32_t slot = 0; slot < n_metrics; slot++) {
        int64_t total = (int64_t)state->at[at + X_AT + slot];
        int64_t change[2] = {cut(&step->plan->rules->metrics[metrics[slot]], total), 0};

        count_x(step, &head, t0_us, metrics[slot], change);
    }
    count_unit(step, &head, t0_us, -1);
    pl_step_add(step, (struct pl_cell_key){PL_CELL_MIXED, 0, head.id, 0, pl_step_day(t0_us)},
                (struct pl_amount){.n = 1});
    pl_words_cut(state, at + 1, head.n_words - 1);
    head.mixed = true;
    head.n_words = 1;
    state->at[at] = pl_words_pack(&head);
}

static bool expose(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    uint32_t at = pl_words_find(state, PL_WORDS_EXPERIMENT, event->subject);
    struct pl_words_head head;

    if (!at)
        return enter(step, state, event);
    head = pl_words_unpack(state->at[at]);
    if (!head.mixed && head.variant != event->variant)
        mix(step, state, at, head);
    return true;
}

/* What the action adds to a total; false when nothing. */
static bool gain_of(const struct pl_metric_rule *metric, const struct pl_tail_event *event, int64_t *gain)
{
    *gain = PL_MICRO;
    if (metric->type != PL_METRIC_SUM)
        return true;
    if (metric->value >= PL_EVENT_VALUES || !(event->has_value & (1u << metric->value)))
        return false;
    *gain = event->value_micro[metric->value];
    return true;
}

static int64_t add_up(const struct pl_metric_rule *metric, int64_t total, int64_t gain)
{
    if (metric->type == PL_METRIC_CONVERSION)
        return PL_MICRO;
    if (__builtin_add_overflow(total, gain, &total) || total > PL_TOTAL_MAX || total < -PL_TOTAL_MAX)
        return gain > 0 ? PL_TOTAL_MAX : -PL_TOTAL_MAX;
    return total;
}

static void collect(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                    uint32_t metric_index)
{
    const struct pl_metric_rule *metric = &step->plan->rules->metrics[metric_index];
    int64_t gain;

    if (!gain_of(metric, event, &gain))
        return;
    for (uint32_t at = PL_WORDS_FIRST; at < state->n; at += pl_words_size(state->at[at])) {
        struct pl_words_head head;
        int64_t t0_us, total, change[2];

        if (pl_words_kind_of(state->at[at]) != PL_WORDS_EXPERIMENT)
            continue;
        head = pl_words_unpack(state->at[at]);
        if (head.mixed || step->registry->experiments[head.id]->area != metric->area)
            continue;
        t0_us = (int64_t)state->at[at + 1];
        if (event->time_us < t0_us || event->time_us - t0_us >= metric->window_us)
            continue;
        total = (int64_t)state->at[at + X_AT + step->plan->slots[metric_index]];
        change[0] = cut(metric, total);
        total = add_up(metric, total, gain);
        change[1] = cut(metric, total);
        state->at[at + X_AT + step->plan->slots[metric_index]] = (uint64_t)total;
        count_x(step, &head, t0_us, metric_index, change);
    }
}

static bool act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    const struct pl_action_rule *action = &step->plan->rules->by_action[event->subject];

    for (unsigned at = 0; at < action->n_metrics; at++)
        collect(step, state, event, action->metrics[at]);
    for (unsigned at = 0; at < action->n_steps; at++) {
        if (at > 0 && action->steps[at].funnel == action->steps[at - 1].funnel)
            continue; /* one event takes one step of a funnel at most */
        if (!pl_funnel_act(step, state, event, action->steps[at].funnel))
            return false;
    }
    return action->n_areas == 0 || pl_usage_act(step, state, event);
}

bool pl_step(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    if (pl_step_is_void(step, event))
        return true;
    if (state->n && event->place_us - (int64_t)state->at[0] > step->plan->rules->forget_us)
        state->n = 0;
    if (!state->n && !pl_words_push(state, PL_WORDS_FIRST))
        return false;
    state->at[0] = (uint64_t)event->place_us;
    return event->kind == PL_EVENT_EXPOSURE ? expose(step, state, event) : act(step, state, event);
}
