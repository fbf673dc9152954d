#include "core/rules.h"
#include "util/num.h"
#include "util/stamp.h"

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

static struct pl_feature_rule feature_of(const char *id, uint32_t area, uint32_t use)
{
    struct pl_feature_rule feature = {.area = area, .use = {{use}, 1}};

    snprintf(feature.id, sizeof(feature.id), "%s", id);
    return feature;
}

static struct pl_objective_rule objective_of(const char *id, uint32_t area)
{
    struct pl_objective_rule objective = {.area = area, .target = .5, .by_us = PL_DAY_US};

    snprintf(objective.id, sizeof(objective.id), "%s", id);
    return objective;
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
    assert_int_equal(pl_rules_count(rules, PL_OF_METRIC), rules->n_metrics);
    assert_string_equal(pl_rules_id(rules, PL_OF_METRIC, 1), "money");
    assert_int_equal(pl_rules_find(rules, PL_OF_METRIC, S("money")), 1);
    assert_int_equal(pl_rules_find(rules, PL_OF_FUNNEL, S("money")), PL_RULES_NONE);
    assert_int_equal(pl_rules_count(rules, PL_OF_EXPERIMENT), 0); /* theirs are numbers of a shard */
    assert_int_equal(pl_rules_find(rules, PL_OF_EXPERIMENT, S("money")), PL_RULES_NONE);
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

/* Rules in which every member is set to something. Events: Viewed 0, Bought 1, Liked 2, Seen 3, Lost 4. */
static struct pl_rules *build_full(void)
{
    struct pl_rules *rules = build();
    uint32_t liked = pl_rules_action(rules, S("Liked")), seen = pl_rules_action(rules, S("Seen"));
    struct pl_metric_rule metric = metric_of("likes", 0, liked);
    struct pl_feature_rule feature = feature_of("hearts", 0, liked);
    struct pl_objective_rule objective = objective_of("love", 0);
    struct pl_area_rule *area = &rules->areas[0];

    (void)pl_rules_action(rules, S("Lost"));
    metric.type = PL_METRIC_COUNT;
    metric.before_us = 14 * PL_DAY_US;
    metric.cap_micro = 9 * PL_MICRO;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 2 */
    metric = metric_of("views", 0, 0);
    metric.before_us = 14 * PL_DAY_US;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 3 */
    metric = metric_of("rate", 0, 0);
    metric.type = PL_METRIC_RATIO;
    metric.events.n = 0;
    metric.before_us = 14 * PL_DAY_US;
    metric.parts[0] = 2;
    metric.parts[1] = 3;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 4 */
    metric = metric_of("kept", 0, liked);
    metric.type = PL_METRIC_RETENTION;
    metric.from_us = 2 * PL_DAY_US;
    metric.role = PL_ROLE_VALUE;
    OK(pl_rules_add_metric(rules, &metric, &area->value, NULL)); /* 5 */
    metric = metric_of("through", 0, 0);
    metric.type = PL_METRIC_FUNNEL;
    metric.events.n = 0;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 6 */
    metric = metric_of("lost", 0, 4);
    metric.role = PL_ROLE_GUARDRAIL;
    metric.margin = .05;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 7 */
    area->value_events = (struct pl_events){{liked}, 1};
    area->value_bar = .3;
    area->value_per_delivery = .5;
    strcpy(area->core_levers, "more hearts");
    feature.eligible = (struct pl_events){{0}, 1};
    feature.aware = (struct pl_events){{seen}, 1};
    OK(pl_rules_add_feature(rules, &feature, NULL, NULL));
    OK(pl_rules_add_objective(rules, &objective, NULL));
    return rules;
}

enum changes { NEITHER, JUDGED, COUNTED };

/* Does the change of one member show in `hash` alone, in both hashes, or in none? */
static enum changes compare(struct pl_rules *changed)
{
    struct pl_rules *base = build_full();
    enum changes changes;

