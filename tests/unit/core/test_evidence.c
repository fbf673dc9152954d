/* One area's evidence: rate of entries, caps, early entries, the common bar, restarts. */
#include "core/judge/evidence.h"
#include "core/judge/returns.h"
#include "support/near.h"
#include "util/num.h"

static void enter(struct pl_evidence *evidence, double day, double d, double s)
{
    struct pl_entry entry = {.time_us = (int64_t)(day * 86400e6), .d = d, .s = s, .cost = 1., .shipped = true};

    assert_int_equal(pl_evidence_enter(evidence, &entry, NULL), PL_OK);
}

static void enter_early(struct pl_evidence *evidence, double day, double s, bool shipped)
{
    struct pl_entry entry = {
        .time_us = (int64_t)(day * 86400e6), .d = 9., .s = s, .cost = 1., .early = true, .shipped = shipped};

    assert_int_equal(pl_evidence_enter(evidence, &entry, NULL), PL_OK);
}

/* A = max(60, earlier entries with time in (t - 365 d, t] x years). */
static void level_follows_the_rate(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 1);
    for (unsigned n = 0; n < 100; n++) {
        enter(&evidence, 1000. + n, 0., .25);
        assert_near(evidence.level, n > 60 ? n : 60., 1e-15);
    }
    enter(&evidence, 1365., 0., .25); /* the first, at 1000 = 1365 - 365, is just out */
    assert_near(evidence.level, 99., 1e-15);
    enter(&evidence, 1070., 0., .25); /* out of order: later ones are not earlier */
    assert_near(evidence.level, 71., 1e-15);
    enter(&evidence, 1070., 0., .25); /* an equal time is */
    assert_near(evidence.level, 72., 1e-15);
    enter(&evidence, 3000., 0., .25);
    assert_near(evidence.level, 60., 1e-15);
    pl_evidence_fini(&evidence);

    pl_evidence_init(&evidence, .2, 2.5, 1);
    for (unsigned n = 0; n <= 40; n++)
        enter(&evidence, 1000. + n, 0., .25);
    assert_near(evidence.level, 100., 1e-15);
    pl_evidence_fini(&evidence);
}

static void flat_is_clamped_by_level_and_areas(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 3);
    for (unsigned n = 0; n < 250; n++)
        enter(&evidence, 10. * n, -2., .25);
    assert_near(evidence.e_flat, 10. * 60. * 3., 1e-15);
    pl_evidence_fini(&evidence);
    pl_evidence_init(&evidence, .2, 1., 3);
    for (unsigned n = 0; n < 60; n++)
        enter(&evidence, 10. * n, 2., .25);
    assert_near(evidence.e_yield, 100., 1e-15);
    pl_evidence_fini(&evidence);
}

/* The cap follows the largest X credited before, not by the entry itself. */
static void cap_is_known_before(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 1);
    enter(&evidence, 0., 4., .25);
    assert_near(evidence.largest, 4., 1e-9);
    assert_near(evidence.largest_cap, 1., 1e-15);
    enter(&evidence, 1., 0., .25);
    assert_near(evidence.largest_cap, .5 * evidence.largest, 1e-15);
    pl_evidence_fini(&evidence);
}

/* For FLAT an early shipped one is a full win, an unshipped one nothing; for YIELDING both are nothing; no X is
 * credited. The first step from nothing: E = 1 + mean(f) (delta - x) / (c - delta), mean(f) = .525, mean(l) = .345. */
static void early_entries(void **state)
{
    struct pl_evidence evidence;
    double b = pl_returns_floor(.25);
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 1);
    enter_early(&evidence, 0., .25, true);
    assert_near(evidence.e_flat, 1. - .525, 1e-12);
    assert_near(evidence.e_yield, 1. - .345 * .2 / (.2 + b), 1e-12);
    assert_true(evidence.largest == 0. && evidence.largest_ever == 0.);
    pl_evidence_fini(&evidence);

    pl_evidence_init(&evidence, .2, 1., 1);
    enter_early(&evidence, 0., .25, false);
    assert_near(evidence.e_flat, 1. + .525 * .2 / .8, 1e-12);
    assert_near(evidence.e_yield, 1. - .345 * .2 / (.2 + b), 1e-12);
    pl_evidence_fini(&evidence);
}

