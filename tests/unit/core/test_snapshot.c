#include "support/count_world.h"

#include "core/count/snapshot.h"

static struct pl_rules *rules;

/* A shard after these exposures of unit 1, 2, ... in this order, at these seconds; all settled when limit_us is given.
 */
static struct pl_shard *after(const char *const names[][2], const int64_t *seconds, unsigned n)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);

    assert_non_null(shard);
    for (unsigned at = 0; at < n; at++) {
        struct pl_event event = world_exposure(at + 1, AT(seconds[at]), names[at][0], names[at][1]);

        assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
    }
    return shard;
}

static struct pl_sums settled(struct pl_shard *shard)
{
    struct pl_sums sums;

    assert_int_equal(pl_shard_raise(shard, AT(3600), NULL), PL_OK);
    assert_true(pl_shard_take_sums(shard, &sums));
    return sums;
}

/* The same exposures in two orders of arrival: registered in another order, published alike. */
static void does_not_depend_on_arrival(void **state)
{
    const char *const one[][2] = {{"shop_b", "B"}, {"shop_a", "control"}, {"shop_b", "A"}, {"shop_b", "Z"}};
    const int64_t one_seconds[] = {50, 40, 30, 50};
    const char *const two[][2] = {{"shop_b", "Z"}, {"shop_b", "A"}, {"shop_a", "control"}, {"shop_b", "B"}};
    const int64_t two_seconds[] = {50, 30, 40, 50};
    struct pl_shard *a = after(one, one_seconds, 4), *b = after(two, two_seconds, 4);
    struct pl_sums sums_a = settled(a), sums_b = settled(b);

    (void)state;
    assert_int_equal(sums_a.n_experiments, 2);
    assert_string_equal(sums_a.experiments[0].name, "shop_a");
    assert_string_equal(sums_a.experiments[1].variants[0], "A"); /* placed first */
    assert_string_equal(sums_a.experiments[1].variants[1], "B"); /* as early as Z: by name */
    assert_string_equal(sums_a.experiments[1].variants[2], "Z");
    assert_int_equal(sums_a.experiments[1].first_exposure_us, AT(30));
    assert_int_equal(pl_snapshot_hash(&sums_a), pl_snapshot_hash(&sums_b));
    assert_int_equal(sums_a.n_cells, sums_b.n_cells);
    for (size_t at = 0; at < sums_a.n_cells; at++) {
        assert_int_equal(pl_cell_key_order(&sums_a.cells[at].key, &sums_b.cells[at].key), 0);
        assert_int_equal(sums_a.cells[at].n, sums_b.cells[at].n);
        if (at > 0)
            assert_true(pl_cell_key_order(&sums_a.cells[at - 1].key, &sums_a.cells[at].key) < 0);
    }
    pl_sums_fini(&sums_a);
    pl_sums_fini(&sums_b);
    pl_shard_free(a);
    pl_shard_free(b);
}

static void hash_sees_every_fact(void **state)
{
    const char *const names[][2] = {{"shop_a", "B"}};
    const int64_t seconds[] = {50};
    struct pl_shard *shard = after(names, seconds, 1);
    struct pl_sums sums = settled(shard);
    uint64_t hash = pl_snapshot_hash(&sums);

    (void)state;
    sums.tick_us++;
    assert_int_equal(pl_snapshot_hash(&sums), hash); /* but the tick */
    sums.experiments[0].first_exposure_us++;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.experiments[0].first_exposure_us--;
    sums.experiments[0].joined_late = !sums.experiments[0].joined_late;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.experiments[0].joined_late = !sums.experiments[0].joined_late;
    sums.experiments[0].shares[0][0] = .5;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.experiments[0].shares[0][0] = 0;
    sums.experiments[0].n_segments++;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.experiments[0].n_segments--;
    sums.experiments[0].variants[0][0] = 'C';
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.experiments[0].variants[0][0] = 'B';
    sums.cells[0].sum2 += (pl_int128)1 << 64;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.cells[0].sum2 -= (pl_int128)1 << 64;
    sums.cells[0].key.pane++;
    assert_int_not_equal(pl_snapshot_hash(&sums), hash);
    sums.cells[0].key.pane--;
    assert_int_equal(pl_snapshot_hash(&sums), hash);
    pl_sums_fini(&sums);
    pl_shard_free(shard);
}

static void live_sums_list_what_is_not_settled(void **state)
{
    const char *const names[][2] = {{"shop_a", "B"}, {"shop_a", "control"}};
    const int64_t seconds[] = {50, 40};
    struct pl_shard *shard = after(names, seconds, 2);
    struct pl_sums sums;

    (void)state;
    assert_int_equal(pl_snapshot_make(shard, PL_CELLS_SETTLED, AT(3600), &sums, NULL), PL_OK);
    assert_int_equal(sums.n_experiments, 0);
    assert_int_equal(sums.n_cells, 0);
    pl_sums_fini(&sums);
    assert_int_equal(pl_snapshot_make(shard, PL_CELLS_LIVE, AT(3600), &sums, NULL), PL_OK);
    assert_int_equal(sums.n_experiments, 1);
    assert_int_equal(sums.experiments[0].n_variants, 2);
    assert_int_equal(sums.experiments[0].first_exposure_us, AT(40));
    assert_int_equal(sums.n_cells, 4); /* EXPOSED and SEGMENT of two arms */
    pl_sums_fini(&sums);
    pl_shard_free(shard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_not_depend_on_arrival),
        cmocka_unit_test(hash_sees_every_fact),
        cmocka_unit_test(live_sums_list_what_is_not_settled),
    };
    int failed;

    rules = world_rules();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pl_rules_free(rules);
    return failed;
}
