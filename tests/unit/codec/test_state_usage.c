#include "support/observed_world.h"
#include "support/random.h"
#include "support/state_store.h"

#include "core/count/snapshot.h"

/* Stored words of areas and features: they come back as they were, and what of them is defined no more leaves nothing
 * behind that would count wrongly later. */

#define UNITS 6

static int setup(void **state)
{
    empty_store();
    *state = observed_rules();
    return 0;
}

/* The same rules but for some features (bits) and the value event of shop. */
static struct pl_rules *other_rules(unsigned features, uint32_t value)
{
    static const char *const names[] = {"wish", "export", "trip"};
    struct pl_rules *like = observed_rules(), *rules = observed_rules_open();

    rules->areas[WORLD_SHOP].value_events.ids[0] = value;
    for (unsigned at = 0; at < WORLD_FEATURES; at++)
        if (features >> at & 1)
            observed_feature(rules, names[at], &like->features[at]);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    pl_rules_free(like);
    return rules;
}

static void give(struct pl_shard *shard, uint64_t unit, int64_t time_us, uint32_t action)
{
    struct pl_event event = world_action(unit, time_us, action);

    event.has_value = 1;
    event.value_micro[0] = 2500000;
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

static void on(struct pl_shard *shard, int32_t day, uint32_t action)
{
    give(shard, 1, day * PL_DAY_US, action);
}

/* All that was published since goes into one number. */
static void publish_into(struct pl_shard *shard, uint64_t *hash)
{
    struct pl_sums sums;

    assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
    while (pl_shard_take_sums(shard, &sums)) {
        *hash = *hash * 31 + pl_snapshot_hash(&sums) + (uint64_t)sums.tick_us;
        pl_sums_fini(&sums);
    }
}

static uint64_t publish(struct pl_shard *shard)
{
    uint64_t hash = 0;

    publish_into(shard, &hash);
    return hash;
}

static struct pl_shard *reload(struct pl_shard *shard, const struct pl_rules *rules)
{
    struct pl_err err = {0};
    struct pl_shard *back;

    save(shard);
    pl_shard_free(shard);
    back = load(rules, 1, &err);
    if (!back)
        fail_msg("%s", err.text);
    return back;
}

static int64_t live_n(const struct pl_shard *shard, enum pl_cell_kind kind, uint16_t arm, uint32_t subject,
                      int32_t pane)
{
    const struct pl_cell_key key = {(uint16_t)kind, arm, subject, 0, pane};
    struct pl_sums sums;
    int64_t n;

    assert_int_equal(pl_shard_live(shard, &sums, NULL), PL_OK);
    n = world_cell(&sums, key).n;
    pl_sums_fini(&sums);
    return n;
}

/* n over all panes and details. */
static int64_t live_all(const struct pl_shard *shard, enum pl_cell_kind kind, uint16_t arm, uint32_t subject)
{
    struct pl_sums sums;
    int64_t n = 0;

    assert_int_equal(pl_shard_live(shard, &sums, NULL), PL_OK);
    for (size_t at = 0; at < sums.n_cells; at++) {
        const struct pl_cell_key *key = &sums.cells[at].key;

        assert_true(sums.cells[at].n >= 0);
        if (key->kind == kind && key->arm == arm && key->subject == subject)
            n += sums.cells[at].n;
    }
    pl_sums_fini(&sums);
    return n;
}

static void assert_same_live(const struct pl_shard *a, const struct pl_shard *b)
{
    struct pl_sums one, two;

    assert_int_equal(pl_shard_live(a, &one, NULL), PL_OK);
    assert_int_equal(pl_shard_live(b, &two, NULL), PL_OK);
    assert_true(pl_snapshot_hash(&one) == pl_snapshot_hash(&two));
    pl_sums_fini(&one);
    pl_sums_fini(&two);
}

/* One shard is never stored; the other is, and read back, at random moments. Batches differ too. */
static void comes_back_at_any_point(void **state)
{
    for (uint64_t seed = 1; seed <= 25; seed++) {
        struct pl_random random = {seed};
        struct pl_shard *always = pl_shard_new(*state, 1), *stored = pl_shard_new(*state, 1);
        int64_t at_us = MONDAY * PL_DAY_US, lag_us;

        empty_store();
        for (unsigned n = 0; n < 150; n++) {
            uint64_t unit = random_bits(&random) % UNITS;
            uint32_t action = (uint32_t)(random_bits(&random) % WORLD_ACTIONS);
            struct pl_event event;

            at_us += (int64_t)(random_bits(&random) % (3 * PL_DAY_US)) * (random_bits(&random) % 3 > 0);
            lag_us = (int64_t)(random_bits(&random) % (20 * PL_DAY_US)) * (random_bits(&random) % 4 == 0);
            event = world_action(unit, at_us - lag_us, action);
            assert_int_equal(pl_shard_event(always, 0, &event), pl_shard_event(stored, 0, &event));
            if (random_bits(&random) % 4 == 0)
                stored = reload(stored, *state);
            if (random_bits(&random) % 3 == 0)
                assert_true(publish(always) == publish(stored));
            if (random_bits(&random) % 8 == 0)
                assert_same_live(always, stored);
        }
        pl_shard_free(always);
        pl_shard_free(stored);
    }
}

/* Records of two inputs, each in order but for less than the lateness. */
static int64_t draw_events(struct pl_random *random, struct pl_event events[2][60])
{
    int64_t last_us = 0;

    for (unsigned input = 0; input < 2; input++) {
        int64_t at_us = MONDAY * PL_DAY_US;

        for (unsigned n = 0; n < 60; n++) {
            at_us += PL_MINUTE_US + (int64_t)(random_bits(random) % (2 * PL_DAY_US));
            events[input][n] = world_action(random_bits(random) % UNITS, at_us - (int64_t)(n % 3) * PL_SECOND_US,
                                            (uint32_t)(random_bits(random) % WORLD_ACTIONS));
        }
        last_us = at_us > last_us ? at_us : last_us;
    }
    return last_us;
}

/* Give them in aligned order (the smaller time first); publish now and then, or only at the end. */
static uint64_t run_events(struct pl_shard *shard, struct pl_event events[2][60], struct pl_random *random)
{
    unsigned taken[2] = {0};
    uint64_t hash = 0;

    while (taken[0] < 60 || taken[1] < 60) {
        unsigned input = taken[0] == 60 || (taken[1] < 60 && events[1][taken[1]].time_us < events[0][taken[0]].time_us);

        assert_int_equal(pl_shard_event(shard, input, &events[input][taken[input]++]), PL_ACCEPTED);
        if (random && random_bits(random) % 4 == 0)
            publish_into(shard, &hash);
    }
    return hash;
}

/* Where no place was decided by the frontier, it does not matter in which batches records came. */
static void batches_publish_the_same(void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct pl_random random = {seed};
        struct pl_shard *often = pl_shard_new(*state, 2), *once = pl_shard_new(*state, 2);
        struct pl_event events[2][60];
        int64_t end_us = draw_events(&random, events) + PL_DAY_US;
        uint64_t hashes[2];
        struct pl_sums sums;

        hashes[0] = run_events(often, events, &random);
        hashes[1] = run_events(once, events, NULL);
        assert_int_equal(pl_shard_raise(often, end_us, NULL), PL_OK);
        assert_int_equal(pl_shard_raise(once, end_us, NULL), PL_OK);
        publish_into(often, &hashes[0]);
        publish_into(once, &hashes[1]);
        assert_true(hashes[0] == hashes[1]);
        assert_int_equal(pl_shard_live(once, &sums, NULL), PL_OK);
        assert_true(sums.n_cells > 100);
        pl_sums_fini(&sums);
        assert_same_live(often, once);
        pl_shard_free(often);
        pl_shard_free(once);
    }
}

