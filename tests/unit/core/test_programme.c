/* The programme's states, reasons, flags and bookkeeping as scenarios; its numbers are tested over real histories
 * (test_programme_results.c) and against the reference model (tests/oracle).
 */
#include "core/judge/programme.h"
#include "support/near.h"
#include "util/stamp.h"

#include <limits.h>
#include <string.h>

#define AREAS 3
#define DELTA .2
#define SE .25
#define START (20000 * PL_DAY_US)

struct fixture {
    struct pl_area_rule areas[AREAS];
    struct pl_rules rules;
    struct pl_programme *programme;
    int64_t now_us; /* of the next row; a day later each time */
    struct pl_programme_change changes[AREAS];
    unsigned n_changes;
};

static void begin(struct fixture *fixture, unsigned n_areas)
{
    *fixture = (struct fixture){.now_us = START};
    for (unsigned at = 0; at < n_areas; at++)
        fixture->areas[at] = (struct pl_area_rule){.smallest_return = DELTA, .false_alarm_every_years = 1.};
    fixture->rules = (struct pl_rules){.n_areas = n_areas, .areas = fixture->areas};
    fixture->programme = pl_programme_new(&fixture->rules);
    assert_non_null(fixture->programme);
}

static void end(struct fixture *fixture)
{
    pl_programme_free(fixture->programme);
}

static void feed(struct fixture *fixture, const struct pl_row *row)
{
    assert_int_equal(pl_programme_feed(fixture->programme, row, fixture->changes, AREAS, &fixture->n_changes, NULL),
                     PL_OK);
}

static struct pl_row result(struct fixture *fixture, uint32_t area, double effect)
{
    struct pl_row row = {
        .kind = PL_ROW_RESULT,
        .area = area,
        .time_us = fixture->now_us,
        .tick_us = pl_stamp_next_tick(fixture->now_us),
        .start_us = PL_TIME_NONE,
        .effect = effect,
        .se = SE,
        .cost = 1.,
        .shipped = true,
    };

    fixture->now_us += PL_DAY_US;
    return row;
}

static void enter(struct fixture *fixture, uint32_t area, double effect, unsigned times)
{
    for (unsigned n = 0; n < times; n++) {
        struct pl_row row = result(fixture, area, effect);

        feed(fixture, &row);
    }
}

static void exclude(struct fixture *fixture, enum pl_exclusion why, unsigned times)
{
    for (unsigned n = 0; n < times; n++) {
        struct pl_row row = result(fixture, 0, 0.);

        row.excluded = why;
        feed(fixture, &row);
    }
}

static void launch(struct fixture *fixture, uint32_t area, int64_t time_us)
{
    struct pl_row row = {.kind = PL_ROW_EPOCH, .area = area, .time_us = time_us, .tick_us = time_us};

    feed(fixture, &row);
}

static void policy(struct fixture *fixture, double smallest_return)
{
    struct pl_row row = {.kind = PL_ROW_POLICY, .time_us = fixture->now_us, .smallest_return = smallest_return};

    feed(fixture, &row);
}

static const struct pl_area_state *area(struct fixture *fixture, uint32_t index)
{
    return pl_programme_area(fixture->programme, index);
}

static void an_empty_area(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    const struct pl_area_state *got = area(&fixture, 0);
    assert_int_equal(got->state, PL_INCONCLUSIVE);
    assert_int_equal(got->why, PL_WHY_TOO_FEW);
    assert_true(got->last_us == PL_TIME_NONE && got->epoch_us == PL_TIME_NONE && got->flat_since_us == PL_TIME_NONE);
    assert_int_equal(got->policy_age, UINT_MAX);
    assert_near(got->level, 60., 0.);
    assert_true(isnan(got->median_se) && isnan(got->lower) && isnan(got->upper) && isnan(got->needed));
    assert_false(got->jackpot_ok || got->once_yielding || got->peeking || got->unhealthy);
    assert_false(pl_programme_stale(got, START + 1000 * PL_DAY_US));
    end(&fixture);
    pl_programme_free(NULL);
}

