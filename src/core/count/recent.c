#include "core/count/recent.h"

#include <string.h>

static size_t bytes_of(uint32_t cap)
{
    return cap * sizeof(struct pl_recent_entry);
}

struct pl_recent_entry pl_recent_entry(unsigned input, uint64_t identity, int64_t stamp_us)
{
    return (struct pl_recent_entry){identity, (uint64_t)stamp_us << 4 | input};
}

unsigned pl_recent_input(const struct pl_recent_entry *entry)
{
    return (unsigned)(entry->stamp & (PL_INPUTS_MAX - 1));
}

int64_t pl_recent_stamp(const struct pl_recent_entry *entry)
{
    return (int64_t)(entry->stamp >> 4);
}

static struct pl_recent_entry *entries_of(const struct pl_recent *recent, const struct pl_slab *slab)
{
    return recent->n ? pl_slab_at(slab, bytes_of(recent->cap), recent->block) : NULL;
}

const struct pl_recent_entry *pl_recent_entries(const struct pl_recent *recent, const struct pl_slab *slab)
{
    return entries_of(recent, slab);
}

static int64_t slot_start(const struct pl_rules *rules, int64_t stream_us)
{
    return pl_stamp_floor(stream_us, rules->lateness_us > PL_SECOND_US ? rules->lateness_us : PL_SECOND_US);
}

/* Most identities differ, so this loop looks at nothing else. */
static bool is_known(const struct pl_recent_entry *entries, uint32_t n, unsigned input, uint64_t identity,
                     int64_t oldest_us)
{
    for (uint32_t at = 0; at < n; at++)
        if (entries[at].identity == identity && pl_recent_input(&entries[at]) == input &&
            pl_recent_stamp(&entries[at]) >= oldest_us)
            return true;
    return false;
}

/* Stamps of one input never fall, so the newest are the last. */
static unsigned count_since(const struct pl_recent_entry *entries, uint32_t n, unsigned input, int64_t since_us)
{
    unsigned found = 0;

    for (uint32_t at = n; at > 0; at--) {
        if (pl_recent_input(&entries[at - 1]) != input)
            continue;
        if (pl_recent_stamp(&entries[at - 1]) < since_us)
            break;
        found++;
    }
    return found;
}

enum pl_reject pl_recent_check(const struct pl_recent *recent, const struct pl_slab *slab, const struct pl_front *front,
                               const struct pl_rules *rules, unsigned input, const struct pl_event *event)
{
    const struct pl_recent_entry *entries = entries_of(recent, slab);
    int64_t slot_us = slot_start(rules, pl_front_stream(front, input, event->time_us));
    int64_t stream_us = front->stream_us[input];
    int64_t oldest_us = stream_us == PL_TIME_NONE ? PL_TIME_NONE : stream_us - rules->dedup_us; /* none at first */

    if (recent->n > 0 && is_known(entries, recent->n, input, event->identity, oldest_us))
        return PL_REJECT_DUPLICATE;
    return count_since(entries, recent->n, input, slot_us) < PL_UNIT_RATE ? PL_ACCEPTED : PL_REJECT_UNIT_RATE;
}

void pl_recent_prune(struct pl_recent *recent, struct pl_slab *slab, const struct pl_front *front,
                     const struct pl_rules *rules)
{
    struct pl_recent_entry *entries = entries_of(recent, slab);
    uint32_t kept = 0;

    for (uint32_t at = 0; at < recent->n; at++) {
        int64_t stream_us = front->stream_us[pl_recent_input(&entries[at])];
        int64_t stamp_us = pl_recent_stamp(&entries[at]);

        if (stream_us - stamp_us <= rules->dedup_us || stamp_us >= slot_start(rules, stream_us))
            entries[kept++] = entries[at];
    }
    recent->n = kept;
    if (kept == 0 && recent->cap) {
        pl_slab_drop(slab, bytes_of(recent->cap), recent->block);
        *recent = (struct pl_recent){0};
    }
}

/* Stale entries are dropped before room is made, so a ring grows only with what is in use. */
static bool reserve(struct pl_recent *recent, struct pl_slab *slab, const struct pl_front *front,
                    const struct pl_rules *rules)
{
    uint32_t cap, block;

    if (recent->n == recent->cap)
        pl_recent_prune(recent, slab, front, rules);
    if (recent->n < recent->cap)
        return true;
    cap = recent->cap ? recent->cap * 2 : 1;
    block = pl_slab_take(slab, bytes_of(cap));
    if (!block)
        return false;
    if (recent->n)
        memcpy(pl_slab_at(slab, bytes_of(cap), block), entries_of(recent, slab), bytes_of(recent->n));
    if (recent->cap)
        pl_slab_drop(slab, bytes_of(recent->cap), recent->block);
    recent->block = block;
    recent->cap = cap;
    return true;
}

bool pl_recent_add(struct pl_recent *recent, struct pl_slab *slab, const struct pl_front *front,
                   const struct pl_rules *rules, struct pl_recent_entry entry)
{
    struct pl_recent_entry *entries;

    if (!reserve(recent, slab, front, rules))
        return false;
    entries = pl_slab_at(slab, bytes_of(recent->cap), recent->block);
    entries[recent->n++] = entry;
    return true;
}
