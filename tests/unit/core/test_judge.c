/* The judge at its façade: docket, order, ledger, restore, experiments from sums. */
#include "core/judge/judge.h"
#include "support/area_rule.h"

#include "support/near.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 (INT64_C(1600000000) * 1000000 / PL_DAY_US * PL_DAY_US)

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
};

static struct pl_rules *make_rules(double smallest_return)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = area_rule("checkout", "cart_*", smallest_return);
    struct pl_metric_rule metric = {.id = "checkout.goal",
                                    .type = PL_METRIC_CONVERSION,
                                    .value = PL_RULES_NONE,
                                    .events.n = 1,
                                    .window_us = 7 * PL_DAY_US,
                                    .n_star = 5000,
                                    .bound_micro = INT64_C(1000000000000000)};

    strcpy(area.owner, "team");
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    metric.events.ids[0] = pl_rules_action(rules, pl_span_of("Order Completed"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    rules->areas[0].goal = 0;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->rules = make_rules(.1);
    f->judge = pl_judge_new(f->rules, 14 * PL_DAY_US);
    *state = f;
    return f->judge ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_judge_free(f->judge);
    pl_rules_free(f->rules);
    free(f);
    return 0;
}

static struct pl_control result(const char *id, int64_t time_us, double effect, double se)
{
    struct pl_control control = {.type = PL_CONTROL_RESULT,
                                 .value = PL_NAN,
                                 .value_se = PL_NAN,
                                 .time_us = time_us,
                                 .start_us = PL_TIME_NONE,
                                 .effect = effect,
                                 .se = se,
                                 .cost = 1,
                                 .shipped = true,
                                 .healthy = true};

    snprintf(control.id, sizeof(control.id), "%s", id);
    snprintf(control.experiment, sizeof(control.experiment), "%s", id);
    snprintf(control.area, sizeof(control.area), "checkout");
    return control;
}

static void take(struct pl_judge *judge, const struct pl_control *control)
{
    assert_int_equal(pl_judge_control(judge, control, control->time_us), PL_ACCEPTED);
}

static struct pl_judgement tick(struct pl_judge *judge, int64_t tick_us)
{
    struct pl_judgement judgement;

    assert_int_equal(pl_judge_tick(judge, tick_us, NULL, &judgement, NULL), PL_OK);
    return judgement;
}

static void results_wait_for_the_tick_above_their_place(void **state)
{
    struct fixture *f = *state;
    struct pl_control a = result("a", T0 + 10, .5, .2);

    take(f->judge, &a);
    assert_int_equal(pl_judge_due(f->judge, PL_TIME_NONE), T0 + PL_HOUR_US);
    assert_int_equal(tick(f->judge, T0).n_points, 0); /* placed at, not below, this tick */
    assert_int_equal(tick(f->judge, T0 + PL_HOUR_US).n_points, 1);
    assert_int_equal(pl_judge_docket(f->judge), 0);
    assert_int_equal(pl_judge_area(f->judge, 0)->n, 1);
}

static void the_first_result_with_an_id_wins(void **state)
{
    struct fixture *f = *state;
    struct pl_control a = result("a", T0, .5, .2), again = result("a", T0 + 1, 9, .2);

    take(f->judge, &a);
    assert_int_equal(pl_judge_control(f->judge, &again, T0 + 1), PL_REJECT_CONTROL_REPEATED);
    (void)tick(f->judge, T0 + PL_HOUR_US);
    assert_int_equal(pl_judge_control(f->judge, &again, T0 + PL_DAY_US), PL_REJECT_CONTROL_REPEATED);
    snprintf(again.area, sizeof(again.area), "elsewhere");
    assert_int_equal(pl_judge_control(f->judge, &again, T0 + PL_DAY_US), PL_REJECT_CONTROL_AREA);
}

static void entries_of_one_tick_go_by_time_then_id(void **state)
{
    struct fixture *f = *state;
    const struct pl_control in[] = {result("c", T0 + 5, 1, 1), result("b", T0 + 5, 2, 1), result("a", T0 + 9, 3, 1),
                                    result("z", T0 + 1, 4, 1)};
    const char *const order[] = {"z", "b", "c", "a"};
    struct pl_judgement judgement;
    size_t at = 0;

    for (size_t n = 0; n < 4; n++)
        take(f->judge, &in[n]);
    judgement = tick(f->judge, T0 + PL_HOUR_US);
    for (size_t n = 0; n < judgement.n_rows; n++) {
        const struct pl_row *row = &pl_judge_ledger(f->judge)->rows[judgement.first_row + n];

        if (row->kind == PL_ROW_RESULT)
            assert_string_equal(row->id, order[at++]);
    }
    assert_int_equal(at, 4);
}

/* Sixty results at zero return: proven flat, dwelt on, alerted; the same after a restore at every tick. */
static unsigned run_flat(struct pl_judge **judge, const struct pl_rules *rules, bool restart)
{
    unsigned edges = 0;

    for (int n = 0; n < 60; n++) {
        struct pl_control one = result("", T0 + n * PL_DAY_US, 0, .1);
        struct pl_judgement judgement;

        snprintf(one.id, sizeof(one.id), "r%02d", n);
        take(*judge, &one);
        judgement = tick(*judge, T0 + n * PL_DAY_US + PL_HOUR_US);
        edges += (unsigned)judgement.n_edges;
        if (restart) {
            struct pl_judge *next = pl_judge_new(rules, 14 * PL_DAY_US);
            const struct pl_ledger *ledger = pl_judge_ledger(*judge);

            for (size_t at = 0; at < ledger->n; at++)
                assert_int_equal(pl_judge_restore_row(next, &ledger->rows[at], NULL), PL_OK);
            pl_judge_restore_standing(next, 0, pl_judge_standing(*judge, 0), judgement.tick_us);
            pl_judge_free(*judge);
            *judge = next;
        }
    }
    return edges;
}

static void flat_returns_alert_the_same_with_or_without_restarts(void **state)
{
    struct fixture *f = *state;
    struct pl_judge *other = pl_judge_new(f->rules, 14 * PL_DAY_US);
    const struct pl_area_state *a, *b;

    /* PREPARE_CORE fires while FLAT has not stood long enough; 14 d later it is resolved and SHIFT_TO_CORE fires. */
    assert_int_equal(run_flat(&f->judge, f->rules, false), 3);
    assert_int_equal(run_flat(&other, f->rules, true), 3);
    a = pl_judge_area(f->judge, 0);
    b = pl_judge_area(other, 0);
    assert_int_equal(a->state, PL_FLAT);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_SHIFT_TO_CORE);
    assert_int_equal(pl_judge_advice(f->judge, 0)->grade, PL_UNCONFIRMED);
    assert_true(pl_judge_standing(f->judge, 0)->alert.firing);
    assert_int_equal(pl_judge_standing(f->judge, 0)->alert.starts_us, pl_judge_standing(other, 0)->alert.starts_us);
    assert_true(!(a->e_flat < b->e_flat) && !(a->e_flat > b->e_flat));
    assert_int_equal(a->flat_since_us, b->flat_since_us);
    pl_judge_free(other);
}

