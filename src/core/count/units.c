#include "core/count/units.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WORD sizeof(uint64_t)

void pl_units_fini(struct pl_units *units)
{
    pl_slab_fini(&units->slab);
    free(units->slots);
    free(units->dirty);
    free(units->gone);
    *units = (struct pl_units){0};
}

struct pl_unit *pl_units_at(const struct pl_units *units, uint32_t handle)
{
    return pl_slab_at(&units->slab, sizeof(struct pl_unit), handle);
}

/* The id is a keyed hash already: its low bits are as good as any. */
static uint32_t probe(const struct pl_units *units, struct pl_unit_id id)
{
    uint32_t at = (uint32_t)id.low & units->mask;

    while (units->slots[at]) {
        const struct pl_unit *unit = pl_units_at(units, units->slots[at]);

        if (unit->id.low == id.low && unit->id.high == id.high)
            break;
        at = (at + 1) & units->mask;
    }
    return at;
}

uint32_t pl_units_find(const struct pl_units *units, struct pl_unit_id id)
{
    return units->slots ? units->slots[probe(units, id)] : 0;
}

static void prefetch(const void *memory)
{
    __builtin_prefetch(memory);
}

static uint32_t slot_of(const struct pl_units *units, struct pl_unit_id id)
{
    return units->slots[(uint32_t)id.low & units->mask];
}

static void prefetch_words(const struct pl_units *units, const struct pl_unit *unit)
{
    if (unit->n_words)
        prefetch(pl_slab_at(&units->slab, unit->n_words * WORD, unit->block));
}

static void prefetch_open(const struct pl_units *units, const struct pl_open *open)
{
    if (open->tail.n)
        prefetch(pl_tail_events(&open->tail, &units->slab));
    if (open->recent.n)
        prefetch(pl_recent_entries(&open->recent, &units->slab));
}

/* Each loop asks for what the next one reads. A unit that is not in its first slot is met late, not wrongly. */
void pl_units_prefetch(const struct pl_units *units, const struct pl_unit_id *ids, unsigned n)
{
    if (!units->slots)
        return;
    for (unsigned at = 0; at < n; at++)
        prefetch(&units->slots[(uint32_t)ids[at].low & units->mask]);
    for (unsigned at = 0; at < n; at++)
        if (slot_of(units, ids[at]))
            prefetch(pl_units_at(units, slot_of(units, ids[at])));
    for (unsigned at = 0; at < n; at++) {
        const struct pl_unit *unit = slot_of(units, ids[at]) ? pl_units_at(units, slot_of(units, ids[at])) : NULL;

        if (unit)
            prefetch_words(units, unit);
        if (unit && unit->open)
            prefetch(pl_units_open_at(units, unit->open));
    }
    for (unsigned at = 0; at < n; at++) {
        const struct pl_unit *unit = slot_of(units, ids[at]) ? pl_units_at(units, slot_of(units, ids[at])) : NULL;

        if (unit && unit->open)
            prefetch_open(units, pl_units_open_at(units, unit->open));
    }
}

void pl_units_look_ahead(const struct pl_units *units, const struct pl_open *open)
{
    const struct pl_open *next;

    if (!open->next)
        return;
    next = pl_units_open_at(units, open->next);
    prefetch_words(units, pl_units_at(units, next->unit));
    if (!next->next)
        return;
    next = pl_units_open_at(units, next->next);
    prefetch(pl_units_at(units, next->unit));
    prefetch_open(units, next);
    if (next->next)
        prefetch(pl_units_open_at(units, next->next));
}

/* Load stays at or below 3/4. */
static bool grow(struct pl_units *units)
{
    uint32_t n_slots = units->slots ? (units->mask + 1) * 2 : 64;
    uint32_t *old = units->slots, old_mask = units->mask;
    uint32_t *slots = pl_slab_table(n_slots * sizeof(*slots));

    if (!slots)
        return false;
    units->slots = slots;
    units->mask = n_slots - 1;
    for (uint32_t at = 0; old && at <= old_mask; at++)
        if (old[at])
            slots[probe(units, pl_units_at(units, old[at])->id)] = old[at];
    free(old);
    return true;
}

uint32_t pl_units_make(struct pl_units *units, struct pl_unit_id id)
{
    uint32_t handle = pl_units_find(units, id);

    if (handle || units->n >= units->cap)
        return handle;
    if ((!units->slots || (units->n + 1) / 3 > units->mask / 4) && !grow(units))
        return 0;
    handle = pl_slab_take(&units->slab, sizeof(struct pl_unit));
    if (!handle)
        return 0;
    *pl_units_at(units, handle) = (struct pl_unit){.id = id};
    units->slots[probe(units, id)] = handle;
    units->n++;
    return handle;
}

/* Close the hole that a removed unit leaves: move back what would otherwise not be found past it. */
static void unslot(struct pl_units *units, struct pl_unit_id id)
{
    uint32_t hole = probe(units, id);
    uint32_t at = hole;

    for (;;) {
        uint32_t home;

        at = (at + 1) & units->mask;
        if (!units->slots[at])
            break;
        home = (uint32_t)pl_units_at(units, units->slots[at])->id.low & units->mask;
        if (((at - home) & units->mask) < ((at - hole) & units->mask))
            continue;
        units->slots[hole] = units->slots[at];
        hole = at;
    }
    units->slots[hole] = 0;
}

static bool note_gone(struct pl_units *units, struct pl_unit_id id)
{
    if (units->n_gone == units->room_gone) {
        uint32_t room = units->room_gone ? units->room_gone * 2 : 64;
        struct pl_unit_id *gone = realloc(units->gone, room * sizeof(*gone));

        if (!gone)
            return false;
        units->gone = gone;
        units->room_gone = room;
    }
    units->gone[units->n_gone++] = id;
    return true;
}

