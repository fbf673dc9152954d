#include "support/measure_world.h"

#include "core/count/plan.h"

/* A second area with one metric declared between those of the first. */
static struct pl_rules *two_areas(void)
{
    struct pl_rules *rules = world_rules_open();
    struct pl_area_rule area = {.id = "empty", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE};
    struct pl_area_rule search = {
        .id = "search", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE};
    struct pl_metric_rule metric = {.id = "quits", .events = {{WORLD_QUIT}, 1}, .value = PL_RULES_NONE, .window_us = 1};

    area.smallest_return = area.baseline = search.smallest_return = search.baseline = .01;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_add_area(rules, &search, &metric.area, NULL), PL_OK);
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    world_metric(rules, "late", PL_METRIC_CONVERSION, WORLD_CART);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static void lists_metrics_by_area(void **state)
{
    struct pl_rules *rules = two_areas();
    struct pl_plan *plan = pl_plan_new(rules);
    const uint32_t *metrics;
    uint32_t n;

    (void)state;
    assert_non_null(plan);
    metrics = pl_plan_metrics(plan, 0, &n);
    assert_int_equal(n, 4);
    assert_int_equal(metrics[2], WORLD_SPENT);
    assert_int_equal(metrics[3], 4);
    pl_plan_metrics(plan, 1, &n);
    assert_int_equal(n, 0);
    metrics = pl_plan_metrics(plan, 2, &n);
    assert_int_equal(n, 1);
    assert_int_equal(metrics[0], 3);
    pl_plan_metrics(plan, PL_RULES_NONE, &n);
    assert_int_equal(n, 0);
    assert_int_equal(plan->at[WORLD_SPENT], 4);
    assert_int_equal(plan->at[3], 2); /* the first of its area */
    assert_int_equal(plan->at[4], 5);
    assert_int_equal(pl_plan_entry(plan, 0), 6);
    assert_int_equal(pl_plan_entry(plan, 1), 2);
    assert_int_equal(pl_plan_entry(plan, PL_RULES_NONE), 2);
    assert_int_equal(plan->n_pairs, 0);
    pl_plan_free(plan);
    pl_rules_free(rules);
}

/* header, t0, then 1 word each for the three of the small world; buys, views and spent have a covariate. */
static void places_words(void **state)
{
    static const uint32_t at[MEASURE_METRICS] = {2, 3, 4, 5, 7, 9, 11, 13, 13, 14, 15, 16, 17, 18, 2};
    static const uint32_t n[MEASURE_METRICS] = {1, 1, 1, 2, 2, 2, 2, 0, 1, 1, 1, 1, 1, 0, 2};
    struct pl_rules *rules = measure_rules(), *small = world_rules();
    struct pl_plan *plan = pl_plan_new(rules), *narrow = pl_plan_new(small);

    (void)state;
    for (uint32_t metric = 0; metric < MEASURE_METRICS; metric++) {
        assert_int_equal(plan->at[metric], at[metric]);
        assert_int_equal(plan->n_words[metric], n[metric]);
    }
    assert_int_equal(pl_plan_entry(plan, 0), 18);
    assert_int_equal(pl_plan_entry(plan, 1), 4);
    assert_true(plan->wide);
    assert_false(narrow->wide);
    pl_plan_free(plan);
    pl_plan_free(narrow);
    pl_rules_free(rules);
    pl_rules_free(small);
}

static void lists_each_pair_once(void **state)
{
    struct pl_rules *rules = measure_rules();
    struct pl_plan *plan = pl_plan_new(rules);
    uint32_t n, other;

    (void)state;
    assert_int_equal(plan->n_pairs, MEASURE_PAIRS);
    pl_plan_pairs(plan, 1, &n);
    assert_int_equal(n, 1);
    pl_plan_pairs(plan, PL_RULES_NONE, &n);
    assert_int_equal(n, 0);
    for (unsigned at = 0; at < MEASURE_PAIRS; at++) {
        const struct measure_pair *row = &measure_pairs[at];
        uint32_t a = PL_CELL_VARIABLE(row->metric, row->before);
        uint32_t b = PL_CELL_VARIABLE(row->other, row->other_before);
        uint32_t pair = pl_plan_find_pair(plan, row->area, b, a);

        assert_true(pair < plan->n_pairs);
        assert_true(plan->pairs[pair].a < plan->pairs[pair].b);
        assert_int_equal(pl_plan_find_pair(plan, row->area, a, b), pair);
        assert_int_equal(pl_plan_find_pair(plan, 1 - row->area, a, b), PL_RULES_NONE);
    }
    (void)pl_plan_partners(plan, MEASURE_SPENT, &n);
    assert_int_equal(n, 3); /* its own p, views, p of views */
    other = pl_plan_partners(plan, MEASURE_BASKET, &n)[0];
    assert_int_equal(n, 2); /* the goal and its covariate */
    assert_int_equal(other, PL_CELL_VARIABLE(MEASURE_BUYS, 0));
    (void)pl_plan_partners(plan, MEASURE_DONE, &n);
    assert_int_equal(n, 0);
    pl_plan_free(plan);
    pl_rules_free(rules);
}

/* Goal and value may be one metric, or a ratio, or the two parts of one: nothing is counted twice. */
static void goal_and_value(void **state)
{
    static const uint32_t cases[][3] = {
        {MEASURE_BUYS, MEASURE_BUYS, 2},   {MEASURE_RATE, MEASURE_BUYS, 2},  {MEASURE_BUYS, MEASURE_RATE, 2},
        {MEASURE_SPENT, MEASURE_VIEWS, 2}, {PL_RULES_NONE, MEASURE_BUYS, 2}, {MEASURE_FIRST, MEASURE_BASKET, 1},
    };

    (void)state;
    for (unsigned at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        struct pl_rules *rules = measure_rules_open();
        struct pl_plan *plan;

        rules->areas[0].goal = cases[at][0];
        rules->areas[0].value = cases[at][1];
        assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
        plan = pl_plan_new(rules);
        assert_int_equal(plan->n_pairs, MEASURE_PAIRS - cases[at][2]);
        pl_plan_free(plan);
        pl_rules_free(rules);
    }
}

static void lists_metrics_of_funnels(void **state)
{
    struct pl_rules *rules = measure_rules();
    struct pl_plan *plan = pl_plan_new(rules);
    uint32_t n;

    (void)state;
    assert_int_equal(pl_plan_of_funnel(plan, WORLD_PATH, &n)[0], MEASURE_DONE);
    assert_int_equal(n, 1);
    (void)pl_plan_of_funnel(plan, WORLD_AGAIN, &n);
    assert_int_equal(n, 0);
    pl_plan_free(plan);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_metrics_by_area),    cmocka_unit_test(places_words),
        cmocka_unit_test(lists_each_pair_once),     cmocka_unit_test(goal_and_value),
        cmocka_unit_test(lists_metrics_of_funnels),
    };

    pl_plan_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
