#include "support/count_world.h"

#include "core/count/funnel.h"
#include "support/one_unit.h"

/* path: view > cart > buy, window 1 h, buy within 10 min of cart. again: view > view, no bounds. One unit. */
static int setup(void **state)
{
    static struct one_unit unit;

    one_unit_begin(&unit, world_rules());
    *state = &unit;
    return 0;
}

/* Was it the last step of an attempt? */
static bool act(struct one_unit *fixture, uint32_t funnel, int64_t seconds, uint32_t action)
{
    struct pl_tail_event event = {
        .place_us = AT(seconds), .time_us = AT(seconds), .kind = PL_EVENT_ACTION, .subject = action};

    bool completed;

    if (!fixture->words.n)
        assert_true(pl_words_push(&fixture->words, PL_WORDS_FIRST));
    assert_true(pl_funnel_act(&fixture->step, &fixture->words, &event, funnel, &completed));
    return completed;
}

static struct pl_amount cell(const struct one_unit *fixture, uint16_t kind, uint32_t funnel, uint16_t step,
                             int32_t pane)
{
    const struct pl_cell_key key = {kind, step, funnel, 0, pane};

    for (uint32_t at = 0; at < fixture->cells.n; at++)
        if (pl_cell_key_order(&fixture->cells.rows[at].key, &key) == 0)
            return fixture->cells.rows[at].amount;
    return (struct pl_amount){0};
}

/* Attempts of the first day that reached each step of path. */
static void assert_reached(const struct one_unit *fixture, int64_t view, int64_t cart, int64_t buy)
{
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 0, WORLD_DAY).n, view);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 1, WORLD_DAY).n, cart);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 2, WORLD_DAY).n, buy);
}

static void steps_in_order_complete(void **state)
{
    act(*state, WORLD_PATH, 0, WORLD_CART); /* no attempt: nothing */
    act(*state, WORLD_PATH, 10, WORLD_VIEW);
    act(*state, WORLD_PATH, 11, WORLD_BUY); /* not the next step */
    act(*state, WORLD_PATH, 12, WORLD_CART);
    act(*state, WORLD_PATH, 12, WORLD_BUY); /* equal times may follow */
    assert_reached(*state, 1, 1, 1);
    act(*state, WORLD_PATH, 13, WORLD_CART); /* the attempt has ended */
    assert_reached(*state, 1, 1, 1);
}

static void repeated_first_step_changes_nothing(void **state)
{
    act(*state, WORLD_PATH, 0, WORLD_VIEW);
    act(*state, WORLD_PATH, 1800, WORLD_VIEW);
    act(*state, WORLD_PATH, 3599, WORLD_CART); /* still within an hour of the first */
    assert_reached(*state, 1, 1, 0);
}

static void a_step_timed_before_the_last_does_not_follow(void **state)
{
    act(*state, WORLD_PATH, 100, WORLD_VIEW);
    act(*state, WORLD_PATH, 99, WORLD_CART);
    assert_reached(*state, 1, 0, 0);
    act(*state, WORLD_PATH, 100, WORLD_CART);
    assert_reached(*state, 1, 1, 0);
}

static void windows_and_gaps_are_half_open(void **state)
{
    act(*state, WORLD_PATH, 0, WORLD_VIEW);
    act(*state, WORLD_PATH, 3600, WORLD_CART); /* the window is over */
    assert_reached(*state, 1, 0, 0);
    act(*state, WORLD_PATH, 3600, WORLD_VIEW); /* shows that the first attempt has ended */
    act(*state, WORLD_PATH, 4000, WORLD_CART);
    act(*state, WORLD_PATH, 4600, WORLD_BUY); /* 10 min after cart: too late */
    assert_reached(*state, 2, 1, 0);
    act(*state, WORLD_PATH, 4600, WORLD_VIEW);
    act(*state, WORLD_PATH, 4700, WORLD_CART);
    act(*state, WORLD_PATH, 5299, WORLD_BUY);
    assert_reached(*state, 3, 2, 1);
}