/* Two arms of 1,000 units a day on 14 days; 100 and 110 conversions a day. */
static struct pl_sums experiment_sums(int64_t start_us)
{
    struct pl_sums sums = {.tick_us = start_us, .n_experiments = 1};
    size_t at = 0;

    sums.experiments = calloc(1, sizeof(*sums.experiments));
    *sums.experiments = (struct pl_sums_experiment){.name = "cart_1",
                                                    .n_variants = 2,
                                                    .variants = {"control", "B"},
                                                    .first_exposure_us = start_us,
                                                    .n_segments = 1};
    sums.cells = calloc(60, sizeof(*sums.cells));
    for (uint16_t kind = PL_CELL_EXPOSED; kind <= PL_CELL_METRIC; kind++) {
        for (int32_t day = 0; day < 14; day++) {
            for (uint16_t arm = 0; arm < 2; arm++) {
                int64_t hits = (arm ? 110 : 100);
                struct pl_cell *cell = &sums.cells[at++];

                cell->key =
                    (struct pl_cell_key){.kind = kind, .arm = arm, .pane = (int32_t)(start_us / PL_DAY_US) + day};
                cell->n = kind == PL_CELL_EXPOSED ? 1000 : 0;
                cell->sum = kind == PL_CELL_METRIC ? hits * PL_MICRO : 0;
                cell->sum2 = (pl_int128)cell->sum * PL_MICRO;
            }
        }
    }
    for (uint16_t arm = 0; arm < 2; arm++)
        sums.cells[at++] = (struct pl_cell){.key = {.kind = PL_CELL_SEGMENT, .arm = arm}, .n = 14000};
    sums.n_cells = at;
    return sums;
}

