/* Headroom: decays that are known, and when nothing speaks for a ceiling. */
#include "core/judge/headroom.h"
#include "support/near.h"
#include "support/random.h"

#define MANY 200

/* The values tried: 1e-3 x 300^(i / 119). */
static double rate(unsigned at)
{
    return 1e-3 * pow(300., at / 119.);
}

static void exact_decay_is_found(void **state)
{
    double x[60];
    double k = rate(70);
    (void)state;

    for (unsigned at = 0; at < 60; at++)
        x[at] = .8 * exp(-k * at);
    struct pl_headroom got = pl_headroom_fit(x, 60);
    assert_near(got.k, k, 1e-12);
    assert_near(got.a, .8, 1e-9);
    assert_false(got.no_ceiling);
    assert_near(got.k_lower, k, 1e-12);
    assert_near(got.k_upper, k, 1e-12);
    assert_near(got.remaining, .8 * exp(-60. * k) / (1. - exp(-k)), 1e-9);
    assert_near(got.remaining_upper, got.remaining, 1e-15);
}

static void constant_returns_show_no_ceiling(void **state)
{
    struct pl_random random = {20250501};
    double x[MANY];
    unsigned bounded = 0;
    (void)state;

    for (unsigned world = 0; world < 100; world++) {
        for (unsigned at = 0; at < 60; at++)
            x[at] = .3 + .3 * random_normal(&random);
        struct pl_headroom got = pl_headroom_fit(x, 60);

        assert_true(got.k >= got.k_lower && got.k <= got.k_upper);
        assert_true(isinf(got.remaining_upper) == got.no_ceiling);
        bounded += !got.no_ceiling;
    }
    assert_true(bounded <= 10); /* one-sided chi-square at 3.84: about .025 of worlds */
}

static void decay_bounds_what_is_left(void **state)
{
    struct pl_random random = {20250502};
    double x[MANY];
    unsigned bounded = 0, covered = 0;
    double left = 2. * exp(-.04 * 60.) / (1. - exp(-.04));
    (void)state;

    for (unsigned world = 0; world < 100; world++) {
        for (unsigned at = 0; at < 60; at++)
            x[at] = 2. * exp(-.04 * at) + .3 * random_normal(&random);
        struct pl_headroom got = pl_headroom_fit(x, 60);

        bounded += !got.no_ceiling;
        covered += got.remaining_lower <= left && left <= got.remaining_upper;
    }
    assert_int_equal(bounded, 100);
    assert_true(covered >= 85);
}

static void too_few_returns(void **state)
{
    static const double two[] = {1., 2.};
    static const double zeros[] = {0., 0., 0., 0.};
    struct pl_headroom got = pl_headroom_fit(two, 2);
    (void)state;

    assert_true(got.no_ceiling && isnan(got.k) && isnan(got.remaining_upper));
    got = pl_headroom_fit(zeros, 4);
    assert_true(got.no_ceiling);
    assert_within(got.a, 0., 0.);
    assert_true(isinf(got.remaining_upper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_decay_is_found),
        cmocka_unit_test(constant_returns_show_no_ceiling),
        cmocka_unit_test(decay_bounds_what_is_left),
        cmocka_unit_test(too_few_returns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
