#include "core/count/funnel.h"

#define WORDS 3 /* header, entry, last */

/* One unit's attempt, unpacked. */
struct attempt {
    struct pl_words_head head;
    int64_t entry_us;
    int64_t last_us;
    bool known; /* the unit has been in this funnel before */
};

static bool expired(const struct pl_funnel_rule *rule, const struct attempt *attempt, int64_t time_us)
{
    int64_t max_gap_us = rule->max_gap_us[attempt->head.step];

    return (rule->window_us && time_us - attempt->entry_us >= rule->window_us) ||
           (max_gap_us && time_us - attempt->last_us >= max_gap_us);
}

static bool follows(const struct pl_funnel_rule *rule, const struct attempt *attempt, const struct pl_tail_event *event)
{
    return attempt->head.step > 0 && rule->steps[attempt->head.step] == event->subject &&
           event->time_us >= attempt->last_us && !expired(rule, attempt, event->time_us);
}

static bool starts(const struct pl_funnel_rule *rule, const struct attempt *attempt, const struct pl_tail_event *event)
{
    if (rule->steps[0] != event->subject)
        return false;
    if (attempt->head.step > 0)
        return expired(rule, attempt, event->time_us);
    return !attempt->known || event->time_us >= attempt->last_us;
}

static void begin(struct attempt *attempt, int64_t time_us)
{
    if (!attempt->known || pl_step_day(attempt->entry_us) != pl_step_day(time_us))
        attempt->head.day_max = 0;
    if (!attempt->known || pl_step_hour(attempt->entry_us) != pl_step_hour(time_us))
        attempt->head.hour_max = 0;
    attempt->entry_us = time_us;
    attempt->head.step = 0;
}

/* The attempt reaches its next step. */
static void reach(const struct pl_step *step, const struct pl_funnel_rule *rule, struct attempt *attempt,
                  int64_t time_us)
{
    struct pl_words_head *head = &attempt->head;
    uint16_t arm = (uint16_t)head->step;

    head->step++;
    attempt->last_us = time_us;
    pl_step_add(step, (struct pl_cell_key){PL_CELL_FUNNEL, arm, head->id, 0, pl_step_day(attempt->entry_us)},
                (struct pl_amount){.n = 1, .sum = head->step > head->day_max});
    pl_step_add(step, (struct pl_cell_key){PL_CELL_FUNNEL_HOUR, arm, head->id, 0, pl_step_hour(attempt->entry_us)},
                (struct pl_amount){.n = 1, .sum = head->step > head->hour_max});
    if (head->step > head->day_max)
        head->day_max = head->step;
    if (head->step > head->hour_max)
        head->hour_max = head->step;
    if (head->step == rule->n_steps)
        head->step = 0;
}

bool pl_funnel_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                   uint32_t funnel, bool *completed)
{
    const struct pl_funnel_rule *rule = &step->plan->rules->funnels[funnel];
    uint32_t at = pl_words_find(state, PL_WORDS_FUNNEL, funnel);
    struct attempt attempt = {.head = {.kind = PL_WORDS_FUNNEL, .id = funnel, .n_words = WORDS}, .known = at != 0};

    *completed = false;
    if (at) {
        attempt.head = pl_words_unpack(state->at[at]);
        attempt.entry_us = (int64_t)state->at[at + 1];
        attempt.last_us = (int64_t)state->at[at + 2];
    }
    if (!follows(rule, &attempt, event)) {
        if (!starts(rule, &attempt, event))
            return true;
        begin(&attempt, event->time_us);
    }
    reach(step, rule, &attempt, event->time_us);
    *completed = attempt.head.step == 0;
    if (!at) {
        at = state->n;
        if (!pl_words_push(state, WORDS))
            return false;
    }
    state->at[at] = pl_words_pack(&attempt.head);
    state->at[at + 1] = (uint64_t)attempt.entry_us;
    state->at[at + 2] = (uint64_t)attempt.last_us;
    return true;
}
