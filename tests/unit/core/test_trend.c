/* The funnel trend: statistics.md 3.5, its looks, weights and verdicts. */
#include "core/judge/trend.h"
#include "support/near.h"
#include "support/random.h"

#include <string.h>

#define WEEKS 160

static void fit_golden(void **state)
{
    double week[16];
    double logit[16];
    double drift;
    double se;
    (void)state;

    for (int k = 0; k < 16; k++) {
        week[k] = k;
        logit[k] = .01 * sin(1.7 * k) + .002 * k;
    }
    pl_trend_fit(week, logit, 16, &drift, &se);
    assert_within(drift, .022283506913, 1e-12);
    assert_within(se, .004767729704, 1e-12);
}

/* Correlated residuals widen the error, at most by sqrt(19); numbers from numpy's least squares. */
static void fit_with_correlated_residuals(void **state)
{
    static const struct {
        unsigned weeks;
        double turn, drift, se;
    } rows[] = {{20, .9, .030925913789, .014368139981}, {52, .12, .027086064698, .004327161869}};
    (void)state;

    for (size_t at = 0; at < 2; at++) {
        double week[52];
        double logit[52];
        double drift;
        double se;

        for (unsigned k = 0; k < rows[at].weeks; k++) {
            week[k] = k;
            logit[k] = .02 * sin(rows[at].turn * k) + .003 * k;
        }
        pl_trend_fit(week, logit, rows[at].weeks, &drift, &se);
        assert_within(drift, rows[at].drift, 1e-12);
        assert_within(se, rows[at].se, 1e-12);
    }
}

/* With a week missing the slope is that of the remaining points, and their neighbours across the gap do not pair. */
static void fit_with_a_gap(void **state)
{
    static const double week[] = {0., 1., 3., 4.};
    static const double logit[] = {1., 0., 1., 4.};
    double drift;
    double se;
    (void)state;

    /* mean week 2, mean logit 1.5, Sxx 10, Sxy = (-2)(-.5)+(-1)(-1.5)+(1)(-.5)+(2)(2.5) = 7: slope .7;
     * residuals .9, -.8, -1.2, 1.1: squares 4.1; pairs .9 (-.8) + (-1.2) 1.1 = -2.04: r1 < 0, r = max(0, -.4976 + .25)
     */
    pl_trend_fit(week, logit, 4, &drift, &se);
    assert_near(drift, 8.4, 1e-12);
    assert_near(se, 12. * sqrt(4.1 / 2. / 10.), 1e-12);
}

/* A rate that follows logit(t) = base + per_week * t exactly enough: a hundred million entries a week. */
static void smooth(struct pl_week *weeks, unsigned n, double base, double per_week, double ripple)
{
    for (unsigned at = 0; at < n; at++) {
        double y = base + per_week * at + ripple * sin(2.4 * at);
        double p = 1. / (1. + exp(-y));

        weeks[at] = (struct pl_week){.entries = 100000000, .goals = (int64_t)(1e8 * p)};
    }
}

static struct pl_trend judge(const struct pl_week *weeks, unsigned n)
{
    struct pl_trend_input input = {.weeks = weeks, .n_values = 1, .n_weeks = n, .eps = PL_TREND_EPS};

    return pl_trend_judge(&input);
}

static void looks_come_every_four_weeks(void **state)
{
    struct pl_week weeks[WEEKS];
    (void)state;

    smooth(weeks, WEEKS, -2., 0., .01);
    for (unsigned n = 0; n < 70; n++) {
        struct pl_trend trend = judge(weeks, n);
        unsigned look = n < 12 ? 0 : 1 + (n - 12) / 4;

        assert_int_equal(trend.look, look);
        if (look == 0) {
            assert_int_equal(trend.verdict, PL_TREND_UNKNOWN);
            continue;
        }
        unsigned used = 12 + 4 * (look - 1);
        assert_int_equal(trend.weeks, used > 52 ? 52 : used);
        assert_near(trend.alpha, .05 / (look * (look + 1.)), 1e-15);
    }
}

