/* The split check against statistics.md 3.3. */
#include "core/judge/split.h"
#include "support/near.h"

static const double halves[] = {.5, .5};

static struct pl_split split(const int64_t *counts, const double *shares, unsigned n_arms)
{
    return (struct pl_split){.n_arms = n_arms, .counts = counts, .shares = shares};
}

static void goldens(void **state)
{
    static const struct {
        int64_t counts[2];
        double log_e, p;
    } rows[] = {
        {{50, 50}, -.347824, 1.},
        {{500, 600}, 2.930244, .053384},
        {{5050, 4950}, -1.814929, 1.},
        {{10300, 9700}, 6.302860, .00183106},
        {{821588, 815482}, 6.532368, .00145556},
    };
    (void)state;

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct pl_split it = split(rows[at].counts, halves, 2);
        double log_e = pl_split_log_e(&it, 1);

        assert_within(log_e, rows[at].log_e, 1e-6);
        assert_near(pl_split_p(log_e), rows[at].p, 1e-5);
        assert_false(pl_split_uneven(log_e));
    }
}

static void alarm_at_one_in_a_thousand(void **state)
{
    static const int64_t counts[] = {10320, 9680};
    struct pl_split it = split(counts, halves, 2);
    (void)state;

    assert_true(pl_split_uneven(pl_split_log_e(&it, 1)));
    assert_true(pl_split_uneven(log(1000.)));
    assert_false(pl_split_uneven(log(999.9)));
}

static void segments_add_up(void **state)
{
    static const int64_t ramp[] = {750, 250};
    static const int64_t level[] = {5000, 5000};
    static const int64_t both[] = {5750, 5250};
    static const double before[] = {.75, .25};
    struct pl_split segments[] = {split(ramp, before, 2), split(level, halves, 2)};
    struct pl_split mixed = split(both, halves, 2);
    (void)state;

    assert_near(pl_split_log_e(segments, 2), pl_split_log_e(&segments[0], 1) + pl_split_log_e(&segments[1], 1), 1e-15);
    assert_true(pl_split_log_e(segments, 2) < 0.);
    assert_true(pl_split_uneven(pl_split_log_e(&mixed, 1))); /* what one expected share would have made of it */
}

static void no_units_are_no_evidence(void **state)
{
    static const int64_t none[] = {0, 0, 0};
    static const double thirds[] = {1. / 3., 1. / 3., 1. / 3.};
    struct pl_split it = split(none, thirds, 3);
    (void)state;

    assert_true(fabs(pl_split_log_e(&it, 1)) < 1e-12);
    assert_near(pl_split_log_e(NULL, 0), 0., 0.);
}

/* An e-value: its mean over all outcomes of n fair coins is 1. */
static void mean_of_e_is_one(void **state)
{
    double sum = 0.;
    (void)state;

    for (int64_t heads = 0; heads <= 60; heads++) {
        int64_t counts[] = {heads, 60 - heads};
        struct pl_split it = split(counts, halves, 2);
        double ways = lgamma(61.) - lgamma((double)heads + 1.) - lgamma(61. - (double)heads);

        sum += exp(ways - 60. * log(2.) + pl_split_log_e(&it, 1));
    }
    assert_near(sum, 1., 1e-10);
}

/* A variant that nobody declared, whose only units saw another one too. */
static void nobody_in_an_undeclared_arm(void **state)
{
    const double declared[] = {.5, .5, 0.};
    const int64_t counts[] = {30, 22, 0};
    struct pl_split with = split(counts, declared, 3), without = split(counts, halves, 2);

    (void)state;
    assert_near(pl_split_log_e(&with, 1), pl_split_log_e(&without, 1), 1e-15);
}

static void mixed_needs_share_and_number(void **state)
{
    (void)state;

    assert_false(pl_split_mixed(9, 91));
    assert_true(pl_split_mixed(10, 990));
    assert_false(pl_split_mixed(10, 991));
    assert_true(pl_split_mixed(1000, 5));
    assert_false(pl_split_mixed(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(alarm_at_one_in_a_thousand),
        cmocka_unit_test(segments_add_up),
        cmocka_unit_test(no_units_are_no_evidence),
        cmocka_unit_test(mean_of_e_is_one),
        cmocka_unit_test(mixed_needs_share_and_number),
        cmocka_unit_test(nobody_in_an_undeclared_arm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
