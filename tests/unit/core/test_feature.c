#include "support/observed_world.h"

#include "core/count/feature.h"

static int64_t wish(const struct one_unit *world, enum pl_cell_kind kind, uint16_t arm, int32_t pane)
{
    return observed_n(world, kind, arm, WORLD_WISH, pane);
}

static int64_t used(const struct one_unit *world, uint16_t arm, uint32_t feature, int32_t pane, uint32_t days)
{
    return observed_cell(world, (struct pl_cell_key){PL_CELL_USED, arm, feature, days, pane}).n;
}

static int64_t breadth(const struct one_unit *world, uint16_t arm, int32_t pane)
{
    return observed_n(world, PL_CELL_BREADTH, arm, WORLD_SHOP, pane);
}

static void days_come_back_from_words(void **state)
{
    const int32_t last = (int32_t)(PL_TIME_MAX / PL_DAY_US); /* of the year 9999 */
    const struct pl_feature features[] = {
        {{.kind = PL_WORDS_FEATURE, .id = 65535, .n_words = 3, .flags = 7}, last, last, last, last, last},
        {{.kind = PL_WORDS_FEATURE, .n_words = 3}, -1, -1, -1, -1, -1},
        {{.kind = PL_WORDS_FEATURE, .n_words = 3}, 0, 1, last, 0, last},
        {{.kind = PL_WORDS_FEATURE, .n_words = 3}, last, 0, 0, last, 0},
        {{.kind = PL_WORDS_FEATURE, .n_words = 3}, -1, last, (1 << 20) - 1, -1, 7},
    };

    (void)state;
    for (unsigned at = 0; at < sizeof(features) / sizeof(features[0]); at++) {
        uint64_t words[PL_FEATURE_WORDS];
        struct pl_feature back;

        pl_feature_pack(&features[at], words);
        back = pl_feature_unpack(words);
        assert_memory_equal(&back.eligible, &features[at].eligible, 5 * sizeof(int32_t));
        assert_int_equal(back.head.id, features[at].head.id);
        assert_int_equal(back.head.flags, features[at].head.flags);
    }
}

/* Active, then aware, then a user: known where the area was last active, and from then on with it. */
static void known_goes_with_the_area(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_BUY);
    assert_int_equal(world->words.n, PL_WORDS_FIRST + 10); /* two areas, no feature */
    observed_on(world, M(0, 3), WORLD_BUY);
    observed_on(world, M(0, 1), WORLD_TIP); /* late */
    assert_int_equal(wish(world, PL_CELL_KNOWN, 1, M(0, 3)), 1);
    assert_int_equal(wish(world, PL_CELL_COHORT, 0, M(0, 1)), 1);
    observed_on(world, M(0, 4), WORLD_BUY);
    assert_int_equal(wish(world, PL_CELL_KNOWN, 1, M(0, 4)), 1);
    observed_on(world, M(0, 5), WORLD_ASK); /* another area */
    observed_on(world, M(0, 5), WORLD_LIKE);
    assert_int_equal(wish(world, PL_CELL_KNOWN, 2, M(0, 5)), 1);
    observed_on(world, M(1, 0), WORLD_BUY);
    assert_int_equal(wish(world, PL_CELL_KNOWN, 2, M(1, 0)), 1);
    assert_int_equal(observed_all(world, PL_CELL_KNOWN, 1, WORLD_WISH), 0);
    assert_int_equal(observed_all(world, PL_CELL_KNOWN, 2, WORLD_WISH), 1);
    assert_int_equal(observed_all(world, PL_CELL_AUDIENCE, 0, WORLD_WISH), 0);
    assert_int_equal(used(world, 0, WORLD_WISH, M(0, 5), 4), 1);
}

/* export has `eligible` events: only they (and use) count, not activity. */
static void own_eligibility_is_an_audience(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_BUY);
    assert_int_equal(observed_all(world, PL_CELL_AUDIENCE, 0, WORLD_EXPORT), 0);
    observed_on(world, M(0, 1), WORLD_PRO);
    observed_on(world, M(0, 0), WORLD_PRO);
    observed_on(world, M(0, 4), WORLD_BUY);
    assert_int_equal(observed_n(world, PL_CELL_AUDIENCE, 0, WORLD_EXPORT, M(0, 1)), 1);
    assert_int_equal(observed_all(world, PL_CELL_KNOWN, 1, WORLD_EXPORT), 0);
    observed_on(world, M(0, 5), WORLD_CSV);
    assert_int_equal(observed_n(world, PL_CELL_AUDIENCE, 0, WORLD_EXPORT, M(0, 5)), 1);
    assert_int_equal(observed_n(world, PL_CELL_KNOWN, 2, WORLD_EXPORT, M(0, 5)), 1);
    assert_int_equal(observed_n(world, PL_CELL_COHORT, 0, WORLD_EXPORT, M(0, 5)), 1);
    assert_int_equal(used(world, 0, WORLD_EXPORT, M(0, 5), 0), 1);
    observed_on(world, M(0, 6), WORLD_PRO);
    assert_int_equal(observed_n(world, PL_CELL_KNOWN, 2, WORLD_EXPORT, M(0, 6)), 1);
    assert_int_equal(observed_all(world, PL_CELL_AUDIENCE, 0, WORLD_EXPORT), 1);
}

