/* A tail: the events of one unit that are not settled yet, sorted by the order of design 3.
 *
 *   place, exposure before action, action id (declared step order), input (topic), identity, order in the log
 *
 * Events are plain 64-byte values in a block of a slab. Insertion is O(length).
 */
#ifndef PL_CORE_COUNT_TAIL_H
#define PL_CORE_COUNT_TAIL_H

#include "core/count/slab.h"
#include "core/event.h"

struct pl_tail_event {
    int64_t place_us;
    int64_t time_us;
    uint64_t identity;
    int64_t value_micro[PL_EVENT_VALUES];
    uint8_t kind; /* enum pl_event_kind */
    uint8_t input;
    uint8_t has_value; /* bit v: value_micro[v] is there */
    uint8_t variant;   /* exposures */
    uint32_t subject;  /* action id, or index of the experiment */
};

/* A zeroed struct is valid and empty. */
struct pl_tail {
    uint32_t block; /* owned, in the slab */
    uint32_t n, cap;
};

/* Order of two events; 0 only for two accepted events of one input with the same identity. */
int pl_tail_order(const struct pl_tail_event *a, const struct pl_tail_event *b);

/* The events, n of them; NULL when empty. Valid until the tail changes. */
struct pl_tail_event *pl_tail_events(const struct pl_tail *tail, const struct pl_slab *slab);

/* Where an event goes: behind all that are not after it. */
uint32_t pl_tail_place(const struct pl_tail *tail, const struct pl_slab *slab, const struct pl_tail_event *event);

/* Make sure that one more event fits; false without memory. */
bool pl_tail_reserve(struct pl_tail *tail, struct pl_slab *slab);

/* Put it at a position, after a reserve. */
void pl_tail_insert(struct pl_tail *tail, struct pl_slab *slab, uint32_t at, const struct pl_tail_event *event);

/* Take the first n events away; an empty tail gives its block back. */
void pl_tail_drop(struct pl_tail *tail, struct pl_slab *slab, uint32_t n);

#endif