static void nothing_is_said_before_eight_entries(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 2., 7);
    assert_true(area(&fixture, 0)->e_yield >= 10.);
    assert_int_equal(area(&fixture, 0)->state, PL_INCONCLUSIVE);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_TOO_FEW);
    assert_false(area(&fixture, 0)->once_yielding);
    enter(&fixture, 0, 2., 1);
    assert_int_equal(area(&fixture, 0)->state, PL_YIELDING);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_NOTHING);
    assert_true(area(&fixture, 0)->once_yielding);
    assert_int_equal(fixture.n_changes, 1);
    assert_int_equal(fixture.changes[0].from, PL_INCONCLUSIVE);
    assert_int_equal(fixture.changes[0].to, PL_YIELDING);
    end(&fixture);
}

static void noise_is_named(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, .0, 8);
    assert_int_equal(area(&fixture, 0)->state, PL_INCONCLUSIVE);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_TOO_NOISY);
    assert_true(area(&fixture, 0)->needed > 5. && area(&fixture, 0)->needed < 25.);
    end(&fixture);
}

/* FLAT fires, stands, and its dwell is 30 days or 8 further entries of the area. */
static void flat_and_its_dwell(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    while (area(&fixture, 0)->state != PL_FLAT)
        enter(&fixture, 0, -.1, 1);
    const struct pl_area_state *got = area(&fixture, 0);
    assert_true(got->e_flat >= got->level);
    assert_true(got->needed == 0.);
    int64_t fired_us = got->flat_since_us;
    assert_true(fired_us == pl_stamp_next_tick(fixture.now_us - PL_DAY_US));
    assert_int_equal(got->flat_entries, 0);
    assert_false(pl_programme_dwelt(got, fired_us + 30 * PL_DAY_US - 1));
    assert_true(pl_programme_dwelt(got, fired_us + 30 * PL_DAY_US));
    enter(&fixture, 0, 0., 7);
    assert_false(pl_programme_dwelt(area(&fixture, 0), fired_us));
    enter(&fixture, 0, 0., 1);
    assert_int_equal(area(&fixture, 0)->flat_entries, 8);
    assert_true(pl_programme_dwelt(area(&fixture, 0), fired_us));
    assert_true(area(&fixture, 0)->flat_since_us == fired_us);
    end(&fixture);
}

/* FLAT stays while E falls; it is left when returns provably pay again and E is under 2. */
static void flat_is_left_only_by_paying(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, -.1, 40);
    assert_int_equal(area(&fixture, 0)->state, PL_FLAT);
    unsigned entries = 0;
    while (area(&fixture, 0)->state == PL_FLAT) {
        double e_flat = area(&fixture, 0)->e_flat;
        enter(&fixture, 0, .9, 1);
        assert_true(area(&fixture, 0)->e_flat < e_flat || e_flat < 2.);
        assert_true(++entries < 60);
    }
    assert_true(area(&fixture, 0)->e_yield >= 10. && area(&fixture, 0)->e_flat < 2.);
    assert_true(area(&fixture, 0)->flat_since_us == PL_TIME_NONE);
    assert_false(pl_programme_dwelt(area(&fixture, 0), PL_TIME_MAX));
    assert_true(entries > 3);
    end(&fixture);
}

/* Three areas: one alone needs E >= 3 A; two together 1.5 A each. An entry of one area may fire another. */
static void areas_are_coupled(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 3);
    while (area(&fixture, 0)->e_flat < 1.6 * area(&fixture, 0)->level)
        enter(&fixture, 0, -.1, 1);
    assert_true(area(&fixture, 0)->e_flat < 3. * area(&fixture, 0)->level);
    assert_int_equal(area(&fixture, 0)->state, PL_INCONCLUSIVE);
    double alone = area(&fixture, 0)->needed;
    assert_true(alone >= 1.);
    fixture.n_changes = 0;
    while (fixture.n_changes == 0)
        enter(&fixture, 2, -.1, 1);
    assert_int_equal(fixture.n_changes, 2);
    assert_int_equal(fixture.changes[0].area, 0);
    assert_int_equal(fixture.changes[1].area, 2);
    assert_int_equal(area(&fixture, 0)->state, PL_FLAT);
    assert_int_equal(area(&fixture, 0)->flat_entries, 0);
    assert_int_equal(area(&fixture, 1)->state, PL_INCONCLUSIVE);
    assert_true(area(&fixture, 2)->e_flat >= 1.5 * area(&fixture, 2)->level);
    end(&fixture);
}

