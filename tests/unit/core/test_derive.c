/* What is taken per active user: which metrics are looked at, and their trends as scipy 1.10 computes them. */
#include "core/judge/derive.h"

#include "core/judge/trend.h"
#include "support/near.h"
#include "support/observed.h"

#define DUE(weeks) OBSERVED_AT(7 * (weeks))

static void metrics_with_a_total_are_looked_at(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_derive_looks looks;

    (void)state;
    looks = pl_derive_looks_init(rules, 0);
    assert_int_equal(looks.n, 2);
    assert_non_null(pl_derive_find(&looks, OBSERVED_PRICE));
    assert_non_null(pl_derive_find(&looks, OBSERVED_ADS));
    assert_null(pl_derive_find(&looks, 2));
    rules->metrics[OBSERVED_ADS].role = PL_ROLE_GUARDRAIL;
    assert_int_equal(pl_derive_looks_init(rules, 0).n, 1);
    rules->metrics[OBSERVED_PRICE].type = PL_METRIC_MEAN;
    assert_int_equal(pl_derive_looks_init(rules, 0).n, 0);
    assert_int_equal(pl_derive_due(&looks), PL_TIME_NONE);
    pl_rules_free(rules);
}

static void trends_as_computed_elsewhere(void **state)
{
    static const struct {
        double growth, drift[2], se[2], rate;
        enum pl_trend_verdict verdict;
    } cases[] = {
        {.99,
         {-.11863633899031914, -.1194311263026181},
         {.004319122453253254, .0027483817360196175},
         .464125,
         PL_TREND_FALLING},
        {1.,
         {.0020139967553478855, .001129417788293128},
         {.004350730246281473, .00276649728774088},
         .5,
         PL_TREND_STABLE},
        {1.01,
         {.12134725062389198, .12049751891925178},
         {.004352376165973408, .0027720833437169605},
         .53929375,
         PL_TREND_RISING},
    };
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        struct pl_derive_looks looks = pl_derive_looks_init(rules, 0);
        const struct pl_looks *price = pl_derive_find(&looks, OBSERVED_PRICE);
        struct pl_sums sums = {0};

        observed_weeks(&sums, 16, (struct observed_growth){1, 1, cases[at].growth});
        for (unsigned k = 0; k < 2; k++) {
            assert_false(pl_derive_step(&looks, rules, 0, &sums, DUE(12 + 4 * k) - PL_HOUR_US));
            assert_int_equal(pl_derive_due(&looks), DUE(12 + 4 * k));
            assert_true(pl_derive_step(&looks, rules, 0, &sums, DUE(12 + 4 * k)));
            assert_near(price->drift, cases[at].drift[k], 1e-9);
            assert_near(price->se, cases[at].se[k], 1e-9);
            assert_int_equal(price->verdict, cases[at].verdict);
            assert_int_equal(pl_derive_rising(&looks), cases[at].verdict == PL_TREND_RISING);
        }
        assert_near(price->rate, cases[at].rate, 1e-12);
        pl_derive_looks_restart(&looks, DUE(20));
        assert_false(pl_derive_rising(&looks));
        assert_int_equal(pl_derive_due(&looks), DUE(32));
        pl_sums_fini(&sums);
    }
    pl_rules_free(rules);
}

/* A count of nothing is half an event, a sum of nothing has no logarithm. */
static void weeks_without_takings(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_derive_looks looks = pl_derive_looks_init(rules, 0);
    struct pl_sums sums = {0};

    (void)state;
    for (int week = 0; week < 12; week++)
        observed_n(&sums, PL_CELL_ACTIVE_WEEK, 0, 0, 7 * week, 1000);
    assert_true(pl_derive_step(&looks, rules, 0, &sums, DUE(12)));
    assert_near(pl_derive_find(&looks, OBSERVED_PRICE)->drift, PL_NAN, 0);
    assert_int_equal(pl_derive_find(&looks, OBSERVED_PRICE)->verdict, PL_TREND_INCONCLUSIVE);
    assert_within(pl_derive_find(&looks, OBSERVED_ADS)->drift, 0, 1e-12);
    assert_false(pl_derive_rising(&looks));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void the_rate_of_the_last_weeks(void **state)
{
    struct pl_sums sums = {0};

    (void)state;
    observed_weeks(&sums, 12, (struct observed_growth){1, 1, 2});
    assert_near(pl_derive_rate(0, OBSERVED_PRICE, &sums, DUE(4) + PL_DAY_US), (4980 + 10040 + 19920 + 40160) / 40000.,
                1e-12);
    assert_near(pl_derive_rate(0, OBSERVED_PRICE, &sums, DUE(0)), PL_NAN, 0);
    pl_sums_fini(&sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_with_a_total_are_looked_at),
        cmocka_unit_test(trends_as_computed_elsewhere),
        cmocka_unit_test(weeks_without_takings),
        cmocka_unit_test(the_rate_of_the_last_weeks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