static void an_experiment_enters_at_its_landmark_from_sums(void **state)
{
    struct fixture *f = *state;
    struct pl_sums sums = experiment_sums(T0);
    int64_t due = T0 + 21 * PL_DAY_US;
    struct pl_judgement judgement;
    const struct pl_row *row;

    assert_int_equal(pl_judge_tick(f->judge, T0 + PL_HOUR_US, &sums, &judgement, NULL), PL_OK);
    assert_int_equal(judgement.n_points, 0);
    assert_int_equal(pl_judge_due(f->judge, T0 + PL_HOUR_US), due);
    judgement = tick(f->judge, due);
    assert_int_equal(judgement.n_points, 1);
    row = &pl_judge_ledger(f->judge)->rows[judgement.first_row + judgement.n_rows - 1];
    assert_string_equal(row->id, "cart_1");
    assert_int_equal(row->excluded, PL_ENTERED);
    assert_int_equal(row->time_us, T0 + 14 * PL_DAY_US);
    /* d = (.11 - .10)/.10; s = sqrt(.11 .89 + .10 .90)/sqrt(14000)/.10 */
    assert_near(row->effect, .1, 1e-12);
    assert_near(row->se, sqrt((.11 * .89 + .1 * .9) / 14000) / .1, 1e-12);
    assert_int_equal(tick(f->judge, due + PL_DAY_US).n_points, 0); /* once */
    pl_sums_fini(&sums);
}

static void an_uneven_split_is_left_out_before_its_effect_is_seen(void **state)
{
    struct fixture *f = *state;
    struct pl_sums sums = experiment_sums(T0);
    struct pl_judgement judgement;
    const struct pl_row *row;

    sums.cells[sums.n_cells - 1].n = 13000;
    assert_int_equal(pl_judge_tick(f->judge, T0 + 21 * PL_DAY_US, &sums, &judgement, NULL), PL_OK);
    row = &pl_judge_ledger(f->judge)->rows[judgement.first_row + judgement.n_rows - 1];
    assert_int_equal(row->excluded, PL_EXCLUDED_UNHEALTHY);
    assert_true(isnan(row->effect));
    assert_int_equal(pl_judge_area(f->judge, 0)->n, 0);
    pl_sums_fini(&sums);
}

/* design 5: recomputed from the ledger, unconfirmed for 8 results; from the reload on, not only from the next tick on.
 */