static void areas_without_smallest_return_are_outside(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 3);
    pl_programme_free(fixture.programme);
    fixture.areas[0].smallest_return = (double)NAN;
    fixture.areas[1].smallest_return = (double)NAN;
    fixture.programme = pl_programme_new(&fixture.rules);
    assert_non_null(fixture.programme);
    enter(&fixture, 0, -.1, 60);
    assert_int_equal(area(&fixture, 0)->state, PL_INCONCLUSIVE);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_NO_SMALLEST_RETURN);
    assert_false(area(&fixture, 0)->jackpot_ok);
    assert_true(isnan(area(&fixture, 0)->needed));
    assert_true(area(&fixture, 0)->upper > 0.); /* the proved range needs none */
    while (area(&fixture, 2)->state != PL_FLAT)
        enter(&fixture, 2, -.1, 1);
    assert_true(area(&fixture, 2)->e_flat < 1.5 * area(&fixture, 2)->level); /* m is 1, not 3 */
    enter(&fixture, 1, 1.5, 30);
    for (unsigned n = 0; n < 40; n++)
        enter(&fixture, 1, n % 2 ? .1 : -.1, 1);
    assert_int_equal(area(&fixture, 1)->state, PL_FLATTENING);
    end(&fixture);
}

static void returns_that_fall_and_rise(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    for (unsigned n = 0; n < 30; n++)
        enter(&fixture, 0, n % 2 ? 2. : 2.2, 1);
    assert_int_equal(area(&fixture, 0)->state, PL_YIELDING);
    while (area(&fixture, 0)->state == PL_YIELDING)
        enter(&fixture, 0, fixture.now_us / PL_DAY_US % 2 ? .9 : 1.1, 1);
    assert_int_equal(area(&fixture, 0)->state, PL_FLATTENING);
    assert_true(area(&fixture, 0)->down >= 1000.);
    end(&fixture);

    begin(&fixture, 1);
    for (unsigned n = 0; n < 30; n++)
        enter(&fixture, 0, n % 2 ? .9 : 1.1, 1);
    while (area(&fixture, 0)->state == PL_YIELDING)
        enter(&fixture, 0, fixture.now_us / PL_DAY_US % 2 ? 2. : 2.2, 1);
    assert_int_equal(area(&fixture, 0)->state, PL_RISING);
    /* it stays while S >= 20 and is cleared under it */
    while (area(&fixture, 0)->up >= 20.) {
        assert_int_equal(area(&fixture, 0)->state, PL_RISING);
        enter(&fixture, 0, fixture.now_us / PL_DAY_US % 2 ? .5 : 1.5, 1);
    }
    assert_int_not_equal(area(&fixture, 0)->state, PL_RISING);
    end(&fixture);
}

