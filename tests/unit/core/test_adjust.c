/* Adjusted p against published numbers (statistics.md 3.1). */
#include "core/judge/adjust.h"
#include "support/near.h"
#include "util/num.h"

#define MANY 8

static void check(void (*adjust)(const double *, unsigned, unsigned *, double *), const double *p, const double *want,
                  unsigned n)
{
    unsigned order[MANY];
    double got[MANY];

    adjust(p, n, order, got);
    for (unsigned at = 0; at < n; at++)
        assert_within(got[at], want[at], 1e-12);
}

static void holm_golden(void **state)
{
    static const double p[] = {.01, .04, .03, .005, .55, .6};
    static const double want[] = {.05, .12, .12, .03, 1., 1.};
    (void)state;

    check(pl_adjust_holm, p, want, 6);
}

static void bh_goldens(void **state)
{
    static const double p[] = {.898, .138, .007, .964, .538, .006, .138};
    static const double want[] = {.964, .2415, .0245, .964, .7532, .0245, .2415};
    static const double q[] = {.005, .06, .007, .04, .01, .03};
    static const double wanted[] = {.02, .06, .02, .048, .02, .045};
    (void)state;

    check(pl_adjust_bh, p, want, 7);
    check(pl_adjust_bh, q, wanted, 6);
}

/* The family is smaller by what is not known. */
static void unknown_is_no_member(void **state)
{
    double p[] = {PL_NAN, .01, .04, PL_NAN, .03, .005, .55, .6};
    static const double holm[] = {.05, .12, .12, .03, 1., 1.};
    static const double bh[] = {.03, .06, .06, .03, .6, .6};
    static const unsigned known[] = {1, 2, 4, 5, 6, 7};
    unsigned order[MANY];
    double got[MANY];
    (void)state;

    pl_adjust_holm(p, 8, order, got);
    assert_true(isnan(got[0]) && isnan(got[3]));
    for (unsigned at = 0; at < 6; at++)
        assert_within(got[known[at]], holm[at], 1e-12);
    pl_adjust_bh(p, 8, order, p); /* in place */
    assert_true(isnan(p[0]) && isnan(p[3]));
    for (unsigned at = 0; at < 6; at++)
        assert_within(p[known[at]], bh[at], 1e-12);
}

static void small_families(void **state)
{
    static const double one[] = {.2};
    static const double ties[] = {.02, .02, .02};
    static const double tripled[] = {.06, .06, .06};
    double nothing = PL_NAN;
    unsigned order[1];
    (void)state;

    check(pl_adjust_holm, one, one, 1);
    check(pl_adjust_bh, one, one, 1);
    check(pl_adjust_holm, ties, tripled, 3);
    check(pl_adjust_bh, ties, ties, 3);
    pl_adjust_holm(&nothing, 1, order, &nothing);
    assert_true(isnan(nothing));
    pl_adjust_holm(NULL, 0, NULL, NULL);
    pl_adjust_bh(NULL, 0, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holm_golden),
        cmocka_unit_test(bh_goldens),
        cmocka_unit_test(unknown_is_no_member),
        cmocka_unit_test(small_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
