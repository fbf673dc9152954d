/* When the funnel's trend is looked at, and what is made of constructed day panes. */
#include "core/judge/looks.h"

#include "core/judge/trend.h"
#include "support/near.h"
#include "util/stamp.h"

#include <stdlib.h>

#define MONDAY (INT64_C(2800) * 7 * PL_DAY_US + 4 * PL_DAY_US) /* 1970-01-05 was a Monday */
#define WEEK(n) (MONDAY + (n)*PL_WEEK_US)

static const struct pl_funnel_rule funnel = {.id = "f", .n_steps = 3, .window_us = 2 * PL_DAY_US};

static int order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* n_days of entries from a day on; the share of goals grows by `slope` a week. Other funnels and steps are noise. */
static struct pl_sums days(int64_t from_us, int n_days, double share, double slope)
{
    struct pl_sums sums = {.cells = calloc((size_t)n_days * 4, sizeof(*sums.cells))};

    for (int day = 0; day < n_days; day++) {
        int32_t pane = (int32_t)(from_us / PL_DAY_US) + day;
        int week = (int)((from_us / PL_DAY_US + day - MONDAY / PL_DAY_US) / 7);
        const int64_t n[] = {10000, 7777, (int64_t)(10000 * (share + slope * week))};

        for (uint16_t step = 0; step < 3; step++)
            sums.cells[sums.n_cells++] = (struct pl_cell){.key = {PL_CELL_FUNNEL, step, 1, 0, pane}, .n = n[step]};
        sums.cells[sums.n_cells++] = (struct pl_cell){.key = {PL_CELL_FUNNEL, 0, 0, 0, pane - 400}, .n = 3};
    }
    qsort(sums.cells, sums.n_cells, sizeof(*sums.cells), order);
    return sums;
}

static void looks_are_due_at_weeks_12_16_20(void **state)
{
    struct pl_looks looks = pl_looks_init();
    struct pl_sums sums = days(WEEK(0) + 3 * PL_DAY_US, 7 * 30, .3, 0);

    (void)state;
    assert_int_equal(pl_stamp_monday(MONDAY), MONDAY);
    assert_int_equal(pl_looks_due(&looks, &funnel), PL_TIME_NONE);
    assert_false(pl_looks_step(&looks, &funnel, 1, &sums, WEEK(1)));
    assert_int_equal(looks.monday_us, WEEK(0)); /* of the Thursday of the first entry */
    for (int k = 0; k < 4; k++) {
        int64_t due_us = WEEK(12 + 4 * k) + funnel.window_us;

        assert_int_equal(pl_looks_due(&looks, &funnel), due_us);
        assert_false(pl_looks_step(&looks, &funnel, 1, &sums, due_us - PL_HOUR_US));
        assert_true(pl_looks_step(&looks, &funnel, 1, &sums, due_us));
        assert_int_equal(looks.taken, k + 1);
        assert_int_equal(looks.last_us, due_us);
        assert_false(pl_looks_step(&looks, &funnel, 1, &sums, due_us));
    }
    pl_sums_fini(&sums);
}

static void nothing_is_due_without_entries(void **state)
{
    struct pl_looks looks = pl_looks_init();
    struct pl_sums none = {0};

    (void)state;
    assert_false(pl_looks_step(&looks, &funnel, 1, &none, WEEK(60)));
    assert_int_equal(looks.verdict, PL_TREND_UNKNOWN);
    assert_int_equal(pl_looks_due(&looks, &funnel), PL_TIME_NONE);
}

static void a_launch_starts_again_at_the_next_monday(void **state)
{
    struct pl_looks looks = pl_looks_init();

    (void)state;
    looks.taken = 5;
    looks.verdict = PL_TREND_RISING;
    pl_looks_restart(&looks, WEEK(3));
    assert_int_equal(looks.monday_us, WEEK(3));
    assert_int_equal(looks.taken, 0);
    assert_int_equal(looks.verdict, PL_TREND_UNKNOWN);
    pl_looks_restart(&looks, WEEK(3) + 1);
    assert_int_equal(looks.monday_us, WEEK(4));
    assert_int_equal(pl_looks_due(&looks, &funnel), WEEK(16) + funnel.window_us);
}

/* logit(.3 + .01 k) is close to a line: its slope by least squares, computed here once more. */
static double drift_of(double share, double slope, int weeks)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (int week = 0; week < weeks; week++) {
        double p = floor(10000 * (share + slope * week)) / 10000, y = log(p / (1 - p));

        sx += week;
        sy += y;
        sxx += (double)week * week;
        sxy += week * y;
    }
    return 12 * (weeks * sxy - sx * sy) / (weeks * sxx - sx * sx);
}

static void a_rise_and_a_fall_are_seen(void **state)
{
    static const struct {
        double slope;
        enum pl_trend_verdict verdict;
        double rate;
    } cases[] = {{.01, PL_TREND_RISING, .355}, {-.01, PL_TREND_FALLING, .245}};

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        struct pl_looks looks = pl_looks_init();
        struct pl_sums sums = days(WEEK(0), 7 * 12, .3, cases[at].slope);

        assert_true(pl_looks_step(&looks, &funnel, 1, &sums, WEEK(12) + funnel.window_us));
        assert_int_equal(looks.verdict, cases[at].verdict);
        assert_near(looks.drift, drift_of(.3, cases[at].slope, 12), 1e-9);
        assert_near(looks.rate, cases[at].rate, 1e-3);
        pl_sums_fini(&sums);
    }
}

static void weeks_that_are_not_mature_do_not_count(void **state)
{
    struct pl_looks with = pl_looks_init(), without = pl_looks_init();
    struct pl_sums more = days(WEEK(0), 7 * 14, .3, .01), exact = days(WEEK(0), 7 * 12, .3, .01);

    (void)state;
    assert_true(pl_looks_step(&with, &funnel, 1, &more, WEEK(12) + funnel.window_us));
    assert_true(pl_looks_step(&without, &funnel, 1, &exact, WEEK(12) + funnel.window_us));
    assert_near(with.drift, without.drift, 0);
    assert_near(with.rate, without.rate, 0);
    pl_sums_fini(&more);
    pl_sums_fini(&exact);
}

/* After 60 weeks only the last ones are fitted: an old rise does not show for ever. */
static void old_weeks_leave_the_window(void **state)
{
    struct pl_looks looks = pl_looks_init();
    struct pl_sums sums = days(WEEK(8), 7 * 52, .4, 0);

    (void)state;
    looks.monday_us = WEEK(0);
    looks.taken = 12;
    assert_int_equal(pl_looks_due(&looks, &funnel), WEEK(60) + funnel.window_us);
    assert_true(pl_looks_step(&looks, &funnel, 1, &sums, WEEK(60) + funnel.window_us));
    assert_int_equal(looks.taken, 13);
    assert_near(looks.rate, .4, 1e-12);
    assert_within(looks.drift, 0, 1e-12);
    pl_sums_fini(&sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_are_due_at_weeks_12_16_20),          cmocka_unit_test(nothing_is_due_without_entries),
        cmocka_unit_test(a_launch_starts_again_at_the_next_monday), cmocka_unit_test(a_rise_and_a_fall_are_seen),
        cmocka_unit_test(weeks_that_are_not_mature_do_not_count),   cmocka_unit_test(old_weeks_leave_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
