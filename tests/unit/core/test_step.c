#include "support/count_world.h"
#include "support/one_unit.h"

/* One unit, one experiment (index 0, variants control and B), events given by place and time in seconds. */
static int setup(void **state)
{
    static struct one_unit unit;

    one_unit_begin(&unit, world_rules());
    one_unit_experiment(&unit, "shop_a", 0);
    *state = &unit;
    return 0;
}

static void expose(struct one_unit *fixture, int64_t place_us, int64_t time_us, uint8_t variant)
{
    struct pl_tail_event event = {
        .place_us = place_us, .time_us = time_us, .kind = PL_EVENT_EXPOSURE, .variant = variant};

    assert_true(pl_step(&fixture->step, &fixture->words, &event));
}

static void act(struct one_unit *fixture, int64_t place_us, int64_t time_us, uint32_t action, int64_t price_micro)
{
    struct pl_tail_event event = {.place_us = place_us,
                                  .time_us = time_us,
                                  .kind = PL_EVENT_ACTION,
                                  .subject = action,
                                  .has_value = 1,
                                  .value_micro = {price_micro}};

    assert_true(pl_step(&fixture->step, &fixture->words, &event));
}

static struct pl_amount cell(const struct one_unit *fixture, struct pl_cell_key key)
{
    for (uint32_t at = 0; at < fixture->cells.n; at++)
        if (pl_cell_key_order(&fixture->cells.rows[at].key, &key) == 0)
            return fixture->cells.rows[at].amount;
    return (struct pl_amount){0};
}

static int64_t exposed(const struct one_unit *fixture, uint16_t arm)
{
    return cell(fixture, (struct pl_cell_key){PL_CELL_EXPOSED, arm, 0, 0, WORLD_DAY}).n;
}

static struct pl_amount metric(const struct one_unit *fixture, uint16_t arm, uint32_t index)
{
    return cell(fixture, (struct pl_cell_key){PL_CELL_METRIC, arm, 0, index, WORLD_DAY});
}

static void first_exposure_counts_once(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, AT(10), AT(5), 1);
    expose(fixture, AT(20), AT(20), 1);
    assert_int_equal(exposed(fixture, 1), 1);
    assert_int_equal(exposed(fixture, 0), 0);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_SEGMENT, 1, 0, 0, 0}).n, 1);
}

/* Windows are [t0, t0 + window) of time; an action placed before the exposure is none of its business. */
static void windows_go_by_time(void **state)
{
    struct one_unit *fixture = *state;

    act(fixture, AT(5), AT(100), WORLD_BUY, 0);
    expose(fixture, AT(10), AT(50), 0);
    act(fixture, AT(60), AT(49), WORLD_BUY, 0);
    act(fixture, AT(60), AT(50) + PL_DAY_US, WORLD_BUY, 0);
    assert_int_equal(metric(fixture, 0, WORLD_BOUGHT).sum, 0);
    act(fixture, AT(70), AT(50) + PL_DAY_US - 1, WORLD_BUY, 0);
    assert_int_equal(metric(fixture, 0, WORLD_BOUGHT).sum, PL_MICRO);
    act(fixture, AT(80), AT(50), WORLD_BUY, 0);
    assert_int_equal(metric(fixture, 0, WORLD_BOUGHT).sum, PL_MICRO); /* a conversion is one */
    assert_int_equal(metric(fixture, 0, WORLD_BOUGHT).n, 0);
}

/* views: cap 3. x goes 1, 2, 3, 3: sum2 is 9 square units. */
static void counts_stop_at_the_cap(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, AT(0), AT(0), 1);
    for (int at = 1; at <= 5; at++)
        act(fixture, AT(at), AT(at), WORLD_VIEW, 0);
    assert_int_equal(metric(fixture, 1, WORLD_VIEWS).sum, 3 * PL_MICRO);
    assert_true(metric(fixture, 1, WORLD_VIEWS).sum2 == (pl_int128)9 * PL_MICRO * PL_MICRO);
}

static void sums_go_up_and_down(void **state)
{
    struct one_unit *fixture = *state;
    struct pl_tail_event without = {.place_us = AT(9), .time_us = AT(9), .kind = PL_EVENT_ACTION, .subject = WORLD_BUY};

    expose(fixture, AT(0), AT(0), 0);
    act(fixture, AT(1), AT(1), WORLD_BUY, 7500000);
    act(fixture, AT(2), AT(2), WORLD_BUY, -10000000);
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, -2500000);
    assert_true(metric(fixture, 0, WORLD_SPENT).sum2 == (pl_int128)2500000 * 2500000);
    assert_true(pl_step(&fixture->step, &fixture->words, &without));
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, -2500000);
}

