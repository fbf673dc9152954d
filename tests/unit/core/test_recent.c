#include "support/count_world.h"

/* lateness 60 s, dedup 600 s (world): a slot is a minute of stream time. */
struct fixture {
    struct pl_rules *rules;
    struct pl_front front;
    struct pl_slab slab;
    struct pl_recent recent;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.rules = world_rules()};
    pl_front_init(&fixture.front, 2);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    pl_slab_fini(&fixture->slab);
    pl_rules_free(fixture->rules);
    return 0;
}

static enum pl_reject offer(struct fixture *fixture, unsigned input, uint64_t identity, int64_t time_us)
{
    struct pl_event event = {.identity = identity, .time_us = time_us};
    enum pl_reject reason =
        pl_recent_check(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules, input, &event);

    if (reason)
        return reason;
    pl_front_move(&fixture->front, fixture->rules, input, time_us, time_us);
    assert_true(pl_recent_add(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules,
                              pl_recent_entry(input, identity, fixture->front.stream_us[input])));
    return PL_ACCEPTED;
}

static void same_identity_within_dedup_is_refused(void **state)
{
    assert_int_equal(offer(*state, 0, 1, AT(0)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(0)), PL_REJECT_DUPLICATE);
    assert_int_equal(offer(*state, 0, 1, AT(5000)), PL_REJECT_DUPLICATE); /* S before the event counts */
    assert_int_equal(offer(*state, 0, 2, AT(600)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(600)), PL_REJECT_DUPLICATE); /* 600 s: still within */
    assert_int_equal(offer(*state, 0, 3, AT(601)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(601)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(601)), PL_REJECT_DUPLICATE);
}

static void inputs_do_not_see_each_other(void **state)
{
    assert_int_equal(offer(*state, 0, 1, AT(0)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 1, 1, AT(0)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 1, 2, AT(5000)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(0)), PL_REJECT_DUPLICATE); /* S of input 0 stood still */
    assert_int_equal(offer(*state, 1, 1, AT(5000)), PL_ACCEPTED);
}

static void at_most_256_in_a_slot(void **state)
{
    for (uint64_t at = 0; at < 256; at++)
        assert_int_equal(offer(*state, 0, 100 + at, AT(59)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(59)), PL_REJECT_UNIT_RATE);
    assert_int_equal(offer(*state, 0, 1, AT(3)), PL_REJECT_UNIT_RATE); /* S decides, not time */
    assert_int_equal(offer(*state, 0, 100, AT(59)), PL_REJECT_DUPLICATE);
    assert_int_equal(offer(*state, 1, 1, AT(59)), PL_ACCEPTED);
    assert_int_equal(offer(*state, 0, 1, AT(60)), PL_ACCEPTED); /* the next slot */
}

static void forgetting_is_exact_and_gives_memory_back(void **state)
{
    struct fixture *fixture = *state;

    offer(fixture, 0, 1, AT(0));
    offer(fixture, 1, 2, AT(0));
    fixture->front.stream_us[0] = AT(600);
    pl_recent_prune(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules);
    assert_int_equal(fixture->recent.n, 2);
    fixture->front.stream_us[0] = AT(601);
    pl_recent_prune(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules);
    assert_int_equal(fixture->recent.n, 1);
    assert_int_equal(pl_recent_entries(&fixture->recent, &fixture->slab)->identity, 2);
    fixture->front.stream_us[1] = AT(9999);
    pl_recent_prune(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules);
    assert_int_equal(fixture->recent.n, 0);
    assert_int_equal(fixture->recent.block, 0);
}

/* With dedup shorter than a slot identities are still counted to the slot's end. */
static void rate_outlives_dedup(void **state)
{
    struct fixture *fixture = *state;

    fixture->rules->dedup_us = 0;
    for (uint64_t at = 0; at < 256; at++)
        assert_int_equal(offer(fixture, 0, at, AT(50) + (int64_t)at), PL_ACCEPTED);
    assert_int_equal(offer(fixture, 0, 999, AT(55)), PL_REJECT_UNIT_RATE);
    pl_recent_prune(&fixture->recent, &fixture->slab, &fixture->front, fixture->rules);
    assert_int_equal(fixture->recent.n, 256);
}

static void entries_are_packed_and_unpacked(void **state)
{
    struct pl_recent_entry entry = pl_recent_entry(15, UINT64_MAX, PL_TIME_MAX);

    (void)state;
    assert_int_equal(pl_recent_input(&entry), 15);
    assert_int_equal(pl_recent_stamp(&entry), PL_TIME_MAX);
    assert_int_equal(sizeof(entry), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_identity_within_dedup_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(inputs_do_not_see_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(at_most_256_in_a_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(forgetting_is_exact_and_gives_memory_back, setup, teardown),
        cmocka_unit_test_setup_teardown(rate_outlives_dedup, setup, teardown),
        cmocka_unit_test(entries_are_packed_and_unpacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