static void a_new_smallest_return_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct pl_rules *rules = make_rules(.12);
    struct pl_judge *next = pl_judge_new(rules, 14 * PL_DAY_US);
    const struct pl_ledger *ledger;

    (void)run_flat(&f->judge, f->rules, false);
    assert_false(pl_judge_advice(f->judge, 0)->missing & PL_MISSING_POLICY_AGE);
    ledger = pl_judge_ledger(f->judge);
    for (size_t at = 0; at < ledger->n; at++)
        assert_int_equal(pl_judge_restore_row(next, &ledger->rows[at], NULL), PL_OK);
    pl_judge_restore_standing(next, 0, pl_judge_standing(f->judge, 0), T0 + 60 * PL_DAY_US);
    assert_int_equal(pl_judge_advice(next, 0)->verdict, PL_SHIFT_TO_CORE);
    assert_true(pl_judge_advice(next, 0)->missing & PL_MISSING_POLICY_AGE);
    for (int n = 1; n <= 8; n++) {
        struct pl_control one = result("", T0 + (60 + n) * PL_DAY_US, 0, .1);

        snprintf(one.id, sizeof(one.id), "more%d", n);
        take(next, &one);
        (void)tick(next, one.time_us + PL_HOUR_US);
        assert_int_equal(!!(pl_judge_advice(next, 0)->missing & PL_MISSING_POLICY_AGE), n < 8);
    }
    pl_judge_free(next);
    pl_rules_free(rules);
}

static void history_is_published_once_at_its_end(void **state)
{
    struct fixture *f = *state;
    struct pl_control end = {.type = PL_CONTROL_HISTORY_END, .area = "checkout", .time_us = PL_TIME_NONE};
    unsigned edges = 0;

    for (int n = 0; n < 60; n++) {
        struct pl_control one = result("", T0 + n * PL_DAY_US, 0, .1);

        snprintf(one.id, sizeof(one.id), "r%02d", n);
        one.history = true;
        take(f->judge, &one);
        edges += (unsigned)tick(f->judge, T0 + n * PL_DAY_US + PL_HOUR_US).n_edges;
    }
    assert_int_equal(edges, 0);
    assert_int_equal(pl_judge_control(f->judge, &end, T0 + 60 * PL_DAY_US), PL_ACCEPTED);
    assert_int_equal(tick(f->judge, T0 + 60 * PL_DAY_US + PL_HOUR_US).n_edges, 1);
    assert_int_equal(tick(f->judge, T0 + 61 * PL_DAY_US).n_edges, 0);
}

/* What a record says of arms, value, units and quarters is what the ledger holds. */
static void records_become_rows(void **state)
{
    struct fixture *f = *state;
    struct pl_control arms = result("a", T0, .9, .45), value = result("b", T0 + 1, .1, .05), plain;
    struct pl_control kept = result("c", T0 + 2, .3, .1), sick = result("d", T0 + 3, .3, .1);
    const struct pl_row *rows;

    arms.n_arms = 2;
    arms.arm_effect[1] = .9;
    arms.arm_se[0] = .5;
    arms.arm_se[1] = .4;
    arms.shared = .1;
    arms.units = 3000;
    value.value = -.2;
    value.value_se = .04;
    value.value_cov = .001;
    plain = result("e", T0 + 4, .1, .05);
    kept.work = sick.work = PL_WORK_HOLDOUT;
    kept.start_us = T0 - 91 * PL_DAY_US;
    sick.healthy = false;
    take(f->judge, &arms);
    take(f->judge, &value);
    take(f->judge, &kept);
    take(f->judge, &sick);
    take(f->judge, &plain);
    (void)tick(f->judge, T0 + PL_HOUR_US);
    rows = pl_judge_ledger(f->judge)->rows + 1; /* behind the policy */
    assert_true(rows[0].arms.n == 2 && rows[0].arms.effect[1] == .9 && rows[0].arms.se[0] == .5);
    assert_true(rows[0].arms.shared == .1 && rows[0].units == 3000 && isnan(rows[0].value.effect));
    assert_true(rows[1].value.effect == -.2 && rows[1].value.se == .04 && rows[1].value.cov == .001);
    assert_true(rows[1].arms.n == 0 && isnan(rows[1].value.mean_control) && isnan(rows[1].baseline));
    assert_int_equal(rows[2].excluded, PL_EXCLUDED_KIND);
    assert_int_equal(rows[3].excluded, PL_EXCLUDED_UNHEALTHY);
    assert_true(isnan(rows[4].value.effect) && isnan(rows[4].value.cov));
    assert_int_equal(pl_judge_area(f->judge, 0)->quarter.n, 2); /* a and b, before it in the order of time */
    assert_int_equal(pl_judge_area(f->judge, 0)->n_value, 1);
    assert_int_equal(pl_judge_area(f->judge, 0)->n, 3);
}

