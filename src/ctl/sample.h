/* What a sample of events shows: names, units, days, order, experiments. Facts only; guesses are in guess.h. Pure.
 *
 * Everything is capped; what found no room is counted, so that a figure can be told as "at least". Units are hashes:
 * raw ids never come here. Memory: 6 MB when full. Cost of an event: a walk over what its unit did before.
 */
#ifndef PL_CTL_SAMPLE_H
#define PL_CTL_SAMPLE_H

#include "core/event.h"
#include "util/names.h"

#define PL_SAMPLE_NAMES_MAX 512  /* events */
#define PL_SAMPLE_ARMS_MAX 512   /* variants of all experiments */
#define PL_SAMPLE_NAME_BYTES 128 /* longer names are counted as without room */
#define PL_SAMPLE_UNITS_MAX 20000
#define PL_SAMPLE_DEEDS_MAX 200000

/* That a unit did something: the key is (unit, what). */
struct pl_sample_deed {
    uint32_t what; /* an event's id, or PL_SAMPLE_NAMES_MAX + an arm's */
    uint32_t next; /* deed of the same unit, PL_NAMES_NONE: none */
    int64_t first_us;
    bool again; /* on another UTC day than the first one seen */
};

struct pl_sample_unit {
    struct pl_unit_id id;
    uint32_t deeds; /* the first of its list */
};

struct pl_sample_tally {
    uint64_t events;
    uint32_t units;
    uint32_t again; /* units that did it on several UTC days */
};

struct pl_sample {
    struct pl_names *names;                                                 /* owned: event names */
    struct pl_names *arms;                                                  /* owned: "experiment\nvariant" */
    struct pl_sample_tally tally[PL_SAMPLE_NAMES_MAX + PL_SAMPLE_ARMS_MAX]; /* by what */
    struct pl_sample_unit *units;                                           /* owned */
    struct pl_sample_deed *deeds;                                           /* owned */
    uint32_t *slots; /* owned: of units by hash, number + 1; 0: empty */
    uint32_t n_units, n_deeds;
    uint64_t events, exposures;
    int64_t first_us, last_us;                   /* of events; last < first: none */
    uint64_t names_full, units_full, deeds_full; /* events that found no room for their name, unit, deed */
};

/* NULL when out of memory. */
struct pl_sample *pl_sample_new(void);
void pl_sample_free(struct pl_sample *sample);

/* A unit did something, or saw a variant. */
void pl_sample_action(struct pl_sample *sample, struct pl_unit_id unit, struct pl_span name, int64_t time_us);
void pl_sample_exposure(struct pl_sample *sample, struct pl_unit_id unit, struct pl_span experiment,
                        struct pl_span variant, int64_t time_us);

/* The time at which a unit first did `what`; PL_TIME_NONE: it did not. */
int64_t pl_sample_first(const struct pl_sample *sample, uint32_t unit, uint32_t what);

#endif
