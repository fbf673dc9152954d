/* Figures over goals and arms: one family of p, guardrails, times. The p and intervals are those of the formulas of
 * statistics.md 1.2 and 1.3 in Python.
 */
#include "core/judge/figures.h"
#include "support/area_rule.h"

#include "core/sketch.h"
#include "support/cells_fixture.h"
#include "support/near.h"

#define DAY0 INT32_C(18505) /* a Monday: 2020-08-31 */
#define TICK ((DAY0 + 40) * PL_DAY_US)

enum { BUYS, SIGNS, USES, GUARD, TIME };

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
    struct pl_sums sums;
};

static void add_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type, enum pl_metric_role role,
                       double margin)
{
    struct pl_metric_rule metric = {
        .type = type, .role = role, .value = PL_RULES_NONE, .events.n = 1, .window_us = 7 * PL_DAY_US};

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    metric.events.ids[0] = pl_rules_action(rules, pl_span_of(id));
    metric.margin = margin;
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
}

static void count(struct fixture *f, unsigned arm, int32_t day, int64_t units)
{
    cells_add(&f->sums, (struct pl_cell_key){PL_CELL_EXPOSED, (uint16_t)arm, 0, 0, DAY0 + day}, units, 0, 0);
}

static void hit(struct fixture *f, unsigned arm, uint32_t metric, int64_t hits)
{
    cells_add(&f->sums, (struct pl_cell_key){PL_CELL_METRIC, (uint16_t)arm, 0, metric, DAY0}, 0, hits * PL_MICRO,
              (pl_int128)hits * PL_MICRO * PL_MICRO);
}

