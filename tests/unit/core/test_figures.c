/* Windows over panes, against sums made by hand. */
#include "core/judge/figures.h"
#include "support/area_rule.h"

#include "support/near.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY0 18500
#define AT(day) ((int64_t)(day)*PL_DAY_US)
#define DAYS 60

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
};

static struct pl_rules *make_rules(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = area_rule("cart", "cart_*", PL_NAN);
    struct pl_metric_rule metric = {.id = "goal",
                                    .type = PL_METRIC_CONVERSION,
                                    .value = PL_RULES_NONE,
                                    .events.n = 1,
                                    .window_us = 7 * PL_DAY_US,
                                    .n_star = 5000,
                                    .bound_micro = INT64_C(1000000000000000)};
    struct pl_funnel_rule funnel = {.id = "f", .n_steps = 2, .window_us = 2 * PL_DAY_US};

    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    metric.events.ids[0] = pl_rules_action(rules, pl_span_of("Order Completed"));
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    funnel.steps[0] = pl_rules_action(rules, pl_span_of("Cart Viewed"));
    funnel.steps[1] = metric.events.ids[0];
    assert_int_equal(pl_rules_add_funnel(rules, &funnel, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static int order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* On day d: 100 + d units in arm 0 of whom d convert; 2 d entries and d goals of the funnel. */
static struct pl_sums make_sums(void)
{
    struct pl_sums sums = {.n_experiments = 1, .experiments = calloc(1, sizeof(*sums.experiments))};

    *sums.experiments = (struct pl_sums_experiment){.name = "cart_1",
                                                    .n_variants = 2,
                                                    .variants = {"control", "B"},
                                                    .first_exposure_us = AT(DAY0) + PL_HOUR_US,
                                                    .n_segments = 1};
    sums.cells = calloc((size_t)DAYS * 5 + 2, sizeof(*sums.cells));
    for (int32_t d = 0; d < DAYS; d++) {
        const struct pl_cell cells[] = {
            {.key = {PL_CELL_EXPOSED, 0, 0, 0, DAY0 + d}, .n = 100 + d},
            {.key = {PL_CELL_EXPOSED, 1, 0, 0, DAY0 + d}, .n = 7},
            {.key = {PL_CELL_METRIC, 0, 0, 0, DAY0 + d},
             .sum = d * PL_MICRO,
             .sum2 = (pl_int128)d * PL_MICRO * PL_MICRO},
            {.key = {PL_CELL_FUNNEL, 0, 0, 0, DAY0 + d}, .n = 2 * d, .sum = d},
            {.key = {PL_CELL_FUNNEL, 1, 0, 0, DAY0 + d}, .n = d, .sum = 1},
        };

        memcpy(sums.cells + sums.n_cells, cells, sizeof(cells));
        sums.n_cells += 5;
    }
    sums.cells[sums.n_cells++] = (struct pl_cell){.key = {PL_CELL_FUNNEL_HOUR, 0, 0, 0, (DAY0 + 50) * 24 - 1}, .n = 5};
    sums.cells[sums.n_cells++] = (struct pl_cell){.key = {PL_CELL_FUNNEL_HOUR, 0, 0, 0, (DAY0 + 50) * 24}, .n = 6};
    qsort(sums.cells, sums.n_cells, sizeof(*sums.cells), order);
    return sums;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct pl_sums sums = make_sums();

    f->rules = make_rules();
    f->judge = pl_judge_new(f->rules, 14 * PL_DAY_US);
    *state = f;
    if (!f->judge || pl_judge_restore_sums(f->judge, &sums, NULL))
        return -1;
    pl_sums_fini(&sums);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_judge_free(f->judge);
    pl_rules_free(f->rules);
    free(f);
    return 0;
}

/* Sum of first .. last, 0 when empty. */
static int64_t run(int64_t first, int64_t last)
{
    return last < first ? 0 : (first + last) * (last - first + 1) / 2;
}

static void assert_window(const struct fixture *f, enum pl_figures_window window, int64_t tick_us, int64_t first,
                          int64_t last)
{
    struct pl_cell cell = pl_figures_arm(f->judge, 0, 0, 0, window, tick_us).cell;
    int64_t n_days = last < first ? 0 : last - first + 1;

    assert_int_equal(cell.n, 100 * n_days + run(first, last));
    assert_int_equal(cell.sum, run(first, last) * PL_MICRO);
    assert_int_equal(pl_figures_arm(f->judge, 0, 1, 0, window, tick_us).units, 7 * n_days);
}

static void windows_hold_mature_days_only(void **state)
{
    const struct fixture *f = *state;

    /* At the end of day 40 + 7 of window, day 40 is the last mature one. */
    assert_window(f, PL_FIGURES_LIFE, AT(DAY0 + 48), 0, 40);
    assert_window(f, PL_FIGURES_7D, AT(DAY0 + 48), 34, 40);
    assert_window(f, PL_FIGURES_28D, AT(DAY0 + 48), 13, 40);
    assert_window(f, PL_FIGURES_LANDMARK, AT(DAY0 + 48), 0, 13);
    /* An hour earlier it is not; an hour later nothing is new. */
    assert_window(f, PL_FIGURES_7D, AT(DAY0 + 48) - PL_HOUR_US, 33, 39);
    assert_window(f, PL_FIGURES_7D, AT(DAY0 + 48) + PL_HOUR_US, 34, 40);
    /* The landmark's days come one by one, and stop. */
    assert_window(f, PL_FIGURES_LANDMARK, AT(DAY0 + 8), 0, 0);
    assert_window(f, PL_FIGURES_LANDMARK, AT(DAY0 + 20), 0, 12);
    assert_window(f, PL_FIGURES_LANDMARK, AT(DAY0 + 21), 0, 13);
    assert_window(f, PL_FIGURES_LIFE, AT(DAY0 + 7), 0, -1);
    assert_window(f, PL_FIGURES_28D, AT(DAY0 + 10), 0, 2);
}

static void funnels_have_spans_of_complete_time(void **state)
{
    const struct fixture *f = *state;
    int64_t tick_us = AT(DAY0 + 52); /* less 2 days of window: days before day 50 */

    assert_int_equal(pl_figures_step(f->judge, 0, 0, PL_FIGURES_FUNNEL_1D, tick_us).n, 2 * 49);
    assert_int_equal(pl_figures_step(f->judge, 0, 0, PL_FIGURES_FUNNEL_1D, tick_us).sum, 49);
    assert_int_equal(pl_figures_step(f->judge, 0, 1, PL_FIGURES_FUNNEL_7D, tick_us).n, run(43, 49));
    assert_int_equal(pl_figures_step(f->judge, 0, 1, PL_FIGURES_FUNNEL_28D, tick_us).n, run(22, 49));
    assert_int_equal(pl_figures_step(f->judge, 0, 1, PL_FIGURES_FUNNEL_28D, tick_us).sum, 28);
    assert_int_equal(pl_figures_step(f->judge, 0, 0, PL_FIGURES_1H, tick_us).n, 5);
    assert_int_equal(pl_figures_step(f->judge, 0, 0, PL_FIGURES_1H, tick_us + PL_HOUR_US).n, 6);
    assert_int_equal(pl_figures_step(f->judge, 0, 0, PL_FIGURES_1H, tick_us + 2 * PL_HOUR_US).n, 0);
}

static void a_lift_needs_data(void **state)
{
    const struct fixture *f = *state;
    struct pl_measure_arm control = {.cell = {.n = 10000, .sum = 1000 * PL_MICRO}};
    struct pl_measure_arm treated = {.cell = {.n = 10000, .sum = 1100 * PL_MICRO}};
    struct pl_figures_lift lift = pl_figures_compare(f->rules, 0, &control, &treated);
    double v = (.11 * .89) / 10000 / (.1 * .1) + (.1 * .9) / 10000 * (.11 * .11) / (.1 * .1 * .1 * .1);

    assert_near(lift.lift, .1, 1e-12);
    assert_near(lift.se, sqrt(v), 1e-9);
    assert_true(lift.lower < .1 - 1.96 * lift.se && lift.upper > .1 + 1.96 * lift.se); /* wider: valid at every look */
    assert_true(lift.p > 0 && lift.p < 1);
    treated = (struct pl_measure_arm){.cell = {.n = 9999, .sum = 19 * PL_MICRO}};
    lift = pl_figures_compare(f->rules, 0, &control, &treated);
    assert_true(isnan(lift.lift) && isnan(lift.lower) && isnan(lift.p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(windows_hold_mature_days_only, setup, teardown),
        cmocka_unit_test_setup_teardown(funnels_have_spans_of_complete_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lift_needs_data, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
