/* What enters at the landmark: several arms, value beside delivery, quarters of a holdout, baselines of one metric. */
#include "core/judge/judge.h"
#include "support/area_rule.h"

#include "support/cells_fixture.h"
#include "support/near.h"

#define DAY0 INT32_C(18000)
#define T0 (DAY0 * PL_DAY_US)
#define DUE (T0 + 21 * PL_DAY_US) /* landmark 14 d, window 7 d */

enum { BUYS, SPENT, RETURNS, USES, SPELL, METRICS };

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
    struct pl_sums sums;
};

static void add_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type, bool lower, int64_t days)
{
    struct pl_metric_rule metric = {
        .type = type, .value = PL_RULES_NONE, .events.n = 1, .window_us = days * PL_DAY_US, .lower_is_better = lower};

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    metric.events.ids[0] = pl_rules_action(rules, pl_span_of(id));
    if (type == PL_METRIC_SUM) {
        metric.value = pl_rules_value(rules, pl_span_of(id));
        metric.cap_micro = 1000 * PL_MICRO;
    }
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
}

static void open_judge(struct fixture *f)
{
    pl_judge_free(f->judge);
    f->judge = pl_judge_new(f->rules, 14 * PL_DAY_US);
    assert_non_null(f->judge);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct pl_area_rule area = area_rule("shop", "*", .01);

    area.value_per_delivery = .3;
    f->rules = pl_rules_new();
    assert_int_equal(pl_rules_add_area(f->rules, &area, NULL, NULL), PL_OK);
    add_metric(f->rules, "buys", PL_METRIC_CONVERSION, false, 7);
    add_metric(f->rules, "spent", PL_METRIC_SUM, false, 7);
    add_metric(f->rules, "returns", PL_METRIC_CONVERSION, true, 7);
    add_metric(f->rules, "uses", PL_METRIC_CONVERSION, false, 7);
    add_metric(f->rules, "spell", PL_METRIC_CONVERSION, false, 30);
    assert_int_equal(pl_rules_seal(f->rules, NULL), PL_OK);
    f->rules->areas[0].goal = BUYS;
    open_judge(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_judge_free(f->judge);
    pl_rules_free(f->rules);
    pl_sums_fini(&f->sums);
    free(f);
    return 0;
}

/* Units of an arm on a day, and how many of them converted, each with x = 1. */
static void count(struct fixture *f, unsigned experiment, unsigned arm, int32_t day, int64_t units)
{
    struct pl_cell_key key = {PL_CELL_EXPOSED, (uint16_t)arm, experiment, 0, DAY0 + day};

    cells_add(&f->sums, key, units, 0, 0);
    key = (struct pl_cell_key){PL_CELL_SEGMENT, (uint16_t)arm, experiment, 0, 0};
    cells_add(&f->sums, key, units, 0, 0);
}

static void hit(struct fixture *f, unsigned experiment, unsigned arm, uint32_t metric, int32_t day, int64_t hits)
{
    struct pl_cell_key key = {PL_CELL_METRIC, (uint16_t)arm, experiment, metric, DAY0 + day};

    cells_add(&f->sums, key, 0, hits * PL_MICRO, (pl_int128)hits * PL_MICRO * PL_MICRO);
}

static void both(struct fixture *f, unsigned arm, uint32_t a, uint32_t b, int64_t units)
{
    struct pl_cell_key key = {PL_CELL_CROSS, (uint16_t)arm, 0,
                              PL_CELL_PAIR(PL_CELL_VARIABLE(a, 0), PL_CELL_VARIABLE(b, 0)), DAY0};

    cells_add(&f->sums, key, 0, 0, (pl_int128)units * PL_MICRO * PL_MICRO);
}

static void step(struct fixture *f, int64_t tick_us, bool with_sums)
{
    struct pl_judgement judgement;

    cells_close(&f->sums);
    assert_int_equal(pl_judge_tick(f->judge, tick_us, with_sums ? &f->sums : NULL, &judgement, NULL), PL_OK);
}

static const struct pl_row *row_of(const struct fixture *f, const char *id)
{
    const struct pl_ledger *ledger = pl_judge_ledger(f->judge);

    for (size_t at = 0; at < ledger->n; at++)
        if (ledger->rows[at].kind == PL_ROW_RESULT && strcmp(ledger->rows[at].id, id) == 0)
            return &ledger->rows[at];
    return NULL;
}

static void assert_nothing(const struct pl_row *row, enum pl_exclusion excluded)
{
    assert_non_null(row);
    assert_int_equal(row->excluded, excluded);
    assert_true(isnan(row->effect) && isnan(row->se) && row->arms.n == 0 && isnan(row->value.effect));
}

static double of_mean(double p, double n)
{
    return p * (1 - p) / n;
}

/* 10 %, 11 % and 9.5 % of 4,000, 5,000 and 6,000 units; half the area's traffic; m0 = .08. */
static void several_arms_share_their_control(void **state)
{
    struct fixture *f = *state;
    const double u2 = .25 / (.08 * .08);
    const struct pl_row *row;

    f->rules->areas[0].coverage = .5;
    f->rules->areas[0].baseline = .08;
    cells_experiment(&f->sums, "e", 3, T0);
    f->sums.experiments[0].shares[0][0] = 4;
    f->sums.experiments[0].shares[0][1] = 5;
    f->sums.experiments[0].shares[0][2] = 6;
    for (unsigned arm = 0; arm < 3; arm++) {
        count(f, 0, arm, 13, 1000 * (arm + 4));
        hit(f, 0, arm, BUYS, 13, (const int64_t[]){400, 550, 570}[arm]);
        count(f, 0, arm, 14, 400 * (arm + 4)); /* a day late: seen, not entered */
        hit(f, 0, arm, BUYS, 14, 100);
    }
    step(f, DUE, true);
    row = row_of(f, "e");
    assert_int_equal(row->excluded, PL_ENTERED);
    assert_int_equal(row->arms.n, 2);
    assert_near(row->arms.effect[0], .5 * .01 / .08, 1e-9);
    assert_near(row->arms.effect[1], .5 * -.005 / .08, 1e-9);
    assert_near(row->arms.se[0], sqrt((of_mean(.1, 4000) + of_mean(.11, 5000)) * u2), 1e-9);
    assert_near(row->arms.se[1], sqrt((of_mean(.1, 4000) + of_mean(.095, 6000)) * u2), 1e-9);
    assert_near(row->arms.shared, of_mean(.1, 4000) * u2, 1e-9);
    assert_near(row->effect, .0625, 1e-9);
    assert_near(row->se, sqrt((of_mean(.1, 4000) + (of_mean(.11, 5000) + of_mean(.095, 6000)) / 2) * u2), 1e-9);
    assert_near(row->units, 15000 * 1.4, 0);
    assert_near(row->n_control, 4000, 0);
    assert_string_equal(row->metric, "buys");
    assert_int_equal(pl_judge_area(f->judge, 0)->n, 1);
}

/* The best is the one whose loss is smallest when less is better. */
static void several_arms_of_what_should_fall(void **state)
{
    struct fixture *f = *state;

    f->rules->areas[0].goal = RETURNS;
    cells_experiment(&f->sums, "e", 3, T0);
    for (unsigned arm = 0; arm < 3; arm++) {
        count(f, 0, arm, 0, 1000);
        hit(f, 0, arm, RETURNS, 0, (const int64_t[]){100, 120, 70}[arm]);
    }
    step(f, DUE, true);
    assert_near(row_of(f, "e")->arms.effect[0], -.2, 1e-9);
    assert_near(row_of(f, "e")->arms.effect[1], .3, 1e-9);
    assert_near(row_of(f, "e")->effect, .3, 1e-9);
}

static void a_tiny_arm_is_too_small(void **state)
{
    struct fixture *f = *state;

    cells_experiment(&f->sums, "e", 3, T0);
    for (unsigned arm = 0; arm < 3; arm++) {
        f->sums.experiments[0].shares[0][arm] = arm < 2 ? .49 : .02;
        count(f, 0, arm, 0, arm < 2 ? 4900 : 200);
        hit(f, 0, arm, BUYS, 0, arm < 2 ? 490 : 20);
    }
    step(f, DUE, true);
    assert_nothing(row_of(f, "e"), PL_EXCLUDED_TOO_SMALL);
}

/* A forced variant of somebody who then got the usual one: the name is known, its unit is not counted any more. */
static void an_arm_without_units_is_none(void **state)
{
    struct fixture *f = *state;
    struct pl_experiment_view view;

    cells_experiment(&f->sums, "e", 3, T0);
    for (unsigned arm = 0; arm < 2; arm++) {
        count(f, 0, arm, 0, 5000);
        hit(f, 0, arm, BUYS, 0, 500 + 50 * arm);
    }
    step(f, DUE, true);
    pl_judge_experiment(f->judge, 0, &view);
    assert_false(view.uneven_split);
    assert_int_equal(row_of(f, "e")->excluded, PL_ENTERED);
    assert_int_equal(row_of(f, "e")->arms.n, 0);
    assert_near(row_of(f, "e")->effect, .1, 1e-9);
}

static void a_declared_arm_without_units_is_uneven(void **state)
{
    struct fixture *f = *state;

    cells_experiment(&f->sums, "e", 3, T0);
    for (unsigned arm = 0; arm < 3; arm++)
        f->sums.experiments[0].shares[0][arm] = 1. / 3;
    for (unsigned arm = 0; arm < 2; arm++)
        count(f, 0, arm, 0, 5000);
    step(f, DUE, true);
    assert_nothing(row_of(f, "e"), PL_EXCLUDED_UNHEALTHY);
}

static void one_arm_alone_is_no_experiment(void **state)
{
    struct fixture *f = *state;

    cells_experiment(&f->sums, "e", 2, T0);
    count(f, 0, 1, 0, 5000);
    step(f, DUE, true);
    assert_nothing(row_of(f, "e"), PL_EXCLUDED_SHAPE);
}

/* Nobody of the control spent anything, and nothing says what it should be compared with; or no arm varies. The ledger
 * must not hold what is no number. */
static void a_baseline_of_nothing_is_too_small(void **state)
{
    struct fixture *f = *state;

    f->rules->areas[0].goal = SPENT;
    for (unsigned e = 0; e < 3; e++) {
        cells_experiment(&f->sums, (const char *[]){"two", "three", "flat"}[e], e ? 3 : 2, T0);
        for (unsigned arm = 0; arm < (e ? 3 : 2); arm++) {
            count(f, e, arm, 0, 2000);
            if (arm == (e < 2 ? 1 : 2))
                hit(f, e, arm, SPENT, 0, 100);
        }
    }
    step(f, DUE - PL_HOUR_US, true);
    assert_null(row_of(f, "two"));
    step(f, DUE, false);
    assert_nothing(row_of(f, "two"), PL_EXCLUDED_TOO_SMALL);
    assert_nothing(row_of(f, "three"), PL_EXCLUDED_TOO_SMALL);
    f->rules->areas[0].baseline = .5;
    open_judge(f);
    step(f, DUE, true);
    assert_int_equal(row_of(f, "two")->excluded, PL_ENTERED);
    assert_nothing(row_of(f, "flat"), PL_EXCLUDED_TOO_SMALL); /* control and one arm are nothing but zeros */
    assert_int_equal(row_of(f, "three")->excluded, PL_EXCLUDED_TOO_SMALL);
    assert_true(isfinite(pl_judge_area(f->judge, 0)->e_flat));
}

/* 2,000 units an arm; buys 200 and 240, uses 100 and 90, both 60 and 50: the covariance of the differences is the sum
 * of (both - buys uses / n) / (n - 1) / n over the arms. */
static void make_value(struct fixture *f, uint32_t goal, uint32_t value)
{
    const int64_t a[] = {200, 240}, b[] = {100, 90}, ab[] = {60, 50};

    f->rules->areas[0].goal = goal;
    f->rules->areas[0].value = value;
    cells_experiment(&f->sums, "e", 2, T0);
    for (unsigned arm = 0; arm < 2; arm++) {
        count(f, 0, arm, 0, 2000);
        hit(f, 0, arm, goal, 0, a[arm]);
        hit(f, 0, arm, value, 0, b[arm]);
        both(f, arm, goal, value, ab[arm]);
    }
}

#define COVARIANCE (((60 - 200. * 100 / 2000) + (50 - 240. * 90 / 2000)) / 1999 / 2000)

static void value_of_the_same_units(void **state)
{
    struct fixture *f = *state;
    const struct pl_row *row;

    f->rules->areas[0].coverage = .5;
    make_value(f, BUYS, USES);
    step(f, DUE, true);
    row = row_of(f, "e");
    assert_near(row->effect, .5 * .2, 1e-9);
    assert_near(row->value.effect, .5 * -.1, 1e-9);
    assert_near(row->value.se, .5 * sqrt(of_mean(.05, 2000) + of_mean(.045, 2000)) / .05, 1e-9);
    assert_near(row->value.cov, .25 * COVARIANCE / .1 / .05, 1e-9);
    assert_near(row->value.mean_control, .05, 1e-12);
    assert_string_equal(row->value.metric, "uses");
    assert_int_equal(pl_judge_area(f->judge, 0)->n_value, 1);
    assert_true(pl_judge_area(f->judge, 0)->e_hollow > 0);
}

/* Where one of the two should fall, more of it is less: the covariance turns, where both should, it does not. */
static void signs_of_what_should_fall(void **state)
{
    struct fixture *f = *state;
    const struct pl_row *row;

    make_value(f, RETURNS, USES);
    step(f, DUE, true);
    row = row_of(f, "e");
    assert_near(row->effect, -.2, 1e-9);
    assert_near(row->value.effect, -.1, 1e-9);
    assert_near(row->value.cov, -COVARIANCE / .1 / .05, 1e-9);
    f->rules->metrics[USES].lower_is_better = true;
    open_judge(f);
    step(f, DUE, true);
    row = row_of(f, "e");
    assert_near(row->value.effect, .1, 1e-9);
    assert_near(row->value.cov, COVARIANCE / .1 / .05, 1e-9);
}

static void value_of_a_longer_window_is_waited_for(void **state)
{
    struct fixture *f = *state;

    make_value(f, BUYS, SPELL);
    step(f, DUE + 23 * PL_DAY_US - PL_HOUR_US, true);
    assert_null(row_of(f, "e"));
    assert_int_equal(pl_judge_due(f->judge, DUE), DUE + 23 * PL_DAY_US);
    step(f, DUE + 23 * PL_DAY_US, false);
    assert_true(row_of(f, "e")->time_us == T0 + 14 * PL_DAY_US);
    assert_near(row_of(f, "e")->value.effect, -.1, 1e-9);
}

static void too_little_value_is_unknown(void **state)
{
    struct fixture *f = *state;

    make_value(f, BUYS, USES);
    hit(f, 0, 0, USES, 0, -76); /* 24 are left */
    step(f, DUE, true);
    assert_int_equal(row_of(f, "e")->excluded, PL_ENTERED);
    assert_near(row_of(f, "e")->effect, .2, 1e-9);
    assert_true(isnan(row_of(f, "e")->value.effect) && isnan(row_of(f, "e")->value.mean_control));
    assert_int_equal(pl_judge_area(f->judge, 0)->n_value, 0);
}

/* Two of the same tick: the second is measured by the first one's control, in order of their ids. */
static void baselines_are_of_those_that_entered_before(void **state)
{
    struct fixture *f = *state;

    for (unsigned e = 0; e < 2; e++) {
        cells_experiment(&f->sums, (const char *[]){"b", "a"}[e], 2, T0);
        for (unsigned arm = 0; arm < 2; arm++) {
            count(f, e, arm, 0, 1000);
            hit(f, e, arm, BUYS, 0, e ? 100 + 10 * arm : 200 + 10 * arm);
        }
    }
    step(f, DUE, true);
    assert_near(row_of(f, "a")->baseline, .1, 1e-12);
    assert_near(row_of(f, "a")->effect, .1, 1e-9);
    assert_near(row_of(f, "b")->baseline, .1, 1e-12);
    assert_near(row_of(f, "b")->effect, .1, 1e-9);
    assert_near(row_of(f, "b")->mean_control, .2, 1e-12);
}

/* The goal is changed by a reload: .1 buys say nothing about 30 spent. A row that does not say what it measured counts.
 */
static void a_new_goal_has_a_baseline_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct pl_row old = pl_ledger_row(PL_ROW_RESULT);

    cells_experiment(&f->sums, "e", 2, T0);
    for (unsigned arm = 0; arm < 2; arm++) {
        count(f, 0, arm, 0, 2000);
        hit(f, 0, arm, SPENT, 0, 1000 + 100 * arm);
    }
    f->rules->areas[0].goal = SPENT;
    open_judge(f);
    old.mean_control = .1;
    old.n_control = 2000;
    old.time_us = T0;
    old.effect = old.se = 1;
    snprintf(old.metric, sizeof(old.metric), "buys");
    assert_int_equal(pl_judge_restore_row(f->judge, &old, NULL), PL_OK);
    step(f, DUE, true);
    assert_near(row_of(f, "e")->baseline, .5, 1e-12);
    assert_near(row_of(f, "e")->effect, .1, 1e-9);
    open_judge(f);
    old.metric[0] = '\0';
    old.mean_control = -.25; /* what costs more than it brings has a baseline too */
    assert_int_equal(pl_judge_restore_row(f->judge, &old, NULL), PL_OK);
    step(f, DUE, true);
    assert_near(row_of(f, "e")->baseline, -.25, 1e-12);
    assert_near(row_of(f, "e")->effect, .2, 1e-9);
}

