#include "support/observed_world.h"

#include "core/count/usage.h"
#include "core/sketch.h"

static int64_t shop(const struct one_unit *world, enum pl_cell_kind kind, uint16_t arm, int32_t pane)
{
    return observed_n(world, kind, arm, WORLD_SHOP, pane);
}

static void assert_value_week(const struct one_unit *world, int32_t monday, int64_t n, int64_t sum)
{
    struct pl_amount all = observed_cell(world, (struct pl_cell_key){PL_CELL_VALUE_WEEK, 3, WORLD_SHOP, 0, monday});

    assert_int_equal(all.n, n);
    assert_int_equal(all.sum, sum);
}

static void an_action_that_no_area_reads_changes_nothing(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_QUIT);
    assert_int_equal(world->words.n, PL_WORDS_FIRST);
    assert_int_equal(world->cells.n, 0);
}

static void a_unit_stands_in_the_pane_of_its_last_day(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 2), WORLD_TIP);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 2)), 1);
    assert_int_equal(shop(world, PL_CELL_NEW, 0, M(0, 2)), 1);
    observed_on(world, M(0, 4), WORLD_TIP);
    observed_on(world, M(0, 4), WORLD_TIP);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 2)), 0);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 4)), 1);
    observed_on(world, M(0, 3), WORLD_TIP); /* late: stays */
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 4)), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE_WEEK, 0, M(0, 0)), 1);
    assert_int_equal(observed_all(world, PL_CELL_ACTIVE, 0, WORLD_SHOP), 1);
    assert_int_equal(observed_all(world, PL_CELL_NEW, 0, WORLD_SHOP), 1);
    assert_int_equal(observed_all(world, PL_CELL_ACTIVE, 0, WORLD_HELP), 0);
}

/* Sunday and Monday are two weeks, also at the turn of a year; late days count their week once, or never when old. */
static void weeks_are_counted_once(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(-1, 6), WORLD_TIP); /* Sunday, 2023-12-31 */
    observed_on(world, M(0, 0), WORLD_TIP);
    observed_on(world, M(5, 0), WORLD_TIP);
    observed_on(world, M(4, 6), WORLD_TIP); /* late, a week nothing was known of */
    observed_on(world, M(4, 0), WORLD_TIP);
    observed_on(world, M(0, 1), WORLD_TIP); /* 34 days before the last: ignored */
    assert_int_equal(shop(world, PL_CELL_ACTIVE_WEEK, 0, M(-1, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE_WEEK, 0, M(0, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE_WEEK, 0, M(4, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE_WEEK, 0, M(5, 0)), 1);
    assert_int_equal(observed_all(world, PL_CELL_ACTIVE_WEEK, 0, WORLD_SHOP), 4);
}

static void time_to_value_is_that_of_the_first_value_event(void **state)
{
    struct one_unit *world = *state;
    int64_t start_us = M(0, 6) * PL_DAY_US;
    struct pl_cell_key key = {PL_CELL_TO_VALUE, 0, WORLD_SHOP, pl_sketch_bucket(3 * PL_HOUR_US), M(0, 0)};

    observed_act(world, start_us + 20 * PL_HOUR_US, WORLD_TIP);
    observed_act(world, start_us + 23 * PL_HOUR_US, WORLD_BUY);
    observed_act(world, start_us + 30 * PL_HOUR_US, WORLD_BUY);
    assert_int_equal(observed_cell(world, key).n, 1);
    assert_int_equal(observed_all(world, PL_CELL_TO_VALUE, 0, WORLD_SHOP), 1);
    assert_int_equal(shop(world, PL_CELL_NEW, 1, M(0, 6)), 1);
}

static void value_may_come_first_or_before_the_first(void **state)
{
    struct one_unit *world = *state;
    struct pl_cell_key key = {PL_CELL_TO_VALUE, 0, WORLD_SHOP, 0, M(0, 0)};

    observed_act(world, M(0, 0) * PL_DAY_US + 5, WORLD_TIP);
    observed_act(world, M(0, 0) * PL_DAY_US + 4, WORLD_BUY); /* placed after it: less than nothing is nothing */
    assert_int_equal(observed_cell(world, key).n, 1);
    observed_act(world, M(0, 1) * PL_DAY_US, WORLD_BUY);
    assert_int_equal(observed_all(world, PL_CELL_NEW, 1, WORLD_SHOP), 0); /* only the first decides */
}

static void activation_is_half_open(void **state)
{
    struct one_unit *world = *state;
    int64_t start_us = M(0, 0) * PL_DAY_US + 1;

    observed_act(world, start_us, WORLD_TIP);
    observed_act(world, start_us + 7 * PL_DAY_US, WORLD_BUY);
    assert_int_equal(observed_all(world, PL_CELL_NEW, 1, WORLD_SHOP), 0);
    world->words.n = 0;
    observed_act(world, start_us + 50 * PL_DAY_US, WORLD_TIP);
    observed_act(world, start_us + 57 * PL_DAY_US - 1, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_NEW, 1, MONDAY + 50), 1);
}

/* New in week 0, recurring in week 1, resurrected in week 3, recurring in week 4; the late one fills week 2. */
static void value_weeks_are_new_recurring_or_resurrected(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 6), WORLD_BUY);
    observed_on(world, M(0, 6), WORLD_BUY);
    observed_on(world, M(1, 0), WORLD_BUY);
    observed_on(world, M(3, 3), WORLD_BUY);
    observed_on(world, M(4, 0), WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 0, M(0, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 1, M(1, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 2, M(3, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 1, M(4, 0)), 1);
    observed_on(world, M(2, 1), WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 1, M(2, 0)), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_WEEK, 2, M(3, 0)), 1); /* what it was then */
    assert_value_week(world, M(0, 0), 1, 2);
    assert_value_week(world, M(1, 0), 1, 1);
    assert_value_week(world, M(2, 0), 1, 1);
    observed_on(world, M(6, 0), WORLD_BUY);
    observed_on(world, M(1, 2), WORLD_BUY); /* 33 days old: not even counted */
    assert_value_week(world, M(1, 0), 1, 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 0, WORLD_SHOP), 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 1, WORLD_SHOP), 3);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 2, WORLD_SHOP), 2);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 3, WORLD_SHOP), 6);
}

