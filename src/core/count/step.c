#include "core/count/step.h"

#include "core/count/funnel.h"
#include "core/count/measure.h"
#include "core/count/usage.h"

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

static bool enter(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    const struct pl_experiment *experiment = step->registry->experiments[event->subject];
    struct pl_words_head head = {.kind = PL_WORDS_EXPERIMENT, .id = event->subject, .variant = event->variant};

    head.segment = pl_experiment_segment(experiment, event->place_us);
    if (!pl_measure_enter(step, state, head, event->time_us))
        return false;
    count_unit(step, &head, event->time_us, 1);
    return true;
}

static void mix(const struct pl_step *step, struct pl_words *state, uint32_t at, struct pl_words_head head)
{
    int64_t t0_us = (int64_t)state->at[at + 1];

    pl_measure_leave(step, state, at);
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

static bool act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event)
{
    const struct pl_action_rule *action = &step->plan->rules->by_action[event->subject];

    for (unsigned at = 0; at < action->n_metrics; at++)
        if (!pl_measure_act(step, state, event, action->metrics[at]))
            return false;
    for (unsigned at = 0; at < action->n_steps; at++) {
        bool completed;

        if (at > 0 && action->steps[at].funnel == action->steps[at - 1].funnel)
            continue; /* one event takes one step of a funnel at most */
        if (!pl_funnel_act(step, state, event, action->steps[at].funnel, &completed))
            return false;
        if (completed)
            pl_measure_funnel(step, state, event, action->steps[at].funnel);
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
