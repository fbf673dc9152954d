#include "core/count/settle.h"

#include "core/count/inside.h"

#define MISSES_MAX 8   /* units looked at in vain per call */
#define WALK_UNITS 64  /* slots looked at per call while units are being forgotten */
#define WALK_ROUNDS 16 /* rounds per `forget` */

static int64_t first_place(const struct pl_shard *shard, const struct pl_open *open)
{
    return pl_tail_events(&open->tail, &shard->units.slab)->place_us;
}

/* What a published tick may say about an experiment comes from settled exposures alone. */
static void note_exposure(struct pl_shard *shard, const struct pl_tail_event *event)
{
    struct pl_experiment *experiment = shard->registry.experiments[event->subject];

    if (event->time_us < experiment->first_us) {
        experiment->first_us = event->time_us;
        experiment->dirty = true;
        shard->cells.changed = true;
    }
    if (event->place_us < experiment->variant_place_us[event->variant]) {
        experiment->variant_place_us[event->variant] = event->place_us;
        experiment->dirty = true;
        shard->cells.changed = true;
    }
}

/* The sample of units is published as cells are. */
static void note_unit(struct pl_shard *shard, uint64_t hash, int64_t place_us)
{
    bool changed = false;

    if (!pl_keying_see(&shard->keying, hash, pl_step_day(place_us), &changed))
        shard->failed = true;
    shard->keying_dirty = shard->keying_dirty || changed;
    shard->cells.changed = shard->cells.changed || changed;
}

static void settle(struct pl_shard *shard, uint32_t handle, int64_t limit_us)
{
    const struct pl_step step = {shard->plan, &shard->registry, &shard->cells};
    struct pl_open *open = pl_units_open_at(&shard->units, handle);
    const struct pl_tail_event *events = pl_tail_events(&open->tail, &shard->units.slab);
    int64_t last_us = PL_TIME_NONE; /* place of the last event that is not void: as if those had been refused */
    uint32_t n = 0;

    for (; n < open->tail.n && events[n].place_us < limit_us; n++) {
        bool exposure = events[n].kind == PL_EVENT_EXPOSURE;

        if (exposure && pl_step_is_void(&step, &events[n]))
            continue;
        if (exposure)
            note_exposure(shard, &events[n]);
        last_us = events[n].place_us;
    }
    if (!pl_shard_fold(shard, open, n, &shard->state, &shard->cells))
        shard->failed = true;
    if (last_us != PL_TIME_NONE)
        note_unit(shard, pl_units_at(&shard->units, open->unit)->id.high, last_us);
    pl_tail_drop(&open->tail, &shard->units.slab, n);
    shard->units.n_events -= n;
    if (!pl_units_put_words(&shard->units, pl_units_at(&shard->units, open->unit), &shard->state) ||
        !pl_units_mark(&shard->units, open->unit))
        shard->failed = true;
    pl_units_requeue(&shard->units, handle);
}

/* Settled units go to the end of a queue, so the first n of this one are each seen once. */
void pl_settle_all(struct pl_shard *shard, int64_t limit_us)
{
    const struct pl_units_list *list = &shard->units.queues[PL_UNITS_UNSETTLED];
    uint32_t handle = list->head;

    for (uint32_t left = list->n; left > 0; left--) {
        const struct pl_open *open = pl_units_open_at(&shard->units, handle);
        uint32_t next = open->next;

        if (first_place(shard, open) < limit_us)
            settle(shard, handle, limit_us);
        handle = next;
    }
}

void pl_settle_some(struct pl_shard *shard, int64_t limit_us)
{
    const struct pl_units_list *list = &shard->units.queues[PL_UNITS_UNSETTLED];
    unsigned misses = 0;

    while (list->head && misses < MISSES_MAX) {
        const struct pl_open *open = pl_units_open_at(&shard->units, list->head);

        pl_units_look_ahead(&shard->units, open);
        if (first_place(shard, open) < limit_us) {
            settle(shard, list->head, limit_us);
            continue;
        }
        pl_units_requeue(&shard->units, list->head); /* so that one unit far ahead does not keep the others waiting */
        misses++;
    }
}

static void remove_unit(struct pl_shard *shard, uint32_t handle)
{
    if (!pl_units_remove(&shard->units, handle))
        shard->failed = true;
}

static void close_recent(struct pl_shard *shard)
{
    const struct pl_units_list *list = &shard->units.queues[PL_UNITS_RECENT];
    unsigned misses = 0;

    while (list->head && misses < MISSES_MAX) {
        uint32_t handle = list->head;
        struct pl_open *open = pl_units_open_at(&shard->units, handle);
        uint32_t unit = open->unit;

        pl_units_look_ahead(&shard->units, open);
        pl_recent_prune(&open->recent, &shard->units.slab, &shard->front, shard->rules);
        if (open->recent.n) {
            pl_units_requeue(&shard->units, handle);
            misses++;
            continue;
        }
        pl_units_close(&shard->units, handle);
        if (!pl_units_at(&shard->units, unit)->n_words)
            remove_unit(shard, unit);
    }
}

/* A later event is placed at or after F, more than `forget` behind the unit's last one: it starts a new life whether
 * the old state is still there or not. */
static void forget(struct pl_shard *shard, uint32_t handle)
{
    const struct pl_words nothing = {0};
    struct pl_unit *unit = pl_units_at(&shard->units, handle);
    const uint64_t *words = pl_units_words(&shard->units, unit);

    if (!words || (int64_t)words[0] >= shard->front.frontier_us - shard->rules->forget_us)
        return;
    if (unit->open && pl_units_open_at(&shard->units, unit->open)->tail.n)
        return; /* what is not settled yet may be placed below F */
    if (!unit->open)
        remove_unit(shard, handle);
    else if (!pl_units_put_words(&shard->units, unit, &nothing) || !pl_units_mark(&shard->units, handle))
        shard->failed = true;
}

void pl_settle_forget(struct pl_shard *shard)
{
    int64_t frontier_us = shard->front.frontier_us;
    bool wrapped = false;

    close_recent(shard);
    if (frontier_us == PL_TIME_NONE)
        return;
    if (shard->swept_us != PL_TIME_NONE && frontier_us - shard->swept_us < shard->rules->forget_us / WALK_ROUNDS)
        return;
    for (unsigned left = WALK_UNITS; left > 0 && !wrapped; left--) {
        uint32_t handle = pl_units_walk(&shard->units, &wrapped);

        if (handle)
            forget(shard, handle);
    }
    if (wrapped)
        shard->swept_us = frontier_us;
}

int64_t pl_settle_first_place(const struct pl_shard *shard)
{
    uint32_t handle = shard->units.queues[PL_UNITS_UNSETTLED].head;
    int64_t first_us = INT64_MAX;

    while (handle) {
        const struct pl_open *open = pl_units_open_at(&shard->units, handle);

        if (first_place(shard, open) < first_us)
            first_us = first_place(shard, open);
        handle = open->next;
    }
    return first_us;
}
