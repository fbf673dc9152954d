/* The holdout leg against statistics.md 3.5 and its meaning. */
#include "core/judge/dist.h"
#include "core/judge/holdout.h"
#include "support/near.h"
#include "util/num.h"

static const struct pl_holdout_quarter golden = {.lift = .1, .se = .2, .entries = 10., .delta = .1};

static void golden_e(void **state)
{
    struct pl_holdout holdout = {0};
    (void)state;

    assert_near(pl_holdout_e(&golden), 2315.672033381279, 1e-12);
    assert_near(pl_holdout_take(&holdout, &golden, 1e9), 2315.672033381279, 1e-12);
    assert_near(pl_holdout_take(&holdout, &golden, 1e9), 2315.672033381279 * 2315.672033381279, 1e-12);
    assert_near(pl_holdout_take(&holdout, &golden, 1000.), 1000., 1e-15);
}

/* The mean of e over lifts that are exactly n delta is 1: an e-value. Larger lifts give less. */
static void is_an_e_value(void **state)
{
    double at_bound = 0.;
    double above = 0.;
    (void)state;

    for (int at = -12000; at <= 12000; at++) {
        double z = at * .001;
        struct pl_holdout_quarter quarter = {.lift = 1. + .2 * z, .se = .2, .entries = 10., .delta = .1};

        at_bound += .001 * pl_dist_pdf(z) * pl_holdout_e(&quarter);
        quarter.lift += .05;
        above += .001 * pl_dist_pdf(z) * pl_holdout_e(&quarter);
    }
    assert_near(at_bound, 1., 1e-10);
    assert_true(above < 1.);
}

static void good_quarters_take_back(void **state)
{
    struct pl_holdout_quarter good = {.lift = 3., .se = .2, .entries = 10., .delta = .1};
    struct pl_holdout holdout = {0};
    (void)state;

    pl_holdout_take(&holdout, &golden, 100.);
    assert_near(holdout.m, 100., 1e-15);
    assert_true(pl_holdout_take(&holdout, &good, 100.) < 1.);
    assert_near(pl_holdout_take(&holdout, &golden, 1e9), 2315.672033381279, 1e-12); /* max(1, M) */
}

static void unknown_changes_nothing(void **state)
{
    struct pl_holdout_quarter quarters[] = {golden, golden, golden};
    struct pl_holdout holdout = {7.};
    (void)state;

    quarters[0].se = 0.;
    quarters[1].lift = PL_NAN;
    quarters[2].delta = PL_NAN;
    for (size_t at = 0; at < 3; at++) {
        assert_true(isnan(pl_holdout_e(&quarters[at])));
        assert_near(pl_holdout_take(&holdout, &quarters[at], 100.), 7., 1e-15);
    }
    quarters[0] = golden;
    quarters[0].se = 1e-9; /* leaves the range of a double */
    assert_near(pl_holdout_take(&holdout, &quarters[0], 100.), 100., 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_e),
        cmocka_unit_test(is_an_e_value),
        cmocka_unit_test(good_quarters_take_back),
        cmocka_unit_test(unknown_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