static void a_launch_begins_anew(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 3., 12);
    enter(&fixture, 0, -.1, 80);
    assert_int_equal(area(&fixture, 0)->state, PL_FLAT);
    int64_t last_us = area(&fixture, 0)->last_us;
    int64_t launch_us = fixture.now_us;
    launch(&fixture, 0, launch_us);
    assert_int_equal(fixture.n_changes, 1);
    assert_int_equal(fixture.changes[0].from, PL_FLAT);
    assert_int_equal(fixture.changes[0].to, PL_INCONCLUSIVE);
    const struct pl_area_state *got = area(&fixture, 0);
    assert_int_equal(got->why, PL_WHY_NEW_EPOCH);
    assert_int_equal(got->n, 0);
    assert_int_equal(got->n_all, 92);
    assert_int_equal(got->epoch, 1);
    assert_true(got->epoch_us == launch_us && got->last_us == last_us);
    assert_false(got->once_yielding);
    assert_true(got->e_flat == 0. && got->largest_cap == 0. && isnan(got->median_se));
    assert_near(got->largest_ever, 3., 1e-9); /* a jackpot that was seen is never forgotten */

    launch(&fixture, 0, launch_us - PL_DAY_US); /* not later than the standing one: nothing */
    launch(&fixture, 0, launch_us);
    assert_int_equal(area(&fixture, 0)->epoch, 1);

    struct pl_row row = result(&fixture, 0, -.1);
    row.start_us = launch_us - 1;
    feed(&fixture, &row);
    assert_int_equal(area(&fixture, 0)->n, 0);
    row.start_us = launch_us;
    feed(&fixture, &row);
    assert_int_equal(area(&fixture, 0)->n, 1);
    row.start_us = PL_TIME_NONE;
    row.time_us = launch_us - 1;
    feed(&fixture, &row);
    assert_int_equal(area(&fixture, 0)->n, 1);
    enter(&fixture, 0, -.1, 6);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_NEW_EPOCH);
    enter(&fixture, 0, -.1, 1);
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_TOO_NOISY);
    assert_int_equal(area(&fixture, 0)->n_all, 100);
    end(&fixture);
}

/* (3/n) x the largest X ever < delta, n of the epoch. */
static void the_jackpot_rule(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 2.001, 1); /* X = 2.001: n must pass 30 */
    enter(&fixture, 0, -.1, 29);
    assert_false(area(&fixture, 0)->jackpot_ok);
    enter(&fixture, 0, -.1, 1);
    assert_true(area(&fixture, 0)->jackpot_ok);
    launch(&fixture, 0, fixture.now_us);
    assert_false(area(&fixture, 0)->jackpot_ok);
    enter(&fixture, 0, -.1, 30);
    assert_false(area(&fixture, 0)->jackpot_ok);
    enter(&fixture, 0, -.1, 1);
    assert_true(area(&fixture, 0)->jackpot_ok);
    end(&fixture);
}

static void peeking_is_more_than_a_fifth_of_twenty(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 0., 6);
    for (unsigned n = 0; n < 5; n++) {
        struct pl_row row = result(&fixture, 0, 0.);

        row.early = true;
        row.shipped = n % 2;
        feed(&fixture, &row);
        if (n == 0)
            assert_false(area(&fixture, 0)->peeking); /* 1 of 7, and fewer than 8 */
        if (n == 1)
            assert_true(area(&fixture, 0)->peeking); /* 2 of 8 */
    }
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_PEEKING);
    enter(&fixture, 0, 0., 9);
    assert_true(area(&fixture, 0)->peeking); /* 5 of 20 */
    enter(&fixture, 0, 0., 6);
    assert_true(area(&fixture, 0)->peeking); /* still the same 5 of the last 20 */
    enter(&fixture, 0, 0., 1);
    assert_false(area(&fixture, 0)->peeking); /* 4 of 20 */
    end(&fixture);
}

static void unhealthy_is_more_than_a_fifth_of_what_came_due(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 0., 8);
    exclude(&fixture, PL_EXCLUDED_KIND, 9); /* other work never came due */
    exclude(&fixture, PL_EXCLUDED_UNHEALTHY, 2);
    assert_false(area(&fixture, 0)->unhealthy); /* 2 of 10 */
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_TOO_NOISY);
    exclude(&fixture, PL_EXCLUDED_UNHEALTHY, 1);
    assert_true(area(&fixture, 0)->unhealthy); /* 3 of 11 */
    assert_int_equal(area(&fixture, 0)->why, PL_WHY_UNHEALTHY);
    exclude(&fixture, PL_EXCLUDED_TOO_SMALL, 4);
    assert_false(area(&fixture, 0)->unhealthy); /* 3 of 15 */
    assert_int_equal(area(&fixture, 0)->n, 8);
    assert_int_equal(area(&fixture, 0)->n_all, 8);
    end(&fixture);
}

