#include "core/count/front.h"

#include <assert.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* PL_TIME_NONE is minus infinity: it stays itself. */
static int64_t before(int64_t time_us, int64_t by_us)
{
    return time_us == PL_TIME_NONE ? PL_TIME_NONE : time_us - by_us;
}

void pl_front_init(struct pl_front *front, unsigned n_inputs)
{
    assert(n_inputs <= PL_INPUTS_MAX);
    *front = (struct pl_front){.n_inputs = n_inputs,
                               .frontier_us = PL_TIME_NONE,
                               .complete_us = PL_TIME_NONE,
                               .largest_place_us = PL_TIME_NONE,
                               .control_place_us = PL_TIME_NONE};
    for (unsigned input = 0; input < PL_INPUTS_MAX; input++)
        front->stream_us[input] = front->first_us[input] = PL_TIME_NONE;
}

int64_t pl_front_place(const struct pl_front *front, const struct pl_rules *rules, unsigned input, int64_t time_us)
{
    int64_t stream_us = before(front->stream_us[input], rules->lateness_us);

    return later(later(time_us, stream_us), front->frontier_us);
}

int64_t pl_front_stream(const struct pl_front *front, unsigned input, int64_t time_us)
{
    return later(front->stream_us[input], time_us);
}

void pl_front_move(struct pl_front *front, const struct pl_rules *rules, unsigned input, int64_t time_us,
                   int64_t place_us)
{
    int64_t slowest_us = INT64_MAX, fastest_us = PL_TIME_NONE;

    if (front->first_us[input] == PL_TIME_NONE)
        front->first_us[input] = time_us;
    front->largest_place_us = later(front->largest_place_us, place_us);
    if (time_us <= front->stream_us[input])
        return;
    front->stream_us[input] = time_us;
    for (unsigned at = 0; at < front->n_inputs; at++) {
        fastest_us = later(fastest_us, front->stream_us[at]);
        if (front->stream_us[at] < slowest_us)
            slowest_us = front->stream_us[at];
    }
    slowest_us = later(slowest_us, before(fastest_us, rules->hold_us));
    front->frontier_us = later(front->frontier_us, before(slowest_us, rules->lateness_us));
}

int64_t pl_front_control(struct pl_front *front, int64_t time_us)
{
    int64_t place_us = later(time_us == PL_TIME_NONE ? front->control_place_us : time_us, front->frontier_us);

    front->control_place_us = later(front->control_place_us, place_us);
    front->largest_place_us = later(front->largest_place_us, place_us);
    return place_us;
}

int64_t pl_front_first(const struct pl_front *front)
{
    int64_t first_us = PL_TIME_NONE;

    for (unsigned at = 0; at < front->n_inputs; at++)
        if (front->first_us[at] != PL_TIME_NONE && (first_us == PL_TIME_NONE || front->first_us[at] < first_us))
            first_us = front->first_us[at];
    return first_us;
}
