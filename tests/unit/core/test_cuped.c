/* Adjusted effects against published numbers (statistics.md 3.1) and by hand. */
#include "core/judge/cuped.h"
#include "core/judge/sequence.h"
#include "support/near.h"

static int64_t micro(double x)
{
    return llround(x * 1e6);
}

static pl_int128 square_micro(double x)
{
    return (pl_int128)llround(x * 1e6) * 1000000;
}

/* One unit more: (x, p) or (m, d, pm, pd). */
static void add(struct pl_moment_set *set, const double *values, unsigned n)
{
    set->n++;
    for (unsigned i = 0; i < n; i++) {
        set->sum[i] += micro(values[i]);
        for (unsigned j = i; j < n; j++)
            set->cross[i][j] += (pl_int128)micro(values[i]) * micro(values[j]);
    }
}

static struct pl_moment_set mean_set(int64_t n, const double s[5])
{
    struct pl_moment_set set = {.n = n, .sum = {micro(s[0]), micro(s[1])}};

    set.cross[0][0] = square_micro(s[2]);
    set.cross[0][1] = square_micro(s[3]);
    set.cross[1][1] = square_micro(s[4]);
    return set;
}

static void theta_golden(void **state)
{
    static const double pairs[][2] = {{2., .3}, {1., .5}, {5., .9}, {3., 22.}};
    struct pl_moment_set arm = {0};
    (void)state;

    for (size_t at = 0; at < 4; at++)
        add(&arm, pairs[at], 2);
    struct pl_cuped got = pl_cuped_mean(&arm, &arm);
    assert_within(got.theta, .01864, 1e-5);
    assert_within(got.absolute.estimate, 0., 1e-15);
    assert_true(got.kept < 1.);
}

static void sequential_golden(void **state)
{
    struct pl_moment_set a = mean_set(3000, (double[]){1396.87, 16.87, 52377.9767, 1., 527.9767});
    struct pl_moment_set b = mean_set(3461, (double[]){2422.7, 22.7, 134698.29, 1., 1348.29});
    struct pl_cuped got = pl_cuped_mean(&a, &b);
    struct pl_interval interval = pl_sequence_interval(&got.relative, 5000., .05, PL_TWO_SIDED);
    (void)state;

    assert_int_equal(got.relative.n, 6461);
    assert_within(got.relative.estimate, .50338, 1e-5);
    assert_within(got.relative.se, .33341, 1e-5);
    assert_within(interval.lower, -.50969, 1e-5);
    assert_within(interval.upper, 1.51646, 1e-5);
}

/* Sums, squares and products in the order (m, d, pm, pd). */
static struct pl_moment_set ratio_set(const double sum[4], const double cross[10])
{
    struct pl_moment_set set = {.n = 100};
    unsigned at = 0;

    for (unsigned i = 0; i < 4; i++) {
        set.sum[i] = micro(sum[i]);
        for (unsigned j = i; j < 4; j++)
            set.cross[i][j] = (pl_int128)llround(cross[at++] * 1e12);
    }
    return set;
}

static const double control_sum[] = {485.112236689623, 679.9093275844917, 192.59138069991536, 290.1398399750233};
static const double control_cross[] = {2715.484666118136, 3602.146836776702,  1113.6215759318352, 1559.2878434944676,
                                       4939.424001640236, 1460.3181079276983, 2130.9404074446747, 460.076026390857,
                                       634.239482353647,  920.9461385038898};
static const double treated_sum[] = {514.7757826608777, 705.4090874383759, 206.94157227402536, 302.54389139107326};
static const double treated_cross[] = {2994.897482705013, 3918.1561431600717, 1237.0953021125997, 1701.0287270040265,
                                       5291.36604146392,  1604.0759503266522, 2292.081739775257,  514.2903702246757,
                                       698.4173425817908, 994.4506208125663};