static void days_to_adopt_are_0_to_90(void **state)
{
    struct one_unit *world = *state;

    world->rules->forget_us = 1000 * PL_DAY_US;
    observed_on(world, MONDAY, WORLD_TIP);
    observed_on(world, MONDAY + 90, WORLD_LIKE);
    world->words.n = 0;
    observed_on(world, MONDAY + 200, WORLD_TIP);
    observed_on(world, MONDAY + 291, WORLD_LIKE);
    world->words.n = 0;
    observed_on(world, MONDAY + 400, WORLD_TIP);
    observed_on(world, MONDAY + 399, WORLD_LIKE); /* used on the day before it knew of it */
    assert_int_equal(used(world, 0, WORLD_WISH, MONDAY + 90, 90), 1);
    assert_int_equal(used(world, 0, WORLD_WISH, MONDAY + 291, 90), 1);
    assert_int_equal(used(world, 0, WORLD_WISH, MONDAY + 399, 0), 1);
}

/* Again: the last use day in a week before that of the last use. */
static void again_is_in_a_week_before(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 6), WORLD_LIKE);
    observed_on(world, M(0, 5), WORLD_LIKE); /* the same week */
    assert_int_equal(observed_all(world, PL_CELL_AGAIN, 0, WORLD_WISH), 0);
    observed_on(world, M(1, 0), WORLD_LIKE); /* a day later, another week */
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(0, 6)), 1);
    assert_int_equal(used(world, 0, WORLD_WISH, M(0, 6), 0), 0);
    assert_int_equal(used(world, 1, WORLD_WISH, M(0, 6), 0), 1);
    observed_on(world, M(1, 3), WORLD_LIKE);
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(0, 6)), 1);
    observed_on(world, M(4, 0), WORLD_LIKE);
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(1, 3)), 1);
    observed_on(world, M(3, 2), WORLD_LIKE); /* late: between the two */
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(3, 2)), 1);
    observed_on(world, M(2, 2), WORLD_LIKE); /* later than none of them */
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(3, 2)), 1);
    assert_int_equal(observed_all(world, PL_CELL_AGAIN, 0, WORLD_WISH), 1);
    assert_int_equal(observed_all(world, PL_CELL_USED, 1, WORLD_WISH), 1);
}

/* The first use decides by place; a late one in an earlier week makes it repeated as well. */
static void a_late_use_may_repeat_the_first(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(1, 0), WORLD_LIKE);
    observed_on(world, M(0, 6), WORLD_LIKE);
    assert_int_equal(wish(world, PL_CELL_AGAIN, 0, M(0, 6)), 1);
    assert_int_equal(used(world, 1, WORLD_WISH, M(1, 0), 0), 1);
    assert_int_equal(wish(world, PL_CELL_COHORT, 0, M(1, 0)), 1);
    assert_int_equal(observed_all(world, PL_CELL_COHORT, 1, WORLD_WISH), 0); /* before it was aware */
}

static void cohorts_repeat_within_28_or_14_days(void **state)
{
    struct one_unit *world = *state;
    int32_t aware = M(0, 0);

    observed_on(world, aware, WORLD_TIP);
    observed_on(world, aware + 13, WORLD_LIKE); /* first use: Sunday of week 1 */
    observed_on(world, aware + 14, WORLD_LIKE); /* too late for 14 days */
    assert_int_equal(wish(world, PL_CELL_COHORT, 1, aware), 1);
    assert_int_equal(observed_all(world, PL_CELL_COHORT, 2, WORLD_WISH), 0);
    observed_on(world, aware + 2, WORLD_LIKE); /* late, but within */
    assert_int_equal(wish(world, PL_CELL_COHORT, 2, aware), 1);
    observed_on(world, aware + 3, WORLD_LIKE);
    observed_on(world, aware + 21, WORLD_LIKE);
    assert_int_equal(wish(world, PL_CELL_COHORT, 0, aware), 1);
    assert_int_equal(wish(world, PL_CELL_COHORT, 1, aware), 1);
    assert_int_equal(wish(world, PL_CELL_COHORT, 2, aware), 1);
}

static void cohort_windows_are_half_open(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_LIKE);
    observed_on(world, M(4, 0), WORLD_LIKE); /* day 28 */
    assert_int_equal(observed_all(world, PL_CELL_COHORT, 1, WORLD_WISH), 0);
    world->words.n = 0;
    observed_on(world, M(10, 0), WORLD_LIKE);
    observed_on(world, M(13, 6), WORLD_LIKE); /* day 27 */
    assert_int_equal(wish(world, PL_CELL_COHORT, 1, M(10, 0)), 1);
    world->words.n = 0;
    observed_on(world, M(20, 0), WORLD_TIP);
    observed_on(world, M(24, 0), WORLD_LIKE); /* first use outside */
    observed_on(world, M(23, 0), WORLD_LIKE); /* inside, but the first is not */
    assert_int_equal(wish(world, PL_CELL_COHORT, 1, M(20, 0)), 0);
}