static void tell(struct fixture *f, struct pl_control control, int64_t place_us)
{
    control.cost = 1;
    control.healthy = control.shipped = true;
    control.time_us = control.time_us ? control.time_us : place_us;
    control.value = control.value_se = PL_NAN;
    assert_int_equal(pl_judge_control(f->judge, &control, place_us), PL_ACCEPTED);
}

#define QUARTER (T0 + 91 * PL_DAY_US)

/* 98 units a day, of them 40 held out: 10 % of them convert and 12 % of the others, in the last 28 days of the quarter;
 * before those it is another rate. */
static void make_holdout(struct fixture *f, unsigned variants)
{
    cells_experiment(&f->sums, "keep", variants, T0 + PL_HOUR_US);
    f->sums.experiments[0].shares[0][0] = .4;
    f->sums.experiments[0].shares[0][1] = .6;
    for (int32_t day = 0; day < 95; day++) {
        bool seen = day >= 63 && day < 91;

        count(f, 0, 0, day, 400);
        count(f, 0, 1, day, 600);
        hit(f, 0, 0, BUYS, day, seen ? 40 : 200);
        hit(f, 0, 1, BUYS, day, seen ? 72 : 10);
    }
}

static void a_quarter_of_a_holdout(void **state)
{
    struct fixture *f = *state;
    const struct pl_area_state *area;
    const struct pl_row *row;

    f->rules->areas[0].baseline = .1;
    make_holdout(f, 2);
    tell(f,
         (struct pl_control){
             .type = PL_CONTROL_LIFECYCLE, .state = PL_STARTED, .experiment = "keep", .work = PL_WORK_HOLDOUT},
         T0 + PL_HOUR_US);
    for (int at = 0; at < 4; at++) { /* at the start, within, at the end; "zz" would come after "keep" by its name */
        const char *const ids[] = {"r0", "r1", "r2", "zz"};
        struct pl_control control = {
            .type = PL_CONTROL_RESULT, .area = "shop", .effect = .5, .se = .05, .early = at == 1};

        snprintf(control.id, PL_NAME_BYTES, "%s", ids[at]);
        snprintf(control.experiment, PL_NAME_BYTES, "%s", ids[at]);
        control.time_us = (const int64_t[]){T0 + PL_HOUR_US, T0 + 20 * PL_DAY_US, T0 + 50 * PL_DAY_US, QUARTER}[at];
        tell(f, control, QUARTER + 7 * PL_DAY_US - PL_MINUTE_US);
    }
    step(f, T0 + 2 * PL_HOUR_US, true);
    assert_int_equal(pl_judge_due(f->judge, QUARTER + 6 * PL_DAY_US), QUARTER + 7 * PL_DAY_US);
    step(f, QUARTER + 7 * PL_DAY_US, false);
    row = row_of(f, "keep");
    assert_int_equal(row->excluded, PL_EXCLUDED_KIND);
    assert_true(row->time_us == QUARTER && row->start_us == T0 + PL_HOUR_US);
    assert_near(row->effect, .02 / .1, 1e-9);
    assert_near(row->se, sqrt(of_mean(.1, 28 * 400) + of_mean(.12, 28 * 600)) / .1, 1e-9);
    area = pl_judge_area(f->judge, 0);
    assert_int_equal(area->n, 4);
    assert_int_equal(area->quarter.n, 3);
    assert_near(area->quarter.credited, 2 * .5, 1e-3); /* X of .5 at .05 is .5; what ended early is credited nothing */
    assert_near(area->quarter.realised, .2, 1e-9);
    assert_true(area->e_holdout > 0 && !area->holdout); /* 3 experiments of .01 were asked for, and .2 was there */
}

