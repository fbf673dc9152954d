/* The return X against statistics.md 3.5 and its unbiasedness. */
#include "core/judge/dist.h"
#include "core/judge/returns.h"
#include "support/near.h"
#include "support/random.h"

static void own_bar_goldens(void **state)
{
    static const double rows[][3] = {
        {-1., .5, -.000115937699}, {0., .5, -.029220472167}, {.5, .5, -.041558366816}, {.98, .5, .290528859799},
        {1.5, .5, 1.160096572132}, {3., .5, 2.999862847499}, {1., .25, .966874815200}, {1., 2., -.202688041599},
    };
    (void)state;

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        assert_within(pl_returns_credited(rows[at][0], rows[at][1]), rows[at][2], 1e-12);
}

/* S_c = sqrt(2) s_ref: at s = s_ref the common bar is the own bar. */
static void common_bar_goldens(void **state)
{
    (void)state;

    assert_within(pl_returns_common(1., .25, .5), .474381769356, 1e-12);
    for (double d = -3.; d < 4.; d += .125)
        assert_within(pl_returns_common(d, .5, .5), pl_returns_credited(d, .5), 1e-14);
    assert_true(!isnan(pl_returns_common(1., .9 * sqrt(2.) * .5, .5)));
    assert_true(isnan(pl_returns_common(1., .901 * sqrt(2.) * .5, .5)));
}

static void floor_is_the_smallest_value(void **state)
{
    double least = 0.;
    (void)state;

    assert_within(pl_returns_floor(1.), .107696599, 1e-9);
    for (double z = -3.; z < 4.; z += 1e-5)
        least = fmin(least, pl_returns_credited(z, 1.));
    assert_near(-least, pl_returns_floor(1.), 1e-9);
    assert_near(pl_returns_floor(3.), 3. * pl_returns_floor(1.), 1e-15);
    assert_true(pl_returns_credited(.6931076 * .2, .2) >= -pl_returns_floor(.2));
}

static void cap_rule(void **state)
{
    (void)state;

    assert_near(pl_returns_cap(.2, .25, 0.), 1., 1e-15);    /* 5 delta */
    assert_near(pl_returns_cap(.2, .5, 0.), 1.98, 1e-15);   /* K + 2 s */
    assert_near(pl_returns_cap(.2, .25, 2.5), 1.25, 1e-15); /* half the largest earlier one */
    assert_near(pl_returns_cap(.2, .25, 1.9), 1., 1e-15);
}

static double expected(double theta, double s)
{
    return theta * pl_dist_cdf((theta - 1.96 * s) / (sqrt(2.) * s));
}

static void expectation_goldens(void **state)
{
    (void)state;

    assert_within(expected(.3, .5), .050432669589, 1e-12);
    assert_within(expected(1., .5), .511282287346, 1e-12);
}

/* E[X | theta] by numerical integration: unbiased to the last digits. */
static void is_exactly_unbiased(void **state)
{
    static const double thetas[] = {-1., 0., .3, .5, 1., 2.};
    static const double errors[] = {.25, .5, .6, 2.};
    (void)state;

    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 4; j++) {
            double sum = 0.;

            for (int at = -4000; at <= 4000; at++) {
                double z = at * .0025;

                sum += .0025 * pl_dist_pdf(z) * pl_returns_credited(thetas[i] + z * errors[j], errors[j]);
            }
            assert_within(sum, expected(thetas[i], errors[j]), 1e-10);
        }
    }
}

/* The same by drawing: the mean of 1e6 draws within 4 of its standard errors. */
static void is_unbiased_over_draws(void **state)
{
    static const double thetas[] = {-1., 0., .5, 1., 2.};
    static const double errors[] = {.25, .5, .6};
    struct pl_random random = {20240611};
    const double draws = 1e6;
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 3; j++) {
            double sum = 0.;
            double sum2 = 0.;

            for (double at = 0.; at < draws; at += 1.) {
                double x = pl_returns_credited(thetas[i] + random_normal(&random) * errors[j], errors[j]);

                sum += x;
                sum2 += x * x;
            }
            double mean = sum / draws;
            double se = sqrt((sum2 / draws - mean * mean) / draws);
            assert_within(mean, expected(thetas[i], errors[j]), 4. * se);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_bar_goldens),
        cmocka_unit_test(common_bar_goldens),
        cmocka_unit_test(floor_is_the_smallest_value),
        cmocka_unit_test(cap_rule),
        cmocka_unit_test(expectation_goldens),
        cmocka_unit_test(is_exactly_unbiased),
        cmocka_unit_test(is_unbiased_over_draws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
