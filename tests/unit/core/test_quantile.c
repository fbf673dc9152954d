/* Quantiles of times: ranks by hand, the published comparison of two arms (statistics.md 3.1), coverage. */
#include "core/judge/quantile.h"
#include "core/sketch.h"
#include "support/near.h"
#include "support/random.h"
#include "util/num.h"

#define HUNDRED 100

/* 100 times, one in each of the buckets 1 .. 100; nu = 1/2: ranks 50, floor(40.2) and ceil(59.8). */
static void ranks_by_hand(void **state)
{
    struct pl_quantile_bin bins[HUNDRED];
    struct pl_quantile_sample sample = {bins, HUNDRED, HUNDRED};
    (void)state;

    for (unsigned at = 0; at < HUNDRED; at++)
        bins[at] = (struct pl_quantile_bin){at + 1, 1};
    struct pl_quantile got = pl_quantile_of(&sample, .5, .05);
    assert_near(got.value_us, (double)pl_sketch_middle(50), 0.);
    assert_near(got.lower_us, (double)pl_sketch_lower(40), 0.);
    assert_near(got.upper_us, (double)pl_sketch_upper(60), 0.);
    got = pl_quantile_of(&sample, .9, .05); /* 90 -+ 5.88 */
    assert_near(got.value_us, (double)pl_sketch_middle(90), 0.);
    assert_near(got.lower_us, (double)pl_sketch_lower(84), 0.);
    assert_near(got.upper_us, (double)pl_sketch_upper(96), 0.);
}

static void who_never_got_there_counts(void **state)
{
    struct pl_quantile_bin bins[] = {{5, 30}, {7, 0}, {9, 25}};
    struct pl_quantile_sample sample = {bins, 3, 100};
    struct pl_quantile got = pl_quantile_of(&sample, .5, .05);
    (void)state;

    assert_near(got.value_us, (double)pl_sketch_middle(9), 0.);
    assert_near(got.lower_us, (double)pl_sketch_lower(9), 0.);
    assert_true(isinf(got.upper_us)); /* rank 60 of 55 */
    assert_true(isnan(pl_quantile_moments(&got, .05).var));
    got = pl_quantile_of(&sample, .9, .05);
    assert_true(isinf(got.value_us) && isinf(got.lower_us));
    sample.n = 55;
    got = pl_quantile_of(&sample, .9, .05);
    assert_near(got.value_us, (double)pl_sketch_middle(9), 0.);
    assert_near(got.upper_us, (double)pl_sketch_upper(9), 0.);
}

/* n <= z^2 nu / (1 - nu): 34.57 for nu = .9, and by symmetry for .1; 3.84 for the median. */
static void too_few_are_refused(void **state)
{
    struct pl_quantile_bin bins[] = {{5, 34}};
    struct pl_quantile_sample sample = {bins, 1, 34};
    (void)state;

    assert_true(isnan(pl_quantile_of(&sample, .9, .05).value_us));
    assert_true(isnan(pl_quantile_of(&sample, .1, .05).lower_us));
    bins[0].n = sample.n = 35;
    assert_true(!isnan(pl_quantile_of(&sample, .9, .05).value_us));
    assert_true(!isnan(pl_quantile_of(&sample, .1, .05).upper_us));
    bins[0].n = sample.n = 3;
    assert_true(isnan(pl_quantile_of(&sample, .5, .05).value_us));
    bins[0].n = sample.n = 4;
    assert_true(!isnan(pl_quantile_of(&sample, .5, .05).value_us));
    sample.n = 0;
    assert_true(isnan(pl_quantile_of(&sample, .5, .05).value_us));
    sample.n = 3; /* fewer units than times */
    assert_true(isnan(pl_quantile_of(&sample, .5, .05).value_us));
    bins[0].n = -1;
    sample.n = 100;
    assert_true(isnan(pl_quantile_of(&sample, .5, .05).value_us));
}

static void the_last_bucket_has_no_end(void **state)
{
    struct pl_quantile_bin bins[] = {{0, 50}, {PL_SKETCH_BUCKETS - 1, 50}};
    struct pl_quantile_sample sample = {bins, 2, 100};
    struct pl_quantile got = pl_quantile_of(&sample, .75, .05);
    (void)state;

    assert_near(got.value_us, 400. * (double)PL_DAY_US, 0.);
    assert_true(isinf(got.upper_us));
    got = pl_quantile_of(&sample, .25, .05);
    assert_near(got.lower_us, 0., 0.);
    assert_near(got.upper_us, 1e6, 0.);
}

/* Two arms whose quantiles and ends are published, seen through the moments: 90th percentiles of 11,054 and 10,861. */
static void comparison_golden(void **state)
{
    struct pl_quantile a = {11054, 7.157987489967789, 7.098780136176828, 7.217194843758751};
    struct pl_quantile b = {10861, 7.694499927525767, 7.64180598628119, 7.747193868770344};
    struct pl_moments control = pl_quantile_moments(&a, .05);
    struct pl_moments treated = pl_quantile_moments(&b, .05);
    struct pl_effect absolute = pl_effect_absolute(&control, &treated);
    struct pl_effect relative = pl_effect_relative(&control, &treated);
    (void)state;

    assert_within(absolute.estimate, .5365124, 1e-7);
    assert_within(absolute.se, (.6157689 - .4572560) / 2. / 1.959964, 1e-7);
    assert_within(relative.estimate, .0749530, 1e-7);
    assert_within(relative.se, (.0864959 - .0634101) / 2. / 1.959964, 1e-7);
}

/* Exponential times about an hour: the interval holds the true median in 95 % of samples or a little more, as its ends
 * go outwards to the edges of buckets. */
static void interval_covers(void **state)
{
    struct pl_random random = {20250601};
    unsigned covered = 0;
    (void)state;

    for (unsigned sample_at = 0; sample_at < 1000; sample_at++) {
        struct pl_quantile_bin bins[PL_SKETCH_BUCKETS];
        struct pl_quantile_sample sample = {bins, PL_SKETCH_BUCKETS, 400};

        for (unsigned at = 0; at < PL_SKETCH_BUCKETS; at++)
            bins[at] = (struct pl_quantile_bin){at, 0};
        for (unsigned at = 0; at < 400; at++)
            bins[pl_sketch_bucket((int64_t)(-3600e6 * log(random_share(&random))))].n++;
        struct pl_quantile got = pl_quantile_of(&sample, .5, .05);

        covered += got.lower_us <= 3600e6 * log(2.) && 3600e6 * log(2.) <= got.upper_us;
    }
    assert_true(covered >= 930 && covered <= 985);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_by_hand),       cmocka_unit_test(who_never_got_there_counts),
        cmocka_unit_test(too_few_are_refused), cmocka_unit_test(the_last_bucket_has_no_end),
        cmocka_unit_test(comparison_golden),   cmocka_unit_test(interval_covers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