static void a_holdout_that_ends_early_or_has_arms_is_not_measured(void **state)
{
    struct fixture *f = *state;
    const struct pl_control start = {
        .type = PL_CONTROL_LIFECYCLE, .state = PL_STARTED, .experiment = "keep", .work = PL_WORK_HOLDOUT};
    struct pl_control stop = {.type = PL_CONTROL_LIFECYCLE, .state = PL_STOPPED, .experiment = "keep"};

    make_holdout(f, 2);
    tell(f, start, T0 + PL_HOUR_US);
    tell(f, stop, QUARTER - PL_DAY_US);
    step(f, QUARTER + 7 * PL_DAY_US, true);
    assert_nothing(row_of(f, "keep"), PL_EXCLUDED_KIND);
    assert_true(row_of(f, "keep")->early);
    assert_int_equal(pl_judge_area(f->judge, 0)->quarter.n, 0);
    pl_sums_fini(&f->sums);
    open_judge(f);
    make_holdout(f, 3);
    f->sums.experiments[0].shares[0][2] = .001;
    count(f, 0, 2, 0, 90);
    tell(f, start, T0 + PL_HOUR_US);
    step(f, QUARTER + 7 * PL_DAY_US, true);
    assert_nothing(row_of(f, "keep"), PL_EXCLUDED_KIND);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(several_arms_share_their_control),
        WITH(several_arms_of_what_should_fall),
        WITH(a_tiny_arm_is_too_small),
        WITH(an_arm_without_units_is_none),
        WITH(a_declared_arm_without_units_is_uneven),
        WITH(one_arm_alone_is_no_experiment),
        WITH(a_baseline_of_nothing_is_too_small),
        WITH(value_of_the_same_units),
        WITH(signs_of_what_should_fall),
        WITH(value_of_a_longer_window_is_waited_for),
        WITH(too_little_value_is_unknown),
        WITH(baselines_are_of_those_that_entered_before),
        WITH(a_new_goal_has_a_baseline_of_its_own),
        WITH(a_quarter_of_a_holdout),
        WITH(a_holdout_that_ends_early_or_has_arms_is_not_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
