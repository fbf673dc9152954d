/* What an area measures, in conf files: value and its policy, metrics of every type, features and objectives. */
#include "codec/conf.h"
#include "util/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/conf_parse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY(n) ((n)*PL_DAY_US)
/* 2026-08-21T00:00:00Z, by `date -u -d 2026-08-21 +%s` */
#define AUGUST_21_US (INT64_C(1787270400) * PL_SECOND_US)

static void assert_events(const struct pl_conf *conf, const struct pl_events *events, const char *joined)
{
    char text[512] = "";

    for (unsigned at = 0; at < events->n; at++) {
        strcat(text, at ? "," : "");
        strcat(text, pl_names_text(conf->rules->actions, events->ids[at]));
    }
    assert_string_equal(text, joined);
}

static const struct pl_metric_rule *metric_of(const struct pl_conf *conf, const char *id)
{
    uint32_t at = pl_rules_find_metric(conf->rules, S(id));

    if (at == PL_RULES_NONE)
        fail_msg("there is no metric %s", id);
    return &conf->rules->metrics[at];
}

static const char everything[] =
    "[area a]\ngoal = clicked\nvalue = Read, Shared\nactivation = 2d\nvalue_bar = 25%\nvalue_per_delivery = 0.3\n"
    "adjust = bh\ncore_levers = faster, and in colour\nfunnel = A > B\n"
    "[metric per page]\narea = a\ntype = ratio\nnumerator = words\ndenominator = pages\n"
    "[metric words]\narea = a\ntype = sum\nproperty = n\nevent = Read\nwindow = 3d\nbefore = 14d\n"
    "[metric pages]\narea = a\ntype = count\nevent = Turned\nwindow = 3d\nbefore = 14d\n"
    "[metric clicked]\nevent = Clicked\n"
    "[metric speed]\narea = a\ntype = mean\nproperty = ms\nevent = Loaded\nrole = guardrail\nmargin = 2%\n"
    "better = lower\ncap = 9000\n"
    "[metric back]\narea = a\ntype = retention\nevent = Read\nfrom = 21d\nwindow = 28d\nrole = value\n"
    "[metric through]\narea = a\ntype = funnel\nfunnel = a\n"
    "[metric soon]\narea = a\ntype = time_to\nevent = Read\n"
    "[metric paid]\narea = a\ntype = sum\nproperty = n\nevent = Paid\nrole = derive\nbefore = 28d\n"
    "[area b]\nvalue = kept\n[metric kept]\nevent = Kept\n"
    "[feature night]\narea = a\neligible = Read, Turned\naware = Seen\nuse = Dimmed\nlaunched = 2026-08-21\n"
    "[feature print]\narea = b\nuse = Printed\n"
    "[objective o1]\narea = a\nfigure = funnel\ntarget = 4.5%\nby = 2026-08-21\n"
    "[objective o2]\narea = a\nfigure = delivered\ntarget = 60%\nby = 2026-08-21T02:00:00+02:00\n"
    "[objective o3]\narea = a\nfigure = value\ntarget = 3.5\nby = 2026-08-21T00:00:00Z\n"
    "[objective o4]\narea = a\nfigure = retention\ntarget = 100%\nby = 2026-08-21T00:00:00\n"
    "[objective o5]\narea = b\nfigure = activation\ntarget = 1%\nby = 2026-08-21\n";

