/* Hollow growth: the value gained is unbiased, the evidence by hand, and how the alarm comes and goes. */
#include "core/judge/dist.h"
#include "core/judge/hollow.h"
#include "core/judge/returns.h"
#include "support/near.h"
#include "support/random.h"
#include "util/num.h"

/* d = K: g = 1/2, g' = phi(0)/s. */
static void value_by_hand(void **state)
{
    struct pl_hollow_entry entry = {.d = .98, .s = .5, .value = .4, .cov = .1};
    double density = .3989422804014327;
    (void)state;

    assert_near(pl_hollow_value(&entry), .2 - .1 * density / .5, 1e-14);
    entry.value = entry.d; /* value that is delivery itself: X */
    entry.cov = .25;
    assert_near(pl_hollow_value(&entry), pl_returns_credited(.98, .5), 1e-13);
}

/* E[X^V] = theta_v P(ship), whatever the correlation of the errors: by drawing. */
static void value_is_unbiased(void **state)
{
    static const double correlations[] = {-.6, 0., .6};
    struct pl_random random = {20250401};
    const double draws = 400000., s = .5, s_v = .4, theta = .7, theta_v = .3;
    double want = theta_v * pl_dist_cdf((theta - 1.96 * s) / (sqrt(2.) * s));
    (void)state;

    for (size_t row = 0; row < 3; row++) {
        double r = correlations[row];
        double sum = 0., sum2 = 0.;

        for (double at = 0.; at < draws; at += 1.) {
            double a = random_normal(&random);
            double b = r * a + sqrt(1. - r * r) * random_normal(&random);
            struct pl_hollow_entry entry = {.d = theta + s * a, .s = s, .value = theta_v + s_v * b, .cov = r * s * s_v};
            double x = pl_hollow_value(&entry);

            sum += x;
            sum2 += x * x;
        }
        assert_within(sum / draws, want, 4. * sqrt(sum2 / draws - sum * sum / draws / draws) / sqrt(draws));
    }
}

/* d = K makes X^V = v/2 - c phi(0)/s and X = K/2 - s phi(0); with cap 2 and s_v .25 c_Y is 2, with s_v 1 it is 4. */
static void evidence_by_hand(void **state)
{
    static const double bets[] = {.15, .35, .65, .95};
    struct pl_hollow_entry entry = {.d = .98, .s = .5, .value = .1, .value_se = .25, .cap = 2.};
    struct pl_hollow hollow = {0};
    double y = .05 - .3 * (.49 - .5 * .3989422804014327);
    double mean = 0.;
    (void)state;

    for (unsigned at = 0; at < 4; at++)
        mean += (1. - bets[at] * y / 2.) / 4.;
    assert_near(pl_hollow_take(&hollow, &entry, .3), mean, 1e-13);

    hollow = (struct pl_hollow){0};
    entry.value_se = 1.;
    for (mean = 0.; mean <= 0.;)
        for (unsigned at = 0; at < 4; at++)
            mean += (1. - bets[at] * y / 4.) / 4.;
    assert_near(pl_hollow_take(&hollow, &entry, .3), mean, 1e-13);

    hollow = (struct pl_hollow){0}; /* clipped on both sides */
    entry.value = 1000.;
    assert_near(pl_hollow_take(&hollow, &entry, .3), 1. - .525, 1e-13);
    hollow = (struct pl_hollow){0};
    entry.value = -1000.;
    assert_near(pl_hollow_take(&hollow, &entry, .3), 1.525, 1e-13);
}

static void alarm_comes_and_goes(void **state)
{
    struct pl_hollow_entry bad = {.d = 3., .s = .5, .value = -9., .value_se = .25, .cap = 2.};
    struct pl_hollow_entry good = {.d = 3., .s = .5, .value = 9., .value_se = .25, .cap = 2.};
    struct pl_hollow hollow = {0};
    unsigned taken = 0;
    (void)state;

    for (; !hollow.alarm; taken++)
        pl_hollow_take(&hollow, &bad, PL_NAN);
    /* mean of 1.15^n, 1.35^n, 1.65^n, 1.95^n: 13.1 at 5, 23.6 at 6 */
    assert_int_equal(taken, 6);
    assert_true(hollow.e >= PL_HOLLOW_ALARM);
    for (unsigned at = 0; at < 200; at++)
        pl_hollow_take(&hollow, &bad, PL_NAN);
    assert_near(hollow.e, 200., 1e-14); /* cut at ten times the alarm */
    assert_true(pl_hollow_take(&hollow, &good, PL_NAN) > PL_HOLLOW_CLEAR && hollow.alarm);
    for (taken = 0; hollow.alarm; taken++)
        assert_true(pl_hollow_take(&hollow, &good, PL_NAN) < 200.);
    assert_true(hollow.e < PL_HOLLOW_CLEAR && taken < 60);
    pl_hollow_take(&hollow, &bad, PL_NAN);
    assert_false(hollow.alarm);
}

/* eta unset tests whether value falls: value 0 is no evidence then, and is with eta. */
static void eta_is_a_policy(void **state)
{
    struct pl_hollow_entry entry = {.d = 3., .s = .5, .value = 0., .value_se = .25, .cap = 4.};
    struct pl_hollow unset = {0}, with = {0};
    (void)state;

    for (unsigned at = 0; at < 60; at++) {
        pl_hollow_take(&unset, &entry, PL_NAN);
        pl_hollow_take(&with, &entry, .3);
    }
    assert_near(unset.e, 1., 1e-12);
    assert_true(with.alarm && !unset.alarm);
}

static void unmeasured_and_early(void **state)
{
    struct pl_hollow_entry entry = {.d = 3., .s = .5, .value = PL_NAN, .value_se = .25, .cap = 2.};
    struct pl_hollow hollow = {.bets = {{3., 3., 3., 3.}}, .e = 3.};
    (void)state;

    assert_near(pl_hollow_take(&hollow, &entry, .3), 3., 1e-15);
    entry.value = 1.;
    entry.value_se = PL_NAN;
    assert_near(pl_hollow_take(&hollow, &entry, .3), 3., 1e-15);
    entry.value_se = .25;
    entry.early = true; /* not shipped: nothing gained, nothing learnt */
    entry.value = -9.;
    assert_near(pl_hollow_take(&hollow, &entry, .3), 3., 1e-15);
    entry.shipped = true; /* may have been as good as can be */
    assert_near(pl_hollow_take(&hollow, &entry, .3), 3. * .475, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_by_hand),    cmocka_unit_test(value_is_unbiased),
        cmocka_unit_test(evidence_by_hand), cmocka_unit_test(alarm_comes_and_goes),
        cmocka_unit_test(eta_is_a_policy),  cmocka_unit_test(unmeasured_and_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
