/* Figures of value from cells made by hand; V from weekly series whose trends scipy 1.10 has computed (least squares,
 * the widened error and Student's t, as statistics.md 2.8 says). */
#include "core/judge/value.h"

#include "core/judge/trend.h"
#include "support/near.h"
#include "support/observed.h"

#include "core/sketch.h"

#define EVENTS_DUE(weeks) OBSERVED_AT(7 * (weeks))
#define RETENTION_DUE(weeks) OBSERVED_AT(7 * ((weeks) + 5))

static void activation_of_mature_days(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = {0};
    struct pl_share share;

    (void)state;
    for (int day = 60; day < 100; day++) {
        observed_n(&sums, PL_CELL_NEW, 0, 0, day, 10);
        observed_n(&sums, PL_CELL_NEW, 0, 1, day, day < 80 ? 3 : 4);
    }
    share = pl_value_activation(rules, 0, &sums, OBSERVED_AT(98)); /* day 90 ended 7 days ago: 63 .. 90 */
    assert_int_equal(share.of, 280);
    assert_int_equal(share.n, 17 * 3 + 11 * 4);
    share = pl_value_activation(rules, 0, &sums, OBSERVED_AT(98) - PL_HOUR_US); /* 62 .. 89 */
    assert_int_equal(share.n, 18 * 3 + 10 * 4);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* On day 98 the weeks that ended 28 days ago are those of days 42 .. 69. */
static void time_to_value(void **state)
{
    const uint32_t minute = pl_sketch_bucket(60 * PL_MICRO), day = pl_sketch_bucket(PL_DAY_US);
    struct pl_sums sums = {0};
    struct pl_value_time time;

    (void)state;
    time = pl_value_time_to(0, &sums, OBSERVED_AT(98));
    assert_int_equal(time.n, 0);
    assert_near(time.median_s, PL_NAN, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, 0, minute, 0}, 42, 55, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, 0, day, 0}, 63, 45, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, 0, day, 0}, 70, 1000, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, 0, day, 0}, 35, 1000, 0);
    observed_n(&sums, PL_CELL_NEW, 0, 0, 42, 150);
    observed_n(&sums, PL_CELL_NEW, 0, 0, 69, 50);
    observed_n(&sums, PL_CELL_NEW, 0, 0, 70, 999);
    observed_n(&sums, PL_CELL_NEW, 0, 0, 41, 999);
    for (int late = 0; late < 7; late++) { /* the same all week long */
        time = pl_value_time_to(0, &sums, OBSERVED_AT(98 + late));
        assert_int_equal(time.n, 100);
        assert_int_equal(time.new_units, 200);
        assert_near(time.median_s, 60, .011);
        assert_near(time.p90_s, 86400, .011);
    }
    pl_sums_fini(&sums);
}

static void how_often(void **state)
{
    struct pl_sums sums = {0};
    struct pl_share often;

    (void)state;
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 97, 100);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 90, 300);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 1, 97, 60);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 2, 91, 20);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 2, 90, 15);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 2, 69, 99);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 28, 70, 1);
    often = pl_value_often(0, &sums, OBSERVED_AT(98), 7, 1);
    assert_int_equal(often.n, 60);
    assert_int_equal(often.of, 100);
    assert_int_equal(pl_value_often(0, &sums, OBSERVED_AT(98), 7, 2).n, 20);
    often = pl_value_often(0, &sums, OBSERVED_AT(98), 28, 2);
    assert_int_equal(often.n, 35);
    assert_int_equal(often.of, 400);
    assert_int_equal(pl_value_often(0, &sums, OBSERVED_AT(98), 28, 28).n, 1);
    assert_int_equal(pl_value_often(0, &sums, OBSERVED_AT(97) + PL_HOUR_US, 7, 1).n, 60); /* within day 97 */
    assert_int_equal(pl_value_often(0, &sums, OBSERVED_AT(97), 7, 1).n, 0);
    pl_sums_fini(&sums);
}

static void value_week(struct pl_sums *sums, int day, const int64_t n[4], int64_t events)
{
    for (uint16_t arm = 0; arm < 4; arm++)
        observed_cell(sums, (struct pl_cell_key){.kind = PL_CELL_VALUE_WEEK, .arm = arm}, day, n[arm],
                      arm == 3 ? events : 0);
}

