#include "support/count_world.h"

#include "core/count/settle.h"

static struct pl_rules *rules;
static struct pl_shard *shard;

static int setup(void **state)
{
    (void)state;
    rules = world_rules();
    shard = pl_shard_new(rules, 1);
    assert_non_null(shard);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_shard_free(shard);
    pl_rules_free(rules);
    return 0;
}

static void give(struct pl_event event)
{
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

static int64_t exposed(void)
{
    const struct pl_cell_key key = {PL_CELL_EXPOSED, 0, 0, 0, WORLD_DAY};

    for (uint32_t at = 0; at < shard->cells.n; at++)
        if (pl_cell_key_order(&shard->cells.rows[at].key, &key) == 0)
            return shard->cells.rows[at].amount.n;
    return 0;
}

static void settles_below_the_limit_only(void **state)
{
    (void)state;
    give(world_exposure(1, AT(10), "shop_a", "control"));
    give(world_exposure(2, AT(20), "shop_a", "control"));
    give(world_exposure(2, AT(30), "shop_b", "control"));
    give(world_exposure(3, AT(20), "shop_a", "control"));
    assert_int_equal(pl_settle_first_place(shard), AT(10));
    pl_settle_all(shard, AT(20));
    assert_int_equal(exposed(), 1);
    assert_int_equal(pl_settle_first_place(shard), AT(20));
    pl_settle_all(shard, AT(21));
    assert_int_equal(exposed(), 3);
    assert_int_equal(shard->units.n_events, 1);
    pl_settle_all(shard, AT(31));
    assert_int_equal(pl_settle_first_place(shard), INT64_MAX);
    assert_int_equal(shard->units.queues[PL_UNITS_UNSETTLED].n, 0);
    assert_int_equal(shard->units.queues[PL_UNITS_RECENT].n, 3);
}

/* A unit that is far ahead at the head of the queue keeps nobody waiting for long. */
static void passes_units_that_are_ahead(void **state)
{
    (void)state;
    for (uint64_t unit = 1; unit <= 20; unit++)
        give(world_exposure(unit, AT(unit <= 10 ? 50 : 10), "shop_a", "control"));
    for (unsigned at = 0; at < 10; at++)
        pl_settle_some(shard, AT(20));
    assert_int_equal(exposed(), 10);
    assert_int_equal(shard->units.queues[PL_UNITS_UNSETTLED].n, 10);
}

/* What is recent in an input's own time stays, however far the frontier has come. */
static void recent_identities_outlive_forget(void **state)
{
    struct pl_event event = world_exposure(1, AT(10), "shop_a", "control");

    (void)state;
    give(event);
    assert_int_equal(pl_shard_raise(shard, AT(0) + 200 * PL_DAY_US, NULL), PL_OK);
    pl_settle_all(shard, AT(3600));
    for (unsigned at = 0; at < 100; at++)
        pl_settle_forget(shard);
    assert_int_equal(shard->units.n, 1);
    assert_int_equal(pl_units_at(&shard->units, pl_units_find(&shard->units, event.unit))->n_words, 0);
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_REJECT_DUPLICATE);
}

/* Events that wait to be settled may be placed below the frontier: their unit's state is needed for them. */
static void units_with_a_tail_are_not_forgotten(void **state)
{
    (void)state;
    give(world_exposure(1, AT(10), "shop_a", "control"));
    pl_settle_all(shard, AT(11));
    give(world_exposure(1, AT(20), "shop_a", "control"));
    shard->front.frontier_us = AT(0) + 200 * PL_DAY_US;
    for (unsigned at = 0; at < 100; at++)
        pl_settle_forget(shard);
    pl_settle_all(shard, AT(0) + PL_DAY_US);
    assert_int_equal(exposed(), 1); /* not a second life */
}

static void nothing_open_is_closed(void **state)
{
    (void)state;
    give(world_action(1, AT(10), WORLD_QUIT)); /* known to the rules, read by none: no state */
    give(world_exposure(2, AT(10), "shop_a", "control"));
    pl_settle_all(shard, AT(11));
    give(world_action(3, AT(5000), WORLD_QUIT));
    for (unsigned at = 0; at < 10; at++)
        pl_settle_forget(shard);
    assert_int_equal(pl_units_find(&shard->units, (struct pl_unit_id){1, 1}), 0);
    assert_int_equal(pl_units_at(&shard->units, pl_units_find(&shard->units, (struct pl_unit_id){2, 2}))->open, 0);
    assert_int_not_equal(pl_units_find(&shard->units, (struct pl_unit_id){3, 3}), 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(settles_below_the_limit_only),     WITH(passes_units_that_are_ahead),
        WITH(recent_identities_outlive_forget), WITH(units_with_a_tail_are_not_forgotten),
        WITH(nothing_open_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
