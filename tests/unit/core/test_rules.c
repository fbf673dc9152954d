#include "core/rules.h"
#include "util/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OK(call) assert_int_equal((call), PL_OK)
#define S(text) pl_span_of(text)

static struct pl_area_rule area_of(const char *id, const char *glob)
{
    struct pl_area_rule area = {
        .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .smallest_return = .002};

    snprintf(area.id, sizeof(area.id), "%s", id);
    if (glob) {
        area.globs[0] = pl_span_dup(S(glob));
        area.n_globs = 1;
    }
    return area;
}

static struct pl_metric_rule metric_of(const char *id, uint32_t area, uint32_t action)
{
    struct pl_metric_rule metric = {.area = area, .events = {{action}, 1}, .value = PL_RULES_NONE};

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    return metric;
}

static struct pl_funnel_rule funnel_of(const char *id, uint32_t area, uint32_t first, uint32_t second)
{
    struct pl_funnel_rule funnel = {.area = area, .n_steps = 2, .steps = {first, second}};

    snprintf(funnel.id, sizeof(funnel.id), "%s", id);
    return funnel;
}

static struct pl_experiment_rule experiment_of(const char *id, uint32_t area)
{
    struct pl_experiment_rule experiment = {.area = area};

    snprintf(experiment.id, sizeof(experiment.id), "%s", id);
    return experiment;
}

/* Two areas, a conversion and a sum in the first, a funnel that visits an action twice, one declared experiment. */
static struct pl_rules *build(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule checkout = area_of("checkout", "checkout_*"), search = area_of("search", "*");
    uint32_t view, buy;
    struct pl_metric_rule goal, money;
    struct pl_funnel_rule funnel;
    struct pl_experiment_rule experiment = experiment_of("search_box", 1);

    assert_non_null(rules);
    OK(pl_rules_add_area(rules, &checkout, NULL, NULL));
    OK(pl_rules_add_area(rules, &search, NULL, NULL));
    view = pl_rules_action(rules, S("Viewed"));
    buy = pl_rules_action(rules, S("Bought"));
    goal = metric_of("goal", 0, buy);
    money = metric_of("money", 0, buy);
    money.type = PL_METRIC_SUM;
    money.value = pl_rules_value(rules, S("properties.revenue"));
    OK(pl_rules_add_metric(rules, &goal, &rules->areas[0].goal, NULL));
    OK(pl_rules_add_metric(rules, &money, NULL, NULL));
    funnel = funnel_of("path", 0, view, buy);
    funnel.n_steps = 3;
    funnel.steps[2] = view;
    OK(pl_rules_add_funnel(rules, &funnel, &rules->areas[0].funnel, NULL));
    OK(pl_rules_add_experiment(rules, &experiment, NULL));
    return rules;
}

static struct pl_rules *built(void)
{
    struct pl_rules *rules = build();

    OK(pl_rules_seal(rules, NULL));
    return rules;
}

static void defaults(void **state)
{
    struct pl_rules *rules = built();

    (void)state;
    assert_int_equal(rules->lateness_us, 60 * PL_SECOND_US);
    assert_int_equal(rules->hold_us, 600 * PL_SECOND_US);
    assert_int_equal(rules->dedup_us, 600 * PL_SECOND_US);
    assert_int_equal(rules->forget_us, 90 * PL_DAY_US);
    assert_int_equal(rules->areas[0].landmark_us, 14 * PL_DAY_US);
    assert_true(rules->areas[0].false_alarm_every_years == 1 && rules->areas[0].coverage == 1);
    assert_true(isnan(rules->areas[0].baseline));
    assert_string_equal(rules->areas[0].unit, "%");
    assert_int_equal(rules->metrics[0].window_us, 7 * PL_DAY_US);
    assert_int_equal(rules->metrics[1].bound_micro, INT64_C(1000000000000000));
    assert_true(rules->metrics[0].n_star == 5000);
    pl_rules_free(rules);
    pl_rules_free(NULL);
}

static void finds_by_id(void **state)
{
    struct pl_rules *rules = built();

    (void)state;
    assert_int_equal(pl_rules_find_area(rules, S("search")), 1);
    assert_int_equal(pl_rules_find_metric(rules, S("money")), 1);
    assert_int_equal(pl_rules_find_funnel(rules, S("path")), 0);
    assert_int_equal(pl_rules_find_experiment(rules, S("search_box")), 0);
    assert_int_equal(pl_rules_find_area(rules, S("Search")), PL_RULES_NONE);
    assert_int_equal(pl_rules_find_metric(rules, S("")), PL_RULES_NONE);
    pl_rules_free(rules);
}

static void area_of_experiment(void **state)
{
    struct pl_rules *rules = built();

    (void)state;
    assert_int_equal(pl_rules_area_of(rules, S("checkout_blue")), 0);
    assert_int_equal(pl_rules_area_of(rules, S("other")), 1);
    assert_int_equal(pl_rules_area_of(rules, S("search_box")), 1);
    pl_rules_free(rules);
    rules = pl_rules_new();
    assert_int_equal(pl_rules_area_of(rules, S("other")), PL_RULES_NONE);
    pl_rules_free(rules);
}

