/* Confidence sequences against published numbers (statistics.md 3.1, 3.2). */
#include "core/judge/sequence.h"
#include "support/near.h"

static struct pl_moments moments(int64_t n, double sum, double sum2)
{
    double count = (double)n;

    return (struct pl_moments){.n = n, .mean = sum / count, .var = (sum2 - sum * sum / count) / (count - 1.)};
}

static struct pl_moments share(int64_t n, double sum)
{
    double p = sum / (double)n;

    return (struct pl_moments){.n = n, .mean = p, .var = p * (1. - p)};
}

static void two_sided_goldens(void **state)
{
    struct pl_moments a = moments(3000, 1396.87, 52377.9767);
    struct pl_moments b = moments(3461, 2422.7, 134698.29);
    struct pl_effect effect = pl_effect_relative(&a, &b);
    struct pl_interval got = pl_sequence_interval(&effect, 1000., .05, PL_TWO_SIDED);
    (void)state;

    assert_within(got.lower, -.55844, 1e-5);
    assert_within(got.upper, 1.56516, 1e-5);
    assert_near(got.p, 1., 1e-15);

    a = share(3000, 1396.);
    b = share(3461, 2422.);
    effect = pl_effect_relative(&a, &b);
    got = pl_sequence_interval(&effect, 5000., .05, PL_TWO_SIDED);
    assert_within(effect.estimate, .50386, 1e-5);
    assert_within(effect.se, .03386, 1e-5);
    assert_within(got.lower, .40098, 1e-5);
    assert_within(got.upper, .60675, 1e-5);
    assert_true(got.p > 0. && got.p < 1e-20);
}

static void one_sided_goldens(void **state)
{
    struct pl_moments a = moments(3000, 1396.87, 52377.9767);
    struct pl_moments b = moments(3461, 2422.7, 134698.29);
    struct pl_effect relative = pl_effect_relative(&a, &b);
    struct pl_effect absolute = pl_effect_absolute(&a, &b);
    (void)state;

    assert_within(pl_sequence_interval(&relative, 5000., .05, PL_GREATER).lower, -.4235645, 1e-6);
    assert_within(pl_sequence_interval(&relative, 5000., .05, PL_LESS).upper, 1.4302867, 1e-6);
    assert_within(pl_sequence_interval(&absolute, 5000., .05, PL_GREATER).lower, -.1265684, 1e-6);
    assert_within(pl_sequence_interval(&absolute, 5000., .05, PL_LESS).upper, .5953218, 1e-6);
    assert_true(isinf(pl_sequence_interval(&absolute, 5000., .05, PL_GREATER).upper));
    assert_true(isinf(pl_sequence_interval(&absolute, 5000., .05, PL_LESS).lower));
}

/* rho and B of another vendor's normal mixture, N_tune = 10,000: the same formula (statistics.md 1.3). */
static void equals_the_normal_mixture(void **state)
{
    double rho2 = pl_sequence_rho2(1e4, .05, PL_TWO_SIDED);
    static const double rows[][2] = {{1e3, 3.855055}, {1e4, 3.035209}, {1e5, 3.241723}};
    (void)state;

    assert_within(1. / rho2, 1260.0561, 1e-4);
    for (size_t at = 0; at < 3; at++) {
        double t = rows[at][0];
        double rho = 1. / rho2;

        assert_within(pl_sequence_width(t, rho2, .05, PL_TWO_SIDED), rows[at][1], 1e-6);
        assert_near(pl_sequence_width(t, rho2, .05, PL_TWO_SIDED), sqrt((t + rho) / t * log((t + rho) / (rho * .0025))),
                    1e-12);
    }
    assert_near(pl_sequence_rho2(1000., .05, PL_TWO_SIDED), .007936154602, 1e-9);
}

/* The bound at level p touches 0: width and p are inverse to each other, with rho held. */
static void p_is_the_level_that_touches_zero(void **state)
{
    static const enum pl_side sides[] = {PL_TWO_SIDED, PL_GREATER, PL_LESS};
    (void)state;

    for (size_t at = 0; at < 3; at++) {
        enum pl_side side = sides[at];
        double z = side == PL_LESS ? -4.2 : 4.2;
        struct pl_effect effect = {.estimate = z * .3, .se = .3, .df = 100., .n = 7000};
        double rho2 = pl_sequence_rho2(5000., .05, side);
        double p = pl_sequence_interval(&effect, 5000., .05, side).p;

        assert_true(p > 0. && p < .05);
        assert_near(pl_sequence_width(7000., rho2, p, side), 4.2, 1e-12);
        effect.estimate = -effect.estimate;
        assert_near(pl_sequence_interval(&effect, 5000., .05, side).p, side == PL_TWO_SIDED ? p : 1., 1e-15);
    }
}

static void p_and_interval_agree(void **state)
{
    (void)state;

    for (int64_t n = 50; n < 2000000; n *= 3) {
        for (double z = -6.; z <= 6.; z += .25) {
            struct pl_effect effect = {.estimate = z, .se = 1., .df = 100., .n = n};
            struct pl_interval two = pl_sequence_interval(&effect, 5000., .05, PL_TWO_SIDED);
            struct pl_interval greater = pl_sequence_interval(&effect, 5000., .05, PL_GREATER);

            assert_int_equal(two.p <= .05, two.lower >= 0. || two.upper <= 0.);
            assert_int_equal(greater.p <= .05, greater.lower >= 0.);
        }
    }
}

static void nothing_is_shown_on_too_little(void **state)
{
    struct pl_cell large = {.n = 100000, .sum = 500000000};
    struct pl_cell small = {.n = 40, .sum = 20000000};
    struct pl_effect none = {.estimate = 1., .se = 0., .df = 1., .n = 10};
    (void)state;

    assert_true(pl_sequence_enough_conversions(&large, &small));
    assert_true(pl_sequence_enough_conversions(&small, &large));
    small.sum = 19000000;
    assert_false(pl_sequence_enough_conversions(&large, &small));
    small.sum = 21000000;
    assert_false(pl_sequence_enough_conversions(&large, &small));
    small.n = 100;
    assert_true(pl_sequence_enough_sum(&large, &small));
    small.n = 99;
    assert_false(pl_sequence_enough_sum(&small, &large));
    assert_true(isnan(pl_sequence_interval(&none, 5000., .05, PL_TWO_SIDED).p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sided_goldens),         cmocka_unit_test(one_sided_goldens),
        cmocka_unit_test(equals_the_normal_mixture), cmocka_unit_test(p_is_the_level_that_touches_zero),
        cmocka_unit_test(p_and_interval_agree),      cmocka_unit_test(nothing_is_shown_on_too_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