static void lives_of_a_week(void **state)
{
    struct pl_sums sums = {0};
    struct pl_value_week week;

    (void)state;
    value_week(&sums, 84, (const int64_t[]){30, 50, 10, 90}, 300);
    value_week(&sums, 91, (const int64_t[]){5, 60, 15, 80}, 240);
    value_week(&sums, 98, (const int64_t[]){1, 1, 1, 3}, 9); /* not over */
    observed_n(&sums, PL_CELL_ACTIVE_WEEK, 0, 0, 91, 160);
    observed_n(&sums, PL_CELL_ACTIVE_WEEK, 0, 0, 84, 140);
    for (int late = 0; late < 7; late++) {
        week = pl_value_week(0, &sums, OBSERVED_AT(98 + late), 0);
        assert_int_equal(week.monday_us, OBSERVED_AT(91));
        assert_int_equal(week.active, 160);
        assert_int_equal(week.events, 240);
        assert_int_equal(week.units, 80);
        assert_int_equal(week.fresh, 5);
        assert_int_equal(week.recurring, 60);
        assert_int_equal(week.resurrected, 15);
        assert_int_equal(week.dormant, 30); /* 90 a week ago, 60 of them again */
    }
    assert_int_equal(pl_value_week(0, &sums, OBSERVED_AT(98), 1).units, 90);
    assert_near(pl_value_rate(0, &sums, OBSERVED_AT(98)), 540. / 300, 1e-15);
    assert_near(pl_value_rate(0, &sums, OBSERVED_AT(0)), PL_NAN, 0);
    pl_sums_fini(&sums);
}

static void cohorts_and_what_is_open(void **state)
{
    struct pl_sums sums = {0};
    struct pl_value_cohort cohort;
    struct pl_share kept;

    (void)state;
    for (int week = 0; week < 20; week++) {
        observed_n(&sums, PL_CELL_RETAINED, 0, 0, 7 * week, 100 + week);
        observed_n(&sums, PL_CELL_RETAINED, 0, 4, 7 * week, 40 + week);
    }
    cohort = pl_value_cohort(0, &sums, OBSERVED_AT(7 * 20), 0); /* its last unit came just now */
    assert_int_equal(cohort.monday_us, OBSERVED_AT(7 * 19));
    assert_int_equal(cohort.units, 119);
    assert_int_equal(cohort.closed, 0);
    cohort = pl_value_cohort(0, &sums, OBSERVED_AT(7 * 20), 5);
    assert_int_equal(cohort.kept[4], 54);
    assert_int_equal(cohort.closed, 4);
    assert_int_equal(pl_value_cohort(0, &sums, OBSERVED_AT(7 * 20) - PL_HOUR_US, 5).monday_us, OBSERVED_AT(7 * 13));
    assert_int_equal(pl_value_cohort(0, &sums, OBSERVED_AT(7 * 20), 13).closed, 12);
    assert_int_equal(pl_value_cohort(0, &sums, OBSERVED_AT(7 * 20), 14).closed, 12);
    kept = pl_value_retention(0, &sums, OBSERVED_AT(7 * 20), 4); /* the cohorts of weeks 11 .. 14 */
    assert_int_equal(kept.n, 4 * 40 + 11 + 12 + 13 + 14);
    assert_int_equal(kept.of, 4 * 100 + 11 + 12 + 13 + 14);
    pl_sums_fini(&sums);
}

/* D, SE and the verdict of both series at their first and second look. */
static void trends_as_computed_elsewhere(void **state)
{
    static const struct {
        double growth;
        enum pl_trend_verdict verdict; /* of both */
        double events[2][2], retention[2][2], rate[2];
    } cases[] = {
        {.99,
         PL_TREND_FALLING,
         {{-.11859875713478094, .004341031385267625}, {-.11949510307535838, .0027613222463562627}},
         {{-.19107356428596234, .0068986127077000515}, {-.19027071484599348, .004389524777986085}},
         {1.8935083333333333, 1.85669375}},
        {1.,
         PL_TREND_STABLE,
         {{.0020139967553478855, .004350730246281473}, {.001129417788293128, .00276649728774088}},
         {{.003356657280614012, .007251208483027427}, {.0018823607495207987, .004610823348168851}},
         {2., 2.}},
        {1.01,
         PL_TREND_RISING,
         {{.121423269160361, .004348249946610512}, {.12053426289331448, .002764885913607277}},
         {{.21031278153555732, .0075668816633816536}, {.2120104473532619, .004987664501980383}},
         {2.11375, 2.15723125}},
    };
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        struct pl_value_looks looks = pl_value_looks_init();
        struct pl_sums sums = {0};

        observed_weeks(&sums, 25, (struct observed_growth){cases[at].growth, cases[at].growth, 1});
        assert_false(pl_value_step(&looks, rules, 0, &sums, EVENTS_DUE(12) - PL_HOUR_US));
        assert_int_equal(pl_value_trend(&looks), PL_TREND_UNKNOWN);
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(pl_looks_due_after(&looks.events, 0), EVENTS_DUE(12 + 4 * k));
            assert_true(pl_value_step(&looks, rules, 0, &sums, EVENTS_DUE(12 + 4 * k)));
            assert_near(looks.events.drift, cases[at].events[k][0], 1e-9);
            assert_near(looks.events.se, cases[at].events[k][1], 1e-9);
            assert_near(looks.events.rate, cases[at].rate[k], 1e-12);
            assert_int_equal(pl_value_trend(&looks), cases[at].verdict);
            if (k == 0)
                assert_int_equal(looks.retention.verdict, PL_TREND_UNKNOWN); /* measured alone */
        }
        for (unsigned k = 0; k < 2; k++) {
            assert_true(pl_value_step(&looks, rules, 0, &sums, RETENTION_DUE(12 + 4 * k)));
            assert_near(looks.retention.drift, cases[at].retention[k][0], 1e-9);
            assert_near(looks.retention.se, cases[at].retention[k][1], 1e-9);
            assert_int_equal(looks.retention.verdict, cases[at].verdict);
        }
        assert_int_equal(pl_value_trend(&looks), cases[at].verdict);
        pl_sums_fini(&sums);
    }
    pl_rules_free(rules);
}