/* delta grows with the declared cost of an experiment. */
static void a_dear_experiment_must_pay_more(void **state)
{
    struct pl_evidence dear;
    struct pl_evidence plain;
    struct pl_entry entry = {.d = .7, .s = .25, .cost = 3., .shipped = true};
    (void)state;

    pl_evidence_init(&dear, .1, 1., 1);
    pl_evidence_init(&plain, .3, 1., 1);
    assert_int_equal(pl_evidence_enter(&dear, &entry, NULL), PL_OK);
    entry.cost = 1.;
    assert_int_equal(pl_evidence_enter(&plain, &entry, NULL), PL_OK);
    assert_near(dear.e_flat, plain.e_flat, 1e-14);
    assert_near(dear.e_yield, plain.e_yield, 1e-14);
    pl_evidence_fini(&dear);
    pl_evidence_fini(&plain);
}

static void common_bar_from_the_tenth(void **state)
{
    static const double errors[] = {.2, .3, .25, .21, .29, .4, .22, .28, .1, .9};
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 1);
    for (unsigned n = 0; n < 9; n++) {
        if (n == 4)
            enter_early(&evidence, n, errors[n], true);
        else
            enter(&evidence, n, n * .1, errors[n]);
        assert_true(isnan(evidence.s_ref) && evidence.ring.n == 0);
    }
    enter(&evidence, 9., .9, errors[9]);
    assert_near(evidence.s_ref, .265, 1e-15); /* median: (.25 + .28) / 2 */
    assert_int_equal(evidence.ring.n, 8);     /* .4 and .9 > .9 sqrt2 .265 = .337 */
    assert_near(evidence.ring.x[1], pl_returns_common(.1, .3, .265), 1e-15);
    assert_near(evidence.ring.x[4], 1.96 * .265 + 2. * .29, 1e-15);
    enter_early(&evidence, 10., .25, false);
    assert_int_equal(evidence.ring.n, 9);
    assert_true(evidence.ring.x[8] == 0.);
    pl_evidence_fini(&evidence);
}

static void works_without_a_smallest_return(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, (double)NAN, 1., 0);
    for (unsigned n = 0; n < 90; n++)
        enter(&evidence, n, (n < 45 ? 1.5 : 0.) + (n % 3) * .05, .25);
    assert_true(evidence.e_flat == 0. && evidence.e_yield == 0. && evidence.largest_cap == 0.);
    assert_true(evidence.down >= 1000. && evidence.up == 0.);
    assert_true(evidence.largest > 1.);
    assert_true(isnan(pl_evidence_needed(&evidence, .25, 1.)));
    assert_true(pl_evidence_proved(&evidence, pl_evidence_median_se(&evidence)).lower > 0.);
    pl_evidence_fini(&evidence);
}

static void medians(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .2, 1., 1);
    assert_true(isnan(pl_evidence_median_se(&evidence)));
    assert_int_equal(pl_evidence_median_gap_us(&evidence), 0);
    enter(&evidence, 10., 0., .5);
    assert_int_equal(pl_evidence_median_gap_us(&evidence), 0);
    enter(&evidence, 20., 0., .1);
    enter(&evidence, 13., 0., .3); /* gaps in order of time: 3 and 7 */
    assert_near(pl_evidence_median_se(&evidence), .3, 1e-15);
    assert_int_equal(pl_evidence_median_gap_us(&evidence), 5 * PL_DAY_US);
    for (unsigned n = 0; n < 20; n++)
        enter(&evidence, 30. + n, 0., .2);
    assert_near(pl_evidence_median_se(&evidence), .2, 1e-15);
    assert_int_equal(pl_evidence_median_gap_us(&evidence), PL_DAY_US);
    pl_evidence_fini(&evidence);
}

/* A restart equals a new start, but for the largest X ever. */
static void restart_forgets_all_but_the_jackpot(void **state)
{
    struct pl_evidence used;
    struct pl_evidence fresh;
    (void)state;

    pl_evidence_init(&used, .2, 1., 1);
    pl_evidence_init(&fresh, .2, 1., 1);
    for (unsigned n = 0; n < 80; n++)
        enter(&used, n, n % 5 ? 0. : 3., .25);
    pl_evidence_restart(&used);
    assert_true(used.n == 0 && used.e_flat == 0. && used.largest == 0. && isnan(used.s_ref));
    assert_near(used.largest_ever, 3., 1e-9);
    for (unsigned n = 0; n < 70; n++) {
        enter(&used, 80. + n, n % 7 ? -.1 : 1., .3);
        enter(&fresh, 80. + n, n % 7 ? -.1 : 1., .3);
        assert_near(used.e_flat, fresh.e_flat, 0.);
        assert_near(used.e_yield, fresh.e_yield, 0.);
        assert_near(used.level, fresh.level, 0.);
        assert_near(used.down, fresh.down, 0.);
        assert_near(used.up, fresh.up, 0.);
    }
    assert_near(used.largest, fresh.largest, 0.);
    pl_evidence_fini(&used);
    pl_evidence_fini(&fresh);
    pl_evidence_fini(&fresh);
}