static void seal_fills_actions(void **state)
{
    struct pl_rules *rules = built();
    const struct pl_action_rule *view = &rules->by_action[0], *buy = &rules->by_action[1];

    (void)state;
    assert_int_equal(view->n_metrics, 0);
    assert_int_equal(view->n_steps, 2);
    assert_int_equal(view->steps[0].step, 0);
    assert_int_equal(view->steps[1].step, 2);
    assert_int_equal(buy->n_metrics, 2);
    assert_int_equal(buy->metrics[0], 0);
    assert_int_equal(buy->metrics[1], 1);
    assert_int_equal(buy->n_steps, 1);
    assert_int_equal(pl_rules_action(rules, S("Bought")), 1);
    assert_int_equal(pl_rules_action(rules, S("New")), PL_RULES_NONE);
    assert_int_equal(pl_rules_value(rules, S("new")), PL_RULES_NONE);
    pl_rules_free(rules);
}

/* What each change must do: nothing to the same text, all to what is counted, only `hash` to what is judged. */
static void hashes(void **state)
{
    struct pl_rules *base = built(), *other = built();

    (void)state;
    assert_true(base->hash == other->hash && base->count_hash == other->count_hash);
    assert_true(base->hash != base->count_hash);
    pl_rules_free(other);

    other = build();
    other->areas[0].smallest_return = .003;
    OK(pl_rules_seal(other, NULL));
    assert_true(base->hash != other->hash && base->count_hash == other->count_hash);
    pl_rules_free(other);

    other = build();
    other->areas[0].smallest_return = (double)NAN;
    OK(pl_rules_seal(other, NULL));
    assert_true(base->hash != other->hash && base->count_hash == other->count_hash);
    pl_rules_free(other);

    other = build();
    other->metrics[0].window_us++;
    OK(pl_rules_seal(other, NULL));
    assert_true(base->hash != other->hash && base->count_hash != other->count_hash);
    pl_rules_free(other);

    other = build(); /* the product of goal and value is counted */
    other->areas[0].value = other->areas[0].goal == 0;
    OK(pl_rules_seal(other, NULL));
    assert_true(base->hash != other->hash && base->count_hash != other->count_hash);
    pl_rules_free(other);

    other = build();
    other->lateness_us++;
    OK(pl_rules_seal(other, NULL));
    assert_true(base->hash != other->hash && base->count_hash != other->count_hash);
    pl_rules_free(other);
    pl_rules_free(base);
}

static void ids_are_names_and_unique(void **state)
{
    struct pl_rules *rules = build();
    struct pl_area_rule area = area_of("checkout", NULL);
    struct pl_metric_rule metric = metric_of("a/b", 0, 0);
    struct pl_funnel_rule funnel = funnel_of("", 0, 0, 1);
    struct pl_experiment_rule experiment = experiment_of("search_box", 0);
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "checkout"));
    assert_non_null(strstr(err.text, "twice"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, &err), PL_ERR_INPUT);
    assert_int_equal(pl_rules_add_funnel(rules, &funnel, NULL, &err), PL_ERR_INPUT);
    assert_int_equal(pl_rules_add_experiment(rules, &experiment, &err), PL_ERR_INPUT);
    assert_int_equal(rules->n_areas, 2);
    assert_int_equal(rules->n_metrics, 2);
    pl_rules_free(rules);
}

static void area_ranges(void **state)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area;

    (void)state;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        area = area_of("a", NULL);                                                                                     \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_ERR_INPUT);                                   \
    } while (0)
    REFUSED(area.smallest_return = -.1);
    REFUSED(area.smallest_return = (double)INFINITY);
    REFUSED(area.false_alarm_every_years = -1);
    REFUSED(area.false_alarm_every_years = (double)NAN);
    REFUSED(area.coverage = 1.01);
    REFUSED(area.coverage = -.5);
    REFUSED(area.baseline = -1);
    REFUSED(area.landmark_us = 6 * PL_DAY_US);
    REFUSED(area.landmark_us = 29 * PL_DAY_US);
    REFUSED(area.landmark_us = 14 * PL_DAY_US + 1);
    REFUSED(area.n_globs = 1);
#undef REFUSED
    area = area_of("a", NULL);
    area.landmark_us = 28 * PL_DAY_US;
    OK(pl_rules_add_area(rules, &area, NULL, NULL));
    pl_rules_free(rules);
}

