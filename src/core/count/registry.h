/* The experiments a shard knows: names, variants, when they ended, how their shares changed.
 *
 * An experiment gets its index with its first accepted exposure or its first lifecycle record; indexes never change.
 * What a published tick may say about it must depend on events placed below that tick alone, so first exposures are
 * kept twice: of settled events (first_us, variant_place_us) and of all accepted ones (seen_us; for display).
 *
 * Lifecycle. `stopped`, `shipped`, `reverted` end an experiment at the place of the record, the smallest if there are
 * several; exposures placed at or after it are void. `started` records: the first one with shares opens allocation
 * segment 0, each later one with other shares (another number, order, name or share of variants) opens the next, up to
 * PL_SEGMENTS_MAX; a boundary is never before the one before it. A unit counts in the last segment whose boundary is
 * not after the place of its first exposure; before the first boundary in segment 0.
 */
#ifndef PL_CORE_COUNT_REGISTRY_H
#define PL_CORE_COUNT_REGISTRY_H

#include "core/control.h"
#include "core/reject.h"
#include "core/rules.h"
#include "core/sums.h"

#define PL_REGISTRY_NONE UINT32_MAX
#define PL_NEVER_US INT64_MAX

/* Declared shares from a place on. */
struct pl_segment {
    int64_t from_us;
    unsigned n;
    struct pl_share {
        char variant[PL_NAME_BYTES];
        double share;
    } * shares; /* owned, n of them */
};

struct pl_experiment {
    char name[PL_NAME_BYTES];
    uint32_t area; /* by the rules; PL_RULES_NONE when a changed configuration has none for it */
    bool dirty;    /* changed since it was stored */
    unsigned n_variants;
    char variants[PL_VARIANTS_MAX][PL_NAME_BYTES];
    int64_t variant_place_us[PL_VARIANTS_MAX]; /* smallest place of a settled exposure, PL_NEVER_US at first */
    int64_t first_us;                          /* smallest time of a settled exposure, PL_NEVER_US at first */
    int64_t seen_us;                           /* smallest time of an accepted exposure, PL_NEVER_US at first */
    int64_t end_us;                            /* place of its end, PL_NEVER_US before */
    int64_t started_us;                        /* smallest place of a `started` record, PL_NEVER_US without one */
    unsigned states;                           /* bit per enum pl_lifecycle: taken */
    unsigned n_segments;
    struct pl_segment segments[PL_SEGMENTS_MAX];
};

struct pl_registry {
    const struct pl_rules *rules;       /* ref */
    struct pl_experiment **experiments; /* owned, and so is each; NULL only while state is being read */
    uint32_t n, room;
    uint32_t cap;
    struct pl_names *names; /* owned: name to position in order */
    uint32_t *order;        /* owned: position to index (they differ when state came back in another order) */
};

/* NOMEM leaves it empty. */
enum pl_status pl_registry_init(struct pl_registry *registry, const struct pl_rules *rules,
                                struct pl_err *err) PL_MUSTCHECK;
void pl_registry_fini(struct pl_registry *registry);

/* Index by name, or PL_REGISTRY_NONE. */
uint32_t pl_registry_find(const struct pl_registry *registry, struct pl_span name);

/* A new experiment of this area; PL_REGISTRY_NONE when the cap is reached (or memory is out). */
uint32_t pl_registry_add(struct pl_registry *registry, struct pl_span name, uint32_t area);

/* One with a given index, from the store: the caller fills it in. NULL when the index or name is taken or too large. */
struct pl_experiment *pl_registry_put(struct pl_registry *registry, uint32_t index, struct pl_span name);

/* Variant by name, added when new; PL_REGISTRY_NONE when there are PL_VARIANTS_MAX others. */
uint32_t pl_experiment_variant(struct pl_experiment *experiment, struct pl_span name);

/* Allocation segment of a first exposure at this place. */
unsigned pl_experiment_segment(const struct pl_experiment *experiment, int64_t place_us);

/* Would this lifecycle record change anything? PL_ACCEPTED, or CONTROL_REPEATED (the same state again; `started` with
 * the same shares or none), or CONTROL_FULL (more segments than can be kept). */
enum pl_reject pl_experiment_check(const struct pl_experiment *experiment, const struct pl_control *control);

/* Apply a checked lifecycle record at its place. False when memory is out: nothing is changed then. */
bool pl_experiment_control(struct pl_experiment *experiment, const struct pl_control *control,
                           int64_t place_us) PL_MUSTCHECK;

/* A new last segment with room for n shares; NULL when memory is out or there are PL_SEGMENTS_MAX. */
struct pl_segment *pl_experiment_open(struct pl_experiment *experiment, int64_t from_us, unsigned n);

#endif
