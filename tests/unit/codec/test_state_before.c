#include "support/measure_world.h"

#include "core/count/snapshot.h"
#include "support/random.h"
#include "support/state_store.h"

static int setup(void **state)
{
    empty_store();
    *state = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    empty_store();
    return 0;
}

static void give(struct pl_shard *shard, struct pl_event event)
{
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

static void settle(struct pl_shard *shard, int64_t tick_us)
{
    struct pl_sums sums;

    assert_int_equal(pl_shard_raise(shard, tick_us, NULL), PL_OK);
    while (pl_shard_take_sums(shard, &sums))
        pl_sums_fini(&sums);
}

static struct pl_shard *reload(struct pl_shard *shard, const struct pl_rules *rules)
{
    struct pl_err err = {0};

    save(shard);
    pl_shard_free(shard);
    shard = load(rules, 1, &err);
    if (!shard)
        fail_msg("%s", err.text);
    return shard;
}

static struct pl_amount live(const struct pl_shard *shard, enum pl_cell_kind kind, uint32_t detail)
{
    struct pl_cell_key key = {(uint16_t)kind, 0, 0, detail, WORLD_DAY};
    struct pl_sums sums;
    struct pl_cell cell;

    assert_int_equal(pl_shard_live(shard, &sums, NULL), PL_OK);
    cell = world_cell(&sums, key);
    pl_sums_fini(&sums);
    return (struct pl_amount){cell.n, cell.sum, cell.sum2};
}

static int64_t cross(const struct pl_shard *shard, uint32_t a, uint32_t b)
{
    return (int64_t)live(shard, PL_CELL_CROSS, PL_CELL_PAIR(a, b)).sum2;
}

static bool has_cells(const struct pl_shard *shard, enum pl_cell_kind kind)
{
    for (uint32_t at = 0; at < shard->cells.n; at++)
        if (shard->cells.rows[at].key.kind == kind && !pl_amount_is_zero(&shard->cells.rows[at].amount))
            return true;
    return false;
}

static unsigned stored_of(enum pl_state_kind kind, char first)
{
    unsigned n = 0;

    for (unsigned at = 0; at < store.n; at++)
        n += store.fields[at].kind == kind && store.fields[at].bytes[0] == first;
    return n;
}

/* Unit 1: three views and two buys before (one of them ten days before), then exposed; then two views and a buy. */
static void tell(struct pl_shard *shard)
{
    give(shard, world_buy(1, AT(0) - 10 * PL_DAY_US, 2 * PL_MICRO));
    give(shard, world_buy(1, AT(10), 3 * PL_MICRO));
    for (int at = 0; at < 3; at++)
        give(shard, world_action(1, AT(20 + at), WORLD_VIEW));
    give(shard, world_exposure(1, AT(30), "shop_a", "control"));
    give(shard, world_action(1, AT(40), WORLD_VIEW));
    give(shard, world_action(1, AT(41), WORLD_VIEW));
    give(shard, world_buy(1, AT(50), 7 * PL_MICRO));
}

static void words_come_back(void **state)
{
    struct pl_rules *rules = measure_rules();
    struct pl_shard *shard = pl_shard_new(rules, 1);
    const int64_t square = PL_MICRO * PL_MICRO;

    (void)state;
    tell(shard);
    settle(shard, AT(3600));
    shard = reload(shard, rules);
    give(shard, world_buy(1, AT(3700), 10 * PL_MICRO)); /* mean: 17 / 2; sum: 17 */
    give(shard, world_exposure(1, AT(3800), "shop_b", "control"));
    assert_int_equal(live(shard, PL_CELL_METRIC, MEASURE_BASKET).sum, 8500000);
    assert_int_equal(live(shard, PL_CELL_METRIC, MEASURE_BASKET).n, 1);
    assert_int_equal(live(shard, PL_CELL_BEFORE, MEASURE_SPENT).sum, 5 * PL_MICRO);
    assert_int_equal(live(shard, PL_CELL_BEFORE, MEASURE_BUYS).sum, PL_MICRO);
    assert_int_equal(cross(shard, MEASURE_SPENT * 2, MEASURE_SPENT * 2 + 1), 17 * 5 * square);
    assert_int_equal(cross(shard, MEASURE_SPENT * 2, MEASURE_VIEWS * 2), 17 * 2 * square);
    settle(shard, AT(7200));
    shard = reload(shard, rules);
    give(shard, world_exposure(1, AT(7300), "shop_a", "B"));
    give(shard, world_exposure(1, AT(7300), "shop_b", "B"));
    settle(shard, AT(0) + PL_DAY_US);
    assert_false(has_cells(shard, PL_CELL_METRIC));
    assert_false(has_cells(shard, PL_CELL_BEFORE));
    assert_false(has_cells(shard, PL_CELL_CROSS));
    assert_false(has_cells(shard, PL_CELL_TIME));
    pl_shard_free(shard);
    pl_rules_free(rules);
}

/* Rules with one word a metric write what older versions read; others read that. Byte 0 is the version. */
static void older_records_are_read(void **state)
{
    struct pl_rules *small = world_rules(), *rules = measure_rules();
    struct pl_shard *shard = pl_shard_new(small, 1);

    (void)state;
    tell(shard);
    settle(shard, AT(3600));
    save(shard);
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_UNIT)
            assert_int_equal(store.fields[at].bytes[store.fields[at].len], 1);
    shard = reload(shard, rules);
    assert_int_equal(live(shard, PL_CELL_METRIC, WORLD_SPENT).sum, 7 * PL_MICRO);
    give(shard, world_buy(1, AT(3700), 2 * PL_MICRO));
    assert_int_equal(live(shard, PL_CELL_METRIC, WORLD_SPENT).sum, 9 * PL_MICRO);
    assert_int_equal(live(shard, PL_CELL_METRIC, MEASURE_SPENT).sum, 2 * PL_MICRO); /* a new metric starts empty */
    assert_int_equal(live(shard, PL_CELL_BEFORE, MEASURE_SPENT).sum, 0);
    save(shard);
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_UNIT)
            assert_int_equal(store.fields[at].bytes[store.fields[at].len], 3);
    shard = reload(shard, rules);
    shard = reload(shard, small); /* and back: what is not there any more is passed over */
    assert_int_equal(live(shard, PL_CELL_METRIC, WORLD_SPENT).sum, 9 * PL_MICRO);
    give(shard, world_exposure(1, AT(3800), "shop_a", "B"));
    assert_int_equal(live(shard, PL_CELL_METRIC, WORLD_SPENT).sum, 0);
    pl_shard_free(shard);
    pl_rules_free(rules);
    pl_rules_free(small);
}