static void areas_know_value(void **state)
{
    struct pl_conf *conf = parse(everything);
    const struct pl_rules *rules = conf->rules;
    const struct pl_area_rule *a = &rules->areas[0], *b = &rules->areas[1];

    (void)state;
    assert_ptr_equal(&rules->metrics[a->value], metric_of(conf, "a.value"));
    assert_ptr_equal(&rules->metrics[a->goal], metric_of(conf, "clicked"));
    assert_events(conf, &a->value_events, "Read,Shared");
    assert_int_equal(metric_of(conf, "a.value")->role, PL_ROLE_VALUE);
    assert_int_equal(metric_of(conf, "a.value")->type, PL_METRIC_CONVERSION);
    assert_int_equal(metric_of(conf, "a.value")->window_us, DAY(7));
    assert_int_equal(metric_of(conf, "clicked")->role, PL_ROLE_DELIVERY);
    assert_int_equal(a->activation_us, DAY(2));
    assert_true(a->value_bar == .25 && a->value_per_delivery == .3);
    assert_int_equal(a->adjust, PL_ADJUST_BH);
    assert_string_equal(a->core_levers, "faster, and in colour");

    assert_ptr_equal(&rules->metrics[b->value], metric_of(conf, "kept"));
    assert_events(conf, &b->value_events, "Kept");
    assert_int_equal(metric_of(conf, "kept")->role, PL_ROLE_VALUE);
    assert_int_equal(b->activation_us, DAY(7));
    assert_true(isnan(b->value_bar) && isnan(b->value_per_delivery));
    assert_int_equal(b->adjust, PL_ADJUST_HOLM);
    assert_string_equal(b->core_levers, "");
    assert_true(pl_rules_observed(rules, 0) && pl_rules_observed(rules, 1));
    pl_conf_free(conf);
}

/* As before there was more to say of value. */
static void areas_without_value(void **state)
{
    struct pl_conf *conf = parse("[area a]\ngoal = x\n");
    const struct pl_area_rule *area = &conf->rules->areas[0];

    (void)state;
    assert_int_equal(area->value, PL_RULES_NONE);
    assert_int_equal(area->value_events.n, 0);
    assert_int_equal(conf->rules->n_metrics, 1);
    assert_false(pl_rules_observed(conf->rules, 0));
    pl_conf_free(conf);
}

static void every_type_of_metric(void **state)
{
    struct pl_conf *conf = parse(everything);
    const struct pl_metric_rule *ratio = metric_of(conf, "per page"), *speed = metric_of(conf, "speed");
    const struct pl_metric_rule *back = metric_of(conf, "back"), *through = metric_of(conf, "through");

    (void)state;
    assert_int_equal(ratio->type, PL_METRIC_RATIO);
    assert_ptr_equal(&conf->rules->metrics[ratio->parts[0]], metric_of(conf, "words"));
    assert_ptr_equal(&conf->rules->metrics[ratio->parts[1]], metric_of(conf, "pages"));
    assert_int_equal(ratio->window_us, DAY(3));
    assert_int_equal(ratio->before_us, DAY(14));
    assert_int_equal(ratio->events.n, 0);

    assert_int_equal(speed->type, PL_METRIC_MEAN);
    assert_string_equal(conf->rules->value_paths[speed->value], "ms");
    assert_int_equal(speed->role, PL_ROLE_GUARDRAIL);
    assert_true(speed->margin == .02 && speed->lower_is_better);
    assert_int_equal(speed->cap_micro, INT64_C(9000) * PL_MICRO);

    assert_int_equal(back->type, PL_METRIC_RETENTION);
    assert_int_equal(back->role, PL_ROLE_VALUE);
    assert_int_equal(back->from_us, DAY(21));
    assert_int_equal(back->window_us, DAY(28));

    assert_int_equal(through->type, PL_METRIC_FUNNEL);
    assert_string_equal(conf->rules->funnels[through->funnel].id, "a");
    assert_int_equal(through->window_us, DAY(7));
    assert_int_equal(metric_of(conf, "soon")->type, PL_METRIC_TIME_TO);
    assert_events(conf, &metric_of(conf, "soon")->events, "Read");
    assert_int_equal(metric_of(conf, "paid")->role, PL_ROLE_DERIVE);
    assert_int_equal(metric_of(conf, "paid")->before_us, DAY(28));
    assert_true(isnan(metric_of(conf, "paid")->margin));
    pl_conf_free(conf);
}

