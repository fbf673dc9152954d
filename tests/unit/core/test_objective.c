/* Objectives: their figures from cells made by hand, when they start, the way and the straight line. */
#include "core/judge/objective.h"

#include "support/near.h"
#include "support/observed.h"

#include <string.h>

#define BY OBSERVED_AT(365)

/* The rules are sealed: rows are put behind their backs. */
static void add(struct pl_rules *rules, const char *id, enum pl_objective_figure figure, double target)
{
    rules->objectives = realloc(rules->objectives, (rules->n_objectives + 1) * sizeof(*rules->objectives));
    assert_non_null(rules->objectives);
    rules->objectives[rules->n_objectives] =
        (struct pl_objective_rule){.figure = figure, .target = target, .by_us = BY};
    snprintf(rules->objectives[rules->n_objectives].id, PL_NAME_BYTES, "%s", id);
    rules->n_objectives++;
}

/* The area of support/observed.h with a funnel of two steps and one objective for each figure. */
static struct pl_rules *make_rules(void)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);

    rules->funnels = calloc(1, sizeof(*rules->funnels));
    assert_non_null(rules->funnels);
    rules->n_funnels = 1;
    rules->funnels[0] = (struct pl_funnel_rule){.id = "way", .n_steps = 2, .window_us = 2 * PL_DAY_US};
    rules->areas[0].funnel = 0;
    add(rules, "more reach it", PL_OBJECTIVE_FUNNEL, .3);
    add(rules, "known", PL_OBJECTIVE_DELIVERED, .8);
    add(rules, "often", PL_OBJECTIVE_VALUE, 4);
    add(rules, "kept", PL_OBJECTIVE_RETENTION, .5);
    add(rules, "activated", PL_OBJECTIVE_ACTIVATION, .5);
    return rules;
}

/* 14 weeks: at day 98 the funnel's mature days are 68 .. 95. */
static struct pl_sums make_sums(void)
{
    struct pl_sums sums = observed_adoption(0);

    observed_weeks(&sums, 14, (struct observed_growth){1, 1, 1});
    observed_n(&sums, PL_CELL_FUNNEL, 0, 0, 67, 5000); /* outside */
    observed_n(&sums, PL_CELL_FUNNEL, 0, 1, 67, 5000);
    observed_n(&sums, PL_CELL_FUNNEL, 0, 0, 68, 600);
    observed_n(&sums, PL_CELL_FUNNEL, 0, 1, 68, 150);
    observed_n(&sums, PL_CELL_FUNNEL, 0, 0, 95, 400);
    observed_n(&sums, PL_CELL_FUNNEL, 0, 1, 95, 90);
    observed_n(&sums, PL_CELL_FUNNEL, 0, 0, 96, 5000); /* not mature */
    observed_n(&sums, PL_CELL_NEW, 0, 0, 80, 200);
    observed_n(&sums, PL_CELL_NEW, 0, 1, 80, 82);
    return sums;
}

