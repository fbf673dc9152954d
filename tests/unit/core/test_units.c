#include "support/count_world.h"

static struct pl_unit_id id_of(uint64_t at)
{
    return (struct pl_unit_id){at, at % 7}; /* long chains: many share their low bits */
}

static uint32_t made(struct pl_units *units, struct pl_unit_id id)
{
    uint32_t handle = pl_units_make(units, id);

    assert_int_not_equal(handle, 0);
    return handle;
}

static struct pl_units *make(uint32_t cap)
{
    static struct pl_units units;

    units = (struct pl_units){.cap = cap};
    return &units;
}

static void finds_what_was_made_up_to_the_cap(void **state)
{
    struct pl_units *units = make(500);

    (void)state;
    assert_int_equal(pl_units_find(units, id_of(1)), 0);
    for (uint64_t at = 0; at < 500; at++)
        assert_int_not_equal(pl_units_make(units, id_of(at)), 0);
    assert_int_equal(pl_units_make(units, id_of(500)), 0);
    for (uint64_t at = 0; at < 500; at++) {
        uint32_t handle = pl_units_find(units, id_of(at));

        assert_int_equal(pl_units_at(units, handle)->id.high, at);
        assert_int_equal(made(units, id_of(at)), handle);
    }
    pl_units_fini(units);
}

/* Removing from the middle of probe chains must not hide anybody. */
static void removal_leaves_the_others_findable(void **state)
{
    struct pl_units *units = make(1000);

    (void)state;
    for (uint64_t at = 0; at < 600; at++)
        made(units, id_of(at));
    for (uint64_t at = 0; at < 600; at += 3)
        assert_true(pl_units_remove(units, pl_units_find(units, id_of(at))));
    for (uint64_t at = 0; at < 600; at++)
        assert_int_equal(pl_units_find(units, id_of(at)) != 0, at % 3 != 0);
    assert_int_equal(units->n, 400);
    assert_int_equal(units->n_gone, 0); /* the store had none of them */
    pl_units_fini(units);
}

static void states_grow_and_shrink(void **state)
{
    struct pl_units *units = make(10);
    struct pl_words words = {0};
    struct pl_unit *unit = pl_units_at(units, made(units, id_of(1)));

    (void)state;
    for (uint32_t n = 1; n < 200; n++) {
        assert_true(pl_words_push(&words, 1));
        words.at[n - 1] = n;
        assert_true(pl_units_put_words(units, unit, &words));
        assert_int_equal(unit->n_words, n > 1 ? n : 0); /* a place alone is nothing */
        for (uint32_t at = 0; at < unit->n_words; at++)
            assert_int_equal(pl_units_words(units, unit)[at], at + 1);
    }
    words.n = 5;
    assert_true(pl_units_put_words(units, unit, &words));
    assert_int_equal(unit->n_words, 5);
    words.n = 0;
    assert_true(pl_units_put_words(units, unit, &words));
    assert_null(pl_units_words(units, unit));
    pl_words_fini(&words);
    pl_units_fini(units);
}

static void queues_follow_tails(void **state)
{
    struct pl_units *units = make(10);
    struct pl_tail_event event = {0};
    struct pl_open *open;
    uint32_t handle[3];

    (void)state;
    for (uint64_t at = 0; at < 3; at++) {
        handle[at] = made(units, id_of(at));
        assert_non_null(pl_units_open(units, handle[at]));
    }
    assert_int_equal(units->queues[PL_UNITS_RECENT].n, 3);
    open = pl_units_open(units, handle[1]);
    assert_true(pl_tail_reserve(&open->tail, &units->slab));
    pl_tail_insert(&open->tail, &units->slab, 0, &event);
    pl_units_requeue(units, pl_units_at(units, handle[1])->open);
    assert_int_equal(units->queues[PL_UNITS_RECENT].n, 2);
    assert_int_equal(units->queues[PL_UNITS_UNSETTLED].n, 1);
    assert_int_equal(pl_units_open_at(units, units->queues[PL_UNITS_UNSETTLED].head)->unit, handle[1]);
    pl_tail_drop(&open->tail, &units->slab, 1);
    pl_units_requeue(units, pl_units_at(units, handle[1])->open);
    assert_int_equal(pl_units_open_at(units, units->queues[PL_UNITS_RECENT].last)->unit, handle[1]);
    pl_units_close(units, pl_units_at(units, handle[2])->open); /* from the middle: order is 0 2 1 */
    assert_int_equal(pl_units_at(units, handle[2])->open, 0);
    assert_int_equal(pl_units_open_at(units, units->queues[PL_UNITS_RECENT].head)->unit, handle[0]);
    assert_int_equal(pl_units_open_at(units, units->queues[PL_UNITS_RECENT].head)->next,
                     pl_units_at(units, handle[1])->open);
    assert_int_equal(units->queues[PL_UNITS_RECENT].n, 2);
    pl_units_fini(units);
}

static void remembers_what_is_dirty_and_what_went(void **state)
{
    struct pl_units *units = make(100);
    uint32_t a = made(units, id_of(1)), b = made(units, id_of(2));

    (void)state;
    assert_true(pl_units_mark(units, a));
    assert_true(pl_units_mark(units, a));
    assert_true(pl_units_mark(units, b));
    assert_int_equal(units->n_dirty, 2);
    pl_units_at(units, a)->stored = 1;
    assert_true(pl_units_remove(units, a));
    assert_int_equal(units->dirty[0], 0);
    assert_int_equal(units->n_gone, 1);
    assert_int_equal(units->gone[0].high, 1);
    pl_units_fini(units);
}

/* Units that come and go without ever being stored do not make the list of changes grow. */
static void the_list_of_changes_is_bounded(void **state)
{
    struct pl_units *units = make(10);

    (void)state;
    for (uint64_t at = 0; at < 10000; at++) {
        uint32_t handle = made(units, id_of(at));

        assert_true(pl_units_mark(units, handle));
        if (at >= 5)
            assert_true(pl_units_remove(units, pl_units_find(units, id_of(at - 5))));
    }
    assert_true(units->room_dirty <= 64);
    for (uint64_t at = 9995; at < 10000; at++) {
        uint32_t handle = pl_units_find(units, id_of(at));

        assert_int_equal(units->dirty[pl_units_at(units, handle)->dirty - 1], handle);
    }
    pl_units_fini(units);
}

static void a_walk_sees_everybody_in_a_round(void **state)
{
    struct pl_units *units = make(1000);
    bool wrapped = false;
    unsigned seen = 0, steps = 0;

    (void)state;
    assert_int_equal(pl_units_walk(units, &wrapped), 0);
    assert_true(wrapped);
    for (uint64_t at = 0; at < 300; at++)
        made(units, (struct pl_unit_id){at, at * 1234567});
    do {
        seen += pl_units_walk(units, &wrapped) != 0;
        steps++;
    } while (!wrapped);
    seen = 0;
    do
        seen += pl_units_walk(units, &wrapped) != 0;
    while (!wrapped);
    assert_int_equal(seen, 300);
    assert_true(steps <= units->mask + 1);
    pl_units_fini(units);
}

static void a_unit_is_small(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct pl_unit), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_made_up_to_the_cap),
        cmocka_unit_test(removal_leaves_the_others_findable),
        cmocka_unit_test(states_grow_and_shrink),
        cmocka_unit_test(queues_follow_tails),
        cmocka_unit_test(remembers_what_is_dirty_and_what_went),
        cmocka_unit_test(the_list_of_changes_is_bounded),
        cmocka_unit_test(a_walk_sees_everybody_in_a_round),
        cmocka_unit_test(a_unit_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
