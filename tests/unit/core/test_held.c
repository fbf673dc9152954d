/* Clocks that run ahead: what is held, released and refused, at the shard. The oracle is oracle.ahead. */
#include "support/count_world.h"

#define DAYS(n) AT((n)*86400)

static int setup(void **state)
{
    *state = world_rules();
    return 0;
}

static int teardown(void **state)
{
    pl_rules_free(*state);
    return 0;
}

static struct pl_shard *unbounded(const struct pl_rules *rules)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);

    assert_non_null(shard);
    pl_shard_unbounded(shard, 0);
    return shard;
}

static void give(struct pl_shard *shard, int64_t time_us, int64_t offset)
{
    struct pl_event event = world_action((uint64_t)offset + 1, time_us, WORLD_VIEW);

    event.offset = offset;
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

static unsigned held(const struct pl_shard *shard)
{
    struct pl_shard_stats stats;

    pl_shard_stats(shard, &stats);
    return (unsigned)stats.held;
}

static unsigned accepted(const struct pl_shard *shard)
{
    struct pl_shard_stats stats;

    pl_shard_stats(shard, &stats);
    return (unsigned)stats.accepted;
}

static unsigned release_all(struct pl_shard *shard)
{
    unsigned n = 0;
    int64_t time_us;

    for (; pl_shard_released(shard, 0, &time_us); n++)
        pl_shard_take_released(shard, 0);
    return n;
}

/* The first 32 records say where the log begins, whatever one of them says. */
static struct pl_shard *begun(const struct pl_rules *rules)
{
    struct pl_shard *shard = unbounded(rules);

    give(shard, DAYS(365), 0);
    for (int64_t at = 1; at < 32; at++)
        give(shard, AT(at), at);
    assert_int_equal(held(shard), 32);
    assert_int_equal(release_all(shard), 31);
    assert_int_equal(pl_shard_stream_time(shard, 0), AT(31));
    assert_int_equal(held(shard), 1);
    return shard;
}

static void a_log_begins_where_most_say(void **state)
{
    struct pl_shard *shard = begun(*state);
    const struct pl_shard_told *told;
    unsigned n;

    (void)pl_shard_told(shard, &n);
    assert_int_equal(n, 0);
    give(shard, AT(40), 32);
    told = pl_shard_told(shard, &n);
    assert_int_equal(n, 1);
    assert_int_equal(told[0].offset, 0);
    assert_int_equal(told[0].reason, PL_REJECT_CLOCK_AHEAD);
    assert_int_equal(held(shard), 0);
    assert_int_equal(accepted(shard), 32);
    pl_shard_free(shard);
}

static void what_is_near_decides(void **state)
{
    struct pl_shard *shard = begun(*state);

    give(shard, AT(31) + PL_DAY_US, 40); /* a day is not ahead */
    assert_int_equal(pl_shard_stream_time(shard, 0), AT(31) + PL_DAY_US);
    give(shard, AT(32) + 2 * PL_DAY_US, 41);
    assert_int_equal(held(shard), 1);
    give(shard, AT(30), 42); /* more than a day back: no reason to refuse what is held */
    assert_int_equal(held(shard), 1);
    give(shard, AT(31), 43); /* a day back */
    assert_int_equal(held(shard), 0);
    pl_shard_free(shard);
}

static void thirty_two_in_a_row_move_the_log(void **state)
{
    struct pl_shard *shard = begun(*state);
    int64_t time_us;

    give(shard, AT(32), 50);
    for (int64_t at = 0; at < 31; at++)
        give(shard, DAYS(7 + (at == 5 ? 300 : 0)) + at, 100 + at);
    assert_false(pl_shard_released(shard, 0, &time_us));
    assert_int_equal(pl_shard_stream_time(shard, 0), AT(32));
    give(shard, DAYS(7) + 31, 131);
    assert_true(pl_shard_released(shard, 0, &time_us));
    assert_int_equal(time_us, DAYS(7));
    assert_int_equal(release_all(shard), 31);
    assert_int_equal(pl_shard_stream_time(shard, 0), DAYS(7) + 31);
    assert_int_equal(held(shard), 1); /* the one that was ahead of the others */
    pl_shard_free(shard);
}

/* Events of one record are one of the 32, and stay together. */
static void records_are_counted_not_events(void **state)
{
    struct pl_shard *shard = begun(*state);
    struct pl_event event;

    give(shard, AT(32), 50);
    for (unsigned at = 0; at < 64; at++) {
        event = world_action(900 + at, DAYS(9), WORLD_VIEW);
        event.offset = 60;
        assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
    }
    assert_int_equal(held(shard), 64);
    assert_int_equal(release_all(shard), 0);
    pl_shard_free(shard);
}

static void full_is_counted(void **state)
{
    struct pl_shard *shard = begun(*state);
    struct pl_event event = world_action(1, DAYS(9), WORLD_VIEW);

    give(shard, AT(32), 50);
    event.offset = 60;
    for (unsigned at = 0; at < PL_HELD_EVENTS_MAX; at++)
        assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_REJECT_CLOCK_AHEAD);
    assert_int_equal(held(shard), PL_HELD_EVENTS_MAX);
    pl_shard_free(shard);
}

