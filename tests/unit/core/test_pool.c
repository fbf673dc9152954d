/* Random effects against R's metafor (statistics.md 3.4: 13 vaccine trials, log relative risk). Knapp-Hartung,
 * prediction and shrunken effects for Paule-Mandel are from tests/oracle/methods.py, whose other estimators have
 * metafor's values. */
#include "core/judge/pool.h"
#include "support/near.h"
#include "util/num.h"

#define TRIALS 13

static const double y[TRIALS] = {-.8893113339, -1.5853886572, -1.3480731483, -1.4415511900, -.2175473222,
                                 -.7861155858, -1.6208982236, .0119523335,   -.4694176487,  -1.3713448035,
                                 -.3393588284, .4459134006,   -.0173139482};
static const double v[TRIALS] = {.3255847650, .1945811214, .4153679654, .0200100319, .0512101722,
                                 .0069056185, .2230172476, .0039615793, .0564342105, .0730247936,
                                 .0124122140, .5325058452, .0714046597};

static void roots(double s[TRIALS])
{
    for (unsigned at = 0; at < TRIALS; at++)
        s[at] = sqrt(v[at]);
}

static void trials_golden(void **state)
{
    double s[TRIALS], blups[TRIALS];
    (void)state;

    roots(s);
    struct pl_pool got = pl_pool_fit(y, s, TRIALS, .05, blups);
    assert_int_equal(got.n, TRIALS);
    assert_within(got.fixed_mu, -.430285, 1e-6);
    assert_within(got.fixed_se, .040499, 1e-6);
    assert_within(got.q, 152.233008, 1e-6);
    assert_within(100. * got.i2, 92.1173, 1e-4);
    assert_within(got.tau2, .318068, 1e-6);
    assert_within(got.mu, -.714968, 1e-6);
    assert_within(got.se, .180892, 1e-6);
    assert_near(got.kh_se, 0.180892191539271, 1e-9);
    assert_near(got.lower, -1.1090983812122, 1e-9);
    assert_near(got.upper, -0.320837925788803, 1e-9);
    assert_near(got.predict_lower, -2.01855805416899, 1e-9);
    assert_near(got.predict_upper, 0.588621747167991, 1e-9);
    assert_near(blups[0], -0.801121790364277, 1e-9);
    assert_near(blups[3], -1.39854653154836, 1e-9);
    assert_near(blups[12], -0.145219468751545, 1e-9);
}

static void agreeing_effects_have_no_spread(void **state)
{
    static const double same[] = {.1, .12, .11};
    static const double errors[] = {.1, .2, .1};
    double blups[3];
    struct pl_pool got = pl_pool_fit(same, errors, 3, .05, blups);
    (void)state;

    assert_near(got.mu, (10. + 3. + 11.) / 225., 1e-14);
    assert_near(got.se, 1. / 15., 1e-14);
    assert_within(got.tau2, 0., 0.);
    assert_within(got.i2, 0., 0.);
    for (unsigned at = 0; at < 3; at++)
        assert_near(blups[at], got.mu, 1e-14);
}

static void few_effects(void **state)
{
    static const double two[] = {1., 3.};
    static const double errors[] = {.5, .5};
    struct pl_pool got = pl_pool_fit(two, errors, 2, .05, NULL);
    (void)state;

    /* equal errors: tau^2 = sample variance - s^2 = 2 - .25; Knapp-Hartung se = 1, t_1(.975) = 12.7062047361747 */
    assert_near(got.tau2, 1.75, 1e-12);
    assert_near(got.mu, 2., 1e-14);
    assert_near(got.se, 1., 1e-12);
    assert_near(got.kh_se, 1., 1e-12);
    assert_near(got.upper - got.mu, 12.7062047361747, 1e-11);
    assert_true(isnan(got.predict_lower) && isnan(got.predict_upper));

    got = pl_pool_fit(two, errors, 1, .05, NULL);
    assert_int_equal(got.n, 1);
    assert_true(isnan(got.mu) && isnan(got.tau2) && isnan(got.lower));
    assert_near(got.fixed_mu, 1., 1e-15);
    got = pl_pool_fit(NULL, NULL, 0, .05, NULL);
    assert_int_equal(got.n, 0);
    assert_true(isnan(got.fixed_mu) && isnan(got.fixed_se));
}

static void unknown_effects_are_left_out(void **state)
{
    static const double some[] = {PL_NAN, 1., 2., 3., 9.};
    static const double errors[] = {.5, .5, PL_NAN, .5, 0.};
    double blups[5];
    struct pl_pool got = pl_pool_fit(some, errors, 5, .05, blups);
    (void)state;

    assert_int_equal(got.n, 2);
    assert_near(got.mu, 2., 1e-14);
    assert_true(isnan(blups[0]) && isnan(blups[2]) && isnan(blups[4]));
    assert_near(blups[1], (1. * 1.75 + 2. * .25) / 2., 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_golden),
        cmocka_unit_test(agreeing_effects_have_no_spread),
        cmocka_unit_test(few_effects),
        cmocka_unit_test(unknown_effects_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