static void the_age_of_the_policy(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    policy(&fixture, .3);
    policy(&fixture, DELTA); /* nothing was judged by the old one */
    enter(&fixture, 0, 0., 3);
    assert_int_equal(area(&fixture, 0)->policy_age, UINT_MAX);
    policy(&fixture, DELTA);
    enter(&fixture, 0, 0., 1);
    assert_int_equal(area(&fixture, 0)->policy_age, UINT_MAX);
    policy(&fixture, .1);
    assert_int_equal(area(&fixture, 0)->policy_age, 0);
    enter(&fixture, 0, 0., 5);
    exclude(&fixture, PL_EXCLUDED_UNHEALTHY, 1);
    assert_int_equal(area(&fixture, 0)->policy_age, 5);
    policy(&fixture, (double)NAN);
    policy(&fixture, (double)NAN);
    enter(&fixture, 0, 0., 2);
    assert_int_equal(area(&fixture, 0)->policy_age, 2);
    end(&fixture);

    begin(&fixture, 1);
    enter(&fixture, 0, 0., 3);
    policy(&fixture, DELTA); /* set after entries: they are judged anew */
    assert_int_equal(area(&fixture, 0)->policy_age, 0);
    end(&fixture);
}

static void staleness(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 0., 5);
    const struct pl_area_state *got = area(&fixture, 0);
    assert_true(got->median_gap_us == PL_DAY_US);
    assert_false(pl_programme_stale(got, got->last_us + 60 * PL_DAY_US));
    assert_true(pl_programme_stale(got, got->last_us + 60 * PL_DAY_US + 1));
    for (unsigned n = 0; n < 9; n++) {
        fixture.now_us += 39 * PL_DAY_US;
        enter(&fixture, 0, 0., 1);
    }
    got = area(&fixture, 0);
    assert_true(got->median_gap_us == 40 * PL_DAY_US);
    assert_false(pl_programme_stale(got, got->last_us + 80 * PL_DAY_US));
    assert_true(pl_programme_stale(got, got->last_us + 80 * PL_DAY_US + 1));
    end(&fixture);
}

static void other_rows_change_nothing(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    enter(&fixture, 0, 1., 9);
    struct pl_area_state before = *area(&fixture, 0);
    struct pl_row row = {.kind = PL_ROW_LIFECYCLE, .state = PL_SHIPPED, .time_us = fixture.now_us};
    feed(&fixture, &row);
    assert_int_equal(fixture.n_changes, 0);
    row = result(&fixture, 0, 9.);
    row.work = PL_WORK_HOLDOUT;
    feed(&fixture, &row);
    row.work = PL_WORK_CORE;
    feed(&fixture, &row);
    assert_int_equal(area(&fixture, 0)->n, before.n);
    assert_near(area(&fixture, 0)->e_yield, before.e_yield, 0.);
    row.work = PL_WORK_MONETISATION;
    feed(&fixture, &row);
    assert_int_equal(area(&fixture, 0)->n, before.n + 1);
    end(&fixture);
}

/* A cost that is not known is one. */
static void the_cost_of_an_experiment(void **state)
{
    struct fixture known;
    struct fixture unknown;
    (void)state;

    begin(&known, 1);
    begin(&unknown, 1);
    enter(&known, 0, .4, 5);
    for (unsigned n = 0; n < 5; n++) {
        struct pl_row row = result(&unknown, 0, .4);

        row.cost = n % 2 ? 0. : (double)NAN;
        feed(&unknown, &row);
    }
    assert_near(area(&unknown, 0)->e_flat, area(&known, 0)->e_flat, 0.);
    struct pl_row row = result(&known, 0, .4);
    row.cost = 2.;
    feed(&known, &row);
    enter(&unknown, 0, .4, 1);
    assert_true(area(&known, 0)->e_flat > area(&unknown, 0)->e_flat);
    end(&known);
    end(&unknown);
}