static void features_and_objectives(void **state)
{
    struct pl_conf *conf = parse(everything);
    const struct pl_feature_rule *features = conf->rules->features;
    const struct pl_objective_rule *objectives = conf->rules->objectives;
    static const double targets[] = {.045, .6, 3.5, 1, .01};

    (void)state;
    assert_int_equal(conf->rules->n_features, 2);
    assert_string_equal(features[0].id, "night");
    assert_events(conf, &features[0].eligible, "Read,Turned");
    assert_events(conf, &features[0].aware, "Seen");
    assert_events(conf, &features[0].use, "Dimmed");
    assert_true(features[0].launched_us == AUGUST_21_US);
    assert_int_equal(features[1].area, 1);
    assert_int_equal(features[1].eligible.n + features[1].aware.n, 0);
    assert_true(features[1].launched_us == INT64_MIN); /* PL_TIME_NONE */

    assert_int_equal(conf->rules->n_objectives, 5);
    for (unsigned at = 0; at < 5; at++) {
        assert_int_equal(objectives[at].figure, at);
        assert_true(fabs(objectives[at].target - targets[at]) < 1e-12);
        assert_true(objectives[at].by_us == AUGUST_21_US);
    }
    assert_int_equal(objectives[4].area, 1);
    pl_conf_free(conf);
}

static void the_only_area_is_theirs(void **state)
{
    struct pl_conf *conf = parse("[area a]\n[feature f]\nuse = U\n[objective o]\nfigure = value\ntarget = 1\n"
                                 "by = 2026-08-21\n[metric r]\ntype = ratio\nnumerator = m\ndenominator = n\n"
                                 "[metric m]\nevent = M\n[metric n]\nevent = N\n");

    (void)state;
    assert_int_equal(conf->rules->features[0].area, 0);
    assert_int_equal(conf->rules->objectives[0].area, 0);
    assert_int_equal(metric_of(conf, "r")->window_us, DAY(7));
    assert_int_equal(metric_of(conf, "r")->before_us, 0);
    pl_conf_free(conf);
}

/* Ids of events break ties: metrics before funnels before features, whatever the order in the files. */
static void events_are_named_in_order(void **state)
{
    static const char *const names[] = {"Bought", "Read", "A", "B", "Used"};
    struct pl_conf *conf = parse("[feature f]\nuse = Used\n[area a]\nfunnel = A > Bought > B\nvalue = Read\n"
                                 "[metric m]\nevent = Bought\n[metric n]\ntype = funnel\nfunnel = a\n");

    (void)state;
    assert_int_equal(pl_names_count(conf->rules->actions), 5);
    for (uint32_t at = 0; at < 5; at++)
        assert_string_equal(pl_names_text(conf->rules->actions, at), names[at]);
    pl_conf_free(conf);
}

static void keys_follow_the_type(void **state)
{
    static const struct {
        const char *metric, *message;
    } rows[] = {
        {"type = mean\nevent = e\n", "f:2: [metric m] needs `property`: its type is mean"},
        {"type = ratio\ndenominator = x\n", "f:2: [metric m] needs `numerator`: its type is ratio"},
        {"type = ratio\nnumerator = x\n", "f:2: [metric m] needs `denominator`: its type is ratio"},
        {"type = retention\nevent = e\n", "f:2: [metric m] needs `from`: its type is retention"},
        {"type = retention\nfrom = 1d\n", "f:2: [metric m] needs `event`: its type is retention"},
        {"type = funnel\n", "f:2: [metric m] needs `funnel`: its type is funnel"},
        {"type = time_to\n", "f:2: [metric m] needs `event`: its type is time_to"},
        {"type = ratio\nevent = e\nnumerator = x\ndenominator = x\n",
         "f:4: [metric m]: `event` is not for type ratio, only for conversion, count, sum, mean, retention, time_to"},
        {"type = funnel\nevent = e\nfunnel = x\n",
         "f:4: [metric m]: `event` is not for type funnel, only for conversion, count, sum, mean, retention, time_to"},
        {"event = e\nnumerator = x\n", "f:4: [metric m]: `numerator` is not for type conversion, only for ratio"},
        {"event = e\nfunnel = x\n", "f:4: [metric m]: `funnel` is not for type conversion, only for funnel"},
        {"event = e\nfrom = 1d\n", "f:4: [metric m]: `from` is not for type conversion, only for retention"},
        {"event = e\ntype = time_to\nbefore = 1d\n",
         "f:5: [metric m]: `before` is not for type time_to, only for conversion, count, sum, ratio"},
        {"event = e\ntype = time_to\ncap = 1\n",
         "f:5: [metric m]: `cap` is not for type time_to, only for conversion, count, sum, mean"},
        {"event = e\nbefore = 36h\n", "f:4: `before = 36h`: not whole days"},
        {"event = e\nbefore = 29d\n", "f:4: `before = 29d`: not within 1d to 28d"},
        {"event = e\nmargin = 1%\n", "f:4: [metric m]: `margin` is only for role guardrail"},
        {"event = e\nrole = guardrail\nmargin = 0%\n", "f:5: `margin = 0%`: not within 0.01% to 100%"},
        {"event = e\nrole = goal\n", "f:4: `role = goal`: expected one of delivery|value|derive|guardrail"},
        {"event = e\ntype = retention\nfrom = 7d\n", "f:5: `from = 7d` is not before the end of `window = 7d`"},
        {"event = e\ntype = median\n",
         "f:4: `type = median`: expected one of conversion|count|sum|mean|ratio|retention|funnel|time_to"},
        {"event = e\nmargn = 1%\n", "f:4: unknown key `margn` in [metric]; nearest known key: margin"},
    };
    char text[512];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        snprintf(text, sizeof(text), "[area a]\n[metric m]\n%s", rows[at].metric);
        refused(text, rows[at].message);
    }
}

