/* Figures of features from cells made by hand, gaps at looks, and when looks are. p of the binomials: scipy 1.10. */
#include "core/judge/adoption.h"

#include "support/near.h"
#include "support/observed.h"

#define LOOK OBSERVED_AT(98) /* a Monday */
#define ALL_KINDS ((1u << PL_GAPS) - 1)

static const struct pl_feature_gap *gap_of(const struct pl_adoption_looks *looks, uint32_t feature)
{
    for (unsigned at = 0; at < looks->n_gaps; at++)
        if (looks->gaps[at].feature == feature)
            return &looks->gaps[at];
    return NULL;
}

static void figures_of_a_feature(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(0);
    struct pl_adoption one;

    (void)state;
    pl_adoption_read(rules, OBSERVED_SEARCH, &sums, LOOK, &one);
    assert_int_equal(one.counts.eligible, 1000);
    assert_int_equal(one.counts.aware, 300);
    assert_int_equal(one.counts.adopted, 100);
    assert_int_equal(one.counts.repeating, 60);
    assert_int_equal(one.adopters, 38);
    assert_int_equal(one.counts.older, 62); /* 100 less the 38 of the window */
    assert_int_equal(one.counts.left, 20);  /* 62 less the 42 of 60 repeating who are not among the 18 new ones */
    assert_int_equal(one.counts.newly, 80);
    assert_int_equal(one.counts.repeated, 35);
    assert_false(one.counts.launched);
    assert_near(one.median_days, 3, 0); /* 10 x 0, 10 x 3, 15 x 5, 3 x 90: the 19th and 35th of 38 */
    assert_near(one.p90_days, 5, 0);
    assert_near(one.p[PL_GAP_DISCOVERY], .0063466311928736694, 1e-12);
    assert_near(one.p[PL_GAP_TRIAL], 4.007437608269461e-09, 1e-10);
    assert_near(one.p[PL_GAP_FIT], .9984219698744895, 1e-12);
    pl_adoption_read(rules, OBSERVED_SHARE, &sums, LOOK, &one); /* its own eligible ones */
    assert_int_equal(one.counts.eligible, 400);
    assert_int_equal(one.counts.aware, 360);
    assert_near(one.p[PL_GAP_DISCOVERY], 1, 1e-12);
    assert_near(one.median_days, PL_NAN, 0);
    pl_adoption_read(rules, OBSERVED_FILTERS, &sums, LOOK, &one); /* who knows it is not measured */
    assert_near(one.p[PL_GAP_DISCOVERY], PL_NAN, 0);
    assert_near(one.p[PL_GAP_TRIAL], PL_NAN, 0);
    assert_near(one.p[PL_GAP_FIT], 7.949290833123313e-82, 1e-9);
    pl_adoption_read(rules, OBSERVED_SEARCH, &sums, OBSERVED_AT(98) + 5 * PL_HOUR_US, &one); /* D is day 98 now */
    assert_int_equal(one.counts.eligible, 650);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void figures_of_an_area(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(0), none = {0};
    struct pl_adoption_area all;

    (void)state;
    pl_adoption_read_area(rules, 0, &sums, LOOK, &all);
    assert_near(all.share, (60 * .3 + 300 * .9) / 360, 1e-15);
    assert_int_equal(all.active, 1000);
    assert_int_equal(all.users[1], 700);
    assert_int_equal(all.users[2], 250);
    assert_int_equal(all.users[3], 0);
    assert_near(all.mean, .95, 1e-15);
    pl_adoption_read_area(rules, 0, &none, LOOK, &all);
    assert_near(all.share, PL_NAN, 0);
    assert_near(all.mean, PL_NAN, 0);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* The first look, alpha .025: Holm over two features gives .0127 for SEARCH; FILTERS is tested for fit alone. */
static void gaps_of_the_first_look(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(70);
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERY_UNKNOWN);
    assert_true(pl_adoption_step(&looks, rules, 0, &sums, LOOK));
    assert_int_equal(looks.taken, 1);
    assert_int_equal(looks.n_all, 2);
    assert_int_equal(looks.n_gaps, 2);
    assert_int_equal(looks.gaps[0].feature, OBSERVED_SEARCH);      /* discovery comes first */
    assert_int_equal(looks.gaps[0].kinds, 1u << PL_GAP_DISCOVERY); /* which hides that few try it */
    assert_int_equal(looks.gaps[0].counts.aware, 300);
    assert_int_equal(looks.gaps[1].feature, OBSERVED_FILTERS);
    assert_int_equal(looks.gaps[1].kinds, 1u << PL_GAP_FIT);
    assert_int_equal(looks.gaps[1].counts.left, 450);
    assert_near(looks.share, .8, 1e-15);
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERY_GAP);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* The same figures at the eleventh look, alpha .05 / 132: what users do with SEARCH is no longer proof enough. */
static void later_looks_need_more(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(0);
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    assert_true(pl_adoption_step(&looks, rules, 0, &sums, LOOK));
    assert_int_equal(looks.taken, 11); /* days 28, 35, ... 98: overdue ones count */
    assert_int_equal(looks.first_us, OBSERVED_AT(28));
    assert_int_equal(gap_of(&looks, OBSERVED_SEARCH)->kinds, 1u << PL_GAP_TRIAL);
    assert_int_equal(gap_of(&looks, OBSERVED_FILTERS)->kinds, 1u << PL_GAP_FIT);
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERED);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* The same look after SEARCH was proved: it stands at p .0063, and hides that few try it. FILTERS, which nobody need
 * know, does not stand as what it is not. */
static void what_was_proved_stands(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(0);
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    looks.gaps[looks.n_gaps++] = (struct pl_feature_gap){.feature = OBSERVED_SEARCH, .kinds = 1u << PL_GAP_DISCOVERY};
    looks.gaps[looks.n_gaps++] = (struct pl_feature_gap){.feature = OBSERVED_FILTERS, .kinds = 1u << PL_GAP_DISCOVERY};
    assert_true(pl_adoption_step(&looks, rules, 0, &sums, LOOK));
    assert_int_equal(looks.taken, 11);
    assert_int_equal(gap_of(&looks, OBSERVED_SEARCH)->kinds, 1u << PL_GAP_DISCOVERY);
    assert_int_equal(gap_of(&looks, OBSERVED_FILTERS)->kinds, 1u << PL_GAP_FIT);
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERY_GAP);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void without_a_bar_nothing_is_valuable(void **state)
{
    struct pl_rules *rules = observed_rules(PL_NAN, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(70);
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    assert_true(pl_adoption_step(&looks, rules, 0, &sums, LOOK));
    assert_false(pl_adoption_has(&looks, 1u << PL_GAP_DISCOVERY));
    assert_true(pl_adoption_has(&looks, 1u << PL_GAP_TRIAL)); /* needs no bar */
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void delivery_by_its_share(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE), *none = pl_rules_new();
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    looks.last_us = LOOK;
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERY_UNKNOWN); /* no weight */
    looks.share = .6;
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERED);
    assert_int_equal(pl_adoption_delivery(&looks, none, 0), PL_DELIVERY_UNKNOWN); /* no features */
    looks.share = .5999;
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_NOT_DELIVERED);
    looks.share = 0;
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_NOT_DELIVERED);
    looks.gaps[looks.n_gaps++] = (struct pl_feature_gap){.kinds = 1u << PL_GAP_TRIAL | 1u << PL_GAP_FIT};
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_NOT_DELIVERED); /* reported, never a delivery gap */
    looks.gaps[looks.n_gaps++] = (struct pl_feature_gap){.kinds = 1u << PL_GAP_DISCOVERY};
    assert_int_equal(pl_adoption_delivery(&looks, rules, 0), PL_DELIVERY_GAP);
    pl_rules_free(rules);
    pl_rules_free(none);
}