/* Restart the judge: the ledger and the standing are its whole state. */
static void reopen(struct fixture *f, int64_t judged_us)
{
    const struct pl_ledger *ledger = pl_judge_ledger(f->judge);
    struct pl_judge *next = pl_judge_new(f->rules, 14 * PL_DAY_US);

    for (size_t at = 0; at < ledger->n; at++)
        assert_int_equal(pl_judge_restore_row(next, &ledger->rows[at], NULL), PL_OK);
    pl_judge_restore_standing(next, 0, pl_judge_standing(f->judge, 0), judged_us);
    pl_judge_free(f->judge);
    f->judge = next;
}

static void lean_hollow_and_holdout_are_advised_by(void **state)
{
    struct fixture *f = *state;
    struct pl_control quarter = result("q", T0 + 40 * PL_HOUR_US, -1, .1);
    int64_t now_us = T0;

    for (int n = 0; n < 4; n++, now_us += PL_HOUR_US) {
        struct pl_control one = result("", now_us, -.5, .2);

        snprintf(one.id, sizeof(one.id), "bad%d", n);
        take(f->judge, &one);
        (void)tick(f->judge, now_us + PL_HOUR_US);
    }
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
    assert_int_equal(pl_judge_advice(f->judge, 0)->lean, -1); /* X near 0, less .1 */
    reopen(f, now_us);
    assert_int_equal(pl_judge_advice(f->judge, 0)->lean, -1);
    for (int n = 0; n < 30; n++, now_us += PL_HOUR_US) {
        struct pl_control one = result("", now_us, 1, .2);

        snprintf(one.id, sizeof(one.id), "good%d", n);
        one.value = n < 15 ? PL_NAN : -1;
        one.value_se = .2;
        take(f->judge, &one);
        (void)tick(f->judge, now_us + PL_HOUR_US);
        if (n == 14)
            assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_KEEP_OPTIMISING);
    }
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_HOLLOW_GROWTH);
    reopen(f, now_us);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_HOLLOW_GROWTH);
    for (int n = 0; pl_judge_area(f->judge, 0)->hollow && n < 100; n++, now_us += PL_HOUR_US) {
        struct pl_control one = result("", now_us, 1, .2);

        snprintf(one.id, sizeof(one.id), "sound%d", n);
        one.value = 1;
        one.value_se = .2;
        take(f->judge, &one);
        (void)tick(f->judge, now_us + PL_HOUR_US);
    }
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_KEEP_OPTIMISING);
    quarter.work = PL_WORK_HOLDOUT;
    quarter.start_us = T0 - PL_HOUR_US;
    quarter.time_us = now_us;
    take(f->judge, &quarter);
    (void)tick(f->judge, now_us + PL_HOUR_US);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_PREPARE_CORE);
    reopen(f, now_us + PL_HOUR_US);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_PREPARE_CORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_wait_for_the_tick_above_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_result_with_an_id_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_of_one_tick_go_by_time_then_id, setup, teardown),
        cmocka_unit_test_setup_teardown(flat_returns_alert_the_same_with_or_without_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(an_experiment_enters_at_its_landmark_from_sums, setup, teardown),
        cmocka_unit_test_setup_teardown(an_uneven_split_is_left_out_before_its_effect_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_smallest_return_is_told_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(history_is_published_once_at_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(records_become_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(lean_hollow_and_holdout_are_advised_by, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
