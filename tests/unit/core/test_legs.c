/* What stands beside the detectors: which entries count, and with what (core/judge/legs.h). The e-values themselves are
 * tested in test_hollow.c and test_holdout.c.
 */
#include "core/judge/legs.h"
#include "support/near.h"
#include "util/stamp.h"

#define DAY(n) ((int64_t)(n)*PL_DAY_US)
#define DELTA .1
#define X3 2.999862847499 /* X of d = 3 at s = .5, statistics.md 3.5 */

struct fixture {
    struct pl_legs legs;
    struct pl_evidence evidence;
};

static void begin(struct fixture *f, double delta)
{
    f->legs = pl_legs_init();
    pl_evidence_init(&f->evidence, delta, 1., 1);
}

static void end(struct fixture *f)
{
    pl_legs_fini(&f->legs);
    pl_legs_fini(&f->legs);
    pl_evidence_fini(&f->evidence);
}

static struct pl_row row_at(int64_t time_us)
{
    struct pl_row row = pl_ledger_row(PL_ROW_RESULT);

    row.time_us = time_us;
    row.effect = 3.;
    row.se = .5;
    row.shipped = true;
    return row;
}

static void enter(struct fixture *f, const struct pl_row *row)
{
    const struct pl_entry entry = {.time_us = row->time_us,
                                   .d = row->effect,
                                   .s = row->se,
                                   .cost = row->cost,
                                   .early = row->early,
                                   .shipped = row->shipped};

    assert_int_equal(pl_evidence_enter(&f->evidence, &entry, NULL), PL_OK);
    assert_int_equal(pl_legs_enter(&f->legs, row, &f->evidence, .3, NULL), PL_OK);
}

static void quarter(struct fixture *f, int64_t start_us, int64_t end_us, double lift, double se)
{
    struct pl_row row = row_at(end_us);

    row.start_us = start_us;
    row.effect = lift;
    row.se = se;
    pl_legs_quarter(&f->legs, &row, &f->evidence);
}

/* X^V = v g(d) - c g'(d) with g = Phi((d-K)/s), g' = phi((d-K)/s)/s, at d = 1.2, s = .5: (d-K)/s = .44, Phi .670031446,
 * phi .362134882. Y = X^V - .3 X; cap = max(5 delta, K + 2 s) = 1.98; E = 1 - mean(f) Y / cap. */
static void value_is_what_the_same_team_gets(void **state)
{
    struct fixture f;
    struct pl_row row = row_at(DAY(1));
    double value = .4 * .670031446339 - .05 * .362134882413 / .5;
    double x = 1.2 * .670031446339 - .5 * .362134882413;
    (void)state;

    begin(&f, DELTA);
    row.effect = 1.2;
    row.value.effect = .4;
    row.value.se = .3;
    row.value.cov = .05;
    enter(&f, &row);
    assert_int_equal(f.legs.n_value, 1);
    assert_near(f.legs.sum_value, value, 1e-9);
    assert_near(f.legs.hollow.e, 1. - .525 * (value - .3 * x) / 1.98, 1e-9);
    row.early = true; /* stopped on a look: no value gained, and shipped it owes nothing */
    enter(&f, &row);
    assert_int_equal(f.legs.n_value, 2);
    assert_near(f.legs.sum_value, value, 1e-9);
    end(&f);
}

static void what_is_not_whole_is_no_value(void **state)
{
    struct fixture f;
    struct pl_row row = row_at(DAY(1)), whole;
    (void)state;

    begin(&f, DELTA);
    row.value.effect = .4;
    row.value.se = .3;
    row.value.cov = .05;
    whole = row;
    row.value.cov = PL_NAN;
    enter(&f, &row);
    row = whole;
    row.value.se = 0.;
    enter(&f, &row);
    row = whole;
    row.value.effect = PL_NAN;
    enter(&f, &row);
    row = whole;
    row.arms.n = 2; /* whose value would it be? */
    enter(&f, &row);
    assert_int_equal(f.legs.n_value, 0);
    assert_near(f.legs.hollow.e, 0., 0.);
    assert_int_equal(f.legs.n, 4); /* they are entries all the same */
    enter(&f, &whole);
    assert_int_equal(f.legs.n_value, 1);
    end(&f);
}

/* Entries with time in (start, time]; an early one counts, and is credited nothing; a dear one has to bring more. The
 * quarter of statistics.md 3.5: h = .1, sigma = .2, n = 10, delta = .1 give e = 2315.672033381279. */