    OK(pl_rules_seal(base, NULL));
    OK(pl_rules_seal(changed, NULL));
    changes = changed->count_hash != base->count_hash ? COUNTED : changed->hash != base->hash ? JUDGED : NEITHER;
    assert_true((changes != NEITHER) == (changed->hash != base->hash));
    assert_true(base->hash != base->count_hash);
    pl_rules_free(base);
    pl_rules_free(changed);
    return changes;
}

#define CHANGE(change, expected)                                                                                       \
    do {                                                                                                               \
        struct pl_rules *rules = build_full();                                                                         \
        change;                                                                                                        \
        if (compare(rules) != (expected))                                                                              \
            fail_msg("%s", #change);                                                                                   \
    } while (0)

static void hashes_of_what_is_counted(void **state)
{
    (void)state;
    CHANGE((void)rules, NEITHER);
    CHANGE(rules->lateness_us++, COUNTED);
    CHANGE(rules->hold_us++, COUNTED);
    CHANGE(rules->dedup_us++, COUNTED);
    CHANGE(rules->forget_us++, COUNTED);
    CHANGE(rules->max_units++, COUNTED);
    CHANGE(rules->max_experiments--, COUNTED);
    CHANGE(strcpy(rules->areas[0].id, "other"), COUNTED);
    CHANGE(rules->areas[0].globs[0][0] = 'x', COUNTED);
    CHANGE(rules->areas[0].value_events.ids[0] = 3, COUNTED);
    CHANGE(rules->areas[0].value_events.n = 0, COUNTED);
    CHANGE(rules->areas[0].activation_us++, COUNTED);
    CHANGE(rules->areas[0].goal = 1, COUNTED); /* of goal and value the product is counted */
    CHANGE(rules->areas[0].value = PL_RULES_NONE, COUNTED);
    CHANGE(strcpy(rules->metrics[2].id, "other"), COUNTED);
    CHANGE(rules->metrics[2].type = PL_METRIC_CONVERSION, COUNTED);
    CHANGE(rules->metrics[2].area = 1, COUNTED);
    CHANGE(rules->metrics[2].role = PL_ROLE_DERIVE, COUNTED);
    CHANGE(rules->metrics[2].events.ids[0] = 3, COUNTED);
    CHANGE(rules->metrics[2].window_us++, COUNTED);
    CHANGE(rules->metrics[2].before_us = 0, COUNTED);
    CHANGE(rules->metrics[2].cap_micro++, COUNTED);
    CHANGE(rules->metrics[1].bound_micro++, COUNTED);
    CHANGE(rules->metrics[1].value = pl_rules_value(rules, S("other")), COUNTED);
    CHANGE(rules->metrics[4].parts[0] = 0, COUNTED);
    CHANGE(rules->metrics[4].parts[1] = 0, COUNTED);
    CHANGE(rules->metrics[5].from_us++, COUNTED);
    CHANGE(rules->metrics[6].funnel = 1, COUNTED);
    CHANGE(strcpy(rules->funnels[0].id, "other"), COUNTED);
    CHANGE(rules->funnels[0].steps[1] = 3, COUNTED);
    CHANGE(rules->funnels[0].max_gap_us[1] = 5, COUNTED);
    CHANGE(rules->funnels[0].window_us = 5, COUNTED);
    CHANGE(strcpy(rules->features[0].id, "other"), COUNTED);
    CHANGE(rules->features[0].area = 1, COUNTED);
    CHANGE(rules->features[0].eligible.ids[0] = 3, COUNTED);
    CHANGE(rules->features[0].aware.ids[0] = 2, COUNTED);
    CHANGE(rules->features[0].use.ids[0] = 3, COUNTED);
    CHANGE(rules->features[0].aware.n = 0, COUNTED);
    CHANGE(strcpy(rules->experiments[0].id, "other"), COUNTED);
    CHANGE(rules->experiments[0].area = 0, COUNTED);
}

static void hashes_of_what_is_judged(void **state)
{
    (void)state;
    CHANGE(strcpy(rules->areas[0].owner, "other"), JUDGED);
    CHANGE(strcpy(rules->areas[0].unit, "Elo"), JUDGED);
    CHANGE(rules->areas[0].funnel = PL_RULES_NONE, JUDGED);
    CHANGE(rules->areas[0].value_bar = .31, JUDGED);
    CHANGE(rules->areas[0].value_bar = (double)NAN, JUDGED);
    CHANGE(rules->areas[0].value_per_delivery = .6, JUDGED);
    CHANGE(rules->areas[0].value_per_delivery = (double)NAN, JUDGED);
    CHANGE(rules->areas[0].adjust = PL_ADJUST_BH, JUDGED);
    CHANGE(strcpy(rules->areas[0].core_levers, "fewer"), JUDGED);
    CHANGE(rules->areas[0].smallest_return = .003, JUDGED);
    CHANGE(rules->areas[0].smallest_return = (double)NAN, JUDGED);
    CHANGE(rules->areas[0].false_alarm_every_years = 2, JUDGED);
    CHANGE(rules->areas[0].baseline = 2, JUDGED);
    CHANGE(rules->areas[0].coverage = .5, JUDGED);
    CHANGE(rules->areas[0].landmark_us = 7 * PL_DAY_US, JUDGED);
    CHANGE(rules->metrics[7].margin = .06, JUDGED);
    CHANGE(rules->metrics[7].margin = (double)NAN, JUDGED);
    CHANGE(rules->metrics[7].n_star = 6000, JUDGED);
    CHANGE(rules->metrics[7].lower_is_better = true, JUDGED);
    CHANGE(rules->features[0].launched_us = PL_DAY_US, JUDGED);
    CHANGE(strcpy(rules->objectives[0].id, "other"), JUDGED);
    CHANGE(rules->objectives[0].area = 1, JUDGED);
    CHANGE(rules->objectives[0].figure = PL_OBJECTIVE_VALUE, JUDGED);
    CHANGE(rules->objectives[0].target = .6, JUDGED);
    CHANGE(rules->objectives[0].by_us++, JUDGED);
    CHANGE(rules->n_objectives = 0, JUDGED);
    CHANGE(rules->experiments[0].work = PL_WORK_CORE, JUDGED);
}

/* Two areas that say the same but of which only one is observed. */
static void seal_fills_areas_and_features(void **state)
{
    struct pl_rules *rules = build_full();
    struct pl_metric_rule metric = metric_of("searched", 1, 0);
    const struct pl_action_rule *viewed, *bought, *liked, *seen, *lost;

    (void)state;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL));
    OK(pl_rules_seal(rules, NULL));
    viewed = &rules->by_action[0];
    bought = &rules->by_action[1];
    liked = &rules->by_action[2];
    seen = &rules->by_action[3];
    lost = &rules->by_action[4];
    assert_int_equal(viewed->n_metrics, 2); /* views, searched */
    assert_int_equal(viewed->n_areas, 1);   /* area 1 reads it, and is not observed */
    assert_int_equal(viewed->areas[0].area, 0);
    assert_false(viewed->areas[0].value);
    assert_int_equal(viewed->n_features, 1);
    assert_int_equal(viewed->features[0].what, PL_FEATURE_ELIGIBLE);
    assert_int_equal(bought->n_areas, 1);
    assert_int_equal(bought->n_features, 0);
    assert_true(liked->areas[0].value);
    assert_int_equal(liked->features[0].what, PL_FEATURE_USE);
    assert_int_equal(seen->n_areas, 1); /* read by the feature alone */
    assert_int_equal(seen->features[0].feature, 0);
    assert_int_equal(seen->features[0].what, PL_FEATURE_AWARE);
    assert_int_equal(lost->n_areas, 1);
    assert_int_equal(lost->n_features, 0);
    pl_rules_free(rules);
}