static void turns(void **state)
{
    struct pl_shard *shard = unbounded(*state);

    assert_int_equal(pl_shard_turn(shard, 0, AT(5)), PL_TIME_NONE); /* at once: it would be held */
    pl_shard_free(shard);
    shard = begun(*state);
    assert_int_equal(pl_shard_turn(shard, 0, AT(50)), AT(50));
    assert_int_equal(pl_shard_turn(shard, 0, DAYS(5)), AT(31));
    pl_shard_free(shard);
    shard = pl_shard_new(*state, 1);
    assert_int_equal(pl_shard_turn(shard, 0, DAYS(5)), DAYS(5));
    pl_shard_free(shard);
}

/* A topic that bounds its clocks by now: its next event says where the log is. */
static void bounded_by_now(void **state)
{
    struct pl_shard *shard = begun(*state);

    give(shard, DAYS(3), 60);
    give(shard, DAYS(365), 61);
    shard->held[0].on = false; /* as a shard that was loaded again */
    give(shard, DAYS(3) + 5, 62);
    assert_int_equal(held(shard), 0);
    assert_int_equal(accepted(shard), 33);
    assert_int_equal(shard->stats.rejected[PL_REJECT_CLOCK_AHEAD], 2);
    pl_shard_free(shard);
}

/* What the rules refuse is no record of the row and breaks none. */
static void refused_events_say_nothing(void **state)
{
    struct pl_shard *shard = begun(*state);
    struct pl_event event = world_exposure(5, AT(33), "elsewhere", "B");

    assert_int_equal(pl_shard_event(shard, 0, &event), PL_REJECT_UNKNOWN_AREA);
    assert_int_equal(held(shard), 1);
    pl_shard_free(shard);
}

static void look(void **state)
{
    (void)state;
    assert_int_equal(pl_held_look(PL_TIME_NONE, AT(0)), PL_HELD_AHEAD);
    assert_int_equal(pl_held_look(AT(0), AT(86400)), PL_HELD_NEAR);
    assert_int_equal(pl_held_look(AT(0), AT(86400) + 1), PL_HELD_AHEAD);
    assert_int_equal(pl_held_look(AT(0), AT(-86400)), PL_HELD_NEAR);
    assert_int_equal(pl_held_look(AT(0), AT(-86400) - 1), PL_HELD_OLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_begins_where_most_say),
        cmocka_unit_test(what_is_near_decides),
        cmocka_unit_test(thirty_two_in_a_row_move_the_log),
        cmocka_unit_test(records_are_counted_not_events),
        cmocka_unit_test(full_is_counted),
        cmocka_unit_test(turns),
        cmocka_unit_test(bounded_by_now),
        cmocka_unit_test(refused_events_say_nothing),
        cmocka_unit_test(look),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
