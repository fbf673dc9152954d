#include "core/count/tail.h"

#include <string.h>

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int pl_tail_order(const struct pl_tail_event *a, const struct pl_tail_event *b)
{
    if (a->place_us != b->place_us)
        return ORDER(a->place_us, b->place_us);
    if (a->kind != b->kind)
        return ORDER(a->kind, b->kind);
    if (a->kind == PL_EVENT_ACTION && a->subject != b->subject)
        return ORDER(a->subject, b->subject);
    if (a->input != b->input)
        return ORDER(a->input, b->input);
    return ORDER(a->identity, b->identity);
}

static size_t bytes_of(uint32_t cap)
{
    return cap * sizeof(struct pl_tail_event);
}

struct pl_tail_event *pl_tail_events(const struct pl_tail *tail, const struct pl_slab *slab)
{
    return tail->n ? pl_slab_at(slab, bytes_of(tail->cap), tail->block) : NULL;
}

uint32_t pl_tail_place(const struct pl_tail *tail, const struct pl_slab *slab, const struct pl_tail_event *event)
{
    const struct pl_tail_event *events = pl_tail_events(tail, slab);
    uint32_t at = tail->n;

    while (at > 0 && pl_tail_order(&events[at - 1], event) > 0) /* nearly always the last place */
        at--;
    return at;
}

bool pl_tail_reserve(struct pl_tail *tail, struct pl_slab *slab)
{
    uint32_t cap = tail->cap ? tail->cap * 2 : 1;
    uint32_t block;

    if (tail->n < tail->cap)
        return true;
    block = pl_slab_take(slab, bytes_of(cap));
    if (!block)
        return false;
    if (tail->n)
        memcpy(pl_slab_at(slab, bytes_of(cap), block), pl_tail_events(tail, slab), bytes_of(tail->n));
    if (tail->cap)
        pl_slab_drop(slab, bytes_of(tail->cap), tail->block);
    tail->block = block;
    tail->cap = cap;
    return true;
}

void pl_tail_insert(struct pl_tail *tail, struct pl_slab *slab, uint32_t at, const struct pl_tail_event *event)
{
    struct pl_tail_event *events = pl_slab_at(slab, bytes_of(tail->cap), tail->block);

    memmove(events + at + 1, events + at, bytes_of(tail->n - at));
    events[at] = *event;
    tail->n++;
}

void pl_tail_drop(struct pl_tail *tail, struct pl_slab *slab, uint32_t n)
{
    struct pl_tail_event *events = pl_tail_events(tail, slab);

    if (n == 0)
        return;
    if (n < tail->n) {
        memmove(events, events + n, bytes_of(tail->n - n));
        tail->n -= n;
        return;
    }
    pl_slab_drop(slab, bytes_of(tail->cap), tail->block);
    *tail = (struct pl_tail){0};
}