/* An event that is several things to a feature, and of value to an area that does not read it otherwise. */
static void one_event_may_be_several_things(void **state)
{
    struct pl_rules *rules = build();
    struct pl_feature_rule feature = feature_of("f", 0, 1);

    (void)state;
    feature.aware = feature.use;
    feature.eligible = feature.use;
    OK(pl_rules_add_feature(rules, &feature, NULL, NULL));
    feature = feature_of("g", 0, 1);
    OK(pl_rules_add_feature(rules, &feature, NULL, NULL));
    rules->areas[1].value_events = (struct pl_events){{1}, 1};
    OK(pl_rules_seal(rules, NULL));
    assert_int_equal(rules->by_action[1].n_features, 2);
    assert_int_equal(rules->by_action[1].features[0].what, PL_FEATURE_ELIGIBLE | PL_FEATURE_AWARE | PL_FEATURE_USE);
    assert_int_equal(rules->by_action[1].features[1].feature, 1);
    assert_int_equal(rules->by_action[1].features[1].what, PL_FEATURE_USE);
    assert_int_equal(rules->by_action[1].n_areas, 2);
    assert_false(rules->by_action[1].areas[0].value);
    assert_true(rules->by_action[1].areas[1].value);
    pl_rules_free(rules);
}

static void observed_by_value_features_or_derive(void **state)
{
    struct pl_rules *rules = build();
    struct pl_metric_rule metric = metric_of("paid", 1, 1);
    struct pl_feature_rule feature = feature_of("f", 1, 1);

    (void)state;
    assert_false(pl_rules_observed(rules, 0));
    rules->areas[0].value_events = (struct pl_events){{1}, 1};
    assert_true(pl_rules_observed(rules, 0));
    assert_false(pl_rules_observed(rules, 1));
    OK(pl_rules_add_feature(rules, &feature, NULL, NULL));
    assert_true(pl_rules_observed(rules, 1));
    pl_rules_free(rules);

    rules = build();
    metric.role = PL_ROLE_VALUE;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL));
    assert_false(pl_rules_observed(rules, 1));
    metric = metric_of("taken", 1, 1);
    metric.role = PL_ROLE_DERIVE;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL));
    assert_true(pl_rules_observed(rules, 1));
    assert_false(pl_rules_observed(rules, 0));
    pl_rules_free(rules);

    rules = build(); /* without one of the three nobody is asked who is active */
    OK(pl_rules_seal(rules, NULL));
    assert_int_equal(rules->by_action[1].n_areas, 0);
    pl_rules_free(rules);
}