#define RATIO "[area a]\n[metric r]\ntype = ratio\nnumerator = clicks\ndenominator = views\n"

static void ratios_are_checked(void **state)
{
    (void)state;
    refused(RATIO "[metric click]\nevent = c\n", "f:4: `numerator = clicks` names no [metric]; nearest: click");
    refused(RATIO, "f:4: `numerator = clicks` names no [metric]");
    refused(RATIO "[metric clicks]\nevent = c\n[metric view]\nevent = v\n",
            "f:5: `denominator = views` names no [metric]; nearest: view");
    refused(RATIO "[metric clicks]\nevent = c\n[metric views]\nevent = v\ntype = time_to\n",
            "f:5: `denominator = views`: that is a time_to, and a ratio is made of conversion, count or sum");
    refused(RATIO "[metric clicks]\nevent = c\n[metric views]\nevent = v\nwindow = 2d\n",
            "f:5: [metric r]: `window = 7d`, but [metric views] has 2d: a ratio and its parts need the same");
    refused(RATIO "window = 9d\n[metric clicks]\nevent = c\n[metric views]\nevent = v\n",
            "f:6: [metric r]: `window = 9d`, but [metric clicks] has 7d: a ratio and its parts need the same");
    refused(RATIO "before = 7d\n[metric clicks]\nevent = c\n[metric views]\nevent = v\nbefore = 7d\n",
            "f:6: [metric r]: `before = 7d`, but [metric clicks] has none: a ratio and its parts need the same");
    refused(RATIO "[metric clicks]\nevent = c\n[metric views]\nevent = v\nbefore = 7d\n",
            "f:5: [metric r]: `before = (none)`, but [metric views] has 7d: a ratio and its parts need the same");
    refused("[area a]\n[metric r]\ntype = ratio\nnumerator = x\ndenominator = x\n[metric x]\nevent = c\n",
            "f:5: [metric r]: `numerator` and `denominator` are the same");
    refused("[area a]\n[metric r]\ntype = ratio\nnumerator = r\ndenominator = x\n[metric x]\nevent = c\n",
            "f:4: `numerator = r`: that is a ratio, and a ratio is made of conversion, count or sum");
    refused("[area a]\n[area b]\n[metric r]\narea = a\ntype = ratio\nnumerator = x\ndenominator = y\n"
            "[metric x]\narea = b\nevent = x\n[metric y]\narea = a\nevent = y\n",
            "f:6: `numerator = x`: it belongs to area b, and [metric r] to area a");
}

static void funnels_of_metrics_are_checked(void **state)
{
    (void)state;
    refused("[area buy]\nfunnel = A > B\n[metric m]\ntype = funnel\nfunnel = bu\n",
            "f:5: `funnel = bu` names no [funnel]; nearest: buy");
    refused(
        "[area a]\n[area b]\n[metric m]\narea = a\ntype = funnel\nfunnel = f\n[funnel f]\narea = b\nsteps = A > B\n",
        "f:6: `funnel = f`: it belongs to area b, and [metric m] to area a");
}