static void figures_by_hand(void **state)
{
    struct pl_rules *rules = make_rules();
    struct pl_sums sums = make_sums(), none = {0};

    (void)state;
    assert_near(pl_objective_figure(rules, 0, &sums, OBSERVED_AT(98)), 240. / 1000, 1e-12);
    /* SEARCH: r 60, w/U 300/1000; SHARE: r 300, 360/400 */
    assert_near(pl_objective_figure(rules, 1, &sums, OBSERVED_AT(98)), (60 * .3 + 300 * .9) / 360, 1e-12);
    /* weeks 10 .. 13: 19920 + 20080 + 19920 + 20080 of 40000 */
    assert_near(pl_objective_figure(rules, 2, &sums, OBSERVED_AT(98)), 2., 1e-12);
    /* cohorts whose week 4 is over: 6 .. 9: 1992 + 2008 + 1992 + 2008 of 20000 */
    assert_near(pl_objective_figure(rules, 3, &sums, OBSERVED_AT(98)), .4, 1e-12);
    /* new on days 63 .. 90 */
    assert_near(pl_objective_figure(rules, 4, &sums, OBSERVED_AT(98)), .41, 1e-12);
    for (uint32_t at = 0; at < rules->n_objectives; at++)
        assert_true(isnan(pl_objective_figure(rules, at, &none, OBSERVED_AT(98))));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* The first attempt or unit is of day 67 or 0; none starts before a whole span of it was seen. */
static void they_start_when_a_span_was_seen(void **state)
{
    struct pl_rules *rules = make_rules();
    struct pl_sums sums = make_sums();
    struct pl_objective_starts starts = {0};

    (void)state;
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, PL_TIME_NONE), OBSERVED_AT(28)); /* delivered, value */
    assert_false(pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(28) - PL_HOUR_US));
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, OBSERVED_AT(28)), OBSERVED_AT(28 + 7)); /* activated */
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, OBSERVED_AT(35)), OBSERVED_AT(63));     /* kept */
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, OBSERVED_AT(63)),
                     OBSERVED_AT(67 + 28 + 2)); /* funnel */
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, OBSERVED_AT(97)), PL_TIME_NONE);
    assert_true(pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(63)));
    assert_int_equal(starts.n, 2); /* often, kept: the funnel is young, the others have no figure there */
    assert_true(pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(98)));
    assert_int_equal(starts.n, 5);
    assert_false(pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(99)));
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, PL_TIME_NONE), PL_TIME_NONE);
    for (unsigned at = 0; at < starts.n; at++)
        assert_int_equal(starts.of[at].time_us, OBSERVED_AT(at < 2 ? 63 : 98));
    rules->objectives[3].area = 1; /* moved away */
    pl_objective_adapt(&starts, rules, 0);
    assert_int_equal(starts.n, 4);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void the_way_and_the_straight_line(void **state)
{
    static const struct {
        double start, target;
        int day;
        enum pl_objective_state expected;
        double way, line;
    } cases[] = {
        /* the figure is .24 all the time; day 98 is 98/365 of the way in time */
        {.20, .30, 98, PL_OBJECTIVE_ON_TRACK, .4, .20 + .1 * 98 / 365},
        {.22, .30, 98, PL_OBJECTIVE_BEHIND, .25, .22 + .08 * 98 / 365},
        {.26, .30, 98, PL_OBJECTIVE_BEHIND, -.5, .26 + .04 * 98 / 365},
        {.20, .24, 98, PL_OBJECTIVE_REACHED, 1, .20 + .04 * 98 / 365},
        {.28, .25, 98, PL_OBJECTIVE_BEHIND, (double)NAN, .28 - .03 * 98 / 365}, /* it was there, and is no more */
    };
    struct pl_rules *rules = make_rules();
    struct pl_sums sums = make_sums();

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        const struct pl_objective_starts starts = {1, {{0, cases[at].start, OBSERVED_AT(0)}}};
        struct pl_objective one;

        rules->objectives[0].target = cases[at].target;
        one = pl_objective_read(&starts, rules, 0, &sums, OBSERVED_AT(cases[at].day));
        assert_string_equal(one.id, "more reach it");
        assert_near(one.now, .24, 1e-12);
        assert_int_equal(one.state, cases[at].expected);
        assert_near(one.expected, cases[at].line, 1e-12);
        assert_near(one.days_left, 365 - 98, 1e-9);
        assert_near(one.way, cases[at].way, 1e-12);
    }
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void what_is_not_known_or_over(void **state)
{
    struct pl_rules *rules = make_rules();
    struct pl_sums sums = make_sums(), none = {0};
    const struct pl_objective_starts starts = {1, {{0, .2, OBSERVED_AT(0)}}}, no_starts = {0};
    struct pl_objective one = pl_objective_read(&no_starts, rules, 0, &sums, OBSERVED_AT(98));

    (void)state;
    assert_int_equal(one.state, PL_OBJECTIVE_UNKNOWN); /* not followed yet */
    assert_true(isnan(one.start) && isnan(one.way) && isnan(one.expected) && one.start_us == PL_TIME_NONE);
    assert_near(one.now, .24, 1e-12);
    assert_int_equal(pl_objective_read(&starts, rules, 0, &none, OBSERVED_AT(98)).state, PL_OBJECTIVE_UNKNOWN);
    rules->objectives[0].by_us = OBSERVED_AT(98); /* the day has come */
    one = pl_objective_read(&starts, rules, 0, &sums, OBSERVED_AT(98));
    assert_int_equal(one.state, PL_OBJECTIVE_MISSED);
    assert_true(isnan(one.expected));
    assert_near(one.days_left, 0, 0);
    rules->objectives[0].target = .24;
    assert_int_equal(pl_objective_read(&starts, rules, 0, &sums, OBSERVED_AT(98)).state, PL_OBJECTIVE_REACHED);
    assert_int_equal(pl_objective_read(&no_starts, rules, 0, &sums, OBSERVED_AT(98)).state, PL_OBJECTIVE_REACHED);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* More objectives than are followed: the first ones, and nobody waits for the others. */
static void there_is_a_bound(void **state)
{
    struct pl_rules *rules = make_rules();
    struct pl_sums sums = make_sums();
    struct pl_objective_starts starts = {0};
    char id[32];

    (void)state;
    for (int at = 0; at < 10; at++) {
        snprintf(id, sizeof(id), "more %d", at);
        add(rules, id, PL_OBJECTIVE_FUNNEL, .4);
    }
    (void)pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(98));
    assert_int_equal(starts.n, PL_OBJECTIVE_STARTS_MAX);
    assert_false(pl_objective_step(&starts, rules, 0, &sums, OBSERVED_AT(99)));
    assert_int_equal(pl_objective_due(&starts, rules, 0, &sums, OBSERVED_AT(50)), PL_TIME_NONE);
    assert_int_equal(pl_objective_read(&starts, rules, 14, &sums, OBSERVED_AT(99)).state, PL_OBJECTIVE_UNKNOWN);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(pl_objective_figure_name(PL_OBJECTIVE_RETENTION), "retention");
    assert_string_equal(pl_objective_state_name(PL_OBJECTIVE_ON_TRACK), "on_track");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_by_hand),
        cmocka_unit_test(they_start_when_a_span_was_seen),
        cmocka_unit_test(the_way_and_the_straight_line),
        cmocka_unit_test(what_is_not_known_or_over),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
