/* Effects against GrowthBook's published test numbers (statistics.md 3.1) and exactness of the moments. */
#include "core/judge/effect.h"
#include "support/near.h"

#include <string.h>

/* Sums in whole units as a cell of micro-units. */
static struct pl_cell cell(int64_t n, int64_t sum_micro, int64_t sum2_times_10000)
{
    return (struct pl_cell){.n = n, .sum = sum_micro, .sum2 = (pl_int128)sum2_times_10000 * 100000000};
}

#define CELL_A cell(3407, 1396870000, 523779767)
#define CELL_A2 cell(3000, 1396870000, 523779767)
#define CELL_B cell(3461, 2422700000, 1346982900)

static struct pl_moments mean_of(struct pl_cell it)
{
    return pl_effect_mean(&it);
}

static struct pl_moments share_of(int64_t conversions, int64_t n)
{
    struct pl_cell it = {.n = n, .sum = conversions * 1000000, .sum2 = (pl_int128)conversions * 1000000000000};

    return pl_effect_proportion(&it);
}

static void check(struct pl_effect effect, enum pl_side side, const double want[5])
{
    struct pl_interval interval = pl_effect_fixed(&effect, .05, side);

    assert_within(effect.estimate, want[0], 1e-5);
    assert_within(effect.se, want[1], 1e-5);
    if (side != PL_LESS)
        assert_within(interval.lower, want[2], 1e-5);
    else
        assert_true(isinf(interval.lower) && interval.lower < 0.);
    if (side != PL_GREATER)
        assert_within(interval.upper, want[3], 1e-5);
    else
        assert_true(isinf(interval.upper) && interval.upper > 0.);
    assert_within(interval.p, want[4], 1e-5);
}

static void two_sided_goldens(void **state)
{
    struct pl_moments a = mean_of(CELL_A);
    struct pl_moments b = mean_of(CELL_B);
    struct pl_moments p = share_of(14, 28);
    struct pl_moments q = share_of(16, 30);
    (void)state;

    check(pl_effect_relative(&a, &b), PL_TWO_SIDED, (double[]){.70732, .37879, -.03526, 1.44989, .06191});
    check(pl_effect_absolute(&a, &b), PL_TWO_SIDED, (double[]){.29, .12478, .04538, .53462, .02016});
    check(pl_effect_relative(&p, &q), PL_TWO_SIDED, (double[]){.06667, .2717, -.47767, .61101, .80707});
}

static void one_sided_goldens(void **state)
{
    struct pl_moments a = mean_of(CELL_A2);
    struct pl_moments b = mean_of(CELL_B);
    (void)state;

    check(pl_effect_relative(&a, &b), PL_GREATER, (double[]){.503361, .3334122, -.0451367, 0., .0655826});
    check(pl_effect_relative(&a, &b), PL_LESS, (double[]){.503361, .3334122, 0., 1.0518588, .9344174});
    check(pl_effect_absolute(&a, &b), PL_GREATER, (double[]){.2343767, .1298308, .0207915, 0., .0355427});
}

static void negative_baselines_keep_the_sign(void **state)
{
    struct pl_moments a = {.n = 10, .mean = -10., .var = 1.};
    struct pl_moments b = {.n = 10, .mean = -5., .var = 1.};
    struct pl_moments c = {.n = 10, .mean = -2., .var = 1.};
    struct pl_moments d = {.n = 10, .mean = 3., .var = 1.};
    (void)state;

    assert_near(pl_effect_relative(&a, &b).estimate, .5, 1e-15);
    assert_near(pl_effect_relative(&c, &d).estimate, 2.5, 1e-15);
}

/* [1e9+4, 1e9+7, 1e9+13, 1e9+16]: mean 1e9+10, variance 30 exactly; in doubles the sums give garbage. */
static void moments_do_not_cancel(void **state)
{
    static const int64_t values[] = {4, 7, 13, 16};
    struct pl_cell it = {0};
    (void)state;

    for (size_t at = 0; at < 4; at++) {
        int64_t x = (1000000000 + values[at]) * 1000000;

        it.n++;
        it.sum += x;
        it.sum2 += (pl_int128)x * x;
    }
    struct pl_moments got = pl_effect_mean(&it);
    assert_near(got.mean, 1000000010., 1e-16);
    assert_near(got.var, 30., 1e-15);
}