static uint8_t version_of_unit(void)
{
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_UNIT)
            return (uint8_t)store.fields[at].bytes[store.fields[at].len];
    return 0;
}

/* Nothing is added to a record as long as nothing is observed; such a record is read by rules that observe. */
static void records_of_before_are_read(void **state)
{
    struct pl_rules *before = world_rules();
    struct pl_shard *shard = pl_shard_new(before, 1);

    on(shard, MONDAY, WORLD_VIEW);
    on(shard, MONDAY + 2, WORLD_BUY);
    (void)publish(shard);
    shard = reload(shard, *state);
    assert_int_equal(version_of_unit(), 1);
    on(shard, MONDAY + 3, WORLD_LIKE);
    assert_int_equal(live_n(shard, PL_CELL_NEW, 0, WORLD_SHOP, MONDAY + 2), 1); /* that one was not settled yet */
    on(shard, MONDAY + 4, WORLD_LIKE);
    on(shard, MONDAY + 5, WORLD_LIKE);
    (void)publish(shard);
    shard = reload(shard, *state);
    assert_int_equal(version_of_unit(), 2);
    assert_int_equal(live_n(shard, PL_CELL_ACTIVE, 0, WORLD_SHOP, MONDAY + 5), 1);
    pl_shard_free(shard);
    pl_rules_free(before);
}