static void attempts_do_not_overlap(void **state)
{
    act(*state, WORLD_PATH, 100, WORLD_VIEW);
    act(*state, WORLD_PATH, 200, WORLD_CART);
    act(*state, WORLD_PATH, 300, WORLD_BUY);
    act(*state, WORLD_PATH, 299, WORLD_VIEW); /* before the end of the previous attempt */
    assert_reached(*state, 1, 1, 1);
    act(*state, WORLD_PATH, 300, WORLD_VIEW);
    assert_reached(*state, 2, 1, 1);
}

static void an_event_takes_one_step(void **state)
{
    struct one_unit *fixture = *state;

    act(fixture, WORLD_AGAIN, 0, WORLD_VIEW);
    act(fixture, WORLD_AGAIN, 1, WORLD_VIEW); /* completes, and does not begin another */
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_AGAIN, 0, WORLD_DAY).n, 1);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_AGAIN, 1, WORLD_DAY).n, 1);
    act(fixture, WORLD_AGAIN, 2, WORLD_VIEW);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_AGAIN, 0, WORLD_DAY).n, 2);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_AGAIN, 1, WORLD_DAY).n, 1);
}

/* Two attempts of one unit in an hour: both count in n, the unit once per step; the next hour and day count it again.
 */
static void units_are_unique_by_pane_of_entry(void **state)
{
    struct one_unit *fixture = *state;
    int32_t hour = WORLD_DAY * 24;

    act(fixture, WORLD_PATH, 0, WORLD_VIEW);
    act(fixture, WORLD_PATH, 3600, WORLD_VIEW);
    act(fixture, WORLD_PATH, 3700, WORLD_CART);
    act(fixture, WORLD_PATH, 3800, WORLD_BUY);
    act(fixture, WORLD_PATH, 3900, WORLD_VIEW);
    act(fixture, WORLD_PATH, 7300, WORLD_CART); /* in another hour, but of the attempt entered at 3900 */
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 0, WORLD_DAY).n, 3);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 0, WORLD_DAY).sum, 1);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 1, WORLD_DAY).n, 2);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 1, WORLD_DAY).sum, 1);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL_HOUR, WORLD_PATH, 0, hour).n, 1);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL_HOUR, WORLD_PATH, 0, hour + 1).n, 2);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL_HOUR, WORLD_PATH, 0, hour + 1).sum, 1);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL_HOUR, WORLD_PATH, 1, hour + 1).n, 2);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL_HOUR, WORLD_PATH, 1, hour + 2).n, 0);
    act(fixture, WORLD_PATH, 86400, WORLD_VIEW);
    assert_int_equal(cell(fixture, PL_CELL_FUNNEL, WORLD_PATH, 0, WORLD_DAY + 1).sum, 1);
}

/* Only the last step of an attempt; not one that is out of order, nor one that is too late. */
static void tells_what_completed(void **state)
{
    struct one_unit *fixture = *state;

    assert_false(act(fixture, WORLD_PATH, 0, WORLD_BUY));
    assert_false(act(fixture, WORLD_PATH, 1, WORLD_VIEW));
    assert_false(act(fixture, WORLD_PATH, 2, WORLD_CART));
    assert_true(act(fixture, WORLD_PATH, 3, WORLD_BUY));
    assert_false(act(fixture, WORLD_PATH, 4, WORLD_BUY));
    assert_false(act(fixture, WORLD_PATH, 5, WORLD_VIEW));
    assert_false(act(fixture, WORLD_PATH, 6, WORLD_CART));
    assert_false(act(fixture, WORLD_PATH, 606, WORLD_BUY));
    assert_false(act(fixture, WORLD_AGAIN, 700, WORLD_VIEW));
    assert_true(act(fixture, WORLD_AGAIN, 700, WORLD_VIEW));
    assert_false(act(fixture, WORLD_AGAIN, 700, WORLD_VIEW)); /* the next attempt */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_in_order_complete, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(repeated_first_step_changes_nothing, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(a_step_timed_before_the_last_does_not_follow, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(windows_and_gaps_are_half_open, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(attempts_do_not_overlap, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(an_event_takes_one_step, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(units_are_unique_by_pane_of_entry, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(tells_what_completed, setup, one_unit_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