static void roles_do_not_contradict(void **state)
{
    (void)state;
    refused("[area a]\nvalue = m\n[metric m]\nevent = e\nrole = guardrail\n",
            "f:5: `role = guardrail`: [area a] names [metric m] as its `value`, which has role value");
    refused("[area a]\ngoal = m\n[metric m]\nevent = e\nrole = value\n",
            "f:5: `role = value`: [area a] names [metric m] as its `goal`, which has role delivery");
    refused("[area a]\ngoal = m\nvalue = m\n[metric m]\nevent = e\n",
            "f:2: [area a] has m as its goal and as its value: one of them is enough");
}

static void areas_are_checked(void **state)
{
    struct pl_buf text = {0};
    struct pl_conf *conf;
    struct pl_err err;

    (void)state;
    refused("[area a]\nvalue_bar = 0.3\n", "f:2: `value_bar = 0.3`: expected a share with its sign, such as 0.2%");
    refused("[area a]\nvalue_bar = 100%\n", "f:2: `value_bar = 100%`: not within 0.01% to 99.99%");
    refused("[area a]\nvalue_per_delivery = 0\n", "f:2: `value_per_delivery = 0`: not within 0.000001 to 1000");
    refused("[area a]\nactivation = 91d\n", "f:2: `activation = 91d`: not within 1s to 90d");
    refused("[area a]\nadjust = none\n", "f:2: `adjust = none`: expected one of holm|bh");
    refused("[area a]\ncore_lever = x\n", "f:2: unknown key `core_lever` in [area]; nearest known key: core_levers");
    refused("[area abc]\n[metric m]\narea = abd\nevent = e\n", "f:3: `area = abd` names no [area]; nearest: abc");
    refused("[area a]\nfunnel = pah\n[funnel path]\nsteps = A > B\n",
            "f:2: `funnel = pah` names no [funnel]; events need a way: A > B; nearest: path");
    pl_buf_add_text(&text, "[area a]\ncore_levers = ");
    for (unsigned at = 0; at < 255; at++)
        pl_buf_add_char(&text, 'x');
    assert_int_equal(pl_conf_parse("f", pl_buf_span(&text), &conf, &err), PL_OK);
    assert_int_equal(strlen(conf->rules->areas[0].core_levers), 255);
    pl_conf_free(conf);
    pl_buf_add_char(&text, 'x');
    assert_int_equal(pl_conf_parse("f", pl_buf_span(&text), &conf, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "expected a text of at most 255 bytes"));
    pl_buf_fini(&text);
}

static void features_are_checked(void **state)
{
    (void)state;
    refused("[area a]\n[feature f]\naware = x\n", "f:2: [feature f] needs `use`");
    refused("[area a]\n[feature f]\nuse = x, x\n", "f:2: feature 'f' names one event twice");
    refused("[area a]\n[feature f]\nuse = 1,2,3,4,5,6,7,8,9\n", "f:3: [feature f] `use`: more than 8 events");
    refused("[area a]\n[area b]\n[feature f]\nuse = x\n", "f:3: [feature f] needs `area`");
    refused("[area a]\n[feature f]\nuse = x\narea = b\n", "f:4: `area = b` names no [area]");
    refused("[area a]\n[feature f]\nuse = x\nlaunched = 2026-02-30\n",
            "f:4: `launched = 2026-02-30`: expected a date, such as 2026-08-21 or 2026-08-21T10:00:00Z");
    refused("[area a]\n[feature f]\nuse = x\nlaunched = tomorrow\n",
            "f:4: `launched = tomorrow`: expected a date, such as 2026-08-21 or 2026-08-21T10:00:00Z");
    refused("[area a]\n[feature f]\nuse = x\nlaunched = 1999-12-31\n",
            "f:4: `launched = 1999-12-31`: not within 2000-01-01 to 2199-12-31");
    refused("[area a]\n[feature f]\nuse = x\n[feature f]\nuse = x\n", "f:4: [feature f] was given before, at f:2");
    refused("[area a]\n[featur f]\nuse = x\n", "f:2: unknown section [featur]; nearest known section: [feature NAME]");
}

