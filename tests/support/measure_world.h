/* The world of count_world.h with metrics of every type, covariates and pairs, and a second area.
 *
 * Two areas: shop (its goal BUYS, its value BASKET) and other (experiments other_*). Metrics as in the table below.
 */
#ifndef PL_TEST_MEASURE_WORLD_H
#define PL_TEST_MEASURE_WORLD_H

#include "support/count_world.h"

enum {
    MEASURE_BUYS = 3, /* conversion of buy, 2 d, before 7 d */
    MEASURE_VIEWS,    /* count of view, 2 d, cap 5, before 28 d */
    MEASURE_SPENT,    /* sum over buy, 2 d, cap 20, before 28 d */
    MEASURE_BASKET,   /* mean over buy, 3 d, cap 15 */
    MEASURE_PER_VIEW, /* ratio SPENT / VIEWS, before 28 d */
    MEASURE_BACK,     /* retention of view, 1 d to 3 d */
    MEASURE_DONE,     /* funnel path, 2 d */
    MEASURE_FIRST,    /* time_to buy, 5 d */
    MEASURE_CARTS,    /* count of cart, 1 d */
    MEASURE_QUITS,    /* count of quit, 1 d */
    MEASURE_RATE,     /* ratio QUITS / CARTS */
    MEASURE_OTHER,    /* area other: count of view, 1 d, before 3 d */
    MEASURE_METRICS
};

/* Which pairs there are, from the definition: metric and whether it is the covariate, twice; of which area. */
static const struct measure_pair {
    uint32_t area, metric, before, other, other_before;
} measure_pairs[] = {
    {0, MEASURE_BUYS, 0, MEASURE_BUYS, 1},   {0, MEASURE_VIEWS, 0, MEASURE_VIEWS, 1},
    {0, MEASURE_SPENT, 0, MEASURE_SPENT, 1}, {0, MEASURE_SPENT, 0, MEASURE_VIEWS, 0},
    {0, MEASURE_SPENT, 0, MEASURE_VIEWS, 1}, {0, MEASURE_VIEWS, 0, MEASURE_SPENT, 1},
    {0, MEASURE_SPENT, 1, MEASURE_VIEWS, 1}, {0, MEASURE_QUITS, 0, MEASURE_CARTS, 0},
    {0, MEASURE_BUYS, 0, MEASURE_BASKET, 0}, {0, MEASURE_BUYS, 1, MEASURE_BASKET, 0},
    {1, MEASURE_OTHER, 0, MEASURE_OTHER, 1},
};

#define MEASURE_PAIRS (sizeof(measure_pairs) / sizeof(measure_pairs[0]))

static inline struct pl_metric_rule measure_row(enum pl_metric_type type, uint32_t action, int64_t days)
{
    return (struct pl_metric_rule){.type = type,
                                   .events = {{action}, 1},
                                   .value = PL_RULES_NONE,
                                   .funnel = PL_RULES_NONE,
                                   .window_us = days * PL_DAY_US};
}

static inline void measure_add(struct pl_rules *rules, uint32_t expected, const char *id, struct pl_metric_rule metric)
{
    uint32_t index;

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    if (metric.type == PL_METRIC_SUM || metric.type == PL_METRIC_MEAN)
        metric.value = pl_rules_value(rules, pl_span_of("price"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, &index, NULL), PL_OK);
    assert_int_equal(index, expected);
}

static inline void measure_ratio(struct pl_rules *rules, uint32_t expected, const char *id, uint32_t top,
                                 uint32_t below)
{
    struct pl_metric_rule metric = measure_row(PL_METRIC_RATIO, 0, 0);

    metric.events.n = 0;
    metric.parts[0] = top;
    metric.parts[1] = below;
    metric.window_us = rules->metrics[top].window_us;
    metric.before_us = rules->metrics[top].before_us;
    measure_add(rules, expected, id, metric);
}

static inline void measure_shop(struct pl_rules *rules)
{
    struct pl_metric_rule buys = measure_row(PL_METRIC_CONVERSION, WORLD_BUY, 2);
    struct pl_metric_rule views = measure_row(PL_METRIC_COUNT, WORLD_VIEW, 2);
    struct pl_metric_rule spent = measure_row(PL_METRIC_SUM, WORLD_BUY, 2);
    struct pl_metric_rule basket = measure_row(PL_METRIC_MEAN, WORLD_BUY, 3);
    struct pl_metric_rule back = measure_row(PL_METRIC_RETENTION, WORLD_VIEW, 3);
    struct pl_metric_rule done = measure_row(PL_METRIC_FUNNEL, 0, 2);

    buys.before_us = 7 * PL_DAY_US;
    views.before_us = spent.before_us = 28 * PL_DAY_US;
    views.cap_micro = 5 * PL_MICRO;
    spent.cap_micro = 20 * PL_MICRO;
    basket.cap_micro = 15 * PL_MICRO;
    back.from_us = PL_DAY_US;
    done.events.n = 0;
    done.funnel = WORLD_PATH;
    measure_add(rules, MEASURE_BUYS, "buys", buys);
    measure_add(rules, MEASURE_VIEWS, "more views", views);
    measure_add(rules, MEASURE_SPENT, "more spent", spent);
    measure_add(rules, MEASURE_BASKET, "basket", basket);
    measure_ratio(rules, MEASURE_PER_VIEW, "per view", MEASURE_SPENT, MEASURE_VIEWS);
    measure_add(rules, MEASURE_BACK, "back", back);
    measure_add(rules, MEASURE_DONE, "done", done);
    measure_add(rules, MEASURE_FIRST, "first buy", measure_row(PL_METRIC_TIME_TO, WORLD_BUY, 5));
    measure_add(rules, MEASURE_CARTS, "carts", measure_row(PL_METRIC_COUNT, WORLD_CART, 1));
    measure_add(rules, MEASURE_QUITS, "quits", measure_row(PL_METRIC_COUNT, WORLD_QUIT, 1));
    measure_ratio(rules, MEASURE_RATE, "quit rate", MEASURE_QUITS, MEASURE_CARTS);
    rules->areas[0].goal = MEASURE_BUYS;
    rules->areas[0].value = MEASURE_BASKET;
}

/* Unsealed. */
static inline struct pl_rules *measure_rules_open(void)
{
    struct pl_rules *rules = world_rules_open();
    struct pl_area_rule area = {
        .id = "other", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_metric_rule other = measure_row(PL_METRIC_COUNT, WORLD_VIEW, 1);

    area.globs[0] = pl_span_dup(pl_span_of("other_*"));
    area.smallest_return = area.baseline = .01;
    assert_int_equal(pl_rules_add_area(rules, &area, &other.area, NULL), PL_OK);
    measure_shop(rules);
    other.before_us = 3 * PL_DAY_US;
    measure_add(rules, MEASURE_OTHER, "other views", other);
    return rules;
}

static inline struct pl_rules *measure_rules(void)
{
    struct pl_rules *rules = measure_rules_open();

    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

#endif