static void ids_are_names_and_unique(void **state)
{
    struct pl_rules *rules = build();
    struct pl_area_rule area = area_of("checkout", NULL);
    struct pl_metric_rule metric = metric_of("a/b", 0, 0);
    struct pl_funnel_rule funnel = funnel_of("", 0, 0, 1);
    struct pl_experiment_rule experiment = experiment_of("search_box", 0);
    struct pl_feature_rule feature = feature_of("f", 0, 0), unnamed = feature_of("", 0, 0);
    struct pl_objective_rule objective = objective_of("a/b", 0);
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "checkout"));
    assert_non_null(strstr(err.text, "twice"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, &err), PL_ERR_INPUT);
    assert_int_equal(pl_rules_add_funnel(rules, &funnel, NULL, &err), PL_ERR_INPUT);
    assert_int_equal(pl_rules_add_experiment(rules, &experiment, &err), PL_ERR_INPUT);
    OK(pl_rules_add_feature(rules, &feature, NULL, NULL));
    assert_int_equal(pl_rules_add_feature(rules, &feature, NULL, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "feature 'f' is declared twice");
    assert_int_equal(pl_rules_add_feature(rules, &unnamed, NULL, NULL), PL_ERR_INPUT);
    assert_int_equal(pl_rules_add_objective(rules, &objective, NULL), PL_ERR_INPUT);
    assert_int_equal(rules->n_areas, 2);
    assert_int_equal(rules->n_metrics, 2);
    assert_int_equal(rules->n_features, 1);
    assert_int_equal(rules->n_objectives, 0);
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
    REFUSED(area.activation_us = -1);
    REFUSED(area.activation_us = 90 * PL_DAY_US + 1);
    REFUSED(area.value_bar = -.1);
    REFUSED(area.value_bar = 1);
    REFUSED(area.value_per_delivery = -.1);
    REFUSED(area.value_per_delivery = 1001);
    REFUSED(area.value_events.n = 9);
    REFUSED(area.value_events.n = 1); /* there is no action 0 */
#undef REFUSED
    area = area_of("a", NULL);
    area.landmark_us = 28 * PL_DAY_US;
    OK(pl_rules_add_area(rules, &area, NULL, NULL));
    assert_int_equal(rules->areas[0].activation_us, 7 * PL_DAY_US);
    assert_int_equal(rules->areas[0].adjust, PL_ADJUST_HOLM);
    assert_true(isnan(rules->areas[0].value_bar) && isnan(rules->areas[0].value_per_delivery));
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
    REFUSED(metric.role = (enum pl_metric_role)4);
    REFUSED(metric.margin = .1); /* no guardrail */
    REFUSED((metric.role = PL_ROLE_GUARDRAIL, metric.margin = 1.1));
    REFUSED((metric.role = PL_ROLE_GUARDRAIL, metric.margin = -.1));
    REFUSED(metric.type = PL_METRIC_MEAN);
    REFUSED((metric.type = PL_METRIC_TIME_TO, metric.value = 0));
    REFUSED(metric.from_us = 1);
    REFUSED((metric.type = PL_METRIC_RETENTION, metric.from_us = 7 * PL_DAY_US)); /* the window is 7 d */
    REFUSED((metric.type = PL_METRIC_RETENTION, metric.from_us = -1));
    REFUSED(metric.before_us = -PL_DAY_US);
    REFUSED(metric.before_us = PL_DAY_US + 1);
    REFUSED(metric.before_us = 29 * PL_DAY_US);
    REFUSED((metric.type = PL_METRIC_MEAN, metric.value = 0, metric.before_us = PL_DAY_US));
    REFUSED((metric.type = PL_METRIC_RETENTION, metric.before_us = PL_DAY_US));
    REFUSED((metric.type = PL_METRIC_TIME_TO, metric.before_us = PL_DAY_US));
    REFUSED(metric.type = PL_METRIC_FUNNEL); /* has events */
    REFUSED((metric.type = PL_METRIC_FUNNEL, metric.events.n = 0, metric.funnel = 1));
    REFUSED((metric.type = PL_METRIC_FUNNEL, metric.events.n = 0, metric.area = 1));
#undef REFUSED
    pl_rules_free(rules);
}