/* The small world with a ratio of spent to views, or with a goal and a value, or without either. */
static struct pl_rules *paired(bool ratio, bool goal)
{
    struct pl_rules *rules = world_rules_open();
    struct pl_metric_rule carts = measure_row(PL_METRIC_COUNT, WORLD_CART, 1);

    measure_add(rules, 3, "carts", carts);
    if (ratio)
        measure_ratio(rules, 4, "per cart", WORLD_SPENT, 3);
    if (goal) {
        rules->areas[0].goal = WORLD_BOUGHT;
        rules->areas[0].value = WORLD_SPENT;
    }
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* A pair that comes later begins with what its units have; one that went and comes back does so again. Whatever the
 * order, mixing leaves nothing. */
static void pairs_begin_with_what_is_there(void **state)
{
    struct pl_rules *none = paired(false, false), *ratio = paired(true, false), *both = paired(true, true);
    struct pl_shard *shard = pl_shard_new(none, 1);
    const int64_t square = PL_MICRO * PL_MICRO;

    (void)state;
    give(shard, world_exposure(1, AT(30), "shop_a", "control"));
    give(shard, world_buy(1, AT(40), 7 * PL_MICRO));
    give(shard, world_action(1, AT(41), WORLD_CART));
    give(shard, world_exposure(2, AT(50), "shop_a", "control"));
    give(shard, world_buy(2, AT(51), 2 * PL_MICRO));
    settle(shard, AT(3600));
    give(shard, world_action(1, AT(3700), WORLD_CART)); /* waits in the tail */
    shard = reload(shard, ratio);
    assert_int_equal(cross(shard, WORLD_SPENT * 2, 6), 7 * 2 * square);
    shard = reload(shard, ratio);
    assert_int_equal(cross(shard, WORLD_SPENT * 2, 6), 7 * 2 * square);
    assert_int_equal(stored_of(PL_STATE_DICT, 'p'), 1);
    assert_int_equal(stored_of(PL_STATE_CELL, PL_CELL_CROSS), 1);
    shard = reload(shard, both);
    assert_int_equal(cross(shard, WORLD_SPENT * 2, WORLD_BOUGHT * 2), (7 + 2) * square);
    shard = reload(shard, none);
    save(shard);
    assert_int_equal(stored_of(PL_STATE_DICT, 'p'), 0);
    assert_int_equal(stored_of(PL_STATE_CELL, PL_CELL_CROSS), 0);
    give(shard, world_buy(1, AT(3800), PL_MICRO));
    settle(shard, AT(7200));
    shard = reload(shard, both);
    assert_int_equal(cross(shard, WORLD_SPENT * 2, 6), 8 * 2 * square);
    assert_int_equal(cross(shard, WORLD_SPENT * 2, WORLD_BOUGHT * 2), (8 + 2) * square);
    give(shard, world_exposure(1, AT(7300), "shop_a", "B"));
    give(shard, world_exposure(2, AT(7300), "shop_a", "B"));
    settle(shard, AT(10800));
    assert_false(has_cells(shard, PL_CELL_CROSS));
    assert_false(has_cells(shard, PL_CELL_METRIC));
    pl_shard_free(shard);
    pl_rules_free(none);
    pl_rules_free(ratio);
    pl_rules_free(both);
}

/* A metric with another `before` is another one: neither words nor covariates of the old one come back. */
static void another_before_starts_empty(void **state)
{
    struct pl_rules *rules = measure_rules(), *other = measure_rules_open();
    struct pl_shard *shard = pl_shard_new(rules, 1);

    (void)state;
    other->metrics[MEASURE_BUYS].before_us = 14 * PL_DAY_US;
    assert_int_equal(pl_rules_seal(other, NULL), PL_OK);
    tell(shard);
    settle(shard, AT(3600));
    shard = reload(shard, other);
    assert_int_equal(live(shard, PL_CELL_METRIC, MEASURE_BUYS).sum, 0);
    assert_int_equal(live(shard, PL_CELL_BEFORE, MEASURE_BUYS).sum, 0);
    assert_int_equal(live(shard, PL_CELL_BEFORE, MEASURE_SPENT).sum, 5 * PL_MICRO);
    give(shard, world_exposure(1, AT(3700), "shop_b", "control"));
    settle(shard, AT(7200));
    assert_int_equal(cross(shard, MEASURE_SPENT * 2, MEASURE_SPENT * 2 + 1), 35 * PL_MICRO * PL_MICRO);
    give(shard, world_exposure(1, AT(7300), "shop_a", "B"));
    give(shard, world_exposure(1, AT(7300), "shop_b", "B"));
    settle(shard, AT(10800));
    assert_false(has_cells(shard, PL_CELL_CROSS));
    assert_false(has_cells(shard, PL_CELL_BEFORE));
    pl_shard_free(shard);
    pl_rules_free(rules);
    pl_rules_free(other);
}

/* Every byte of a unit record changed to every value: refused with a reason or worked with. */
static void damage_is_survived(void **state)
{
    struct pl_rules *rules = measure_rules();
    struct pl_shard *shard = pl_shard_new(rules, 1);
    struct field *unit = NULL;
    unsigned refused = 0;

    (void)state;
    tell(shard);
    settle(shard, AT(3600));
    save(shard);
    pl_shard_free(shard);
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_UNIT)
            unit = &store.fields[at];
    assert_non_null(unit);
    for (size_t at = 0; at < unit->value_len; at++) {
        char *byte = unit->bytes + unit->len + at, old = *byte;

        for (unsigned value = 0; value < 256; value += at == 0 ? 1 : 7) {
            struct pl_err err = {0};

            *byte = (char)value;
            shard = load(rules, 1, &err);
            if (shard) {
                struct pl_event exposure = world_exposure(1, AT(7200), "shop_a", "B");

                (void)pl_shard_event(shard, 0, &exposure);
                settle(shard, AT(0) + 2 * PL_DAY_US);
            } else {
                assert_true(err.text[0] != '\0');
                refused++;
            }
            pl_shard_free(shard);
        }
        *byte = old;
    }
    assert_true(refused > 1000);
    pl_rules_free(rules);
}

