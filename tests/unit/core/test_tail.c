#include "support/count_world.h"

static struct pl_tail_event event_of(int64_t place_us, enum pl_event_kind kind, uint32_t subject, uint8_t input,
                                     uint64_t identity)
{
    return (struct pl_tail_event){
        .place_us = place_us, .kind = (uint8_t)kind, .subject = subject, .input = input, .identity = identity};
}

/* place, exposure before action, action id, input, identity: each decides only when all before it are equal. */
static void orders_as_designed(void **state)
{
    const struct pl_tail_event sorted[] = {
        event_of(1, PL_EVENT_ACTION, 9, 9, 9),   event_of(2, PL_EVENT_EXPOSURE, 9, 1, UINT64_MAX),
        event_of(2, PL_EVENT_EXPOSURE, 1, 2, 1), /* which experiment does not matter */
        event_of(2, PL_EVENT_EXPOSURE, 0, 2, 2), event_of(2, PL_EVENT_ACTION, 3, 5, 5),
        event_of(2, PL_EVENT_ACTION, 4, 1, 9),   event_of(2, PL_EVENT_ACTION, 4, 2, 1),
        event_of(2, PL_EVENT_ACTION, 4, 2, 2),   event_of(3, PL_EVENT_EXPOSURE, 0, 0, 0),
    };
    unsigned n = sizeof(sorted) / sizeof(sorted[0]);

    (void)state;
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = 0; b < n; b++)
            assert_int_equal(pl_tail_order(&sorted[a], &sorted[b]), (a > b) - (a < b));
}

static void add(struct pl_tail *tail, struct pl_slab *slab, struct pl_tail_event event)
{
    assert_true(pl_tail_reserve(tail, slab));
    pl_tail_insert(tail, slab, pl_tail_place(tail, slab, &event), &event);
}

static void inserts_sorted_and_drops_from_the_front(void **state)
{
    struct pl_slab slab = {0};
    struct pl_tail tail = {0};

    (void)state;
    for (int64_t at = 0; at < 100; at++)
        add(&tail, &slab, event_of(at * 37 % 101, PL_EVENT_ACTION, 0, 0, 0));
    assert_int_equal(tail.n, 100);
    for (uint32_t at = 1; at < tail.n; at++)
        assert_true(pl_tail_events(&tail, &slab)[at - 1].place_us < pl_tail_events(&tail, &slab)[at].place_us);
    pl_tail_drop(&tail, &slab, 99);
    assert_int_equal(tail.n, 1);
    assert_int_equal(pl_tail_events(&tail, &slab)[0].place_us, 100);
    pl_tail_drop(&tail, &slab, 0);
    pl_tail_drop(&tail, &slab, 1);
    assert_int_equal(tail.cap, 0);
    assert_null(pl_tail_events(&tail, &slab));
    pl_slab_fini(&slab);
}

static void equals_keep_the_order_of_the_log(void **state)
{
    struct pl_slab slab = {0};
    struct pl_tail tail = {0};

    (void)state;
    for (int64_t at = 0; at < 5; at++) {
        struct pl_tail_event event = event_of(7, PL_EVENT_ACTION, 1, 1, 1);

        event.time_us = at;
        add(&tail, &slab, event);
    }
    for (int64_t at = 0; at < 5; at++)
        assert_int_equal(pl_tail_events(&tail, &slab)[at].time_us, at);
    pl_slab_fini(&slab);
}

static void an_event_takes_64_bytes(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct pl_tail_event), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_as_designed),
        cmocka_unit_test(inserts_sorted_and_drops_from_the_front),
        cmocka_unit_test(equals_keep_the_order_of_the_log),
        cmocka_unit_test(an_event_takes_64_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