static void ratio_golden(void **state)
{
    struct pl_moment_set a = ratio_set(control_sum, control_cross);
    struct pl_moment_set b = ratio_set(treated_sum, treated_cross);
    struct pl_cuped got = pl_cuped_ratio(&a, &b);
    struct pl_interval fixed = pl_effect_fixed(&got.relative, .05, PL_TWO_SIDED);
    struct pl_interval always = pl_sequence_interval(&got.relative, 5000., .05, PL_TWO_SIDED);
    (void)state;

    assert_within(got.relative.estimate, -.0007, 1e-5);
    assert_within(got.relative.se, .00391, 1e-5);
    assert_within(fixed.lower, -.00841, 1e-5);
    assert_within(fixed.upper, .00700, 1e-5);
    assert_within(fixed.p, .85771, 1e-5);
    assert_within(always.lower, -.02063, 1e-5);
    assert_within(always.upper, .01923, 1e-5);
}

/* Two units per arm by hand. x = 1, 3 and 2, 6; p = 1, 2 and 1, 3: pooled p - mean = -.75 .25 -.75 1.25, x - mean = -2
 * 0 -1 3; theta = (1.5 + 0 + .75 + 3.75) / 2.75 = 24/11. */
static void mean_by_hand(void **state)
{
    static const double rows[4][2] = {{1., 1.}, {3., 2.}, {2., 1.}, {6., 3.}};
    struct pl_moment_set arms[2] = {0};
    double theta = 24. / 11.;
    (void)state;

    for (unsigned at = 0; at < 4; at++)
        add(&arms[at / 2], rows[at], 2);
    struct pl_cuped got = pl_cuped_mean(&arms[0], &arms[1]);
    double a = 2. + theta * theta * .5 - 2. * theta * 1.; /* variances: x 2, 8; p .5, 2; covariances 1, 4 */
    double b = 8. + theta * theta * 2. - 2. * theta * 4.;
    double scaled = 2. * 4. + theta * theta * .5 - 2. * theta * 1. * 2.;

    assert_near(got.theta, theta, 1e-14);
    assert_near(got.absolute.estimate, 2. - theta * .5, 1e-13);
    assert_near(got.absolute.se, sqrt((a + b) / 2.), 1e-13);
    assert_near(got.relative.estimate, (2. - theta * .5) / 2., 1e-13);
    assert_near(got.relative.se, sqrt((scaled + b) / 2. / 4.), 1e-13);
    assert_near(got.kept, (a + b) / 10., 1e-12);
    assert_near(got.absolute.df, (a + b) * (a + b) / (a * a + b * b), 1e-12);
}

/* R = m/d with d = 1 for all: a mean. */
static void ratio_to_one_is_a_mean(void **state)
{
    struct pl_moment_set ratios[2] = {0}, means[2] = {0};
    (void)state;

    for (unsigned at = 0; at < 40; at++) {
        double x = 1. + (at * 37 % 11) * .25;
        double p = 2. + (at * 17 % 7) * .5 + .3 * x;

        add(&ratios[at % 2], (double[]){x, 1., p, 1.}, 4);
        add(&means[at % 2], (double[]){x, p}, 2);
    }
    struct pl_moments got = pl_cuped_ratio_moments(&ratios[0]);
    struct pl_cell cell = {.n = means[0].n, .sum = means[0].sum[0], .sum2 = means[0].cross[0][0]};
    struct pl_moments want = pl_effect_mean(&cell);
    assert_near(got.mean, want.mean, 1e-14);
    assert_near(got.var, want.var, 1e-13);

    struct pl_cuped ratio = pl_cuped_ratio(&ratios[0], &ratios[1]);
    struct pl_cuped mean = pl_cuped_mean(&means[0], &means[1]);
    assert_within(ratio.theta, mean.theta, .05); /* pooled within arms, not over both */
    assert_near(ratio.absolute.se, mean.absolute.se, .01);
    assert_true(ratio.kept < 1.);
}