static void objectives_are_checked(void **state)
{
    (void)state;
    refused("[area a]\n[objective o]\ntarget = 1%\nby = 2026-08-21\n", "f:2: [objective o] needs `figure`");
    refused("[area a]\n[objective o]\nfigure = funnel\nby = 2026-08-21\n", "f:2: [objective o] needs `target`");
    refused("[area a]\n[objective o]\nfigure = funnel\ntarget = 1%\n", "f:2: [objective o] needs `by`");
    refused("[area a]\n[objective o]\nfigure = funnel\ntarget = 0.5\nby = 2026-08-21\n",
            "f:4: `target = 0.5`: expected a share with its sign, at most 100%");
    refused("[area a]\n[objective o]\nfigure = retention\ntarget = 101%\nby = 2026-08-21\n",
            "f:4: `target = 101%`: expected a share with its sign, at most 100%");
    refused("[area a]\n[objective o]\nfigure = value\ntarget = 5%\nby = 2026-08-21\n",
            "f:4: `target = 5%`: a number of value events per unit and week, not a share");
    refused("[area a]\n[objective o]\nfigure = reach\ntarget = 5%\nby = 2026-08-21\n",
            "f:3: `figure = reach`: expected one of funnel|delivered|value|retention|activation");
    refused("[area a]\n[objective o]\nfigure = value\ntarget = -1\nby = 2026-08-21\n",
            "f:4: `target = -1`: expected a number above 0, or a share such as 0.2%");
}

static void print_reads_back(void **state)
{
    static const char *const lines[] = {
        "[metric a.value]  # inferred from f:3\n",
        "role = value                            # inferred from f:3\n",
        "role = value                            # inferred from f:62\n", /* b's metric kept */
        "role = delivery                         # default\n",
        "window = 3d                             # inferred from f:20\n", /* the ratio's, from its numerator */
        "before = 14d                            # inferred from f:21\n",
        "activation = 7d                         # default\n",
        "core_levers = faster, and in colour     # f:8\n",
        "launched = 2026-08-21                   # f:70\n",
        "by = 2026-08-21T02:00:00+02:00          # f:83\n",
    };
    struct pl_conf *first = parse(everything), *second;
    struct pl_buf one = {0}, two = {0};

    (void)state;
    pl_conf_print(first, &one);
    for (size_t at = 0; at < sizeof(lines) / sizeof(*lines); at++)
        if (!strstr(one.ptr, lines[at]))
            fail_msg("not printed: %s in %s", lines[at], one.ptr);
    second = parse(one.ptr);
    assert_true(first->rules->hash == second->rules->hash);
    assert_true(first->rules->count_hash == second->rules->count_hash);
    assert_int_equal(pl_conf_reloadable(first, second, &two, NULL), PL_OK);
    assert_int_equal(two.len, 0);
    pl_buf_fini(&one);
    pl_buf_fini(&two);
    pl_conf_free(first);
    pl_conf_free(second);
}

static bool warns(const char *text, const char *warning)
{
    struct pl_conf *conf = parse(text);
    struct pl_buf out = {0};
    bool found;

    pl_conf_warn(conf, &out);
    found = out.ptr && strstr(out.ptr, warning);
    pl_buf_fini(&out);
    pl_conf_free(conf);
    return found;
}

#define OBJECTIVE(figure, target) "[objective o]\nfigure = " figure "\ntarget = " target "\nby = 2026-08-21\n[area a]\n"
#define NO_VALUE "objective o has nothing to show: area a has no value with events\n"

