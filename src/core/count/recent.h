/* Recent identities of one unit: what decides duplicates and the rate bound (design 3).
 *
 * Of each accepted matched event is kept (input, identity, stamp), where stamp is S_k of its input after the event.
 * Both questions are asked with S_k, so the answers are functions of the input's log alone; forgetting is lazy and
 * cannot be seen.
 *
 *   duplicate: the same input and identity with S_k - stamp <= dedup, where S_k is that before the event
 *   rate:      PL_UNIT_RATE events of the input whose stamps lie in the slot of S_k after the event; slots are fixed
 *              slices of stream time, as wide as lateness, at least 1 s
 *
 * 16 bytes an identity; O(length) a question.
 */
#ifndef PL_CORE_COUNT_RECENT_H
#define PL_CORE_COUNT_RECENT_H

#include "core/count/front.h"
#include "core/count/slab.h"

#define PL_UNIT_RATE 256

struct pl_recent_entry {
    uint64_t identity;
    uint64_t stamp; /* S_k << 4 | input */
};

/* A zeroed struct is valid and empty. */
struct pl_recent {
    uint32_t block; /* owned, in the slab */
    uint32_t n, cap;
};

/* PL_ACCEPTED, PL_REJECT_DUPLICATE or PL_REJECT_UNIT_RATE for an event that has not moved S_k yet. */
enum pl_reject pl_recent_check(const struct pl_recent *recent, const struct pl_slab *slab, const struct pl_front *front,
                               const struct pl_rules *rules, unsigned input, const struct pl_event *event);

/* Keep an identity; stamp_us is S_k after the event. False without memory. */
bool pl_recent_add(struct pl_recent *recent, struct pl_slab *slab, const struct pl_front *front,
                   const struct pl_rules *rules, struct pl_recent_entry entry);

/* Forget what no question can ask for any more; gives the block back when nothing is left. */
void pl_recent_prune(struct pl_recent *recent, struct pl_slab *slab, const struct pl_front *front,
                     const struct pl_rules *rules);

/* The entries, n of them, in order of arrival. */
const struct pl_recent_entry *pl_recent_entries(const struct pl_recent *recent, const struct pl_slab *slab);

struct pl_recent_entry pl_recent_entry(unsigned input, uint64_t identity, int64_t stamp_us);
unsigned pl_recent_input(const struct pl_recent_entry *entry);
int64_t pl_recent_stamp(const struct pl_recent_entry *entry);

#endif