static void totals_stop_instead_of_wrapping(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, AT(0), AT(0), 0);
    act(fixture, AT(1), AT(1), WORLD_BUY, INT64_MAX);
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, PL_TOTAL_MAX);
    act(fixture, AT(2), AT(2), WORLD_BUY, INT64_MAX);
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, PL_TOTAL_MAX);
    act(fixture, AT(3), AT(3), WORLD_BUY, INT64_MIN);
    act(fixture, AT(4), AT(4), WORLD_BUY, INT64_MIN);
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, -PL_TOTAL_MAX);
    assert_true(metric(fixture, 0, WORLD_SPENT).sum2 == (pl_int128)PL_TOTAL_MAX * PL_TOTAL_MAX);
}

static void second_variant_removes_from_all_arms(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, AT(0), AT(0), 0);
    act(fixture, AT(1), AT(1), WORLD_BUY, 5000000);
    act(fixture, AT(1), AT(1), WORLD_VIEW, 0);
    expose(fixture, AT(2), AT(2), 1);
    assert_int_equal(exposed(fixture, 0), 0);
    assert_int_equal(exposed(fixture, 1), 0);
    for (uint32_t at = 0; at < 3; at++)
        assert_true(metric(fixture, 0, at).sum == 0 && metric(fixture, 0, at).sum2 == 0);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_SEGMENT, 0, 0, 0, 0}).n, 0);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, WORLD_DAY}).n, 1);
    act(fixture, AT(3), AT(3), WORLD_BUY, 1000000);
    expose(fixture, AT(4), AT(4), 0);
    assert_int_equal(exposed(fixture, 0), 0);
    assert_int_equal(metric(fixture, 0, WORLD_SPENT).sum, 0);
}

static void exposures_at_or_after_the_end_are_void(void **state)
{
    struct one_unit *fixture = *state;
    struct pl_tail_event event = {.place_us = AT(100), .time_us = AT(1), .kind = PL_EVENT_EXPOSURE};

    fixture->registry.experiments[0]->end_us = AT(100);
    assert_true(pl_step_is_void(&fixture->step, &event));
    event.place_us--;
    assert_false(pl_step_is_void(&fixture->step, &event));
    expose(fixture, AT(99), AT(99), 0);
    expose(fixture, AT(100), AT(1), 1);
    assert_int_equal(exposed(fixture, 0), 1);
    assert_int_equal((int64_t)fixture->words.at[0], AT(99)); /* as if it had not been there */
    act(fixture, AT(200), AT(200), WORLD_BUY, 0);
    assert_int_equal(metric(fixture, 0, WORLD_BOUGHT).sum, PL_MICRO); /* actions still count */
}

static void a_long_gap_starts_a_new_unit(void **state)
{
    struct one_unit *fixture = *state;

    fixture->rules->forget_us = 1000 * PL_SECOND_US;
    expose(fixture, AT(0), AT(0), 0);
    act(fixture, AT(1000), AT(1000), WORLD_CART, 0);
    expose(fixture, AT(2000), AT(2000), 1); /* exactly `forget`: still the same unit, now mixed */
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, WORLD_DAY}).n, 1);
    expose(fixture, AT(3000) + 1, AT(3000), 1);
    assert_int_equal(exposed(fixture, 1), 1);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, WORLD_DAY}).n, 1);
}

static void segment_is_that_of_the_first_exposure(void **state)
{
    struct one_unit *fixture = *state;
    struct pl_control quarter = world_control(PL_STARTED, "shop_a", AT(0), .25);
    struct pl_control half = world_control(PL_STARTED, "shop_a", AT(50), .5);

    assert_true(pl_experiment_control(fixture->registry.experiments[0], &quarter, AT(0)));
    assert_true(pl_experiment_control(fixture->registry.experiments[0], &half, AT(50)));
    expose(fixture, AT(49), AT(60), 1);
    expose(fixture, AT(70), AT(70), 1);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_SEGMENT, 1, 0, 0, 0}).n, 1);
    fixture->words.n = 0;
    expose(fixture, AT(50), AT(40), 1);
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_SEGMENT, 1, 0, 1, 0}).n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_exposure_counts_once, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(windows_go_by_time, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(counts_stop_at_the_cap, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(sums_go_up_and_down, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(totals_stop_instead_of_wrapping, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(second_variant_removes_from_all_arms, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(exposures_at_or_after_the_end_are_void, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(a_long_gap_starts_a_new_unit, setup, one_unit_end),
        cmocka_unit_test_setup_teardown(segment_is_that_of_the_first_exposure, setup, one_unit_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