static void looks_are_on_mondays(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(3), none = {0}; /* a Thursday */
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    assert_int_equal(pl_adoption_due(&looks, rules, 0), PL_TIME_NONE);
    assert_false(pl_adoption_step(&looks, rules, 0, &none, OBSERVED_AT(98)));
    assert_int_equal(pl_adoption_due(&looks, rules, 0), PL_TIME_NONE);
    assert_false(pl_adoption_step(&looks, rules, 0, &sums, OBSERVED_AT(35) - PL_HOUR_US));
    assert_int_equal(looks.start_us, OBSERVED_AT(3));
    for (int week = 5; week < 9; week++) {
        assert_int_equal(pl_adoption_due(&looks, rules, 0), OBSERVED_AT(7 * week));
        assert_false(pl_adoption_step(&looks, rules, 0, &sums, OBSERVED_AT(7 * week) - PL_HOUR_US));
        assert_true(pl_adoption_step(&looks, rules, 0, &sums, OBSERVED_AT(7 * week)));
        assert_int_equal(looks.taken, week - 4);
        assert_int_equal(looks.last_us, OBSERVED_AT(7 * week));
        assert_false(pl_adoption_step(&looks, rules, 0, &sums, OBSERVED_AT(7 * week) + PL_HOUR_US));
    }
    assert_true(pl_adoption_step(&looks, rules, 0, &sums, OBSERVED_AT(7 * 12) + PL_HOUR_US)); /* some were overdue */
    assert_int_equal(looks.taken, 8);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

/* SEARCH is declared new on day 10 of an area that began on day 3: looked at from day 31 on, so on day 35 with all the
 * others; on day 3 of that area it is looked at a week before them. */
static void new_features_are_looked_at_sooner(void **state)
{
    struct pl_rules *late = observed_rules(.3, OBSERVED_AT(10)), *soon = observed_rules(.3, OBSERVED_AT(5));
    struct pl_sums sums = {0};
    struct pl_adoption_looks looks = pl_adoption_looks_init();

    (void)state;
    observed_n(&sums, PL_CELL_NEW, 0, 0, 3, 1000);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 27, 1000);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 1, 27, 100);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_FILTERS, 2, 27, 200); /* all of them left, by the figures */
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 5, 20);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 13, 10);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 4, 77);  /* before the launch */
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 14, 77); /* less than 14 days ago on day 27 */
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 1, 5, 20);  /* within 28 days: not asked */
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 2, 5, 14);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 2, 13, 8);
    assert_false(pl_adoption_step(&looks, late, 0, &sums, OBSERVED_AT(28)));
    assert_int_equal(pl_adoption_due(&looks, late, 0), OBSERVED_AT(35));
    assert_int_equal(pl_adoption_due(&looks, soon, 0), OBSERVED_AT(28));
    assert_true(pl_adoption_step(&looks, soon, 0, &sums, OBSERVED_AT(28)));
    assert_int_equal(looks.n_all, 1); /* P(Bin(30, .3) >= 22) = 1.2e-6; FILTERS waits for its 28 days */
    assert_int_equal(looks.gaps[0].feature, OBSERVED_SEARCH);
    assert_true(looks.gaps[0].counts.launched);
    assert_int_equal(looks.gaps[0].counts.newly, 30);
    assert_int_equal(looks.gaps[0].counts.repeated, 22);
    assert_int_equal(pl_adoption_due(&looks, soon, 0), OBSERVED_AT(35));
    pl_sums_fini(&sums);
    pl_rules_free(late);
    pl_rules_free(soon);
}