/* One action may be several things to several features: view makes aware of trip and is its use. */
static void one_action_may_say_it_all(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 2), WORLD_VIEW);
    assert_int_equal(observed_n(world, PL_CELL_KNOWN, 2, WORLD_TRIP, M(0, 2)), 1);
    assert_int_equal(observed_n(world, PL_CELL_COHORT, 0, WORLD_TRIP, M(0, 2)), 1);
    assert_int_equal(used(world, 0, WORLD_TRIP, M(0, 2), 0), 1);
    assert_int_equal(breadth(world, 1, M(0, 2)), 1);
}

static void breadth_ranks_last_use_days(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_LIKE);
    observed_on(world, M(0, 2), WORLD_VIEW);
    observed_on(world, M(0, 1), WORLD_CSV);
    assert_int_equal(breadth(world, 1, M(0, 2)), 1);
    assert_int_equal(breadth(world, 2, M(0, 1)), 1);
    assert_int_equal(breadth(world, 3, M(0, 0)), 1);
    observed_on(world, M(0, 2), WORLD_LIKE);
    assert_int_equal(breadth(world, 1, M(0, 2)), 1);
    assert_int_equal(breadth(world, 2, M(0, 2)), 1);
    assert_int_equal(breadth(world, 3, M(0, 1)), 1);
    observed_on(world, M(0, 1), WORLD_VIEW); /* late: nothing moves */
    observed_on(world, M(1, 0), WORLD_TIP);  /* no use */
    for (uint16_t arm = 1; arm <= 3; arm++)
        assert_int_equal(observed_all(world, PL_CELL_BREADTH, arm, WORLD_SHOP), 1);
    assert_int_equal(observed_all(world, PL_CELL_BREADTH, 4, WORLD_SHOP), 0);
    assert_int_equal(observed_all(world, PL_CELL_BREADTH, 1, WORLD_HELP), 0);
}

/* What a feature left counts until it is more than 32 days old. */
static void left_days_stay_for_a_while(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, MONDAY, WORLD_LIKE);
    assert_true(pl_feature_leave(&world->words, WORLD_SHOP, MONDAY - 1));
    assert_true(pl_feature_leave(&world->words, WORLD_HELP, MONDAY - 1));
    pl_cells_move(&world->cells, (struct pl_cell_key){PL_CELL_BREADTH, 2, WORLD_SHOP, 0, 0}, -1, MONDAY - 1);
    observed_on(world, MONDAY + 31, WORLD_LIKE);
    assert_int_equal(breadth(world, 1, MONDAY + 31), 1);
    assert_int_equal(breadth(world, 2, MONDAY - 1), 1);
    observed_on(world, MONDAY + 32, WORLD_LIKE);
    assert_int_equal(observed_all(world, PL_CELL_BREADTH, 1, WORLD_SHOP), 1);
    assert_int_equal(observed_all(world, PL_CELL_BREADTH, 2, WORLD_SHOP), 0);
    assert_int_equal(pl_words_find(&world->words, PL_WORDS_LEFT, WORLD_SHOP), 0);
    assert_true(pl_words_find(&world->words, PL_WORDS_LEFT, WORLD_HELP) > 0);
}

static void a_new_life_starts_again(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_LIKE);
    observed_on(world, M(20, 0), WORLD_LIKE); /* more than 90 days later */
    assert_int_equal(wish(world, PL_CELL_KNOWN, 2, M(0, 0)), 1);
    assert_int_equal(wish(world, PL_CELL_KNOWN, 2, M(20, 0)), 1);
    assert_int_equal(observed_all(world, PL_CELL_COHORT, 0, WORLD_WISH), 2);
    assert_int_equal(observed_all(world, PL_CELL_USED, 0, WORLD_WISH), 2);
    assert_int_equal(observed_all(world, PL_CELL_USED, 1, WORLD_WISH), 0);
    assert_int_equal(observed_all(world, PL_CELL_AGAIN, 0, WORLD_WISH), 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, observed_setup, one_unit_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(days_come_back_from_words),           WITH(known_goes_with_the_area),
        WITH(own_eligibility_is_an_audience),      WITH(days_to_adopt_are_0_to_90),
        WITH(again_is_in_a_week_before),           WITH(a_late_use_may_repeat_the_first),
        WITH(cohorts_repeat_within_28_or_14_days), WITH(cohort_windows_are_half_open),
        WITH(one_action_may_say_it_all),           WITH(breadth_ranks_last_use_days),
        WITH(left_days_stay_for_a_while),          WITH(a_new_life_starts_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
