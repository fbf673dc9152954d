#include "core/keying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void see(struct pl_keying *keying, uint64_t hash, int32_t day)
{
    bool changed = false;

    assert_true(pl_keying_see(keying, hash, day, &changed));
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The 1,024 smallest of all, each with its last day, in whatever order they come and come again. */
static void keeps_the_smallest(void **state)
{
    enum { N = 5000 };
    uint64_t hashes[N], sorted[N], random = 7;
    struct pl_keying keying = {.n = 0};

    (void)state;
    for (unsigned at = 0; at < N; at++)
        hashes[at] = sorted[at] = (random = random * UINT64_C(6364136223846793005) + 1442695040888963407u);
    qsort(sorted, N, sizeof(*sorted), by_number);
    for (int32_t day = 3; day > 0; day--)
        for (unsigned at = 0; at < N; at++)
            see(&keying, hashes[at], (int32_t)(hashes[at] % 100) + day);
    assert_int_equal(keying.n, PL_KEYING_SHARD_MAX);
    for (unsigned at = 0; at < keying.n; at++) {
        assert_true(keying.units[at].hash == sorted[at]);
        assert_int_equal(keying.units[at].last_day, (int32_t)(sorted[at] % 100) + 3);
        assert_int_equal(keying.units[at].shared_day, PL_KEYING_NEVER);
    }
    pl_keying_fini(&keying);
}

static void says_when_it_has_changed(void **state)
{
    struct pl_keying keying = {.n = 0};
    bool changed = false;

    (void)state;
    assert_true(pl_keying_see(&keying, 5, 10, &changed));
    assert_true(changed);
    changed = false;
    assert_true(pl_keying_see(&keying, 5, 10, &changed) && pl_keying_see(&keying, 5, 9, &changed));
    assert_false(changed);
    assert_true(pl_keying_see(&keying, 5, 11, &changed));
    assert_true(changed);
    pl_keying_fini(&keying);
}

static void merge(struct pl_keying *into, const struct pl_keying *from)
{
    assert_true(pl_keying_merge(into, from));
}

/* Of three shards the second largest of the last days counts, in any order of merging. */
static void shared_days_in_any_order(void **state)
{
    static const int32_t days[3] = {10, 30, 20};
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (unsigned order = 0; order < 6; order++) {
        struct pl_keying all = {.n = 0};

        for (unsigned at = 0; at < 3; at++) {
            struct pl_keying one = {.n = 0};

            see(&one, 77, days[orders[order][at]]);
            see(&one, 100 + orders[order][at], 40);
            merge(&all, &one);
            pl_keying_fini(&one);
        }
        assert_int_equal(all.n, 4);
        assert_int_equal(all.units[0].last_day, 30);
        assert_int_equal(all.units[0].shared_day, 20);
        assert_int_equal(all.units[1].shared_day, PL_KEYING_NEVER);
        pl_keying_fini(&all);
    }
}

static void looks_back_so_far(void **state)
{
    struct pl_keying a = {.n = 0}, b = {.n = 0};
    struct pl_keying_view view;

    (void)state;
    for (uint64_t hash = 1; hash <= 5; hash++) {
        see(&a, hash, 50);
        if (hash < 4)
            see(&b, hash, 40 + (int32_t)hash);
    }
    merge(&a, &b);
    view = pl_keying_look(&a, 42);
    assert_int_equal(view.sampled, 5);
    assert_int_equal(view.shared, 2);
    assert_int_equal(view.last_day, 43);
    view = pl_keying_look(&a, 44);
    assert_int_equal(view.shared, 0);
    assert_int_equal(view.last_day, PL_KEYING_NEVER);
    merge(&a, &(struct pl_keying){.n = 0}); /* the same */
    assert_int_equal(pl_keying_look(&a, 42).shared, 2);
    pl_keying_fini(&a);
    pl_keying_fini(&b);
}

/* Merged samples are bounded too, by the smallest; order does not matter for what is left. */
static void merged_ones_are_bounded(void **state)
{
    struct pl_keying up = {.n = 0}, down = {.n = 0};

    (void)state;
    for (unsigned shard = 0; shard < 20; shard++) {
        struct pl_keying one = {.n = 0}, other = {.n = 0};

        for (uint64_t at = 0; at < PL_KEYING_SHARD_MAX; at++) {
            see(&one, at * 20 + shard, 5);
            see(&other, at * 20 + (19 - shard), 5);
        }
        merge(&up, &one);
        merge(&down, &other);
        pl_keying_fini(&one);
        pl_keying_fini(&other);
    }
    assert_int_equal(up.n, PL_KEYING_MAX);
    assert_int_equal(down.n, PL_KEYING_MAX);
    assert_memory_equal(up.units, down.units, PL_KEYING_MAX * sizeof(*up.units));
    assert_int_equal(up.units[PL_KEYING_MAX - 1].hash, PL_KEYING_MAX - 1);
    pl_keying_fini(&up);
    pl_keying_fini(&down);
}

static void appends_in_order_only(void **state)
{
    struct pl_keying keying = {.n = 0};

    (void)state;
    assert_true(pl_keying_append(&keying, (struct pl_keying_unit){3, 1, PL_KEYING_NEVER}));
    assert_false(pl_keying_append(&keying, (struct pl_keying_unit){3, 1, PL_KEYING_NEVER}));
    assert_false(pl_keying_append(&keying, (struct pl_keying_unit){2, 1, PL_KEYING_NEVER}));
    assert_true(pl_keying_append(&keying, (struct pl_keying_unit){UINT64_MAX, 1, PL_KEYING_NEVER}));
    pl_keying_fini(&keying);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_smallest),       cmocka_unit_test(says_when_it_has_changed),
        cmocka_unit_test(shared_days_in_any_order), cmocka_unit_test(looks_back_so_far),
        cmocka_unit_test(merged_ones_are_bounded),  cmocka_unit_test(appends_in_order_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