/* The law: what is published does not depend on batches, on when sums are taken, or on restarts. */

#define LOG_MAX 1500
#define SERIES_MAX 1200

struct series {
    struct {
        int64_t tick_us;
        uint64_t hash;
    } published[SERIES_MAX];
    unsigned n;
};

static int64_t pick(struct pl_random *random, int64_t n)
{
    return (int64_t)(random_bits(random) % (uint64_t)n);
}

/* 40 days of 12 units on one input, in disorder beyond lateness now and then; units come back after forget. */
static void make_log(struct pl_event *log, struct pl_random *random)
{
    static const char *const experiments[] = {"shop_a", "shop_b", "other_a"};

    for (unsigned at = 0; at < LOG_MAX; at++) {
        int64_t lag_us = pick(random, 10) ? pick(random, PL_MINUTE_US) : pick(random, 3 * PL_DAY_US);
        int64_t time_us = AT(0) + at * (40 * PL_DAY_US / LOG_MAX) - lag_us;
        uint64_t unit = 1 + (uint64_t)(pick(random, 4) ? pick(random, 6) : pick(random, 12));

        if (pick(random, 8) == 0)
            log[at] = world_exposure(unit, time_us, experiments[pick(random, 3)], pick(random, 5) ? "control" : "B");
        else
            log[at] = world_action(unit, time_us, (uint32_t)pick(random, 4));
        if (log[at].action == WORLD_BUY && pick(random, 4)) {
            log[at].has_value = 1;
            log[at].value_micro[0] = pick(random, 30 * PL_MICRO) - 5 * PL_MICRO;
        }
    }
}