/* Weeks after the last look are not read. */
static void stands_between_looks(void **state)
{
    struct pl_week weeks[WEEKS];
    (void)state;

    smooth(weeks, WEEKS, -2., 0., .01);
    struct pl_trend at_look = judge(weeks, 20);
    for (unsigned week = 20; week < 24; week++)
        weeks[week].goals = weeks[week].entries / 2;
    struct pl_trend later = judge(weeks, 23);
    assert_near(later.drift, at_look.drift, 0.);
    assert_int_equal(later.verdict, at_look.verdict);
    assert_int_not_equal(judge(weeks, 24).drift > at_look.drift, 0);
}

static void verdicts(void **state)
{
    struct pl_week weeks[WEEKS];
    (void)state;

    smooth(weeks, 16, -2., 0., .005);
    assert_int_equal(judge(weeks, 16).verdict, PL_TREND_STABLE);
    smooth(weeks, 16, -2., .02, .005);
    assert_int_equal(judge(weeks, 16).verdict, PL_TREND_RISING);
    smooth(weeks, 16, -2., -.02, .005);
    assert_int_equal(judge(weeks, 16).verdict, PL_TREND_FALLING);
    smooth(weeks, 16, -2., 0., .5);
    assert_int_equal(judge(weeks, 16).verdict, PL_TREND_INCONCLUSIVE);
    smooth(weeks, 16, -2., .003, .0005); /* provably rising, yet within eps: unchanged for the purpose */
    struct pl_trend small = judge(weeks, 16);
    assert_true(small.lower > 0. && small.upper < PL_TREND_EPS);
    assert_int_equal(small.verdict, PL_TREND_STABLE);
}

static void the_window_is_a_year(void **state)
{
    struct pl_week weeks[WEEKS];
    (void)state;

    smooth(weeks, WEEKS, -2., 0., .005);
    for (unsigned week = 0; week < 60; week++)
        weeks[week].goals = weeks[week].entries / 2; /* long ago the rate was another */
    struct pl_trend trend = judge(weeks, 112);
    assert_int_equal(trend.look, 26);
    assert_int_equal(trend.verdict, PL_TREND_STABLE);
    struct pl_trend before = judge(weeks, 64); /* four of its 52 weeks are new */
    assert_int_not_equal(before.verdict, PL_TREND_STABLE);
    assert_true(before.drift < -PL_TREND_EPS);
}

/* Older panes are gone: the same look, window and numbers from the weeks that are left. */
static void looks_count_from_the_epoch(void **state)
{
    struct pl_week weeks[WEEKS];
    double weights[PL_TREND_VALUES_MAX];
    (void)state;

    smooth(weeks, WEEKS, -2., .004, .02);
    struct pl_trend whole = judge(weeks, 131);
    struct pl_trend_input input = {.weeks = weeks, .n_values = 1, .n_weeks = 131, .eps = PL_TREND_EPS};
    assert_true(pl_trend_weights(&input, weights));
    input = (struct pl_trend_input){.weeks = weeks + 75,
                                    .n_values = 1,
                                    .n_weeks = 131 - 75,
                                    .first_week = 75,
                                    .weights = weights,
                                    .eps = PL_TREND_EPS};
    struct pl_trend part = pl_trend_judge(&input);
    assert_int_equal(part.look, whole.look);
    assert_int_equal(part.weeks, whole.weeks);
    assert_near(part.drift, whole.drift, 0.);
    assert_near(part.se, whole.se, 0.);
}

/* Simpson: both values stand still while traffic moves to the poor one. */
static void a_changing_mix_is_no_trend(void **state)
{
    enum { N = 24 };
    struct pl_week weeks[2 * N];
    struct pl_week pooled[N];
    struct pl_trend_input input = {.weeks = weeks, .n_values = 2, .n_weeks = N, .eps = PL_TREND_EPS};
    double weights[PL_TREND_VALUES_MAX];
    (void)state;

    for (unsigned at = 0; at < N; at++) {
        int64_t good = 1000000 - 30000 * at;
        int64_t poor = 200000 + 30000 * at;
        int64_t wobble = at % 2 ? 40 : -40;

        weeks[at] = (struct pl_week){.entries = good, .goals = good / 5 + wobble};
        weeks[N + at] = (struct pl_week){.entries = poor, .goals = poor / 50 + wobble / 10};
        pooled[at].entries = good + poor;
        pooled[at].goals = weeks[at].goals + weeks[N + at].goals;
    }
    assert_int_equal(judge(pooled, N).verdict, PL_TREND_FALLING);
    assert_int_equal(pl_trend_judge(&input).verdict, PL_TREND_STABLE);
    assert_true(pl_trend_weights(&input, weights));
    assert_near(weights[0], (12. * 1000000. - 30000. * 66.) / (12. * 1200000.), 1e-12);
    assert_near(weights[0] + weights[1], 1., 1e-15);
}