/* 56 days after its launch a feature is like any other; a launch of long ago brings no early look. */
static void new_features_grow_old(void **state)
{
    struct pl_rules *rules = observed_rules(.3, OBSERVED_AT(42)), *old = observed_rules(.3, OBSERVED_AT(-300));
    struct pl_sums sums = observed_adoption(0);
    struct pl_adoption_looks looks = pl_adoption_looks_init();
    struct pl_adoption one;

    (void)state;
    pl_adoption_read(rules, OBSERVED_SEARCH, &sums, LOOK - PL_HOUR_US, &one);
    assert_true(one.counts.launched);
    assert_int_equal(one.counts.newly, 50 + 30 + 9); /* days 42 .. 83 */
    pl_adoption_read(rules, OBSERVED_SEARCH, &sums, LOOK, &one);
    assert_false(one.counts.launched);
    assert_int_equal(one.counts.newly, 80);
    assert_false(pl_adoption_step(&looks, old, 0, &sums, OBSERVED_AT(21)));
    assert_int_equal(pl_adoption_due(&looks, old, 0), OBSERVED_AT(28));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
    pl_rules_free(old);
}

/* What an ended life has left behind cannot make a part larger than its whole. */
static void odd_figures_stay_in_range(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = {0};
    struct pl_adoption one;

    (void)state;
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 2, 97, 5);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_USED, 1, OBSERVED_SEARCH, 0, 0}, 97, 8, 0);
    pl_adoption_read(rules, OBSERVED_SEARCH, &sums, LOOK, &one);
    assert_int_equal(one.counts.older, 0);
    assert_int_equal(one.counts.left, 0);
    for (int gap = 0; gap < PL_GAPS; gap++)
        assert_near(one.p[gap], 1, 0);
    assert_false(pl_adoption_has(&(struct pl_adoption_looks){0}, ALL_KINDS));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_a_feature),
        cmocka_unit_test(figures_of_an_area),
        cmocka_unit_test(gaps_of_the_first_look),
        cmocka_unit_test(later_looks_need_more),
        cmocka_unit_test(what_was_proved_stands),
        cmocka_unit_test(without_a_bar_nothing_is_valuable),
        cmocka_unit_test(delivery_by_its_share),
        cmocka_unit_test(looks_are_on_mondays),
        cmocka_unit_test(new_features_are_looked_at_sooner),
        cmocka_unit_test(new_features_grow_old),
        cmocka_unit_test(odd_figures_stay_in_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
