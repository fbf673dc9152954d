/* The units of a shard: who is known, their settled state, and what is open about them.
 *
 * A unit is 32 bytes, its state a block of words beside it, plus 8 to 12 bytes of index. What is only needed for a
 * while (tail, recent identities) hangs on an `open` record that comes and goes. Open records are in one of two queues:
 * UNSETTLED with a tail, else RECENT. Handles are stable as long as their unit or open record lives.
 *
 * Owner: the shard. Bound: cap units. Find, make and remove are O(1).
 */
#ifndef PL_CORE_COUNT_UNITS_H
#define PL_CORE_COUNT_UNITS_H

#include "core/count/recent.h"
#include "core/count/tail.h"
#include "core/count/words.h"

struct pl_unit {
    struct pl_unit_id id;
    uint32_t block; /* owned: n_words words in the slab, 0 without state */
    uint32_t n_words;
    uint32_t open;       /* owned: handle, 0 without */
    uint32_t dirty : 31; /* changed since it was stored: position in units->dirty + 1 */
    uint32_t stored : 1; /* the store has a record of it */
};

enum pl_units_queue { PL_UNITS_UNSETTLED, PL_UNITS_RECENT };

struct pl_open {
    uint32_t unit;
    uint32_t prev, next; /* in its queue, 0 at the ends */
    uint32_t queue;      /* enum pl_units_queue it is in */
    struct pl_tail tail;
    struct pl_recent recent;
};

struct pl_units_list {
    uint32_t head, last, n;
};

struct pl_units {
    struct pl_slab slab; /* units, states, open records, tails, identities */
    uint32_t *slots;     /* owned: handle of a unit, 0 for empty; power of two */
    uint32_t mask, n, cap;
    struct pl_units_list queues[2];
    uint32_t *dirty; /* owned: handles; a removed unit leaves a 0 */
    uint32_t n_dirty, room_dirty;
    struct pl_unit_id *gone; /* owned: removed units that the store still has */
    uint32_t n_gone, room_gone;
    uint64_t n_events; /* in tails */
    uint32_t cursor;   /* of pl_units_walk */
};

/* A zeroed struct with cap set is valid and empty. */
void pl_units_fini(struct pl_units *units);

/* Bring what finding these units and taking events of them touches into the caches. */
void pl_units_prefetch(const struct pl_units *units, const struct pl_unit_id *ids, unsigned n);

/* The same for settling the open record behind this one in its queue, and, less far, those behind that. */
void pl_units_look_ahead(const struct pl_units *units, const struct pl_open *open);

/* Handle of a unit, or 0. */
uint32_t pl_units_find(const struct pl_units *units, struct pl_unit_id id);

/* The same, made when new; 0 when the cap is reached or memory is out. */
uint32_t pl_units_make(struct pl_units *units, struct pl_unit_id id);

/* Forget a unit that has nothing open. False without memory to remember that the store has it. */
bool pl_units_remove(struct pl_units *units, uint32_t handle) PL_MUSTCHECK;

struct pl_unit *pl_units_at(const struct pl_units *units, uint32_t handle);

/* Its words, n_words of them; NULL without state. */
const uint64_t *pl_units_words(const struct pl_units *units, const struct pl_unit *unit);

/* Replace its words; a state that knows nothing but a place is kept as none. False without memory. */
bool pl_units_put_words(struct pl_units *units, struct pl_unit *unit, const struct pl_words *words) PL_MUSTCHECK;

/* Its open record, made when new (in RECENT); NULL without memory. */
struct pl_open *pl_units_open(struct pl_units *units, uint32_t handle);

struct pl_open *pl_units_open_at(const struct pl_units *units, uint32_t open);

/* Put an open record at the end of the queue where it belongs now. */
void pl_units_requeue(struct pl_units *units, uint32_t open);

/* Give an open record without tail and identities back. */
void pl_units_close(struct pl_units *units, uint32_t open);

/* Mark as changed. False without memory. */
bool pl_units_mark(struct pl_units *units, uint32_t handle) PL_MUSTCHECK;

/* The next unit of an endless walk over all of them, 0 when this step found none; *wrapped tells that a round is over.
 * Units that come or move meanwhile may be missed in a round. */
uint32_t pl_units_walk(struct pl_units *units, bool *wrapped);

#endif
