/* The canonical events of design 3, as the count room takes them: values, no text that outlives the call.
 *
 * A decoded record becomes zero or more of these. Names that rules know are ids already; names that only the log knows
 * (experiment, variant) are spans into the record, valid until the call they are passed to returns.
 */
#ifndef PL_CORE_EVENT_H
#define PL_CORE_EVENT_H

#include "util/span.h"

#include <stdint.h>

/* Who is counted: the keyed 128-bit hash of the unit id. The raw id never comes this far. */
struct pl_unit_id {
    uint64_t high;
    uint64_t low;
};

enum pl_event_kind {
    PL_EVENT_EXPOSURE = 0, /* before actions at the same place (design 3, order) */
    PL_EVENT_ACTION = 1,
};

#define PL_EVENT_VALUES 4 /* properties read by rules, see pl_rules.value_paths */

struct pl_event {
    enum pl_event_kind kind;
    struct pl_unit_id unit;
    int64_t time_us;    /* min(event time, record timestamp) */
    int64_t offset;     /* of the record in its input */
    uint64_t identity;  /* pl_event_identity(); decides duplicates and the last tie of the order */
    uint32_t action;    /* id in rules->actions; PL_NAMES_NONE: no rule reads it (moves stream time, nothing else) */
    uint32_t has_value; /* bit v: value_micro[v] is there */
    int64_t value_micro[PL_EVENT_VALUES];
    struct pl_span experiment; /* exposures only */
    struct pl_span variant;
};

/* Identity of an event (design 3): pl_hash_long of name, seeded with that of id, seeded with that of topic, seeded with
 * 'e' or 'a'; id is the record's id, or "#partition:offset" in decimal when it has none; name is the experiment or the
 * action's name. Each knows the length of what it hashes, so no text runs into the next. */
uint64_t pl_event_identity(struct pl_span topic, struct pl_span id, enum pl_event_kind kind, struct pl_span name);

#endif