static void a_quarter_counts_its_entries(void **state)
{
    struct fixture f;
    struct pl_row row;
    (void)state;

    begin(&f, DELTA);
    for (unsigned at = 0; at < 9; at++) {
        row = row_at(DAY(10 * at)); /* 0 is outside, 10 .. 80 within */
        row.early = at == 3;
        row.cost = at == 5 ? 3. : 1.;
        enter(&f, &row);
    }
    quarter(&f, DAY(0), DAY(80), .1, .2);
    assert_int_equal(f.legs.quarter.n, 8);
    assert_near(f.legs.quarter.credited, 7 * X3, 1e-9);
    assert_near(f.legs.quarter.realised, .1, 0.);
    assert_near(f.legs.holdout.m, 600., 1e-12); /* ten standard ones: 2,315.67, cut at ten times the level of 60 */
    f.legs.holdout.m = 0.;
    f.evidence.level = 1000.;
    quarter(&f, DAY(80), DAY(100), .1, .2);
    assert_int_equal(f.legs.quarter.n, 0); /* that at day 80 has been counted */
    f.legs.quarter.end_us = PL_TIME_NONE;
    quarter(&f, DAY(0), DAY(80), .1, .2);
    assert_near(f.legs.holdout.m, 2315.672033381279, 1e-12);
    end(&f);
}

static void quarters_do_not_overlap(void **state)
{
    struct fixture f;
    struct pl_row row = row_at(DAY(91));
    (void)state;

    begin(&f, DELTA);
    pl_legs_quarter(&f.legs, &row, &f.evidence); /* without a start */
    row.start_us = DAY(0);
    row.se = PL_NAN;
    pl_legs_quarter(&f.legs, &row, &f.evidence); /* not measured */
    row.se = .5;
    row.arms.n = 2;
    pl_legs_quarter(&f.legs, &row, &f.evidence); /* the best of several is no holdout */
    assert_true(f.legs.quarter.end_us == PL_TIME_NONE && f.legs.holdout.m == 0.);
    quarter(&f, DAY(0), DAY(91), .2, .5);
    assert_true(f.legs.quarter.end_us == DAY(91) && f.legs.holdout.m > 0.);
    quarter(&f, DAY(90), DAY(181), .3, .5);
    assert_near(f.legs.quarter.realised, .2, 0.);
    quarter(&f, DAY(91), DAY(182), .4, .5);
    assert_near(f.legs.quarter.realised, .4, 0.);
    end(&f);
}

/* Without a smallest return there is nothing to be short of: the quarter is shown. */
static void a_quarter_without_a_smallest_return_is_shown(void **state)
{
    struct fixture f;
    struct pl_row row = row_at(DAY(5));
    (void)state;

    begin(&f, PL_NAN);
    enter(&f, &row);
    quarter(&f, DAY(0), DAY(91), .2, .5);
    assert_int_equal(f.legs.quarter.n, 1);
    assert_near(f.legs.quarter.credited, X3, 1e-9);
    assert_true(f.legs.holdout.m == 0.);
    end(&f);
}

static void a_launch_begins_anew(void **state)
{
    struct fixture f;
    struct pl_row row = row_at(DAY(5));
    (void)state;

    begin(&f, DELTA);
    row.value = (struct pl_row_value){.effect = -1., .se = .3, .cov = 0.};
    for (unsigned at = 0; at < 100; at++)
        enter(&f, &row);
    quarter(&f, DAY(0), DAY(91), -.2, .5);
    assert_true(f.legs.hollow.alarm && f.legs.holdout.m > 0.);
    pl_legs_restart(&f.legs);
    assert_true(f.legs.n == 0 && f.legs.n_value == 0 && f.legs.sum_value == 0. && f.legs.hollow.e == 0.);
    assert_false(f.legs.hollow.alarm);
    assert_true(f.legs.holdout.m == 0. && f.legs.quarter.end_us == PL_TIME_NONE);
    quarter(&f, DAY(0), DAY(91), -.2, .5);
    assert_int_equal(f.legs.quarter.n, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_what_the_same_team_gets),
        cmocka_unit_test(what_is_not_whole_is_no_value),
        cmocka_unit_test(a_quarter_counts_its_entries),
        cmocka_unit_test(quarters_do_not_overlap),
        cmocka_unit_test(a_quarter_without_a_smallest_return_is_shown),
        cmocka_unit_test(a_launch_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