static struct pl_metric_rule ratio_of(uint32_t numerator, uint32_t denominator)
{
    struct pl_metric_rule ratio = metric_of("ratio", 0, 0);

    ratio.type = PL_METRIC_RATIO;
    ratio.events.n = 0;
    ratio.parts[0] = numerator;
    ratio.parts[1] = denominator;
    return ratio;
}

static void every_type_is_taken(void **state)
{
    struct pl_rules *rules = build();
    struct pl_metric_rule metric;

    (void)state;
    for (unsigned type = PL_METRIC_CONVERSION; type <= PL_METRIC_TIME_TO; type++) {
        if (type == PL_METRIC_RATIO)
            metric = ratio_of(0, 1);
        else
            metric = metric_of("", 0, 0);
        snprintf(metric.id, sizeof(metric.id), "t%u", type);
        metric.type = (enum pl_metric_type)type;
        metric.value = type == PL_METRIC_SUM || type == PL_METRIC_MEAN ? 0 : PL_RULES_NONE;
        metric.from_us = type == PL_METRIC_RETENTION ? PL_DAY_US : 0;
        metric.events.n = type == PL_METRIC_RATIO || type == PL_METRIC_FUNNEL ? 0 : 1;
        OK(pl_rules_add_metric(rules, &metric, NULL, NULL));
        assert_int_equal(rules->metrics[2 + type].type, type);
        assert_true(isnan(rules->metrics[2 + type].margin));
    }
    OK(pl_rules_seal(rules, NULL));
    assert_int_equal(rules->by_action[0].n_metrics, 6); /* not the ratio, not the funnel */
    pl_rules_free(rules);
}

static void ratios_are_made_of_totals(void **state)
{
    struct pl_rules *rules = build();
    struct pl_metric_rule ratio, metric = metric_of("later", 0, 0);

    (void)state;
    metric.window_us = 8 * PL_DAY_US;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 2 */
    metric = metric_of("with before", 0, 0);
    metric.before_us = PL_DAY_US;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 3 */
    metric = metric_of("elsewhere", 1, 0);
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 4 */
    metric = metric_of("time", 0, 0);
    metric.type = PL_METRIC_TIME_TO;
    OK(pl_rules_add_metric(rules, &metric, NULL, NULL)); /* 5 */
    for (uint32_t part = 2; part <= 6; part++) {
        ratio = ratio_of(0, part);
        assert_int_equal(pl_rules_add_metric(rules, &ratio, NULL, NULL), PL_ERR_INPUT);
        ratio = ratio_of(part, 0);
        assert_int_equal(pl_rules_add_metric(rules, &ratio, NULL, NULL), PL_ERR_INPUT);
    }
    ratio = ratio_of(1, 1);
    assert_int_equal(pl_rules_add_metric(rules, &ratio, NULL, NULL), PL_ERR_INPUT);
    ratio = ratio_of(0, 1);
    ratio.before_us = PL_DAY_US;
    assert_int_equal(pl_rules_add_metric(rules, &ratio, NULL, NULL), PL_ERR_INPUT);
    ratio = ratio_of(0, 1);
    OK(pl_rules_add_metric(rules, &ratio, NULL, NULL)); /* 6 */
    ratio = ratio_of(0, 6);
    strcpy(ratio.id, "of a ratio");
    assert_int_equal(pl_rules_add_metric(rules, &ratio, NULL, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
}

static void feature_ranges(void **state)
{
    struct pl_rules *rules = build();
    struct pl_feature_rule feature;
    uint32_t index = 9;

    (void)state;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        feature = feature_of("f", 0, 0);                                                                               \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_feature(rules, &feature, NULL, NULL), PL_ERR_INPUT);                             \
    } while (0)
    REFUSED(feature.area = 2);
    REFUSED(feature.use.n = 0);
    REFUSED(feature.use.n = 9);
    REFUSED(feature.use.n = 2); /* the second is action 0 again */
    REFUSED(feature.use.ids[0] = 2);
    REFUSED((feature.aware.n = 1, feature.aware.ids[0] = 2));
    REFUSED(feature.aware.n = 2);
    REFUSED((feature.eligible.n = 1, feature.eligible.ids[0] = 2));
    REFUSED(feature.eligible.n = 9);
#undef REFUSED
    feature = feature_of("f", 1, 1);
    OK(pl_rules_add_feature(rules, &feature, &index, NULL));
    assert_int_equal(index, 0);
    assert_true(rules->features[0].launched_us == PL_TIME_NONE);
    assert_int_equal(pl_rules_find_feature(rules, S("f")), 0);
    assert_int_equal(pl_rules_find_feature(rules, S("g")), PL_RULES_NONE);
    pl_rules_free(rules);
}