/* What is warned of, and no longer once a line is added. */
static void warnings(void **state)
{
    static const struct {
        const char *doubtful, *mend, *warning;
    } rows[] = {
        {"[area a]\ngoal = g\n", "value = v\n",
         "area a has no value: that users get what they come for is not measured, so a shift to core work stays "
         "unconfirmed, and neither hollow growth nor DERIVING can be seen\n"},
        {"[funnel f]\nsteps = A > B\n[metric m]\ntype = funnel\nfunnel = f\n[metric n]\nevent = e\n[area a]\nvalue = "
         "m\n",
         NULL,
         "area a: its value m has no events of its own: it is measured in experiments, but not over all users, so a "
         "shift "
         "to core work stays unconfirmed\n"},
        {"[feature f]\nuse = u\n[area a]\n", "value_bar = 5%\n",
         "area a has features and no value_bar: no feature counts as valuable\n"},
        {"[area a]\ngoal = g\nvalue = v\n", "value_per_delivery = 0.5\n",
         "area a has no value_per_delivery: growth counts as hollow only when value falls\n"},
        {"[area a]\n[feature f]\nuse = u\n", "aware = x\n",
         "feature f has no `aware` events: users who do not know it cannot be told from users who do not want it\n"},
        {"[area a]\n[metric m]\nevent = e\nrole = guardrail\n", "margin = 1%\n",
         "metric m is a guardrail without margin: no variant can be called harmless\n"},
        {"[area a]\ngoal = m\n[metric m]\nevent = e\ntype = sum\nproperty = p\n", "cap = 100\n",
         "area a: its goal m has no cap: a few large values decide, and experiments stay too small to be judged\n"},
        {"[area a]\ngoal = m\n[metric m]\nevent = e\ntype = count\n", "cap = 100\n",
         "area a: its goal m has no cap: a few large values decide, and experiments stay too small to be judged\n"},
        {"[area a]\ngoal = m\nvalue = w\n[metric m]\nevent = e\n[metric w]\nevent = f\ntype = sum\nproperty = p\n",
         "cap = 100\n", "area a: its value w has no cap: it is not compared with growth in experiments\n"},
        {"[area a]\ngoal = m\nvalue = w\n[metric m]\nevent = e\n[metric w]\nevent = f\ntype = mean\nproperty = p\n",
         NULL,
         "area a: its goal or value is a mean or ratio: the two cannot be compared in experiments, and hollow growth "
         "is "
         "not seen\n"},
        {"[area a]\n[metric m]\nevent = e\ntype = time_to\nrole = derive\n", NULL,
         "metric m has role derive: only a conversion, count or sum is followed over time, so it cannot show "
         "DERIVING\n"},
        {OBJECTIVE("funnel", "1%"), "funnel = A > B\n", "objective o has nothing to show: area a has no funnel\n"},
        {OBJECTIVE("delivered", "1%") "[feature f]\nuse = u\n", "aware = x\n",
         "objective o has nothing to show: area a has no feature with `aware` events\n"},
        {OBJECTIVE("value", "1"), "value = A\n", NO_VALUE},
        {OBJECTIVE("retention", "1%"), "value = A\n", NO_VALUE},
        {OBJECTIVE("activation", "1%"), "value = A\n", NO_VALUE},
    };
    char text[512];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        if (!warns(rows[at].doubtful, rows[at].warning))
            fail_msg("not warned: %s", rows[at].warning);
        snprintf(text, sizeof(text), "%s%s", rows[at].doubtful, rows[at].mend ? rows[at].mend : "");
        if (rows[at].mend && warns(text, rows[at].warning))
            fail_msg("warned in vain: %s", rows[at].warning);
    }
    assert_false(warns("[area a]\n[metric m]\nevent = e\nrole = derive\n", "so it cannot show"));
    assert_false(warns("[area a]\nsmallest_return = 1%\n", "features"));
    assert_false(warns("[area a]\nsmallest_return = 1%\n", "value_per_delivery"));
}

static void reload(const char *from, const char *to, const char *diff)
{
    struct pl_conf *now = parse(from), *next = parse(to);
    struct pl_buf out = {0};

    assert_int_equal(pl_conf_reloadable(now, next, &out, NULL), PL_OK);
    assert_string_equal(out.ptr ? out.ptr : "", diff);
    pl_buf_fini(&out);
    pl_conf_free(now);
    pl_conf_free(next);
}