static void value_days_are_ranked_from_the_newest(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, MONDAY, WORLD_BUY);
    observed_on(world, MONDAY + 10, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 1, MONDAY + 10), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 2, MONDAY), 1);
    observed_on(world, MONDAY + 5, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 2, MONDAY + 5), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 3, MONDAY), 1);
    observed_on(world, MONDAY + 27, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 4, MONDAY), 1);
    observed_on(world, MONDAY + 28, WORLD_BUY);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_DAYS, 4, WORLD_SHOP), 1);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 4, MONDAY + 5), 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_DAYS, 5, WORLD_SHOP), 0); /* 28 days before the newest */
    observed_on(world, MONDAY + 56, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, 1, MONDAY + 56), 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_DAYS, 2, WORLD_SHOP), 0);
    observed_on(world, MONDAY + 28, WORLD_BUY); /* known, but too far back to be ranked */
    assert_int_equal(observed_all(world, PL_CELL_VALUE_DAYS, 2, WORLD_SHOP), 0);
}

static void twenty_eight_days_in_a_row_fill_all_arms(void **state)
{
    struct one_unit *world = *state;

    for (int32_t day = 0; day < 40; day++)
        observed_on(world, MONDAY + day, WORLD_BUY);
    for (uint16_t arm = 1; arm <= 28; arm++)
        assert_int_equal(shop(world, PL_CELL_VALUE_DAYS, arm, MONDAY + 40 - arm), 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_DAYS, 29, WORLD_SHOP), 0);
}

/* Weeks of retention are the unit's own, from the time of its first value on; any age counts. */
static void retention_goes_by_the_units_own_weeks(void **state)
{
    struct one_unit *world = *state;
    int64_t start_us = M(0, 2) * PL_DAY_US + PL_HOUR_US;

    observed_act(world, start_us, WORLD_BUY);
    observed_act(world, start_us + PL_WEEK_US - 1, WORLD_BUY); /* still its week 0 */
    assert_int_equal(observed_all(world, PL_CELL_RETAINED, 1, WORLD_SHOP), 0);
    observed_act(world, start_us + PL_WEEK_US, WORLD_BUY);
    observed_act(world, start_us + PL_WEEK_US + 1, WORLD_BUY);
    observed_act(world, start_us + 13 * PL_WEEK_US - 1, WORLD_BUY);
    observed_act(world, start_us + 13 * PL_WEEK_US, WORLD_BUY); /* its week 13: nothing */
    observed_act(world, start_us + 4 * PL_WEEK_US, WORLD_BUY);  /* nine weeks late */
    observed_act(world, start_us - 1, WORLD_BUY);
    for (uint16_t week = 0; week <= 13; week++)
        assert_int_equal(shop(world, PL_CELL_RETAINED, week, M(0, 0)), week < 2 || week == 4 || week == 12);
}

