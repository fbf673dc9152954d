/* Is the input keyed by user? Seen at each tick from the sample of units that the sums carry (core/keying.h); one unit
 * in two partitions within `forget` withholds every verdict, and is one alert for the whole instance.
 */
#include "core/judge/judge_internal.h"

#include "util/stamp.h"

/* A day counts until `forget` after its end: by then the life that a unit led in another partition is over. */
static int32_t since_day(const struct pl_judge *judge, int64_t tick_us)
{
    return (int32_t)(pl_stamp_floor(tick_us - judge->rules->forget_us, PL_DAY_US) / PL_DAY_US);
}

int64_t pl_judge_input_ends(const struct pl_judge *judge)
{
    if (judge->input.view.shared == 0)
        return PL_TIME_NONE;
    return ((int64_t)judge->input.view.last_day + 1) * PL_DAY_US + judge->rules->forget_us;
}

bool pl_judge_look_input(struct pl_judge *judge, int64_t tick_us)
{
    struct judge_input *input = &judge->input;
    bool was = input->since_us != PL_TIME_NONE;

    input->view = pl_keying_look(&judge->sums.units, since_day(judge, tick_us));
    if (was == (input->view.shared > 0))
        return false;
    input->edge = (struct pl_input_edge){
        .resolved = was,
        .starts_us = was ? input->since_us : tick_us,
        .tick_us = tick_us,
        .view = input->view,
        .forget_us = judge->rules->forget_us,
    };
    input->since_us = was ? PL_TIME_NONE : tick_us;
    return true;
}

void pl_judge_restore_input(struct pl_judge *judge, int64_t since_us, int64_t judged_us)
{
    judge->input.since_us = since_us;
    judge->input.judged_us = judged_us;
}

/* What stood at the last judged tick. */
void pl_judge_restore_view(struct pl_judge *judge)
{
    struct judge_input *input = &judge->input;

    if (input->judged_us != PL_TIME_NONE && input->since_us != PL_TIME_NONE)
        input->view = pl_keying_look(&judge->sums.units, since_day(judge, input->judged_us));
}

int64_t pl_judge_input_since(const struct pl_judge *judge)
{
    return judge->input.since_us;
}
