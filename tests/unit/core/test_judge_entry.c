/* Experiments from sums: which enter, with what, and what keeps one out. */
#include "core/judge/judge.h"
#include "support/area_rule.h"

#include "support/near.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 (INT64_C(1600000000) * 1000000 / PL_DAY_US * PL_DAY_US)
#define DUE (T0 + 21 * PL_DAY_US) /* landmark 14 d, window 7 d */

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
    struct pl_sums sums;
};

static void add_area(struct pl_rules *rules, const char *id, const char *glob)
{
    struct pl_area_rule area = area_rule(id, glob, .1);

    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
}

static struct pl_rules *make_rules(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_metric_rule metric = {.id = "goal",
                                    .type = PL_METRIC_CONVERSION,
                                    .value = PL_RULES_NONE,
                                    .events.n = 1,
                                    .window_us = 7 * PL_DAY_US,
                                    .n_star = 5000,
                                    .bound_micro = INT64_C(1000000000000000)};
    const struct pl_experiment_rule declared = {.id = "cart_core",
                                                .area = 0,
                                                .work = PL_WORK_CORE,
                                                .n_variants = 2,
                                                .variants = {"old", "new"},
                                                .shares = {.5, .5}};

    add_area(rules, "cart", "cart_*");
    add_area(rules, "other", "nothing_*");
    metric.events.ids[0] = pl_rules_action(rules, pl_span_of("Order Completed"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    rules->areas[0].goal = 0;
    assert_int_equal(pl_rules_add_experiment(rules, &declared, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* One experiment: 14 days of 1,000 units an arm, of whom hits[arm] convert. */
static struct pl_sums make_sums(const char *name, const int64_t hits[2])
{
    struct pl_sums sums = {.n_experiments = 1, .experiments = calloc(1, sizeof(*sums.experiments))};

    *sums.experiments = (struct pl_sums_experiment){
        .n_variants = 2, .variants = {"B", "A"}, .first_exposure_us = T0 + PL_HOUR_US, .n_segments = 1};
    snprintf(sums.experiments->name, PL_NAME_BYTES, "%s", name);
    sums.cells = calloc(80, sizeof(*sums.cells));
    for (uint16_t kind = PL_CELL_EXPOSED; kind <= PL_CELL_METRIC; kind++)
        for (int32_t day = 0; day < 14; day++)
            for (uint16_t arm = 0; arm < 2; arm++)
                sums.cells[sums.n_cells++] = (struct pl_cell){
                    .key = {.kind = kind, .arm = arm, .pane = (int32_t)(T0 / PL_DAY_US) + day},
                    .n = kind == PL_CELL_EXPOSED ? 1000 : 0,
                    .sum = kind == PL_CELL_METRIC ? hits[arm] * PL_MICRO : 0,
                    .sum2 = kind == PL_CELL_METRIC ? (pl_int128)hits[arm] * PL_MICRO * PL_MICRO : 0,
                };
    return sums;
}

static void add_cell(struct pl_sums *sums, uint16_t kind, uint16_t arm, uint32_t metric, int64_t n)
{
    int32_t pane = kind == PL_CELL_SEGMENT ? 0 : (int32_t)(T0 / PL_DAY_US);

    sums->cells[sums->n_cells++] =
        (struct pl_cell){.key = {.kind = kind, .arm = arm, .metric = metric, .pane = pane}, .n = n};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const int64_t hits[2] = {110, 100};

    f->rules = make_rules();
    f->judge = pl_judge_new(f->rules, 14 * PL_DAY_US);
    f->sums = make_sums("cart_1", hits);
    *state = f;
    return f->judge ? 0 : -1;
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

static void step(struct fixture *f, int64_t tick_us, const struct pl_sums *sums)
{
    struct pl_judgement judgement;

    assert_int_equal(pl_judge_tick(f->judge, tick_us, sums, &judgement, NULL), PL_OK);
}

/* The result row of an experiment, NULL before it has one. */
static const struct pl_row *row_of(const struct fixture *f, const char *id)
{
    const struct pl_ledger *ledger = pl_judge_ledger(f->judge);

    for (size_t at = 0; at < ledger->n; at++)
        if (ledger->rows[at].kind == PL_ROW_RESULT && strcmp(ledger->rows[at].id, id) == 0)
            return &ledger->rows[at];
    return NULL;
}

static void tell(struct fixture *f, struct pl_control control, int64_t place_us)
{
    control.cost = 1;
    control.healthy = true;
    control.time_us = control.time_us ? control.time_us : place_us;
    assert_int_equal(pl_judge_control(f->judge, &control, place_us), PL_ACCEPTED);
}

static void the_control_is_the_first_by_name(void **state)
{
    struct fixture *f = *state;
    const struct pl_row *row;

    step(f, DUE, &f->sums);
    row = row_of(f, "cart_1");
    assert_int_equal(row->excluded, PL_ENTERED);
    assert_near(row->mean_control, .1, 1e-12); /* A, though B was seen first */
    assert_near(row->effect, .1, 1e-9);
    assert_int_equal(row->time_us, T0 + 14 * PL_DAY_US);
    assert_int_equal(row->start_us, T0 + PL_HOUR_US);
}

static void a_stop_before_the_landmark_is_early_and_shipping_is_known(void **state)
{
    struct fixture *f = *state;

    tell(f, (struct pl_control){.type = PL_CONTROL_LIFECYCLE, .state = PL_SHIPPED, .experiment = "cart_1"},
         T0 + 10 * PL_DAY_US);
    step(f, DUE, &f->sums);
    assert_true(row_of(f, "cart_1")->early);
    assert_true(row_of(f, "cart_1")->shipped);
}

static void a_stop_after_the_landmark_is_not_early(void **state)
{
    struct fixture *f = *state;

    tell(f, (struct pl_control){.type = PL_CONTROL_LIFECYCLE, .state = PL_STOPPED, .experiment = "cart_1"},
         T0 + 14 * PL_DAY_US);
    step(f, DUE, &f->sums);
    assert_false(row_of(f, "cart_1")->early);
    assert_false(row_of(f, "cart_1")->shipped);
}

static void too_few_conversions_are_too_small(void **state)
{
    struct fixture *f = *state;
    const int64_t hits[2] = {3, 1}; /* 14 days of one: below 25 */
    struct pl_sums sums = make_sums("cart_1", hits);

    step(f, DUE, &sums);
    assert_int_equal(row_of(f, "cart_1")->excluded, PL_EXCLUDED_TOO_SMALL);
    assert_true(isnan(row_of(f, "cart_1")->effect));
    pl_sums_fini(&sums);
}

static void units_in_two_variants_are_unhealthy(void **state)
{
    struct fixture *f = *state;
    struct pl_experiment_view view;

    add_cell(&f->sums, PL_CELL_MIXED, 0, 0, 282); /* 28,000 others: just below one in a hundred */
    step(f, T0 + PL_DAY_US, &f->sums);
    pl_judge_experiment(f->judge, 0, &view);
    assert_false(view.mixed_alarm);
    f->sums.cells[f->sums.n_cells - 1].n = 283;
    step(f, DUE, &f->sums);
    assert_int_equal(row_of(f, "cart_1")->excluded, PL_EXCLUDED_UNHEALTHY);
}

static void joined_late_is_never_judged(void **state)
{
    struct fixture *f = *state;

    f->sums.experiments[0].joined_late = true;
    add_cell(&f->sums, PL_CELL_MIXED, 0, 0, 5000);
    step(f, DUE, &f->sums);
    assert_int_equal(row_of(f, "cart_1")->excluded, PL_EXCLUDED_JOINED_LATE); /* nor is its health */
    assert_false(pl_judge_area(f->judge, 0)->unhealthy);
}

/* A ramp: 9 to 1, then half and half. Each segment is compared with its own shares; together they would be uneven. */
static void a_ramp_is_judged_by_segments(void **state)
{
    struct fixture *f = *state;
    struct pl_sums_experiment *experiment = f->sums.experiments;
    struct pl_experiment_view view;

    experiment->n_segments = 2;
    experiment->shares[0][0] = .1;
    experiment->shares[0][1] = .9;
    experiment->shares[1][0] = experiment->shares[1][1] = .5;
    add_cell(&f->sums, PL_CELL_SEGMENT, 0, 0, 1000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 0, 1, 6000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 1, 0, 9000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 1, 1, 6000);
    step(f, T0 + PL_DAY_US, &f->sums);
    pl_judge_experiment(f->judge, 0, &view);
    assert_false(view.uneven_split);
    memset(experiment->shares, 0, sizeof(experiment->shares)); /* not declared: equal */
    step(f, DUE, &f->sums);
    assert_int_equal(row_of(f, "cart_1")->excluded, PL_EXCLUDED_UNHEALTHY);
}

/* A third variant comes with the second segment: it has no share in the first, and no unit, which is as it should be.
 */
static void a_variant_that_comes_later_is_part_of_its_segment(void **state)
{
    struct fixture *f = *state;
    struct pl_sums_experiment *experiment = f->sums.experiments;
    struct pl_experiment_view view;

    snprintf(experiment->variants[experiment->n_variants++], PL_NAME_BYTES, "C");
    experiment->n_segments = 2;
    experiment->shares[0][0] = experiment->shares[0][1] = .5;
    experiment->shares[1][0] = experiment->shares[1][1] = experiment->shares[1][2] = 1. / 3;
    add_cell(&f->sums, PL_CELL_SEGMENT, 0, 0, 6000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 0, 1, 1000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 1, 0, 6000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 1, 1, 1000);
    add_cell(&f->sums, PL_CELL_SEGMENT, 2, 1, 1000);
    step(f, T0 + PL_DAY_US, &f->sums);
    pl_judge_experiment(f->judge, 0, &view);
    assert_false(view.uneven_split);
    assert_true(isfinite(view.split_log_e) && view.split_log_e < 0);
}

static void a_variant_without_a_share_is_uneven(void **state)
{
    struct fixture *f = *state;

    f->sums.experiments[0].shares[0][1] = 1; /* of A alone */
    add_cell(&f->sums, PL_CELL_SEGMENT, 0, 0, 1);
    add_cell(&f->sums, PL_CELL_SEGMENT, 1, 0, 14000);
    step(f, DUE, &f->sums);
    assert_int_equal(row_of(f, "cart_1")->excluded, PL_EXCLUDED_UNHEALTHY);
}

/* The configuration's kind of work and control; a later record without a kind does not take it back. */
static void the_kind_of_work_is_kept(void **state)
{
    struct fixture *f = *state;
    const int64_t hits[2] = {110, 100};
    struct pl_sums core = make_sums("cart_core", hits);
    struct pl_experiment_view view;

    snprintf(core.experiments->variants[0], PL_NAME_BYTES, "new");
    snprintf(core.experiments->variants[1], PL_NAME_BYTES, "old");
    step(f, DUE, &core);
    assert_int_equal(row_of(f, "cart_core")->excluded, PL_EXCLUDED_KIND);
    pl_judge_experiment(f->judge, 0, &view);
    assert_string_equal(core.experiments->variants[view.control], "old");
    tell(f,
         (struct pl_control){
             .type = PL_CONTROL_LIFECYCLE, .state = PL_STARTED, .experiment = "cart_1", .work = PL_WORK_HOLDOUT},
         DUE);
    tell(f, (struct pl_control){.type = PL_CONTROL_LIFECYCLE, .state = PL_STOPPED, .experiment = "cart_1"},
         DUE + PL_MINUTE_US);
    step(f, DUE + 30 * PL_DAY_US, &f->sums);
    pl_judge_experiment(f->judge, 0, &view);
    assert_int_equal(view.work, PL_WORK_HOLDOUT);
    pl_sums_fini(&core);
}

/* No glob knows it: the record that starts it says where it belongs, the one that ends it need not. */
static void the_area_is_kept(void **state)
{
    struct fixture *f = *state;
    struct pl_control stop = {
        .type = PL_CONTROL_LIFECYCLE, .state = PL_STOPPED, .experiment = "new", .time_us = T0 + 5};

    assert_int_equal(pl_judge_control(f->judge, &stop, T0), PL_REJECT_CONTROL_AREA);
    tell(f,
         (struct pl_control){.type = PL_CONTROL_LIFECYCLE, .state = PL_STARTED, .experiment = "new", .area = "other"},
         T0);
    tell(f, stop, T0 + 5);
    step(f, T0 + PL_HOUR_US, NULL);
    assert_int_equal(pl_judge_ledger(f->judge)->rows[pl_judge_ledger(f->judge)->n - 1].area, 1);
}

/* How early a record is read must not matter: it counts from its place on. */
static void a_result_that_is_placed_later_does_not_keep_its_experiment_out(void **state)
{
    struct fixture *f = *state;

    tell(f,
         (struct pl_control){
             .type = PL_CONTROL_RESULT, .id = "cart_1", .experiment = "cart_1", .area = "cart", .effect = 9, .se = 1},
         DUE + PL_MINUTE_US);
    assert_int_equal(pl_judge_due(f->judge, T0), DUE + PL_HOUR_US);
    step(f, DUE, &f->sums);
    assert_near(row_of(f, "cart_1")->effect, .1, 1e-9);
    step(f, DUE + PL_HOUR_US, NULL);
    assert_near(row_of(f, "cart_1")->effect, .1, 1e-9);
    assert_int_equal(pl_judge_area(f->judge, 0)->n_all, 1);
}

static void a_result_that_is_placed_earlier_does(void **state)
{
    struct fixture *f = *state;

    tell(f,
         (struct pl_control){
             .type = PL_CONTROL_RESULT, .id = "cart_1", .experiment = "cart_1", .area = "cart", .effect = 9, .se = 1},
         DUE - PL_MINUTE_US);
    step(f, DUE, &f->sums);
    assert_near(row_of(f, "cart_1")->effect, 9, 0);
    assert_int_equal(pl_judge_area(f->judge, 0)->n_all, 1);
}

static void launches_begin_epochs_in_their_order(void **state)
{
    struct fixture *f = *state;
    const struct pl_control launch = {.type = PL_CONTROL_LAUNCH, .area = "cart"};

    tell(f, launch, T0 + 10 * PL_DAY_US); /* between the experiment's start and its landmark */
    step(f, DUE, &f->sums);
    assert_int_equal(pl_judge_area(f->judge, 0)->epoch, 1);
    assert_int_equal(pl_judge_area(f->judge, 0)->n_all, 0);
    tell(f, launch, DUE + PL_DAY_US);
    step(f, DUE + 2 * PL_DAY_US, NULL);
    assert_int_equal(pl_judge_area(f->judge, 0)->epoch, 2);
    /* A launch that is told late, with an earlier time, begins nothing: not even the looks. */
    assert_int_equal(pl_judge_control(f->judge,
                                      &(struct pl_control){.type = PL_CONTROL_LAUNCH, .area = "cart", .time_us = T0},
                                      DUE + 3 * PL_DAY_US),
                     PL_ACCEPTED);
    assert_true(pl_judge_standing(f->judge, 0)->looks.monday_us >= DUE + PL_DAY_US);
    step(f, DUE + 4 * PL_DAY_US, NULL);
    assert_int_equal(pl_judge_area(f->judge, 0)->epoch, 2);
    assert_true(pl_judge_standing(f->judge, 0)->looks.monday_us >= DUE + PL_DAY_US);
}

/* A changed smallest return is a row at the next tick, and that tick is due. */
static void a_changed_policy_is_due(void **state)
{
    struct fixture *f = *state;
    struct pl_judge *next;

    assert_int_equal(pl_judge_due(f->judge, T0), PL_TIME_NONE); /* the first policy waits for the first tick */
    step(f, DUE, &f->sums);
    assert_int_equal(pl_judge_due(f->judge, DUE), PL_TIME_NONE);
    f->rules->areas[0].smallest_return = .2;
    next = pl_judge_new(f->rules, 14 * PL_DAY_US);
    for (size_t at = 0; at < pl_judge_ledger(f->judge)->n; at++)
        assert_int_equal(pl_judge_restore_row(next, &pl_judge_ledger(f->judge)->rows[at], NULL), PL_OK);
    pl_judge_free(f->judge);
    f->judge = next;
    assert_int_equal(pl_judge_due(f->judge, DUE), DUE + PL_HOUR_US);
    step(f, DUE + PL_HOUR_US, NULL);
    assert_int_equal(pl_judge_due(f->judge, DUE + PL_HOUR_US), PL_TIME_NONE);
    assert_int_equal(pl_judge_area(f->judge, 0)->policy_age, 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_control_is_the_first_by_name),
        WITH(a_stop_before_the_landmark_is_early_and_shipping_is_known),
        WITH(a_stop_after_the_landmark_is_not_early),
        WITH(too_few_conversions_are_too_small),
        WITH(units_in_two_variants_are_unhealthy),
        WITH(joined_late_is_never_judged),
        WITH(a_ramp_is_judged_by_segments),
        WITH(a_variant_that_comes_later_is_part_of_its_segment),
        WITH(a_variant_without_a_share_is_uneven),
        WITH(the_kind_of_work_is_kept),
        WITH(the_area_is_kept),
        WITH(a_result_that_is_placed_later_does_not_keep_its_experiment_out),
        WITH(a_result_that_is_placed_earlier_does),
        WITH(launches_begin_epochs_in_their_order),
        WITH(a_changed_policy_is_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