static void take(struct pl_shard *shard, struct series *series, unsigned most)
{
    struct pl_sums sums;

    for (; most > 0 && pl_shard_take_sums(shard, &sums); most--) {
        assert_true(series->n < SERIES_MAX);
        series->published[series->n].tick_us = sums.tick_us;
        series->published[series->n++].hash = pl_snapshot_hash(&sums);
        pl_sums_fini(&sums);
    }
}

static void play(const struct pl_rules *rules, const struct pl_event *log, struct pl_random *random,
                 struct series *series)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);

    series->n = 0;
    for (unsigned at = 0; at < LOG_MAX;) {
        int64_t batch = random ? 1 + pick(random, pick(random, 3) ? 20 : 200) : 1;

        for (; batch > 0 && at < LOG_MAX; batch--, at++)
            (void)pl_shard_event(shard, 0, &log[at]);
        assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
        take(shard, series, random ? (unsigned)pick(random, 4) : SERIES_MAX);
        if (random && pick(random, 4) == 0)
            shard = reload(shard, rules);
    }
    take(shard, series, SERIES_MAX);
    assert_int_equal(pl_shard_raise(shard, AT(0) + 60 * PL_DAY_US, NULL), PL_OK);
    take(shard, series, SERIES_MAX);
    pl_shard_free(shard);
}

static void restarts_cannot_be_seen(void **state)
{
    static struct series straight, other;
    static struct pl_event log[LOG_MAX];
    struct pl_rules *rules = measure_rules_open();
    struct pl_random random = {5};

    (void)state;
    rules->forget_us = 2 * PL_DAY_US;
    rules->lateness_us = PL_HOUR_US;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    make_log(log, &random);
    play(rules, log, NULL, &straight);
    assert_true(straight.n > 500);
    for (unsigned round = 0; round < 12; round++) {
        empty_store();
        play(rules, log, &random, &other);
        assert_int_equal(other.n, straight.n);
        assert_memory_equal(other.published, straight.published, straight.n * sizeof(straight.published[0]));
    }
    pl_rules_free(rules);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The same metrics in one order or the other: variables are indexes, what is stored is not. */
static struct pl_rules *ordered(bool carts_first)
{
    struct pl_rules *rules = world_rules_bare();
    struct pl_metric_rule carts = measure_row(PL_METRIC_COUNT, WORLD_CART, 1);
    uint32_t spent;

    if (carts_first)
        measure_add(rules, 0, "carts", carts);
    spent = world_metric(rules, "spent", PL_METRIC_SUM, WORLD_BUY);
    if (!carts_first)
        measure_add(rules, 1, "carts", carts);
    measure_ratio(rules, 2, "per cart", spent, !carts_first);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static void metrics_in_another_order(void **state)
{
    struct pl_rules *rules = ordered(false), *swapped = ordered(true);
    struct pl_shard *shard = pl_shard_new(rules, 1);
    (void)state;

    give(shard, world_exposure(1, AT(30), "shop_a", "control"));
    give(shard, world_buy(1, AT(40), 7 * PL_MICRO));
    give(shard, world_action(1, AT(41), WORLD_CART));
    settle(shard, AT(3600));
    shard = reload(shard, swapped);
    give(shard, world_action(1, AT(3700), WORLD_CART));
    settle(shard, AT(7200));
    shard = reload(shard, swapped);
    assert_int_equal(cross(shard, 0, 2), 7 * 2 * PL_MICRO * PL_MICRO);
    assert_int_equal(stored_of(PL_STATE_CELL, PL_CELL_CROSS), 1);
    pl_shard_free(shard);
    pl_rules_free(rules);
    pl_rules_free(swapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_come_back),
        TEST(older_records_are_read),
        TEST(pairs_begin_with_what_is_there),
        TEST(another_before_starts_empty),
        TEST(damage_is_survived),
        TEST(restarts_cannot_be_seen),
        TEST(metrics_in_another_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
