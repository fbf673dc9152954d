#include "core/count/held.h"

#include <stdlib.h>
#include <string.h>

void pl_held_fini(struct pl_held *held)
{
    free(held->events);
    *held = (struct pl_held){.on = false};
}

enum pl_held_view pl_held_look(int64_t stream_us, int64_t time_us)
{
    if (stream_us == PL_TIME_NONE || time_us > stream_us + PL_HELD_AHEAD_US)
        return PL_HELD_AHEAD;
    return time_us < stream_us - PL_HELD_AHEAD_US ? PL_HELD_OLD : PL_HELD_NEAR;
}

static bool make_room(struct pl_held *held)
{
    uint32_t room = held->room ? held->room * 2 : PL_HELD_RECORDS;
    struct pl_held_event *grown;

    if (held->n < held->room)
        return true;
    grown = realloc(held->events, room * sizeof(*grown));
    if (!grown)
        return false;
    held->events = grown;
    held->room = room;
    return true;
}

bool pl_held_add(struct pl_held *held, const struct pl_event *event, bool *failed)
{
    struct pl_held_event *kept;

    if (held->n == PL_HELD_EVENTS_MAX)
        return false;
    if (!make_room(held)) {
        *failed = true;
        return false;
    }
    kept = &held->events[held->n++];
    *kept = (struct pl_held_event){.event = *event};
    if (event->kind == PL_EVENT_EXPOSURE && (!pl_span_copy(event->experiment, kept->experiment, PL_NAME_BYTES) ||
                                             !pl_span_copy(event->variant, kept->variant, PL_NAME_BYTES)))
        held->n--; /* no name is longer: decoding has refused it */
    return true;
}

struct pl_event pl_held_at(const struct pl_held *held, uint32_t at)
{
    struct pl_event event = held->events[at].event;

    event.experiment = event.variant = (struct pl_span){NULL, 0};
    if (event.kind == PL_EVENT_EXPOSURE) {
        event.experiment = pl_span_of(held->events[at].experiment);
        event.variant = pl_span_of(held->events[at].variant);
    }
    return event;
}

unsigned pl_held_records(const struct pl_held *held)
{
    unsigned n = 0;

    for (uint32_t at = 0; at < held->n; at++)
        n += at == 0 || held->events[at].event.offset != held->events[at - 1].event.offset;
    return n;
}

int64_t pl_held_smallest(const struct pl_held *held)
{
    int64_t time_us = INT64_MAX;

    for (uint32_t at = 0; at < held->n; at++)
        if (held->events[at].event.time_us < time_us)
            time_us = held->events[at].event.time_us;
    return time_us;
}