/* Uses of three features, all settled. */
static struct pl_shard *three_used(const struct pl_rules *rules)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);

    on(shard, MONDAY, WORLD_LIKE);
    on(shard, MONDAY + 1, WORLD_CSV);
    on(shard, MONDAY + 2, WORLD_VIEW);
    on(shard, MONDAY + 3, WORLD_BUY);
    give(shard, 9, (MONDAY + 4) * PL_DAY_US, WORLD_ASK);
    (void)publish(shard);
    return shard;
}

static void assert_breadth(const struct pl_shard *shard, int32_t first, int32_t second, int32_t third)
{
    const int32_t days[3] = {first, second, third};

    for (uint16_t arm = 1; arm <= 3; arm++) {
        assert_int_equal(live_all(shard, PL_CELL_BREADTH, arm, WORLD_SHOP), days[arm - 1] > 0);
        if (days[arm - 1] > 0)
            assert_int_equal(live_n(shard, PL_CELL_BREADTH, arm, WORLD_SHOP, days[arm - 1]), 1);
    }
    assert_int_equal(live_all(shard, PL_CELL_BREADTH, 4, WORLD_SHOP), 0);
}

/* Without `export`: its cells and words are gone, the others are as they were; its day in BREADTH stays, and goes. */
static void a_removed_feature_leaves_its_day(void **state)
{
    struct pl_rules *without = other_rules(1u << WORLD_WISH | 1u << WORLD_TRIP, WORLD_BUY);
    struct pl_shard *shard = three_used(*state);
    const uint32_t trip = 1; /* its index now */

    assert_breadth(shard, MONDAY + 2, MONDAY + 1, MONDAY);
    shard = reload(shard, without);
    assert_breadth(shard, MONDAY + 2, MONDAY + 1, MONDAY);
    assert_int_equal(live_n(shard, PL_CELL_KNOWN, 2, trip, MONDAY + 3), 1);
    assert_int_equal(live_all(shard, PL_CELL_USED, 0, 2), 0);
    on(shard, MONDAY + 8, WORLD_LIKE);
    give(shard, 9, (MONDAY + 9) * PL_DAY_US, WORLD_ASK);
    (void)publish(shard); /* the unit is stored anew, with what was left */
    assert_breadth(shard, MONDAY + 8, MONDAY + 2, MONDAY + 1);
    shard = reload(shard, without);
    assert_breadth(shard, MONDAY + 8, MONDAY + 2, MONDAY + 1);
    on(shard, MONDAY + 33, WORLD_VIEW);
    assert_breadth(shard, MONDAY + 33, MONDAY + 8, MONDAY + 1);
    on(shard, MONDAY + 34, WORLD_VIEW);
    assert_breadth(shard, MONDAY + 34, MONDAY + 8, 0);
    pl_shard_free(shard);
    pl_rules_free(without);
}

