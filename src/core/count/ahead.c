/* Events of an input whose clocks nobody bounds: held, taken or refused (core/count/held.h). Beside shard.c because few
 * inputs need it and the hot path must not.
 */
#include "core/count/inside.h"

#include <stdlib.h>

/* What became of an event that was held: the caller learns it now. */
static void tell(struct pl_shard *shard, unsigned input, int64_t offset, enum pl_reject reason)
{
    uint32_t room = shard->room_told ? shard->room_told * 2 : PL_HELD_RECORDS;
    struct pl_shard_told *grown;

    if (!reason)
        return;
    if (shard->n_told == shard->room_told) {
        grown = realloc(shard->told, room * sizeof(*grown));
        if (!grown) {
            shard->failed = true;
            return;
        }
        shard->told = grown;
        shard->room_told = room;
    }
    shard->told[shard->n_told++] = (struct pl_shard_told){input, offset, reason};
}

static void refuse(struct pl_shard *shard, unsigned input, int64_t offset)
{
    shard->stats.rejected[PL_REJECT_CLOCK_AHEAD]++;
    tell(shard, input, offset, PL_REJECT_CLOCK_AHEAD);
}

/* The log is at base_us: take, in log order, what is not ahead of that. What is stays held, or is refused. */
static void release(struct pl_shard *shard, unsigned input, int64_t base_us, bool refuse_others)
{
    struct pl_held *held = &shard->held[input];
    uint32_t kept = 0;

    for (uint32_t at = 0; at < held->n; at++) {
        struct pl_event event = pl_held_at(held, at);
        int64_t stream_us = shard->front.stream_us[input];

        if (event.time_us <= (stream_us > base_us ? stream_us : base_us) + PL_HELD_AHEAD_US)
            tell(shard, input, event.offset, pl_shard_take(shard, input, &event));
        else if (refuse_others)
            refuse(shard, input, event.offset);
        else
            held->events[kept++] = held->events[at];
    }
    held->n = kept;
    shard->held_dirty = true;
}

static void refuse_all(struct pl_shard *shard, unsigned input)
{
    struct pl_held *held = &shard->held[input];

    for (uint32_t at = 0; at < held->n; at++)
        refuse(shard, input, held->events[at].event.offset);
    held->n = 0;
    shard->held_dirty = true;
}

static enum pl_reject hold(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    struct pl_held *held = &shard->held[input];

    if (!pl_held_add(held, event, &shard->failed)) {
        shard->stats.rejected[PL_REJECT_CLOCK_AHEAD]++;
        return PL_REJECT_CLOCK_AHEAD;
    }
    shard->held_dirty = true;
    if (pl_held_records(held, event->offset) >= PL_HELD_RECORDS)
        release(shard, input, pl_held_smallest(held, event->time_us), false);
    return PL_ACCEPTED;
}

enum pl_reject pl_shard_event_unbounded(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    struct pl_held *held = &shard->held[input];
    enum pl_reject reason = pl_shard_refusal(shard, event);

    if (reason)
        return pl_shard_take(shard, input, event); /* counts it; nothing else changes */
    if (!held->on) {                               /* the topic bounds its clocks by now: this is where the log is */
        release(shard, input, event->time_us, true);
        return pl_shard_take(shard, input, event);
    }
    switch (pl_held_look(shard->front.stream_us[input], event->time_us)) {
    case PL_HELD_AHEAD:
        return hold(shard, input, event);
    case PL_HELD_NEAR:
        if (held->n)
            refuse_all(shard, input);
        break;
    case PL_HELD_OLD:
        break;
    }
    return pl_shard_take(shard, input, event);
}

void pl_shard_unbounded(struct pl_shard *shard, unsigned input)
{
    shard->held[input].on = true;
}

int64_t pl_shard_turn(const struct pl_shard *shard, unsigned input, int64_t time_us)
{
    const struct pl_held *held = &shard->held[input];
    int64_t stream_us = shard->front.stream_us[input];

    if (!held->on || pl_held_look(stream_us, time_us) != PL_HELD_AHEAD)
        return time_us;
    if (pl_held_records(held, INT64_MAX) < PL_HELD_RECORDS)
        return stream_us;
    return pl_held_smallest(held, time_us);
}

const struct pl_shard_told *pl_shard_told(struct pl_shard *shard, unsigned *n)
{
    *n = shard->n_told;
    shard->n_told = 0;
    return shard->told;
}