static void needed_scales_with_the_share(void **state)
{
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .25, 1., 4);
    enter(&evidence, 0., 0., .25);
    double one = pl_evidence_needed(&evidence, .25, 1.);
    double four = pl_evidence_needed(&evidence, .25, 4.);
    assert_true(one >= 20. && one <= 26.); /* 25 from nothing, statistics.md 2.7 */
    assert_true(four > one + 4.);
    assert_true(isnan(pl_evidence_needed(&evidence, (double)NAN, 1.)));
    pl_evidence_fini(&evidence);
}

/* Several arms enter as one return (numbers of tests/oracle/methods.py), with the floor of several, and leave the ring
 * of the common bar alone. */
static void several_arms(void **state)
{
    const struct pl_arms two = {2, {.5, .9}, {.5, .4}, .1};
    struct pl_entry entry = {.d = .9, .s = pl_arms_se(&two), .arms = &two, .cost = 1., .shipped = true};
    struct pl_evidence evidence;
    double x = .263203369393428, s = .45276925690687087;
    (void)state;

    pl_evidence_init(&evidence, .1, 1., 1);
    assert_int_equal(pl_evidence_enter(&evidence, &entry, NULL), PL_OK);
    assert_near(evidence.last_x, x, 1e-11);
    assert_near(evidence.last_cap, 3.96 * s, 1e-12);
    assert_near(evidence.e_flat, 1. + .525 * (.1 - x) / (3.96 * s - .1), 1e-11);
    assert_near(evidence.e_yield, 1. + .345 * (x - .1) / (.1 + .26 * s), 1e-11);
    assert_near(evidence.largest, x, 1e-11);
    assert_near(evidence.credits[0].floor, .26 * s, 1e-12);
    for (unsigned n = 1; n < 11; n++)
        enter(&evidence, n, 0., .45);
    assert_int_equal(evidence.ring.n, 10);
    entry.time_us = 20 * PL_DAY_US;
    entry.early = true;
    assert_int_equal(pl_evidence_enter(&evidence, &entry, NULL), PL_OK);
    assert_int_equal(evidence.ring.n, 10);
    assert_near(evidence.largest, x, 1e-11);
    pl_evidence_fini(&evidence);
}

/* Paule-Mandel over X = .263203, .292801, -.00763 at s = .452769, .5, .25, less the smallest return. */
static void the_lean(void **state)
{
    const struct pl_arms two = {2, {.5, .9}, {.5, .4}, .1}, three = {3, {1., -.2, .6}, {.5, .5, .5}, .125};
    const struct pl_entry entries[2] = {{.d = .9, .s = .45276925690687087, .arms = &two, .cost = 1.},
                                        {.d = 1., .s = .5, .arms = &three, .cost = 1.}};
    struct pl_evidence evidence;
    (void)state;

    pl_evidence_init(&evidence, .1, 1., 1);
    assert_true(isnan(pl_evidence_lean(&evidence)));
    assert_int_equal(pl_evidence_enter(&evidence, &entries[0], NULL), PL_OK);
    assert_true(isnan(pl_evidence_lean(&evidence)));
    assert_int_equal(pl_evidence_enter(&evidence, &entries[1], NULL), PL_OK);
    enter(&evidence, 1., .3, .25);
    assert_near(pl_evidence_lean(&evidence), .09377916401378067 - .1, 1e-9);
    pl_evidence_fini(&evidence);
    pl_evidence_init(&evidence, PL_NAN, 1., 1);
    enter(&evidence, 1., .3, .25);
    enter(&evidence, 2., .3, .25);
    assert_true(isnan(pl_evidence_lean(&evidence)));
    pl_evidence_fini(&evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_follows_the_rate),
        cmocka_unit_test(flat_is_clamped_by_level_and_areas),
        cmocka_unit_test(cap_is_known_before),
        cmocka_unit_test(early_entries),
        cmocka_unit_test(a_dear_experiment_must_pay_more),
        cmocka_unit_test(common_bar_from_the_tenth),
        cmocka_unit_test(works_without_a_smallest_return),
        cmocka_unit_test(medians),
        cmocka_unit_test(restart_forgets_all_but_the_jackpot),
        cmocka_unit_test(needed_scales_with_the_share),
        cmocka_unit_test(several_arms),
        cmocka_unit_test(the_lean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