/* And with it again: another one, without a past. */
static void a_feature_that_comes_back_is_new(void **state)
{
    struct pl_rules *without = other_rules(1u << WORLD_WISH | 1u << WORLD_TRIP, WORLD_BUY);
    struct pl_shard *shard = reload(three_used(*state), without);

    shard = reload(shard, *state);
    assert_int_equal(live_all(shard, PL_CELL_AUDIENCE, 0, WORLD_EXPORT), 0);
    assert_int_equal(live_n(shard, PL_CELL_KNOWN, 2, WORLD_TRIP, MONDAY + 3), 1);
    on(shard, MONDAY + 5, WORLD_CSV);
    assert_int_equal(live_all(shard, PL_CELL_COHORT, 0, WORLD_EXPORT), 1);
    assert_int_equal(live_all(shard, PL_CELL_USED, 0, WORLD_EXPORT), 1);
    assert_int_equal(live_n(shard, PL_CELL_BREADTH, 1, WORLD_SHOP, MONDAY + 5), 1);
    assert_int_equal(live_n(shard, PL_CELL_BREADTH, 4, WORLD_SHOP, MONDAY), 1);
    pl_shard_free(shard);
    pl_rules_free(without);
}

/* Another value event: the area starts empty, features stay and go on from where they stood. */
static void a_changed_area_starts_empty(void **state)
{
    struct pl_rules *changed = other_rules(7, WORLD_LIKE);
    struct pl_shard *shard = reload(three_used(*state), changed);

    assert_breadth(shard, 0, 0, 0);
    assert_int_equal(live_all(shard, PL_CELL_ACTIVE, 0, WORLD_SHOP), 0);
    assert_int_equal(live_all(shard, PL_CELL_NEW, 0, WORLD_SHOP), 0);
    assert_int_equal(live_all(shard, PL_CELL_VALUE_WEEK, 3, WORLD_SHOP), 0);
    assert_int_equal(live_n(shard, PL_CELL_KNOWN, 2, WORLD_WISH, MONDAY + 3), 1);
    on(shard, MONDAY + 2, WORLD_CART); /* late: known stays where it was, the area begins */
    assert_int_equal(live_n(shard, PL_CELL_ACTIVE, 0, WORLD_SHOP, MONDAY + 2), 1);
    assert_int_equal(live_n(shard, PL_CELL_KNOWN, 2, WORLD_WISH, MONDAY + 3), 1);
    assert_breadth(shard, MONDAY + 2, 0, 0); /* the last use day did not move, but the feature is used */
    on(shard, MONDAY + 6, WORLD_LIKE);
    assert_int_equal(live_n(shard, PL_CELL_KNOWN, 2, WORLD_WISH, MONDAY + 6), 1);
    assert_int_equal(live_all(shard, PL_CELL_KNOWN, 2, WORLD_WISH), 1);
    assert_int_equal(live_all(shard, PL_CELL_COHORT, 0, WORLD_WISH), 1);
    assert_int_equal(live_n(shard, PL_CELL_NEW, 1, WORLD_SHOP, MONDAY + 2), 1);
    assert_breadth(shard, MONDAY + 6, MONDAY + 2, 0);
    pl_shard_free(shard);
    pl_rules_free(changed);
}

/* What must hold whatever definitions came and went, while nothing is old enough to be cut. */
static void assert_consistent(const struct pl_shard *shard)
{
    const struct pl_rules *rules = shard->rules;

    for (uint32_t at = 0; at < rules->n_features; at++) {
        int64_t known = live_all(shard, PL_CELL_KNOWN, 2, at);

        assert_int_equal(live_all(shard, PL_CELL_COHORT, 0, at), known + live_all(shard, PL_CELL_KNOWN, 1, at));
        assert_int_equal(live_all(shard, PL_CELL_USED, 0, at) + live_all(shard, PL_CELL_USED, 1, at), known);
        assert_int_equal(live_all(shard, PL_CELL_AGAIN, 0, at), live_all(shard, PL_CELL_USED, 1, at));
        if (rules->features[at].eligible.n > 0)
            assert_true(live_all(shard, PL_CELL_AUDIENCE, 0, at) >= known);
    }
    for (uint32_t area = 0; area < rules->n_areas; area++) {
        int64_t valued = live_all(shard, PL_CELL_VALUE_DAYS, 1, area);

        assert_int_equal(live_all(shard, PL_CELL_ACTIVE, 0, area), live_all(shard, PL_CELL_NEW, 0, area));
        assert_int_equal(live_all(shard, PL_CELL_TO_VALUE, 0, area), valued);
        assert_int_equal(live_all(shard, PL_CELL_RETAINED, 0, area), valued);
        for (uint16_t arm = 1; arm < 16; arm++)
            assert_true(live_all(shard, PL_CELL_BREADTH, arm, area) >=
                        live_all(shard, PL_CELL_BREADTH, (uint16_t)(arm + 1), area));
    }
}