static void objective_ranges(void **state)
{
    struct pl_rules *rules = build();
    struct pl_objective_rule objective;

    (void)state;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        objective = objective_of("o", 0);                                                                              \
        change;                                                                                                        \
        assert_int_equal(pl_rules_add_objective(rules, &objective, NULL), PL_ERR_INPUT);                               \
    } while (0)
    REFUSED(objective.area = 2);
    REFUSED(objective.figure = (enum pl_objective_figure)5);
    REFUSED(objective.target = 0);
    REFUSED(objective.target = -1);
    REFUSED(objective.target = 1.01); /* a share */
    REFUSED(objective.target = (double)NAN);
    REFUSED((objective.figure = PL_OBJECTIVE_VALUE, objective.target = (double)INFINITY));
    REFUSED(objective.by_us = 0);
    REFUSED(objective.by_us = PL_TIME_NONE);
#undef REFUSED
    objective = objective_of("o", 0);
    objective.figure = PL_OBJECTIVE_VALUE;
    objective.target = 12.5;
    OK(pl_rules_add_objective(rules, &objective, NULL));
    assert_int_equal(pl_rules_add_objective(rules, &objective, NULL), PL_ERR_INPUT); /* twice */
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
    rules->areas[1].value = 0;
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
    struct pl_feature_rule feature = feature_of("", 0, 0);
    struct pl_objective_rule objective = objective_of("", 0);
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
    for (unsigned at = 0; at <= PL_RULES_FEATURES_MAX; at++) {
        enum pl_status expected = at < PL_RULES_FEATURES_MAX ? PL_OK : PL_ERR_FULL;

        snprintf(feature.id, sizeof(feature.id), "f%u", at);
        snprintf(objective.id, sizeof(objective.id), "o%u", at);
        assert_int_equal(pl_rules_add_feature(rules, &feature, NULL, NULL), expected);
        assert_int_equal(pl_rules_add_objective(rules, &objective, NULL), expected);
    }
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
        cmocka_unit_test(hashes_of_what_is_counted),
        cmocka_unit_test(hashes_of_what_is_judged),
        cmocka_unit_test(seal_fills_areas_and_features),
        cmocka_unit_test(one_event_may_be_several_things),
        cmocka_unit_test(observed_by_value_features_or_derive),
        cmocka_unit_test(ids_are_names_and_unique),
        cmocka_unit_test(area_ranges),
        cmocka_unit_test(metric_ranges),
        cmocka_unit_test(every_type_is_taken),
        cmocka_unit_test(ratios_are_made_of_totals),
        cmocka_unit_test(feature_ranges),
        cmocka_unit_test(objective_ranges),
        cmocka_unit_test(funnel_ranges),
        cmocka_unit_test(experiment_ranges),
        cmocka_unit_test(goals_belong_to_their_area),
        cmocka_unit_test(tables_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