/* Two derive metrics: a count in shop, a sum over two actions in help; quit has none. */
static void flows_need_no_unit(void **state)
{
    struct one_unit *world = *state;
    struct pl_cell_key likes = {PL_CELL_FLOW, 0, WORLD_LIKES, 0, M(0, 0)};
    struct pl_cell_key asked = {PL_CELL_FLOW, 0, WORLD_ASKED, 0, M(1, 0)};
    struct pl_tail_event without = {.kind = PL_EVENT_ACTION, .subject = WORLD_ASK};

    observed_on(world, M(0, 6), WORLD_LIKE);
    observed_on(world, M(0, 6), WORLD_LIKE);
    observed_on(world, M(1, 0), WORLD_BUY);
    observed_on(world, M(1, 1), WORLD_ASK);
    without.place_us = without.time_us = M(1, 1) * PL_DAY_US;
    assert_true(pl_step(&world->step, &world->words, &without));
    assert_int_equal(observed_cell(world, likes).n, 2);
    assert_int_equal(observed_cell(world, likes).sum, 2 * PL_MICRO);
    assert_int_equal(observed_cell(world, asked).n, 2);
    assert_int_equal(observed_cell(world, asked).sum, 5 * PL_MICRO);
    assert_int_equal(observed_n(world, PL_CELL_ACTIVE, 0, WORLD_HELP, M(1, 1)), 1); /* also of the one without value */
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 3, WORLD_HELP), 0);
    assert_int_equal(observed_n(world, PL_CELL_FLOW, 0, WORLD_BOUGHT, M(1, 0)), 0);
}

/* What the old life contributed stays; the new one is another unit. */
static void a_new_life_starts_again(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_BUY);
    observed_on(world, M(0, 0) + 90, WORLD_BUY); /* exactly `forget`: the same */
    assert_int_equal(observed_all(world, PL_CELL_NEW, 0, WORLD_SHOP), 1);
    observed_act(world, (M(0, 0) + 180) * PL_DAY_US + 1, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_NEW, 0, M(0, 0) + 180), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 0) + 90), 1);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, M(0, 0) + 180), 1);
    assert_int_equal(observed_all(world, PL_CELL_VALUE_WEEK, 0, WORLD_SHOP), 2);
}

/* Panes that are cut take nothing, neither when left nor when entered. */
static void cut_panes_stay_empty(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, MONDAY, WORLD_BUY);
    pl_cells_cut(&world->cells, (MONDAY + 33) * PL_DAY_US); /* ACTIVE keeps 32 days: from MONDAY + 1 on */
    pl_cells_sweep(&world->cells);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, MONDAY), 0);
    observed_on(world, MONDAY + 33, WORLD_BUY);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, MONDAY), 0);
    assert_int_equal(shop(world, PL_CELL_ACTIVE, 0, MONDAY + 33), 1);
    assert_int_equal(shop(world, PL_CELL_NEW, 0, MONDAY), 1); /* kept 400 days */
}

static void words_are_five(void **state)
{
    struct one_unit *world = *state;

    observed_on(world, M(0, 0), WORLD_ASK);
    assert_int_equal(world->words.n, PL_WORDS_FIRST + PL_USAGE_WORDS);
    observed_on(world, M(0, 0), WORLD_BUY); /* shop too; buy is no step of a funnel that has not begun */
    assert_int_equal(world->words.n, PL_WORDS_FIRST + 2 * PL_USAGE_WORDS);
    observed_on(world, M(9, 0), WORLD_BUY);
    assert_int_equal(world->words.n, PL_WORDS_FIRST + 2 * PL_USAGE_WORDS);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, observed_setup, one_unit_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_action_that_no_area_reads_changes_nothing),
        WITH(a_unit_stands_in_the_pane_of_its_last_day),
        WITH(weeks_are_counted_once),
        WITH(time_to_value_is_that_of_the_first_value_event),
        WITH(value_may_come_first_or_before_the_first),
        WITH(activation_is_half_open),
        WITH(value_weeks_are_new_recurring_or_resurrected),
        WITH(value_days_are_ranked_from_the_newest),
        WITH(twenty_eight_days_in_a_row_fill_all_arms),
        WITH(retention_goes_by_the_units_own_weeks),
        WITH(flows_need_no_unit),
        WITH(a_new_life_starts_again),
        WITH(cut_panes_stay_empty),
        WITH(words_are_five),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
