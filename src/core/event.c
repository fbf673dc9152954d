#include "core/event.h"

#include "util/hash.h"

uint64_t pl_event_identity(struct pl_span topic, struct pl_span id, enum pl_event_kind kind, struct pl_span name)
{
    uint64_t h = pl_hash_long(kind == PL_EVENT_EXPOSURE ? 'e' : 'a', topic);

    return pl_hash_long(pl_hash_long(h, id), name);
}
