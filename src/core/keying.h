/* Is the input keyed by user? A sample of units, by which it is seen when one unit has events in two partitions (design
 * 3, shape).
 *
 * A shard keeps its PL_KEYING_SHARD_MAX smallest unit hashes, of all units whose events it has settled, each with the
 * day of its last event. The set is a function of the events alone: what was dropped once is larger than all that are
 * kept, and never comes back. Merged samples keep, for a unit of several shards, the last day on which it was in two of
 * them: the second largest of its last days. Merging is exact and free of order, and keeps the PL_KEYING_MAX smallest.
 *
 * So a unit that is in two partitions because producers choose partitions differently is found if its hash is small,
 * which is 1,024 of N units; and one that moved once, when the input was keyed anew, is no longer in two partitions
 * `forget` after that, as its old life is over then.
 */
#ifndef PL_CORE_KEYING_H
#define PL_CORE_KEYING_H

#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

#define PL_KEYING_SHARD_MAX 1024u
#define PL_KEYING_MAX 16384u
#define PL_KEYING_NEVER INT32_MIN

struct pl_keying_unit {
    uint64_t hash;
    int32_t last_day;   /* UTC day of its last event, by place */
    int32_t shared_day; /* last day on which it was in two shards, PL_KEYING_NEVER */
};

/* A zeroed struct is valid and empty. */
struct pl_keying {
    struct pl_keying_unit *units; /* owned; rising hashes */
    uint32_t n, room;
};

struct pl_keying_view {
    uint32_t sampled, shared; /* units; those that were in two shards since */
    int32_t last_day;         /* the last day on which one was, PL_KEYING_NEVER */
};

void pl_keying_fini(struct pl_keying *keying);

/* An event of a unit in a shard. *changed when the sample is another one now. False without memory. */
bool pl_keying_see(struct pl_keying *keying, uint64_t hash, int32_t day, bool *changed) PL_MUSTCHECK;

/* Append a unit, hashes rising, from a stored sample. False without memory, or when it is out of order or too many. */
bool pl_keying_append(struct pl_keying *keying, struct pl_keying_unit unit) PL_MUSTCHECK;

/* into += from. False without memory. O(both). */
bool pl_keying_merge(struct pl_keying *into, const struct pl_keying *from) PL_MUSTCHECK;

/* What the sample shows of the days from since_day on. O(units). */
struct pl_keying_view pl_keying_look(const struct pl_keying *keying, int32_t since_day);

#endif
