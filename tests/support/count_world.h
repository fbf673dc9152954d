/* A small world for tests of the count room: one area, four actions, three metrics, two funnels, and shorthand for
 * events.
 *
 *   area shop: experiments shop_*   actions: view cart buy quit   value: price
 *   metrics: bought (conversion of buy, 1 d), views (count of view, 1 h, cap 3), spent (sum over buy, 1 d, bound 1,000)
 *   funnels: path (view > cart > buy, window 1 h, buy within 10 min of cart), again (view > view, no bounds)
 *   lateness 1 min, hold 10 min, dedup 10 min, forget 90 d
 */
#ifndef PL_TEST_COUNT_WORLD_H
#define PL_TEST_COUNT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/count/inside.h"

#include <stdio.h>
#include <string.h>

enum { WORLD_VIEW, WORLD_CART, WORLD_BUY, WORLD_QUIT };
enum { WORLD_BOUGHT, WORLD_VIEWS, WORLD_SPENT };
enum { WORLD_PATH, WORLD_AGAIN };

#define WORLD_DAY 19700
#define WORLD_START (WORLD_DAY * PL_DAY_US) /* a midnight */
#define AT(seconds) (WORLD_START + (int64_t)(seconds)*PL_SECOND_US)

static inline uint32_t world_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type, uint32_t action)
{
    struct pl_metric_rule metric = {.type = type, .events = {{action}, 1}, .value = PL_RULES_NONE};
    uint32_t index;

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    metric.window_us = type == PL_METRIC_COUNT ? PL_HOUR_US : PL_DAY_US;
    metric.cap_micro = type == PL_METRIC_COUNT ? 3 * PL_MICRO : 0;
    if (type == PL_METRIC_SUM) {
        metric.value = pl_rules_value(rules, pl_span_of("price"));
        metric.bound_micro = 1000 * PL_MICRO;
    }
    assert_int_equal(pl_rules_add_metric(rules, &metric, &index, NULL), PL_OK);
    return index;
}

/* The area, the actions and the times, without anything that is measured. */
static inline struct pl_rules *world_rules_bare(void)
{
    static const char *const names[] = {"view", "cart", "buy", "quit"};
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};

    assert_non_null(rules);
    area.globs[0] = pl_span_dup(pl_span_of("shop_*"));
    area.smallest_return = area.baseline = .01;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    for (uint32_t action = 0; action < 4; action++)
        assert_int_equal(pl_rules_action(rules, pl_span_of(names[action])), action);
    rules->lateness_us = PL_MINUTE_US;
    rules->hold_us = 10 * PL_MINUTE_US;
    rules->dedup_us = 10 * PL_MINUTE_US;
    rules->forget_us = 90 * PL_DAY_US;
    return rules;
}

/* Unsealed, so that a test may change or add something. */
static inline struct pl_rules *world_rules_open(void)
{
    struct pl_rules *rules = world_rules_bare();
    struct pl_funnel_rule path = {.id = "path",
                                  .n_steps = 3,
                                  .steps = {WORLD_VIEW, WORLD_CART, WORLD_BUY},
                                  .max_gap_us = {0, 0, 10 * PL_MINUTE_US},
                                  .window_us = PL_HOUR_US};
    struct pl_funnel_rule again = {.id = "again", .n_steps = 2, .steps = {WORLD_VIEW, WORLD_VIEW}};

    assert_int_equal(world_metric(rules, "bought", PL_METRIC_CONVERSION, WORLD_BUY), WORLD_BOUGHT);
    assert_int_equal(world_metric(rules, "views", PL_METRIC_COUNT, WORLD_VIEW), WORLD_VIEWS);
    assert_int_equal(world_metric(rules, "spent", PL_METRIC_SUM, WORLD_BUY), WORLD_SPENT);
    assert_int_equal(pl_rules_add_funnel(rules, &path, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_add_funnel(rules, &again, NULL, NULL), PL_OK);
    return rules;
}

static inline struct pl_rules *world_rules(void)
{
    struct pl_rules *rules = world_rules_open();

    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* Every event gets an identity of its own unless the test sets one. */
static inline struct pl_event world_event(enum pl_event_kind kind, uint64_t unit, int64_t time_us)
{
    static uint64_t next;

    return (struct pl_event){.kind = kind,
                             .unit = {unit, unit},
                             .time_us = time_us,
                             .identity = ++next * UINT64_C(0x9e3779b97f4a7c15),
                             .action = PL_NAMES_NONE};
}

static inline struct pl_event world_action(uint64_t unit, int64_t time_us, uint32_t action)
{
    struct pl_event event = world_event(PL_EVENT_ACTION, unit, time_us);

    event.action = action;
    return event;
}

static inline struct pl_event world_buy(uint64_t unit, int64_t time_us, int64_t price_micro)
{
    struct pl_event event = world_action(unit, time_us, WORLD_BUY);

    event.has_value = 1;
    event.value_micro[0] = price_micro;
    return event;
}

static inline struct pl_event world_exposure(uint64_t unit, int64_t time_us, const char *experiment,
                                             const char *variant)
{
    struct pl_event event = world_event(PL_EVENT_EXPOSURE, unit, time_us);

    event.experiment = pl_span_of(experiment);
    event.variant = pl_span_of(variant);
    return event;
}

static inline struct pl_control world_control(enum pl_lifecycle state, const char *experiment, int64_t time_us,
                                              double first_share)
{
    struct pl_control control = {.type = PL_CONTROL_LIFECYCLE, .state = state, .time_us = time_us};

    snprintf(control.experiment, sizeof(control.experiment), "%s", experiment);
    if (first_share > 0) {
        control.n_variants = 2;
        snprintf(control.variants[0], PL_NAME_BYTES, "control");
        snprintf(control.variants[1], PL_NAME_BYTES, "B");
        control.shares[0] = first_share;
        control.shares[1] = 1 - first_share;
    }
    return control;
}

/* The cell of sums, zero when there is none. metric: index or segment. */
static inline struct pl_cell world_cell(const struct pl_sums *sums, struct pl_cell_key key)
{
    for (size_t at = 0; at < sums->n_cells; at++)
        if (pl_cell_key_order(&sums->cells[at].key, &key) == 0)
            return sums->cells[at];
    return (struct pl_cell){.key = key};
}

#endif