bool pl_units_remove(struct pl_units *units, uint32_t handle)
{
    struct pl_unit *unit = pl_units_at(units, handle);

    assert(!unit->open);
    if (unit->stored && !note_gone(units, unit->id))
        return false;
    if (unit->dirty)
        units->dirty[unit->dirty - 1] = 0;
    unslot(units, unit->id);
    if (unit->n_words)
        pl_slab_drop(&units->slab, unit->n_words * WORD, unit->block);
    pl_slab_drop(&units->slab, sizeof(*unit), handle);
    units->n--;
    return true;
}

const uint64_t *pl_units_words(const struct pl_units *units, const struct pl_unit *unit)
{
    return unit->n_words ? pl_slab_at(&units->slab, unit->n_words * WORD, unit->block) : NULL;
}

bool pl_units_put_words(struct pl_units *units, struct pl_unit *unit, const struct pl_words *words)
{
    uint32_t n = words->n > PL_WORDS_FIRST ? words->n : 0;

    if (n != unit->n_words && !pl_slab_same(n * WORD, unit->n_words * WORD)) {
        uint32_t block = n ? pl_slab_take(&units->slab, n * WORD) : 0;

        if (n && !block)
            return false;
        if (unit->n_words)
            pl_slab_drop(&units->slab, unit->n_words * WORD, unit->block);
        unit->block = block;
    }
    unit->n_words = n;
    if (n)
        memcpy(pl_slab_at(&units->slab, n * WORD, unit->block), words->at, n * WORD);
    return true;
}

struct pl_open *pl_units_open_at(const struct pl_units *units, uint32_t open)
{
    return pl_slab_at(&units->slab, sizeof(struct pl_open), open);
}

static enum pl_units_queue queue_of(const struct pl_open *open)
{
    return open->tail.n ? PL_UNITS_UNSETTLED : PL_UNITS_RECENT;
}

static void append(struct pl_units *units, uint32_t handle, enum pl_units_queue queue)
{
    struct pl_units_list *list = &units->queues[queue];
    struct pl_open *open = pl_units_open_at(units, handle);

    open->queue = (uint32_t)queue;
    open->prev = list->last;
    open->next = 0;
    if (list->last)
        pl_units_open_at(units, list->last)->next = handle;
    else
        list->head = handle;
    list->last = handle;
    list->n++;
}

static void unlink_open(struct pl_units *units, uint32_t handle)
{
    struct pl_open *open = pl_units_open_at(units, handle);
    struct pl_units_list *list = &units->queues[open->queue];

    if (open->prev)
        pl_units_open_at(units, open->prev)->next = open->next;
    else
        list->head = open->next;
    if (open->next)
        pl_units_open_at(units, open->next)->prev = open->prev;
    else
        list->last = open->prev;
    list->n--;
}

struct pl_open *pl_units_open(struct pl_units *units, uint32_t handle)
{
    struct pl_unit *unit = pl_units_at(units, handle);

    if (!unit->open) {
        unit->open = pl_slab_take(&units->slab, sizeof(struct pl_open));
        if (!unit->open)
            return NULL;
        *pl_units_open_at(units, unit->open) = (struct pl_open){.unit = handle};
        append(units, unit->open, PL_UNITS_RECENT);
    }
    return pl_units_open_at(units, unit->open);
}

void pl_units_requeue(struct pl_units *units, uint32_t handle)
{
    unlink_open(units, handle);
    append(units, handle, queue_of(pl_units_open_at(units, handle)));
}

void pl_units_close(struct pl_units *units, uint32_t handle)
{
    struct pl_open *open = pl_units_open_at(units, handle);

    assert(!open->tail.n && !open->recent.n);
    unlink_open(units, handle);
    pl_units_at(units, open->unit)->open = 0;
    pl_slab_drop(&units->slab, sizeof(*open), handle);
}

/* Close the gaps that removed units left, so that the list is never longer than twice the units. */
static void close_gaps(struct pl_units *units)
{
    uint32_t n = 0;

    for (uint32_t at = 0; at < units->n_dirty; at++) {
        if (!units->dirty[at])
            continue;
        units->dirty[n++] = units->dirty[at];
        pl_units_at(units, units->dirty[n - 1])->dirty = n & 0x7fffffff;
    }
    units->n_dirty = n;
}

static bool grow_dirty(struct pl_units *units)
{
    uint32_t room = units->room_dirty ? units->room_dirty * 2 : 64;
    uint32_t *dirty;

    close_gaps(units);
    if (units->n_dirty < units->room_dirty / 2)
        return true;
    dirty = realloc(units->dirty, room * sizeof(*dirty));
    if (!dirty)
        return false;
    units->dirty = dirty;
    units->room_dirty = room;
    return true;
}

bool pl_units_mark(struct pl_units *units, uint32_t handle)
{
    struct pl_unit *unit = pl_units_at(units, handle);

    if (unit->dirty)
        return true;
    if (units->n_dirty == units->room_dirty && !grow_dirty(units))
        return false;
    units->dirty[units->n_dirty++] = handle;
    unit->dirty = units->n_dirty & 0x7fffffff;
    return true;
}

uint32_t pl_units_walk(struct pl_units *units, bool *wrapped)
{
    *wrapped = !units->slots || units->cursor >= units->mask;
    if (!units->slots)
        return 0;
    units->cursor = (units->cursor + 1) & units->mask;
    return units->slots[units->cursor];
}