/* Feeding the same rows again gives the same states and the same doubles, whenever they were looked at. */
static void replay_is_exact(void **state)
{
    struct fixture once;
    struct fixture again;
    (void)state;

    begin(&once, 3);
    begin(&again, 3);
    for (unsigned n = 0; n < 400; n++) {
        uint32_t at = n * 7 % 3;
        double effect = sin(n * 1.3) + (n < 150 ? .8 : -.2);

        enter(&once, at, effect, 1);
        enter(&again, at, effect, 1);
        (void)area(&again, n % 3);
        if (n == 250) {
            launch(&once, 1, once.now_us);
            launch(&again, 1, again.now_us);
        }
    }
    for (uint32_t at = 0; at < 3; at++) {
        const struct pl_area_state *a = area(&once, at);
        const struct pl_area_state *b = area(&again, at);

        assert_int_equal(a->state, b->state);
        assert_true(a->e_flat == b->e_flat && a->e_yield == b->e_yield && a->down == b->down && a->up == b->up);
        assert_true(a->median_se == b->median_se && a->median_gap_us == b->median_gap_us);
        assert_near(a->lower, b->lower, 0.);
        assert_near(a->upper, b->upper, 0.);
        assert_near(a->needed, b->needed, 0.);
    }
    end(&once);
    end(&again);
}

static struct pl_row with_value(struct fixture *fixture, double effect, double value)
{
    struct pl_row row = result(fixture, 0, effect);

    row.value = (struct pl_row_value){.effect = value, .se = SE, .cov = 0.};
    return row;
}

/* Growth whose value falls is hollow until value follows again; a launch ends it at once. */
static void hollow_growth(void **state)
{
    struct fixture fixture;
    unsigned bad = 0, good = 0;
    (void)state;

    begin(&fixture, 1);
    fixture.areas[0].value_per_delivery = .3;
    end(&fixture);
    fixture.programme = pl_programme_new(&fixture.rules);
    assert_true(isnan(area(&fixture, 0)->value_mean) && area(&fixture, 0)->n_value == 0);
    enter(&fixture, 0, 1., 3);
    assert_true(isnan(area(&fixture, 0)->value_mean) && area(&fixture, 0)->e_hollow == 0.);
    for (; !area(&fixture, 0)->hollow && bad < 100; bad++) {
        struct pl_row row = with_value(&fixture, 1.5, -.5);

        feed(&fixture, &row);
    }
    assert_true(bad > 5 && bad < 40 && area(&fixture, 0)->e_hollow >= 20.);
    assert_int_equal(area(&fixture, 0)->n_value, bad);
    assert_near(area(&fixture, 0)->value_mean, -.5, 1e-3); /* such an effect is shipped nearly always */
    for (; area(&fixture, 0)->hollow && good < 100; good++) {
        struct pl_row row = with_value(&fixture, 1.5, 1.5);

        feed(&fixture, &row);
    }
    assert_true(good > 1 && good < 100 && area(&fixture, 0)->e_hollow < 2.);
    for (unsigned n = 0; n < 40; n++) {
        struct pl_row row = with_value(&fixture, 1.5, -.5);

        feed(&fixture, &row);
    }
    assert_true(area(&fixture, 0)->hollow);
    launch(&fixture, 0, fixture.now_us);
    assert_false(area(&fixture, 0)->hollow);
    assert_true(area(&fixture, 0)->n_value == 0 && isnan(area(&fixture, 0)->value_mean));
    end(&fixture);
}

static void feed_quarter(struct fixture *fixture, int64_t start_us, double lift, enum pl_exclusion excluded)
{
    struct pl_row row = result(fixture, 0, lift);

    row.work = PL_WORK_HOLDOUT;
    row.excluded = excluded;
    row.start_us = start_us;
    feed(fixture, &row);
}