/* The table of V, both series by every verdict. */
static void both_series_make_one(void **state)
{
    for (int a = PL_TREND_UNKNOWN; a <= PL_TREND_INCONCLUSIVE; a++)
        for (int b = PL_TREND_UNKNOWN; b <= PL_TREND_INCONCLUSIVE; b++) {
            struct pl_value_looks looks = pl_value_looks_init();
            enum pl_trend_verdict want = PL_TREND_INCONCLUSIVE;

            looks.events.verdict = (enum pl_trend_verdict)a;
            looks.retention.verdict = (enum pl_trend_verdict)b;
            if (a == PL_TREND_FALLING || b == PL_TREND_FALLING)
                want = PL_TREND_FALLING;
            else if (a == PL_TREND_RISING || b == PL_TREND_RISING)
                want = PL_TREND_RISING;
            else if (a == PL_TREND_UNKNOWN && b == PL_TREND_UNKNOWN)
                want = PL_TREND_UNKNOWN;
            else if ((a == PL_TREND_STABLE || a == PL_TREND_UNKNOWN) && (b == PL_TREND_STABLE || b == PL_TREND_UNKNOWN))
                want = PL_TREND_STABLE;
            assert_int_equal(pl_value_trend(&looks), want);
        }
    (void)state;
}

/* An area without value events is not looked at; a week without any counts as half an event, a week without users not.
 */
static void weeks_that_say_nothing(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE), *unmeasured = observed_rules(.3, PL_TIME_NONE);
    struct pl_value_looks looks = pl_value_looks_init();
    struct pl_sums sums = {0};

    (void)state;
    unmeasured->areas[0].value_events.n = 0;
    observed_weeks(&sums, 12, (struct observed_growth){1, 1, 1});
    assert_false(pl_value_step(&looks, unmeasured, 0, &sums, EVENTS_DUE(12)));
    assert_int_equal(pl_value_due(&looks, unmeasured, 0), PL_TIME_NONE);
    for (size_t at = 0; at < sums.n_cells; at++) {
        if (sums.cells[at].key.kind == PL_CELL_VALUE_WEEK && sums.cells[at].key.pane == OBSERVED_DAY0 + 70)
            sums.cells[at].sum = 0;
        if (sums.cells[at].key.kind == PL_CELL_ACTIVE_WEEK && sums.cells[at].key.pane == OBSERVED_DAY0 + 77)
            sums.cells[at].n = 0;
    }
    assert_true(pl_value_step(&looks, rules, 0, &sums, EVENTS_DUE(12)));
    assert_near(looks.events.drift, -5.777796388199201, 1e-9);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
    pl_rules_free(unmeasured);
}

static void a_launch_starts_both_again(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_value_looks looks = pl_value_looks_init();
    struct pl_sums sums = {0};

    (void)state;
    observed_weeks(&sums, 40, (struct observed_growth){.99, .99, 1});
    assert_true(pl_value_step(&looks, rules, 0, &sums, RETENTION_DUE(16)));
    assert_int_equal(pl_value_trend(&looks), PL_TREND_FALLING);
    pl_value_looks_restart(&looks, OBSERVED_AT(7 * 21) + 1);
    assert_int_equal(pl_value_trend(&looks), PL_TREND_UNKNOWN);
    assert_int_equal(pl_value_due(&looks, rules, 0), EVENTS_DUE(22 + 12));
    assert_false(pl_value_step(&looks, rules, 0, &sums, EVENTS_DUE(34) - PL_HOUR_US));
    assert_true(pl_value_step(&looks, rules, 0, &sums, EVENTS_DUE(34)));
    assert_int_equal(looks.events.taken, 1);
    assert_int_equal(looks.retention.taken, 0);
    assert_int_equal(pl_value_due(&looks, rules, 0), EVENTS_DUE(38));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activation_of_mature_days),
        cmocka_unit_test(time_to_value),
        cmocka_unit_test(how_often),
        cmocka_unit_test(lives_of_a_week),
        cmocka_unit_test(cohorts_and_what_is_open),
        cmocka_unit_test(trends_as_computed_elsewhere),
        cmocka_unit_test(both_series_make_one),
        cmocka_unit_test(weeks_that_say_nothing),
        cmocka_unit_test(a_launch_starts_both_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