static void metric_ranges(void **state)
{
    struct pl_rules *rules = build();
    struct pl_metric_rule metric;

    (void)state;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        metric = metric_of("m", 0, 0);                                                                                 \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_ERR_INPUT);                               \
    } while (0)
    REFUSED(metric.area = 2);
    REFUSED(metric.area = PL_RULES_NONE);
    REFUSED(metric.events.n = 0);
    REFUSED(metric.events.n = 9);
    REFUSED(metric.events.ids[0] = 2);
    REFUSED(metric.events.n = 2); /* the second is action 0 again */
    REFUSED(metric.window_us = -1);
    REFUSED(metric.window_us = 90 * PL_DAY_US + 1);
    REFUSED(metric.cap_micro = -1);
    REFUSED(metric.bound_micro = -1);
    REFUSED(metric.n_star = .5);
    REFUSED(metric.value = 0);
    REFUSED(metric.type = PL_METRIC_SUM);
    REFUSED(metric.type = (enum pl_metric_type)8);
#undef REFUSED
    pl_rules_free(rules);
}

static void funnel_ranges(void **state)
{
    struct pl_rules *rules = build();
    struct pl_funnel_rule funnel;

    (void)state;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        funnel = funnel_of("f", 0, 0, 1);                                                                              \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_funnel(rules, &funnel, NULL, NULL), PL_ERR_INPUT);                               \
    } while (0)
    REFUSED(funnel.area = 2);
    REFUSED(funnel.n_steps = 1);
    REFUSED(funnel.n_steps = PL_RULES_STEPS_MAX + 1);
    REFUSED(funnel.steps[1] = 2);
    REFUSED(funnel.window_us = -1);
    REFUSED(funnel.max_gap_us[1] = -1);
#undef REFUSED
    pl_rules_free(rules);
}

static void experiment_ranges(void **state)
{
    struct pl_rules *rules = build();
    struct pl_experiment_rule experiment, good = experiment_of("x", 0);

    (void)state;
    good.n_variants = 3;
    for (unsigned at = 0; at < 3; at++) {
        snprintf(good.variants[at], PL_NAME_BYTES, "v%u", at);
        good.shares[at] = 1. / 3;
    }
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        experiment = good;                                                                                             \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_experiment(rules, &experiment, NULL), PL_ERR_INPUT);                             \
    } while (0)
    REFUSED(experiment.area = 9);
    REFUSED(experiment.n_variants = 1);
    REFUSED(experiment.n_variants = 2); /* two thirds */
    REFUSED(experiment.n_variants = PL_VARIANTS_MAX + 1);
    REFUSED(experiment.shares[0] = 0);
    REFUSED(experiment.shares[0] = .4);
    REFUSED(experiment.shares[0] = (double)NAN);
    REFUSED(strcpy(experiment.variants[1], "v0"));
    REFUSED(strcpy(experiment.variants[1], ""));
    REFUSED(experiment.work = (enum pl_work)9);
#undef REFUSED
    OK(pl_rules_add_experiment(rules, &good, NULL));
    pl_rules_free(rules);
}

static void goals_belong_to_their_area(void **state)
{
    struct pl_rules *rules = build();

    (void)state;
    rules->areas[1].goal = 0;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
    rules = build();
    rules->areas[0].goal = 5;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
    rules = build();
    rules->areas[1].funnel = 0;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
}

static void tables_are_bounded(void **state)
{
    struct pl_rules *rules = build();
    struct pl_metric_rule metric = metric_of("", 0, 0);
    struct pl_experiment_rule experiment = experiment_of("", 0);
    char path[8];

    (void)state;
    for (unsigned at = rules->n_metrics; at < PL_RULES_METRICS_MAX; at++) {
        snprintf(metric.id, sizeof(metric.id), "m%u", at);
        OK(pl_rules_add_metric(rules, &metric, NULL, NULL));
    }
    strcpy(metric.id, "one more");
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_ERR_FULL);
    for (unsigned at = rules->n_experiments; at < PL_RULES_EXPERIMENTS_MAX; at++) {
        snprintf(experiment.id, sizeof(experiment.id), "e%u", at);
        OK(pl_rules_add_experiment(rules, &experiment, NULL));
    }
    strcpy(experiment.id, "one more");
    assert_int_equal(pl_rules_add_experiment(rules, &experiment, NULL), PL_ERR_FULL);
    for (unsigned at = rules->n_values; at < PL_EVENT_VALUES; at++) {
        snprintf(path, sizeof(path), "p%u", at);
        assert_int_equal(pl_rules_value(rules, S(path)), at);
    }
    assert_int_equal(pl_rules_value(rules, S("p1")), 1);
    assert_int_equal(pl_rules_value(rules, S("p9")), PL_RULES_NONE);
    assert_string_equal(rules->metrics[255].id, "m255");
    OK(pl_rules_seal(rules, NULL));
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(finds_by_id),
        cmocka_unit_test(area_of_experiment),
        cmocka_unit_test(seal_fills_actions),
        cmocka_unit_test(hashes),
        cmocka_unit_test(ids_are_names_and_unique),
        cmocka_unit_test(area_ranges),
        cmocka_unit_test(metric_ranges),
        cmocka_unit_test(funnel_ranges),
        cmocka_unit_test(experiment_ranges),
        cmocka_unit_test(goals_belong_to_their_area),
        cmocka_unit_test(tables_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
