/* codec/state: what is kept of the inputs - held events, and the sample of units. */
#include "support/count_world.h"
#include "support/state_store.h"

static int setup(void **state)
{
    empty_store();
    *state = world_rules();
    return 0;
}

static void give(struct pl_shard *shard, struct pl_event event, int64_t offset)
{
    event.offset = offset;
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

/* 30 held records of every kind: exposures, actions with and without values, one that no rule reads. */
static struct pl_shard *holding(const struct pl_rules *rules)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);

    assert_non_null(shard);
    pl_shard_unbounded(shard, 0);
    give(shard, world_exposure(1, AT(1), "shop_a", "control"), 1);
    give(shard, world_buy(1, AT(2), -2500000), 2);
    give(shard, world_action(2, AT(3), PL_NAMES_NONE), 3);
    for (int64_t at = 4; at <= 30; at++)
        give(shard, world_action((uint64_t)at, AT(at), WORLD_VIEW), at);
    return shard;
}

static void finish(struct pl_shard *shard, struct pl_sums *sums)
{
    int64_t time_us;

    give(shard, world_action(31, AT(31), WORLD_VIEW), 31);
    give(shard, world_action(32, AT(32), WORLD_CART), 32);
    while (pl_shard_released(shard, 0, &time_us)) {
        pl_shard_take_released(shard, 0);
        if (store.n == 0)
            continue;
        save(shard);
    }
    give(shard, world_action(40, AT(7200), WORLD_VIEW), 40);
    assert_int_equal(pl_shard_raise(shard, AT(7200), NULL), PL_OK);
    assert_true(pl_shard_take_sums(shard, sums));
}

static void held_events_come_back(void **state)
{
    struct pl_shard *shard = holding(*state), *back;
    struct pl_sums one, two;
    struct pl_err err = {0};

    save(shard);
    back = load(*state, 1, &err);
    assert_non_null(back);
    pl_shard_unbounded(back, 0);
    assert_int_equal(back->held[0].n, 30);
    assert_string_equal(back->held[0].events[0].experiment, "shop_a");
    assert_int_equal(back->held[0].events[1].event.value_micro[0], -2500000);
    assert_int_equal(back->held[0].events[2].event.action, PL_NAMES_NONE);
    finish(back, &two);
    empty_store();
    store.n = 0;
    finish(shard, &one);
    assert_int_equal(one.n_cells, two.n_cells);
    assert_memory_equal(one.cells, two.cells, one.n_cells * sizeof(*one.cells));
    assert_int_equal(one.units.n, 30);
    assert_int_equal(two.units.n, 30);
    assert_memory_equal(one.units.units, two.units.units, 30 * sizeof(*one.units.units));
    pl_sums_fini(&one);
    pl_sums_fini(&two);
    pl_shard_free(shard);
    pl_shard_free(back);
}

/* In the middle of a release: what stays held, and what is still to come. */
static void a_release_goes_on(void **state)
{
    struct pl_shard *shard = holding(*state), *back;
    struct pl_err err = {0};
    int64_t time_us;
    unsigned n = 0;

    give(shard, world_action(50, AT(0) + 300 * PL_DAY_US, WORLD_VIEW), 31);
    give(shard, world_action(51, AT(33), WORLD_VIEW), 32);
    for (; n < 30; n++)
        pl_shard_take_released(shard, 0);
    save(shard);
    back = load(*state, 1, &err);
    assert_non_null(back);
    pl_shard_unbounded(back, 0);
    assert_true(pl_shard_released(back, 0, &time_us));
    assert_int_equal(time_us, AT(33));
    pl_shard_take_released(back, 0);
    assert_false(pl_shard_released(back, 0, &time_us));
    assert_int_equal(back->held[0].n, 1);
    assert_int_equal(back->held[0].events[0].event.offset, 31);
    pl_shard_free(shard);
    pl_shard_free(back);
}

static void nothing_changed_nothing_written(void **state)
{
    struct pl_shard *shard = holding(*state);

    save(shard);
    save(shard);
    assert_int_equal(store.writes, 0);
    pl_shard_free(shard);
}

/* Every byte of the records of PL_STATE_INPUT changed, every record cut short: refused or read, never a crash. */
static void damage_is_survived(void **state)
{
    struct pl_shard *shard = holding(*state);
    struct pl_sums sums;
    struct pl_err err;

    finish(shard, &sums);
    pl_sums_fini(&sums);
    give(shard, world_exposure(1, AT(0) + 9 * PL_DAY_US, "shop_a", "control"), 50);
    save(shard);
    for (unsigned at = 0; at < store.n; at++) {
        struct field *field = &store.fields[at];
        size_t whole = field->value_len;

        if (field->kind != PL_STATE_INPUT)
            continue;
        for (size_t byte = 0; byte < whole; byte++) {
            field->bytes[field->len + byte] ^= (char)0x41;
            pl_shard_free(load(*state, 1, &err));
            field->bytes[field->len + byte] ^= (char)0x41;
            field->value_len = byte;
            assert_null(load(*state, 1, &err));
            field->value_len = whole;
        }
    }
    pl_shard_free(shard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(held_events_come_back, setup, store_teardown),
        cmocka_unit_test_setup_teardown(a_release_goes_on, setup, store_teardown),
        cmocka_unit_test_setup_teardown(nothing_changed_nothing_written, setup, store_teardown),
        cmocka_unit_test_setup_teardown(damage_is_survived, setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
