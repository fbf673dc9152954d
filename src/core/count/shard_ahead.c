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

/* Is there one more event to be released? It is events[next] then. */
static bool find_next(struct pl_shard *shard, unsigned input)
{
    struct pl_held *held = &shard->held[input];
    int64_t here_us = shard->front.stream_us[input];

    shard->held_dirty = true;
    if (held->base_us > here_us)
        here_us = held->base_us;
    for (; held->next < held->n; held->next++) {
        if (held->events[held->next].event.time_us <= here_us + PL_HELD_AHEAD_US)
            return true;
        held->events[held->kept++] = held->events[held->next];
    }
    held->releasing = false;
    held->n = held->kept;
    return false;
}

static void release(struct pl_shard *shard, unsigned input, int64_t base_us)
{
    struct pl_held *held = &shard->held[input];

    held->releasing = true;
    held->base_us = base_us;
    held->kept = held->next = 0;
    (void)find_next(shard, input);
}

bool pl_shard_released(const struct pl_shard *shard, unsigned input, int64_t *time_us)
{
    const struct pl_held *held = &shard->held[input];

    if (held->releasing)
        *time_us = held->events[held->next].event.time_us;
    return held->releasing;
}

void pl_shard_take_released(struct pl_shard *shard, unsigned input)
{
    struct pl_held *held = &shard->held[input];
    struct pl_event event = pl_held_at(held, held->next);

    tell(shard, input, event.offset, pl_shard_take(shard, input, &event));
    held->next++;
    (void)find_next(shard, input);
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
    if (!held->releasing && pl_held_records(held) >= PL_HELD_RECORDS)
        release(shard, input, pl_held_smallest(held));
    return PL_ACCEPTED;
}

/* The topic bounds its clocks by now: this is where the log is. */
static void end_holding(struct pl_shard *shard, unsigned input, int64_t time_us)
{
    release(shard, input, time_us);
    while (shard->held[input].releasing)
        pl_shard_take_released(shard, input);
    refuse_all(shard, input);
}

enum pl_reject pl_shard_event_unbounded(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    struct pl_held *held = &shard->held[input];

    if (pl_shard_refusal(shard, event))
        return pl_shard_take(shard, input, event); /* counts it; nothing else changes */
    if (held->releasing)
        return hold(shard, input, event);
    if (!held->on) {
        end_holding(shard, input, event->time_us);
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

    return held->on && pl_held_look(stream_us, time_us) == PL_HELD_AHEAD ? stream_us : time_us;
}

const struct pl_shard_told *pl_shard_told(struct pl_shard *shard, unsigned *n)
{
    *n = shard->n_told;
    shard->n_told = 0;
    return shard->told;
}