static void took(struct fixture *f, unsigned arm, int32_t week, int64_t time_us, int64_t units)
{
    uint32_t detail = TIME | pl_sketch_bucket(time_us) << 16;

    cells_add(&f->sums, (struct pl_cell_key){PL_CELL_TIME, (uint16_t)arm, 0, detail, DAY0 + 7 * week}, units, 0, 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct pl_area_rule area = area_rule("shop", "*", PL_NAN);

    f->rules = pl_rules_new();
    assert_int_equal(pl_rules_add_area(f->rules, &area, NULL, NULL), PL_OK);
    add_metric(f->rules, "buys", PL_METRIC_CONVERSION, PL_ROLE_DELIVERY, PL_NAN);
    add_metric(f->rules, "signs", PL_METRIC_CONVERSION, PL_ROLE_DELIVERY, PL_NAN);
    add_metric(f->rules, "uses", PL_METRIC_CONVERSION, PL_ROLE_VALUE, PL_NAN);
    add_metric(f->rules, "guard", PL_METRIC_CONVERSION, PL_ROLE_GUARDRAIL, PL_NAN);
    add_metric(f->rules, "time", PL_METRIC_TIME_TO, PL_ROLE_VALUE, PL_NAN);
    assert_int_equal(pl_rules_seal(f->rules, NULL), PL_OK);
    cells_experiment(&f->sums, "e", 3, DAY0 * PL_DAY_US);
    for (unsigned arm = 0; arm < 3; arm++) {
        count(f, arm, 0, 10000);
        hit(f, arm, BUYS, (const int64_t[]){1000, 1150, 1300}[arm]);
        hit(f, arm, SIGNS, (const int64_t[]){500, 650, 590}[arm]);
        hit(f, arm, USES, (const int64_t[]){500, 650, 900}[arm]);
        hit(f, arm, GUARD, (const int64_t[]){500, 400, 495}[arm]);
    }
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

static void open_judge(struct fixture *f)
{
    pl_judge_free(f->judge);
    f->judge = pl_judge_new(f->rules, 14 * PL_DAY_US);
    assert_non_null(f->judge);
    cells_close(&f->sums);
    assert_int_equal(pl_judge_restore_sums(f->judge, &f->sums, NULL), PL_OK);
}

static void one_family_of_goals_and_arms(void **state)
{
    struct fixture *f = *state;
    static const double holm[4] = {.08192174672977277, 1.6422223411471264e-06, .007526428406625077, .22696277669937417};
    static const double bh[4] = {.05461449781984851, 1.6422223411471264e-06, .005017618937750052, .22696277669937417};
    double p[PL_RULES_METRICS_MAX * PL_VARIANTS_MAX];

    for (int rule = PL_ADJUST_HOLM; rule <= PL_ADJUST_BH; rule++) {
        const double *want = rule == PL_ADJUST_HOLM ? holm : bh;

        f->rules->areas[0].adjust = (enum pl_adjust)rule;
        open_judge(f);
        pl_figures_adjusted(f->judge, 0, TICK, p);
        assert_near(p[BUYS * PL_VARIANTS_MAX + 1], want[0], 1e-9);
        assert_near(p[BUYS * PL_VARIANTS_MAX + 2], want[1], 1e-7); /* of 4e-7 in an exponent of -14 */
        assert_near(p[SIGNS * PL_VARIANTS_MAX + 1], want[2], 1e-9);
        assert_near(p[SIGNS * PL_VARIANTS_MAX + 2], want[3], 1e-9);
        assert_true(isnan(p[BUYS * PL_VARIANTS_MAX]) && isnan(p[SIGNS * PL_VARIANTS_MAX]));
        for (unsigned arm = 0; arm < PL_VARIANTS_MAX; arm++)
            assert_true(isnan(p[USES * PL_VARIANTS_MAX + arm]) && isnan(p[GUARD * PL_VARIANTS_MAX + arm]));
    }
    /* Before its days are mature a goal has no p. */
    pl_figures_adjusted(f->judge, 0, (DAY0 + 7) * PL_DAY_US, p);
    assert_true(isnan(p[BUYS * PL_VARIANTS_MAX + 1]));
}

static enum pl_margin_verdict guardrail(struct fixture *f, unsigned arm, double margin, bool lower)
{
    struct pl_measure_arm a, b;

    f->rules->metrics[GUARD].margin = margin;
    f->rules->metrics[GUARD].lower_is_better = lower;
    a = pl_figures_arm(f->judge, 0, 0, GUARD, PL_FIGURES_LIFE, TICK);
    b = pl_figures_arm(f->judge, 0, arm, GUARD, PL_FIGURES_LIFE, TICK);
    return pl_figures_compare(f->rules, GUARD, &a, &b).guardrail;
}

/* 400 against 500: -.2 (-.364 to -.036); 495: -.01 (-.208 to .188). */
static void guardrails(void **state)
{
    struct fixture *f = *state;
    struct pl_measure_arm a, b;

    open_judge(f);
    assert_int_equal(guardrail(f, 1, PL_NAN, false), PL_MARGIN_HARMED);
    assert_int_equal(guardrail(f, 1, .03, false), PL_MARGIN_HARMED);
    assert_int_equal(guardrail(f, 1, .05, false), PL_MARGIN_UNCLEAR);
    assert_int_equal(guardrail(f, 1, .37, false), PL_MARGIN_OK);
    assert_int_equal(guardrail(f, 1, PL_NAN, true), PL_MARGIN_OK);
    assert_int_equal(guardrail(f, 2, PL_NAN, false), PL_MARGIN_UNCLEAR); /* that nothing is lost can hardly be proven */
    assert_int_equal(guardrail(f, 2, PL_NAN, true), PL_MARGIN_UNCLEAR);
    assert_int_equal(guardrail(f, 2, .22, false), PL_MARGIN_OK);
    a = pl_figures_arm(f->judge, 0, 0, BUYS, PL_FIGURES_LIFE, TICK);
    b = pl_figures_arm(f->judge, 0, 1, BUYS, PL_FIGURES_LIFE, TICK);
    assert_int_equal(pl_figures_compare(f->rules, BUYS, &a, &b).guardrail, PL_MARGIN_UNMEASURED);
    a = pl_figures_arm(f->judge, 0, 0, GUARD, PL_FIGURES_7D, TICK); /* nobody came in the last week */
    assert_int_equal(pl_figures_compare(f->rules, GUARD, &a, &a).guardrail, PL_MARGIN_UNMEASURED);
}

/* 10,000 units of the first week: 6,000 within an hour, 3,500 within a day, the others never. */
static void times_of_mature_weeks(void **state)
{
    struct fixture *f = *state;
    struct pl_quantile got;
    int64_t hour = 50 * PL_MINUTE_US, day = 20 * PL_HOUR_US;

    took(f, 1, 0, hour, 6000);
    took(f, 1, 0, day, 3500);
    took(f, 2, 0, hour, 4000);
    took(f, 1, 4, hour, 300); /* units of the fifth week: at the tick they have a week to go */
    count(f, 1, 28, 500);
    open_judge(f);
    got = pl_figures_time(f->judge, 0, 1, TIME, .5, TICK);
    assert_int_equal(got.n, 10000);
    assert_near(got.value_us, (double)pl_sketch_middle(pl_sketch_bucket(hour)), 0.);
    got = pl_figures_time(f->judge, 0, 1, TIME, .9, TICK);
    assert_near(got.value_us, (double)pl_sketch_middle(pl_sketch_bucket(day)), 0.);
    assert_near(got.upper_us, (double)pl_sketch_upper(pl_sketch_bucket(day)), 0.);
    got = pl_figures_time(f->judge, 0, 2, TIME, .5, TICK); /* 4,000 of 10,000 got there */
    assert_true(isinf(got.value_us) && isinf(got.upper_us));
    got = pl_figures_time(f->judge, 0, 1, TIME, .5, TICK + 2 * PL_DAY_US); /* Monday of the seventh week */
    assert_int_equal(got.n, 10500);
    got = pl_figures_time(f->judge, 0, 0, TIME, .5, (DAY0 + 13) * PL_DAY_US); /* the first week has a day to go */
    assert_true(got.n == 0 && isnan(got.value_us));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(one_family_of_goals_and_arms),
        WITH(guardrails),
        WITH(times_of_mature_weeks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