/* 2 n units whose total fills an int64, half of them x and half x + 2 micro. */
static void moments_of_the_largest_total(void **state)
{
    int64_t n = 1 << 20;
    int64_t x = (INT64_C(1) << 62) / (2 * n);
    struct pl_cell it = {.n = 2 * n, .sum = 2 * n * x + 2 * n};
    (void)state;

    it.sum2 = (pl_int128)n * x * x + (pl_int128)n * (x + 2) * (x + 2);
    struct pl_moments got = pl_effect_mean(&it);
    double units = 2. * (double)n;

    assert_near(got.var, units / (units - 1.) * 1e-12, 1e-15); /* deviations are one micro-unit */
    assert_near(got.mean, ((double)x + 1.) / 1e6, 1e-15);
}

/* n Q needs more than 128 bits here. */
static void variance_survives_the_largest_second_moment(void **state)
{
    int64_t x = INT64_C(4000000000000000000);
    struct pl_cell it = {.n = 8, .sum = 0, .sum2 = (pl_int128)x * x * 8};
    (void)state;

    assert_near(pl_effect_mean(&it).var, 8. / 7. * 4e12 * 4e12, 1e-15);
    it.sum = -7;
    assert_near(pl_effect_mean(&it).mean, -7e-6 / 8., 1e-15);
    assert_near(pl_effect_mean(&it).var, 8. / 7. * 4e12 * 4e12, 1e-15);
}

static void unknown_is_nan(void **state)
{
    struct pl_cell one = {.n = 1, .sum = 1000000, .sum2 = 1000000000000};
    struct pl_moments zero = {.n = 50, .mean = 0., .var = 0.};
    struct pl_moments some = {.n = 50, .mean = 1., .var = 0.};
    struct pl_effect effect = pl_effect_relative(&zero, &some);
    (void)state;

    assert_true(isnan(pl_effect_mean(&one).var) && isnan(pl_effect_proportion(&one).mean));
    assert_true(isnan(effect.estimate) && isnan(effect.se));
    effect = pl_effect_absolute(&zero, &some);
    assert_near(effect.estimate, 1., 1e-15);
    assert_true(isnan(pl_effect_fixed(&effect, .05, PL_TWO_SIDED).p));
    assert_true(isnan(pl_effect_scaled(&effect, 0., 1., false).estimate));
}

static void scaled_by_a_fixed_baseline(void **state)
{
    struct pl_moments a = share_of(1000, 20000);
    struct pl_moments b = share_of(1100, 20000);
    struct pl_effect absolute = pl_effect_absolute(&a, &b);
    struct pl_effect up = pl_effect_scaled(&absolute, .04, .5, false);
    struct pl_effect down = pl_effect_scaled(&absolute, .04, .5, true);
    double se = sqrt((.05 * .95 + .055 * .945) / 20000.);
    (void)state;

    assert_near(up.estimate, .5 * .005 / .04, 1e-12);
    assert_near(up.se, .5 * se / .04, 1e-12);
    assert_near(down.estimate, -up.estimate, 1e-15);
    assert_near(down.se, up.se, 1e-15);
}

static void entry_needs_enough_data(void **state)
{
    struct pl_cell it = {.n = 1000, .sum = 25000000};
    (void)state;

    assert_true(pl_effect_enough_conversions(&it));
    it.sum = 24000000;
    assert_false(pl_effect_enough_conversions(&it));
    it.sum = 975000000;
    assert_true(pl_effect_enough_conversions(&it));
    it.sum = 976000000;
    assert_false(pl_effect_enough_conversions(&it));
    assert_true(pl_effect_enough_sum(&it, true));
    assert_false(pl_effect_enough_sum(&it, false));
    it.n = 999;
    assert_false(pl_effect_enough_sum(&it, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sided_goldens),
        cmocka_unit_test(one_sided_goldens),
        cmocka_unit_test(negative_baselines_keep_the_sign),
        cmocka_unit_test(moments_do_not_cancel),
        cmocka_unit_test(moments_of_the_largest_total),
        cmocka_unit_test(variance_survives_the_largest_second_moment),
        cmocka_unit_test(unknown_is_nan),
        cmocka_unit_test(scaled_by_a_fixed_baseline),
        cmocka_unit_test(entry_needs_enough_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
