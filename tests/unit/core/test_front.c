#include "support/count_world.h"

/* lateness 60 s, hold 600 s (world) */
static struct pl_rules *rules;

static int setup(void **state)
{
    (void)state;
    rules = world_rules();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_rules_free(rules);
    return 0;
}

static int64_t take(struct pl_front *front, unsigned input, int64_t time_us)
{
    int64_t place_us = pl_front_place(front, rules, input, time_us);

    pl_front_move(front, rules, input, time_us, place_us);
    return place_us;
}

static void place_is_time_within_lateness(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 1);
    assert_int_equal(take(&front, 0, AT(100)), AT(100));
    assert_int_equal(take(&front, 0, AT(40)), AT(40));
    assert_int_equal(take(&front, 0, AT(39)), AT(40)); /* S - lateness */
    assert_int_equal(take(&front, 0, AT(500)), AT(500));
    assert_int_equal(take(&front, 0, AT(450)), AT(450));
    assert_int_equal(front.stream_us[0], AT(500));
    assert_int_equal(front.first_us[0], AT(100));
    assert_int_equal(front.frontier_us, AT(440));
}

static void frontier_waits_for_the_slowest_up_to_hold(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 2);
    take(&front, 0, AT(1000));
    assert_int_equal(front.frontier_us, AT(1000 - 600 - 60)); /* input 1 has no S yet */
    take(&front, 1, AT(900));
    assert_int_equal(front.frontier_us, AT(900 - 60));
    take(&front, 0, AT(1400));
    assert_int_equal(front.frontier_us, AT(840));
    take(&front, 0, AT(1600));
    assert_int_equal(front.frontier_us, AT(1600 - 600 - 60));
    /* input 1 is behind hold and lateness: the frontier decides its place */
    assert_int_equal(take(&front, 1, AT(901)), AT(940));
    assert_int_equal(front.frontier_us, AT(940));
}

static void frontier_never_falls(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 1);
    take(&front, 0, AT(1000));
    front.frontier_us = AT(5000); /* raised */
    assert_int_equal(take(&front, 0, AT(2000)), AT(5000));
    assert_int_equal(front.frontier_us, AT(5000));
}

static void control_records_have_places(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 1);
    assert_int_equal(pl_front_control(&front, AT(10)), AT(10));
    assert_int_equal(pl_front_control(&front, AT(5)), AT(5));
    assert_int_equal(pl_front_control(&front, PL_TIME_NONE), AT(10)); /* the largest so far */
    take(&front, 0, AT(1000));
    assert_int_equal(pl_front_control(&front, AT(5)), AT(940)); /* F */
    assert_int_equal(front.largest_place_us, AT(1000));
    assert_int_equal(pl_front_control(&front, AT(2000)), AT(2000));
    assert_int_equal(front.largest_place_us, AT(2000));
    assert_int_equal(front.frontier_us, AT(940)); /* control is no part of S */
}

static void first_record_is_the_smallest_first(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 3);
    assert_int_equal(pl_front_first(&front), PL_TIME_NONE);
    take(&front, 2, AT(50));
    take(&front, 0, AT(40));
    take(&front, 2, AT(10));
    assert_int_equal(pl_front_first(&front), AT(40));
}

static void without_inputs_there_is_no_frontier(void **state)
{
    struct pl_front front;

    (void)state;
    pl_front_init(&front, 0);
    assert_int_equal(pl_front_control(&front, AT(1)), AT(1));
    assert_int_equal(front.frontier_us, PL_TIME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_is_time_within_lateness),
        cmocka_unit_test(frontier_waits_for_the_slowest_up_to_hold),
        cmocka_unit_test(frontier_never_falls),
        cmocka_unit_test(control_records_have_places),
        cmocka_unit_test(first_record_is_the_smallest_first),
        cmocka_unit_test(without_inputs_there_is_no_frontier),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