/* Thirty experiments of .2 each were owed and nothing came. The leg states it; the programme's state is its own. */
static void a_holdout_that_fires(void **state)
{
    struct fixture fixture;
    (void)state;

    begin(&fixture, 1);
    assert_true(area(&fixture, 0)->quarter.end_us == PL_TIME_NONE && !area(&fixture, 0)->holdout);
    enter(&fixture, 0, 1., 30);
    feed_quarter(&fixture, START - 1, 0., PL_EXCLUDED_UNHEALTHY); /* measured badly: nothing */
    assert_true(area(&fixture, 0)->quarter.end_us == PL_TIME_NONE);
    feed_quarter(&fixture, START - 1, 0., PL_EXCLUDED_KIND);
    assert_int_equal(fixture.n_changes, 0);
    assert_true(area(&fixture, 0)->holdout && area(&fixture, 0)->e_holdout >= area(&fixture, 0)->level);
    assert_int_equal(area(&fixture, 0)->quarter.n, 30);
    assert_near(area(&fixture, 0)->quarter.credited, 30. * .966874815200, 1e-9); /* statistics.md 3.5 */
    assert_int_equal(area(&fixture, 0)->state, PL_YIELDING);
    assert_int_equal(area(&fixture, 0)->n, 30);
    assert_false(area(&fixture, 0)->unhealthy);
    launch(&fixture, 0, fixture.now_us);
    assert_true(!area(&fixture, 0)->holdout && area(&fixture, 0)->quarter.end_us == PL_TIME_NONE);
    feed_quarter(&fixture, START, 0., PL_EXCLUDED_KIND); /* began before the launch */
    assert_true(area(&fixture, 0)->quarter.end_us == PL_TIME_NONE);
    end(&fixture);
}

/* The lean is brought up to date when asked for, and a peek does not do it. */
static void the_lean_is_made_when_asked_for(void **state)
{
    struct fixture fixture;
    double lean;
    (void)state;

    begin(&fixture, 1);
    assert_true(isnan(pl_programme_lean(fixture.programme, 0)));
    enter(&fixture, 0, 1., 5);
    lean = pl_programme_lean(fixture.programme, 0);
    assert_near(lean, .966874815200 - DELTA, 1e-9); /* equal returns: their mean */
    assert_near(pl_programme_peek(fixture.programme, 0)->posterior_mean, lean, 0.);
    enter(&fixture, 0, -1., 5);
    assert_near(pl_programme_peek(fixture.programme, 0)->posterior_mean, lean, 0.);
    assert_true(area(&fixture, 0)->posterior_mean < lean - .3);
    assert_near(pl_programme_lean(fixture.programme, 0), area(&fixture, 0)->posterior_mean, 0.);
    end(&fixture);
}

static void names(void **state)
{
    (void)state;

    assert_string_equal(pl_programme_state_name(PL_FLAT), "FLAT");
    assert_string_equal(pl_programme_state_name(PL_FLATTENING), "FLATTENING");
    assert_string_equal(pl_programme_state_name(PL_RISING), "RISING");
    assert_string_equal(pl_programme_state_name(PL_YIELDING), "YIELDING");
    assert_string_equal(pl_programme_state_name(PL_INCONCLUSIVE), "INCONCLUSIVE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_area),
        cmocka_unit_test(nothing_is_said_before_eight_entries),
        cmocka_unit_test(noise_is_named),
        cmocka_unit_test(flat_and_its_dwell),
        cmocka_unit_test(flat_is_left_only_by_paying),
        cmocka_unit_test(areas_are_coupled),
        cmocka_unit_test(areas_without_smallest_return_are_outside),
        cmocka_unit_test(returns_that_fall_and_rise),
        cmocka_unit_test(a_launch_begins_anew),
        cmocka_unit_test(the_jackpot_rule),
        cmocka_unit_test(peeking_is_more_than_a_fifth_of_twenty),
        cmocka_unit_test(unhealthy_is_more_than_a_fifth_of_what_came_due),
        cmocka_unit_test(the_age_of_the_policy),
        cmocka_unit_test(staleness),
        cmocka_unit_test(other_rows_change_nothing),
        cmocka_unit_test(the_cost_of_an_experiment),
        cmocka_unit_test(replay_is_exact),
        cmocka_unit_test(hollow_growth),
        cmocka_unit_test(a_holdout_that_fires),
        cmocka_unit_test(the_lean_is_made_when_asked_for),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