static void reload_says_what_is_counted_anew(void **state)
{
    (void)state;
    reload("[area a]\nvalue_bar = 5%\n", "[area a]\nvalue_bar = 6%\nadjust = bh\ncore_levers = x\n",
           "[area a] value_bar: 5% -> 6%\n[area a] adjust: holm -> bh\n[area a] core_levers: (none) -> x\n");
    reload("[area a]\n", "[area a]\nactivation = 1d\n", "[area a] activation: 7d -> 1d (counted anew)\n");
    reload("[area a]\nvalue = v\n", "[area a]\nvalue = v, w\n", "[metric a.value] event: v -> v, w (counted anew)\n");
    reload("[area a]\n", "[area a]\nvalue = v\n",
           "[area a] value: (none) -> a.value (counted anew)\n[metric a.value] added\n");
    reload("[area a]\n[metric m]\nevent = e\n", "[area a]\n[metric m]\nevent = e\nrole = guardrail\nmargin = 1%\n",
           "[metric m] role: delivery -> guardrail\n[metric m] margin: (none) -> 1%\n");
    reload("[area a]\n[metric m]\nevent = e\n", "[area a]\n[metric m]\nevent = e\nbefore = 7d\nwindow = 8d\n",
           "[metric m] window: 7d -> 8d (counted anew)\n[metric m] before: (none) -> 7d (counted anew)\n");
    reload("[area a]\n[feature f]\nuse = u\n", "[area a]\n[feature f]\nuse = u\nlaunched = 2026-08-21\n",
           "[feature f] launched: (none) -> 2026-08-21\n");
    reload("[area a]\n[feature f]\nuse = u\n", "[area a]\n[feature f]\nuse = v\n",
           "[feature f] use: u -> v (counted anew)\n");
    reload("[area a]\n[feature f]\nuse = u\n", "[area a]\n[feature g]\nuse = u\n",
           "[feature f] removed\n[feature g] added\n");
    reload("[area a]\n[objective o]\nfigure = value\ntarget = 1\nby = 2026-08-21\n",
           "[area a]\n[objective o]\nfigure = value\ntarget = 2\nby = 2027-08-21\n",
           "[objective o] target: 1 -> 2\n[objective o] by: 2026-08-21 -> 2027-08-21\n");
}

/* What the list of changes calls counted anew is what changes the hash of what is counted. */
static void counted_anew_is_what_is_counted(void **state)
{
    static const struct {
        const char *to;
        bool anew;
    } rows[] = {
        {"[area a]\nvalue = v\nactivation = 1d\n", true},
        {"[area a]\nvalue = w\n", true},
        {"[area a]\nvalue = v\nvalue_bar = 5%\nvalue_per_delivery = 1\nadjust = bh\ncore_levers = x\n", false},
    };
    struct pl_conf *base = parse("[area a]\nvalue = v\n");

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_conf *next = parse(rows[at].to);
        struct pl_buf out = {0};

        assert_int_equal(pl_conf_reloadable(base, next, &out, NULL), PL_OK);
        assert_true((strstr(out.ptr, "counted anew") != NULL) == rows[at].anew);
        assert_true((base->rules->count_hash != next->rules->count_hash) == rows[at].anew);
        assert_true(base->rules->hash != next->rules->hash);
        pl_buf_fini(&out);
        pl_conf_free(next);
    }
    pl_conf_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_know_value),
        cmocka_unit_test(areas_without_value),
        cmocka_unit_test(every_type_of_metric),
        cmocka_unit_test(features_and_objectives),
        cmocka_unit_test(the_only_area_is_theirs),
        cmocka_unit_test(events_are_named_in_order),
        cmocka_unit_test(keys_follow_the_type),
        cmocka_unit_test(ratios_are_checked),
        cmocka_unit_test(funnels_of_metrics_are_checked),
        cmocka_unit_test(roles_do_not_contradict),
        cmocka_unit_test(areas_are_checked),
        cmocka_unit_test(features_are_checked),
        cmocka_unit_test(objectives_are_checked),
        cmocka_unit_test(print_reads_back),
        cmocka_unit_test(warnings),
        cmocka_unit_test(reload_says_what_is_counted_anew),
        cmocka_unit_test(counted_anew_is_what_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
