#include "support/count_world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_metrics_by_area),
    };

    pl_plan_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