/* 0 or all of n: one half is added, the logit stays finite. */
static void all_or_nothing_weeks(void **state)
{
    struct pl_week weeks[12];
    (void)state;

    for (unsigned at = 0; at < 12; at++)
        weeks[at] = (struct pl_week){.entries = 10, .goals = at % 2 ? 0 : 10};
    struct pl_trend trend = judge(weeks, 12);
    double y = log(10.5 / .5); /* +y, -y, +y, ...: slope = sum (t - 5.5) (+-y) / 143 = -6 y / 143 */

    assert_near(trend.drift, 12. * -6. * y / 143., 1e-12);
    assert_int_equal(trend.verdict, PL_TREND_INCONCLUSIVE);
}

static void holidays_and_empty_weeks_are_dropped(void **state)
{
    struct pl_week weeks[16];
    bool omitted[16] = {false};
    struct pl_trend_input input = {
        .weeks = weeks, .n_values = 1, .n_weeks = 16, .omitted = omitted, .eps = PL_TREND_EPS};
    (void)state;

    smooth(weeks, 16, -2., 0., .005);
    weeks[3].goals = weeks[3].entries / 2; /* a sale */
    omitted[3] = true;
    weeks[7] = (struct pl_week){0, 0};
    struct pl_trend trend = pl_trend_judge(&input);
    assert_int_equal(trend.weeks, 14);
    assert_int_equal(trend.verdict, PL_TREND_STABLE);
    memset(weeks, 0, sizeof(weeks));
    trend = pl_trend_judge(&input);
    assert_int_equal(trend.verdict, PL_TREND_INCONCLUSIVE);
    assert_true(isnan(trend.drift));
}

static void no_spread_is_inconclusive(void **state)
{
    struct pl_week weeks[12];
    (void)state;

    for (unsigned at = 0; at < 12; at++)
        weeks[at] = (struct pl_week){.entries = 1000, .goals = 500};
    assert_int_equal(judge(weeks, 12).verdict, PL_TREND_INCONCLUSIVE);
}

/* Looks spend .05 for ever: without a drift "RISING or FALLING" at any look of two years stays rare. */
static void repeated_looks_do_not_inflate(void **state)
{
    struct pl_random random = {31};
    unsigned wrong = 0;
    (void)state;

    for (unsigned path = 0; path < 300; path++) {
        struct pl_week weeks[104];
        bool moved = false;

        for (unsigned at = 0; at < 104; at++) {
            double y = -2. + .05 * random_normal(&random);

            weeks[at] = (struct pl_week){.entries = 100000000, .goals = (int64_t)(1e8 / (1. + exp(-y)))};
        }
        for (unsigned n = 12; n <= 104; n += 4) {
            enum pl_trend_verdict verdict = judge(weeks, n).verdict;

            moved = moved || verdict == PL_TREND_RISING || verdict == PL_TREND_FALLING;
        }
        wrong += moved;
    }
    assert_true(wrong < 45); /* two one-sided .05 would be 30 of 300 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_golden),
        cmocka_unit_test(fit_with_correlated_residuals),
        cmocka_unit_test(fit_with_a_gap),
        cmocka_unit_test(looks_come_every_four_weeks),
        cmocka_unit_test(stands_between_looks),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(the_window_is_a_year),
        cmocka_unit_test(looks_count_from_the_epoch),
        cmocka_unit_test(a_changing_mix_is_no_trend),
        cmocka_unit_test(all_or_nothing_weeks),
        cmocka_unit_test(holidays_and_empty_weeks_are_dropped),
        cmocka_unit_test(no_spread_is_inconclusive),
        cmocka_unit_test(repeated_looks_do_not_inflate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