static int64_t live_detail(const struct pl_shard *shard)
{
    int64_t n = 0;

    for (uint32_t area = 0; area < shard->rules->n_areas; area++)
        n += live_all(shard, PL_CELL_ACTIVE, 0, area);
    return n;
}

static void definitions_come_and_go(void **state)
{
    struct pl_rules *rules[] = {other_rules(7, WORLD_BUY), other_rules(5, WORLD_BUY),  other_rules(2, WORLD_LIKE),
                                other_rules(3, WORLD_BUY), other_rules(7, WORLD_LIKE), other_rules(0, WORLD_BUY)};

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct pl_random random = {seed};
        struct pl_shard *shard = pl_shard_new(rules[0], 1);
        int64_t at_us = MONDAY * PL_DAY_US;

        empty_store();
        for (unsigned n = 0; n < 60; n++) {
            uint64_t unit = random_bits(&random) % UNITS;
            int64_t lag_us = (int64_t)(random_bits(&random) % (6 * PL_DAY_US)) * (random_bits(&random) % 3 == 0);

            at_us += (int64_t)(random_bits(&random) % (10 * PL_HOUR_US));
            give(shard, unit, at_us - lag_us, (uint32_t)(random_bits(&random) % WORLD_ACTIONS));
            if (random_bits(&random) % 3 == 0)
                (void)publish(shard);
            if (random_bits(&random) % 6 == 0)
                shard = reload(shard, rules[random_bits(&random) % 6]);
        }
        assert_consistent(shard);
        assert_in_range(live_detail(shard), 1, 2 * UNITS); /* each unit stands in one pane of each area at most */
        pl_shard_free(shard);
    }
    for (unsigned at = 0; at < 6; at++)
        pl_rules_free(rules[at]);
}

/* Every record with one byte changed or cut short: refused with a reason, or worked with. A cut one is never taken. */
static void damage_is_survived(void **state)
{
    struct pl_shard *shard = three_used(*state);
    unsigned refused = 0, tried = 0;

    save(shard);
    pl_shard_free(shard);
    for (unsigned at = 0; at < store.n; at++) {
        struct field *field = &store.fields[at];

        if (field->kind != PL_STATE_UNIT)
            continue;
        for (size_t byte = field->len; byte < field->len + field->value_len; byte++) {
            size_t value_len = field->value_len;
            char kept = field->bytes[byte];

            for (unsigned bit = 0; bit < 8; bit++) {
                struct pl_err err = {0};
                struct pl_shard *back;

                field->bytes[byte] = (char)(kept ^ (1 << bit));
                back = load(*state, 1, &err);
                refused += back == NULL;
                tried++;
                assert_true(back || err.text[0]);
                if (back) {
                    for (uint32_t action = 0; action < WORLD_ACTIONS; action++)
                        on(back, MONDAY + 5, action);
                    assert_int_equal(pl_shard_raise(back, (MONDAY + 50) * PL_DAY_US, &err), PL_OK);
                }
                pl_shard_free(back);
            }
            field->bytes[byte] = kept;
            field->value_len = byte - field->len;
            assert_null(load(*state, 1, &(struct pl_err){0}));
            field->value_len = value_len;
        }
    }
    assert_in_range(refused, 1, tried - 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(comes_back_at_any_point),          WITH(batches_publish_the_same),
        WITH(records_of_before_are_read),       WITH(a_removed_feature_leaves_its_day),
        WITH(a_feature_that_comes_back_is_new), WITH(a_changed_area_starts_empty),
        WITH(definitions_come_and_go),          WITH(damage_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
