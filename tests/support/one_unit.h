/* One unit before core/count's step: rules, experiments, the cells that its events make, and its words. cmocka comes
 * first.
 */
#ifndef PL_TEST_ONE_UNIT_H
#define PL_TEST_ONE_UNIT_H

#include "core/count/step.h"
#include "util/stamp.h"

struct one_unit {
    struct pl_rules *rules; /* owned */
    struct pl_plan *plan;
    struct pl_registry registry;
    struct pl_cells cells;
    struct pl_words words;
    struct pl_step step;
    int64_t place_us; /* of the last event, for tests that keep it */
};

/* Takes over rules. No experiments yet. */
static inline void one_unit_begin(struct one_unit *unit, struct pl_rules *rules)
{
    *unit = (struct one_unit){.rules = rules};
    unit->plan = pl_plan_new(rules);
    assert_non_null(unit->plan);
    assert_int_equal(pl_registry_init(&unit->registry, rules, NULL), PL_OK);
    pl_cells_cut(&unit->cells, PL_TIME_NONE);
    unit->step = (struct pl_step){unit->plan, &unit->registry, &unit->cells};
}

/* The next experiment, with variants control and B. */
static inline void one_unit_experiment(struct one_unit *unit, const char *name, uint32_t area)
{
    uint32_t at = unit->registry.n;

    assert_int_equal(pl_registry_add(&unit->registry, pl_span_of(name), area), at);
    pl_experiment_variant(unit->registry.experiments[at], pl_span_of("control"));
    pl_experiment_variant(unit->registry.experiments[at], pl_span_of("B"));
}

static inline int one_unit_end(void **state)
{
    struct one_unit *unit = *state;

    pl_words_fini(&unit->words);
    pl_cells_fini(&unit->cells);
    pl_registry_fini(&unit->registry);
    pl_plan_free(unit->plan);
    pl_rules_free(unit->rules);
    return 0;
}

#endif