static void without_covariate_unadjusted(void **state)
{
    struct pl_moment_set a = mean_set(100, (double[]){200., 0., 900., 0., 0.});
    struct pl_moment_set b = mean_set(100, (double[]){220., 0., 990., 0., 0.});
    struct pl_cuped got = pl_cuped_mean(&a, &b);
    (void)state;

    assert_within(got.theta, 0., 0.);
    assert_near(got.kept, 1., 1e-15);
    assert_near(got.absolute.estimate, .2, 1e-13);
    assert_near(got.absolute.se, sqrt((500. + 506.) / 99. / 100.), 1e-13);
    assert_near(got.relative.estimate, .1, 1e-13);

    a = ratio_set(control_sum, control_cross);
    b = ratio_set(treated_sum, treated_cross);
    struct pl_moments plain[2] = {pl_cuped_ratio_moments(&a), pl_cuped_ratio_moments(&b)};
    a.sum[3] = 0; /* nothing to divide by before */
    got = pl_cuped_ratio(&a, &b);
    assert_within(got.theta, 0., 0.);
    assert_near(got.absolute.se, pl_effect_absolute(&plain[0], &plain[1]).se, 1e-15);
    assert_near(got.relative.se, pl_effect_relative(&plain[0], &plain[1]).se, 1e-15);
}

static void unknown_is_nan(void **state)
{
    struct pl_moment_set none = {0};
    struct pl_moment_set some = mean_set(100, (double[]){200., 10., 900., 30., 20.});
    struct pl_moment_set zero = mean_set(100, (double[]){0., 10., 900., 30., 20.});
    struct pl_cuped got = pl_cuped_mean(&none, &some);
    (void)state;

    assert_true(isnan(got.absolute.estimate) && isnan(got.relative.se) && isnan(got.kept));
    got = pl_cuped_mean(&zero, &some);
    assert_true(isnan(got.relative.estimate) && isnan(got.relative.se) && got.absolute.se > 0.);
    got = pl_cuped_ratio(&none, &some);
    assert_true(isnan(got.absolute.estimate) && isnan(got.relative.estimate));
    some.sum[1] = 0;
    assert_true(isnan(pl_cuped_ratio_moments(&some).mean));
}

/* Values about 4e12 micro-units with a spread of a few: in doubles the sums would give garbage. */
static void nothing_cancels(void **state)
{
    static const double offsets[] = {4., 7., 13., 16.};
    static const double before[] = {9., 2., 4., 1.};
    struct pl_moment_set arms[2] = {0}, small[2] = {0};
    (void)state;

    for (unsigned at = 0; at < 4; at++) {
        add(&arms[at % 2], (double[]){1e6 + offsets[at], 2e6 + before[at]}, 2);
        add(&small[at % 2], (double[]){offsets[at], before[at]}, 2);
    }
    struct pl_cuped got = pl_cuped_mean(&arms[0], &arms[1]);
    struct pl_cuped want = pl_cuped_mean(&small[0], &small[1]);
    assert_near(got.theta, want.theta, 1e-12);
    assert_near(got.absolute.estimate, want.absolute.estimate, 1e-8);
    assert_near(got.absolute.se, want.absolute.se, 1e-12);
}

static void central_moments_are_exact(void **state)
{
    int64_t large = INT64_C(4000000000000000000);
    pl_int128 product = (pl_int128)large * large;
    (void)state;

    assert_near(pl_effect_central(8, 0, 0, -product * 8), -64. * 16e36, 1e-15);
    assert_near(pl_effect_central(8, large, -large, -product), -7. * 16e36, 1e-15);
    assert_near(pl_effect_central(1, large, large, product), 0., 0.);
    assert_near(pl_effect_central(1, large, large, product - 3), -3., 0.);
    assert_near(pl_effect_central(1, large, -large, 5 - product), 5., 0.);
    assert_near(pl_effect_central(INT64_MAX, 0, 0, -1), -0x1p63, 1e-15);
    assert_near(pl_effect_central(2, 1, 1, -((pl_int128)1 << 63)), -0x1p64, 0.);
    assert_near(pl_effect_central(2, 0, 0, -((pl_int128)1 << 63)), -0x1p64, 0.);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theta_golden),
        cmocka_unit_test(sequential_golden),
        cmocka_unit_test(ratio_golden),
        cmocka_unit_test(mean_by_hand),
        cmocka_unit_test(ratio_to_one_is_a_mean),
        cmocka_unit_test(without_covariate_unadjusted),
        cmocka_unit_test(unknown_is_nan),
        cmocka_unit_test(nothing_cancels),
        cmocka_unit_test(central_moments_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
