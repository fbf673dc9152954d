#include "core/event.h"

#include "util/hash.h"

uint64_t pl_event_identity(struct pl_span topic, struct pl_span id, enum pl_event_kind kind, struct pl_span name)
{
    static const char zero[1] = {0};
    const struct pl_span gap = {zero, 1};
    const struct pl_span kind_text = {kind == PL_EVENT_EXPOSURE ? "e" : "a", 1};
    uint64_t h = pl_hash64(PL_HASH_SEED, topic);

    h = pl_hash64(h, gap);
    h = pl_hash64(h, id);
    h = pl_hash64(h, gap);
    h = pl_hash64(h, kind_text);
    h = pl_hash64(h, gap);
    return pl_hash64(h, name);
}
