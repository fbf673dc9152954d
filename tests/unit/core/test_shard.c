#include "support/count_world.h"

#define PUBLISHED_MAX 32

/* A shard with one input (two where said) in the world's rules; what it published is kept. */
struct fixture {
    struct pl_rules *rules;
    struct pl_shard *shard;
    struct pl_sums published[PUBLISHED_MAX];
    unsigned n;
};

static void begin(struct fixture *fixture, struct pl_rules *rules, unsigned n_inputs)
{
    *fixture = (struct fixture){.rules = rules, .shard = pl_shard_new(rules, n_inputs)};
    assert_non_null(fixture->shard);
}

static int setup(void **state)
{
    static struct fixture fixture;

    begin(&fixture, world_rules(), 1);
    *state = &fixture;
    return 0;
}

static void end(struct fixture *fixture)
{
    for (unsigned at = 0; at < fixture->n; at++)
        pl_sums_fini(&fixture->published[at]);
    pl_shard_free(fixture->shard);
    pl_rules_free(fixture->rules);
}

static int teardown(void **state)
{
    end(*state);
    return 0;
}

/* Other rules or inputs than those of setup. */
static void restart(struct fixture *fixture, struct pl_rules *rules, unsigned n_inputs)
{
    end(fixture);
    begin(fixture, rules, n_inputs);
}

static void take_all(struct fixture *fixture)
{
    while (fixture->n < PUBLISHED_MAX && pl_shard_take_sums(fixture->shard, &fixture->published[fixture->n]))
        fixture->n++;
}

static void advance(struct fixture *fixture)
{
    assert_int_equal(pl_shard_advance(fixture->shard, NULL), PL_OK);
    take_all(fixture);
}

static void raise_to(struct fixture *fixture, int64_t tick_us)
{
    assert_int_equal(pl_shard_raise(fixture->shard, tick_us, NULL), PL_OK);
    take_all(fixture);
}

static enum pl_reject give(struct fixture *fixture, struct pl_event event)
{
    return pl_shard_event(fixture->shard, 0, &event);
}

static enum pl_reject control(struct fixture *fixture, enum pl_lifecycle lifecycle, const char *experiment,
                              int64_t time_us, double share)
{
    struct pl_control record = world_control(lifecycle, experiment, time_us, share);
    int64_t place_us;

    return pl_shard_control(fixture->shard, &record, &place_us);
}

static struct pl_shard_stats stats_of(const struct fixture *fixture)
{
    struct pl_shard_stats stats;

    pl_shard_stats(fixture->shard, &stats);
    return stats;
}

static int64_t live_n(const struct fixture *fixture, struct pl_cell_key key)
{
    struct pl_sums sums;
    int64_t n;

    assert_int_equal(pl_shard_live(fixture->shard, &sums, NULL), PL_OK);
    n = world_cell(&sums, key).n;
    pl_sums_fini(&sums);
    return n;
}

static const struct pl_cell_key exposed_a = {PL_CELL_EXPOSED, 0, 0, 0, WORLD_DAY};

/* Live sums have it at once, published ones when the frontier has passed it. */
static void counts_at_once_and_publishes_when_complete(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(give(fixture, world_exposure(1, AT(100), "shop_a", "control")), PL_ACCEPTED);
    assert_int_equal(give(fixture, world_buy(1, AT(200), 2500000)), PL_ACCEPTED);
    advance(fixture);
    assert_int_equal(live_n(fixture, exposed_a), 1);
    assert_int_equal(fixture->n, 0);
    assert_int_equal(pl_shard_frontier(fixture->shard), AT(140));
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(0));
    assert_int_equal(give(fixture, world_action(2, AT(3660), WORLD_QUIT)), PL_ACCEPTED);
    advance(fixture);
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(3600));
    assert_int_equal(fixture->n, 1);
    assert_int_equal(fixture->published[0].tick_us, AT(3600));
    assert_int_equal(fixture->published[0].n_experiments, 1);
    assert_string_equal(fixture->published[0].experiments[0].name, "shop_a");
    assert_int_equal(fixture->published[0].experiments[0].first_exposure_us, AT(100));
    assert_true(fixture->published[0].experiments[0].joined_late);
    assert_int_equal(world_cell(&fixture->published[0], exposed_a).n, 1);
    assert_int_equal(
        world_cell(&fixture->published[0], (struct pl_cell_key){PL_CELL_METRIC, 0, 0, WORLD_SPENT, WORLD_DAY}).sum,
        2500000);
}

static void a_tick_holds_only_what_is_placed_below_it(void **state)
{
    struct fixture *fixture = *state;

    give(fixture, world_exposure(1, AT(3599), "shop_a", "control"));
    give(fixture, world_exposure(2, AT(3600), "shop_a", "B"));
    give(fixture, world_exposure(3, AT(9999), "shop_b", "B"));
    advance(fixture);
    assert_int_equal(fixture->n, 2);
    assert_int_equal(fixture->published[0].n_experiments, 1);
    assert_int_equal(fixture->published[0].experiments[0].n_variants, 1); /* B is not known below 01:00 */
    assert_int_equal(fixture->published[1].experiments[0].n_variants, 2);
    assert_int_equal(fixture->published[1].tick_us, AT(7200));
    assert_int_equal(fixture->published[1].n_experiments, 1);
}

/* An event that comes late within lateness gives what it would have given in order. */
static void disorder_within_lateness_changes_nothing(void **state)
{
    struct fixture *fixture = *state;

    give(fixture, world_buy(1, AT(130), PL_MICRO));
    give(fixture, world_exposure(1, AT(140), "shop_a", "B"));
    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    assert_int_equal(stats_of(fixture).late, 0);
    assert_int_equal(live_n(fixture, (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, WORLD_DAY}), 1);
    give(fixture, world_exposure(2, AT(50), "shop_a", "control")); /* 60 s before S is 80 */
    assert_int_equal(stats_of(fixture).late, 1);
    assert_int_equal(stats_of(fixture).mixed, 0);
    assert_int_equal(pl_shard_raise(fixture->shard, AT(3600), NULL), PL_OK);
    assert_int_equal(stats_of(fixture).mixed, 1);
}

static void refusals_by_rules_leave_stream_time(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(give(fixture, world_exposure(1, AT(100), "other", "B")), PL_REJECT_UNKNOWN_AREA);
    assert_int_equal(give(fixture, world_buy(1, AT(100), 1000 * PL_MICRO + 1)), PL_REJECT_OUT_OF_RANGE);
    assert_int_equal(give(fixture, world_buy(1, AT(100), -1000 * PL_MICRO - 1)), PL_REJECT_OUT_OF_RANGE);
    assert_int_equal(give(fixture, world_action(1, -1, WORLD_BUY)), PL_REJECT_BAD_TIME);
    assert_int_equal(pl_shard_stream_time(fixture->shard, 0), PL_TIME_NONE);
    assert_int_equal(give(fixture, world_buy(1, AT(100), 1000 * PL_MICRO)), PL_ACCEPTED);
    assert_int_equal(stats_of(fixture).rejected[PL_REJECT_OUT_OF_RANGE], 2);
    assert_int_equal(stats_of(fixture).units, 1);
}

static void means_have_a_bound_too(void **state)
{
    struct fixture *fixture = *state;
    struct pl_event event = world_action(1, AT(100), WORLD_CART);
    struct pl_rules *rules = world_rules_open();
    struct pl_metric_rule metric = {
        .id = "mean", .type = PL_METRIC_MEAN, .bound_micro = 5, .events = {{WORLD_CART}, 1}};

    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    restart(fixture, rules, 1);
    event.has_value = 1;
    event.value_micro[0] = -6;
    assert_int_equal(give(fixture, event), PL_REJECT_OUT_OF_RANGE);
    event.value_micro[0] = -5;
    assert_int_equal(give(fixture, event), PL_ACCEPTED);
}

static void unmatched_events_move_stream_time_only(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(give(fixture, world_action(1, AT(100), PL_NAMES_NONE)), PL_ACCEPTED);
    assert_int_equal(pl_shard_stream_time(fixture->shard, 0), AT(100));
    assert_int_equal(pl_shard_largest_place(fixture->shard), AT(100));
    assert_int_equal(stats_of(fixture).unmatched, 1);
    assert_int_equal(stats_of(fixture).accepted, 1);
    assert_int_equal(stats_of(fixture).units, 0);
}

static void duplicates_leave_stream_time(void **state)
{
    struct fixture *fixture = *state;
    struct pl_event event = world_buy(1, AT(100), 1);

    assert_int_equal(give(fixture, event), PL_ACCEPTED);
    event.time_us = AT(500);
    assert_int_equal(give(fixture, event), PL_REJECT_DUPLICATE);
    assert_int_equal(pl_shard_stream_time(fixture->shard, 0), AT(100));
}

/* Full tables and ended experiments depend on other inputs: S_k moves, and the identity is remembered, all the same. */
static void refusals_by_shared_state_move_stream_time(void **state)
{
    struct fixture *fixture = *state;
    struct pl_rules *rules = world_rules_open();
    struct pl_event event = world_exposure(1, AT(200), "shop_b", "B");

    rules->max_experiments = 1;
    rules->max_units = 2;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    restart(fixture, rules, 1);
    assert_int_equal(give(fixture, world_exposure(1, AT(100), "shop_a", "B")), PL_ACCEPTED);
    assert_int_equal(give(fixture, event), PL_REJECT_EXPERIMENTS_FULL);
    assert_int_equal(pl_shard_stream_time(fixture->shard, 0), AT(200));
    assert_int_equal(give(fixture, event), PL_REJECT_DUPLICATE);
    assert_int_equal(give(fixture, world_buy(2, AT(300), 1)), PL_ACCEPTED);
    assert_int_equal(give(fixture, world_buy(3, AT(400), 1)), PL_REJECT_UNITS_FULL);
    assert_int_equal(pl_shard_stream_time(fixture->shard, 0), AT(400));
    assert_int_equal(control(fixture, PL_STARTED, "shop_c", AT(400), 0), PL_REJECT_EXPERIMENTS_FULL);
}

static void seventeenth_variant_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char name[8];

    for (unsigned at = 0; at < 17; at++) {
        snprintf(name, sizeof(name), "v%u", at);
        assert_int_equal(give(fixture, world_exposure(at + 1, AT(at), "shop_a", name)),
                         at < 16 ? PL_ACCEPTED : PL_REJECT_VARIANTS_FULL);
    }
}

/* `shipped` at 150 s: exposures placed from there on neither enter nor mix, whether they came before the record or
 * after. */
static void shipping_does_not_destroy_the_experiment(void **state)
{
    struct fixture *fixture = *state;

    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    give(fixture, world_exposure(1, AT(160), "shop_a", "B"));
    give(fixture, world_exposure(2, AT(150), "shop_a", "B"));
    assert_int_equal(live_n(fixture, exposed_a), 0); /* mixed, as far as anybody knows */
    assert_int_equal(control(fixture, PL_SHIPPED, "shop_a", AT(150), 0), PL_ACCEPTED);
    assert_int_equal(live_n(fixture, exposed_a), 1);
    assert_int_equal(stats_of(fixture).mixed, 0);
    assert_int_equal(stats_of(fixture).accepted, 1);
    assert_int_equal(stats_of(fixture).rejected[PL_REJECT_AFTER_END], 2);
    assert_int_equal(give(fixture, world_exposure(3, AT(150), "shop_a", "B")), PL_REJECT_AFTER_END);
    assert_int_equal(give(fixture, world_exposure(3, AT(149), "shop_a", "control")), PL_ACCEPTED);
    assert_int_equal(live_n(fixture, exposed_a), 2);
    give(fixture, world_buy(1, AT(400), PL_MICRO)); /* after the end, within the window */
    raise_to(fixture, AT(3600));
    assert_int_equal(world_cell(&fixture->published[0], exposed_a).n, 2);
    assert_int_equal(
        world_cell(&fixture->published[0], (struct pl_cell_key){PL_CELL_METRIC, 0, 0, WORLD_SPENT, WORLD_DAY}).sum,
        PL_MICRO);
}

static void lifecycle_of_unknown_areas_is_not_ours(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(control(fixture, PL_STOPPED, "other", AT(1), 0), PL_ACCEPTED);
    assert_int_equal(stats_of(fixture).experiments, 0);
    assert_int_equal(pl_shard_largest_place(fixture->shard), AT(1));
}

static void a_start_that_was_seen_is_not_joined_late(void **state)
{
    struct fixture *fixture = *state;

    control(fixture, PL_STARTED, "shop_a", AT(90), .5);
    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    give(fixture, world_exposure(1, AT(100), "shop_b", "control"));
    give(fixture, world_exposure(2, AT(100) + PL_DAY_US, "shop_c", "control"));
    give(fixture, world_exposure(2, AT(101) + PL_DAY_US, "shop_d", "control"));
    raise_to(fixture, AT(0) + 2 * PL_DAY_US);
    assert_int_equal(fixture->published[fixture->n - 1].n_experiments, 4);
    assert_false(fixture->published[fixture->n - 1].experiments[0].joined_late);
    assert_true(fixture->published[fixture->n - 1].experiments[1].joined_late);
    assert_true(
        fixture->published[fixture->n - 1].experiments[2].joined_late); /* exactly a day after the first record */
    assert_false(fixture->published[fixture->n - 1].experiments[3].joined_late);
}

/* The day of exposures 19700 ends at 24 h; its windows of 1 h (views) and 1 d (bought, spent) make 25 h and 48 h due.
 * The funnel pane of hour 0 goes at 49 h. Nothing else happens, so nothing else is published in 300 days. */
static void publishes_when_panes_mature_and_skips_the_rest(void **state)
{
    struct fixture *fixture = *state;
    const int64_t hours[] = {1, 25, 48, 49};

    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    give(fixture, world_action(1, AT(200), WORLD_VIEW));
    raise_to(fixture, AT(0) + 300 * PL_DAY_US);
    assert_int_equal(fixture->n, 4);
    for (unsigned at = 0; at < 4; at++)
        assert_int_equal(fixture->published[at].tick_us, AT(0) + hours[at] * PL_HOUR_US);
    assert_int_equal(fixture->published[1].n_cells, fixture->published[0].n_cells);
    assert_true(fixture->published[3].n_cells < fixture->published[2].n_cells);
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(0) + 300 * PL_DAY_US);
    raise_to(fixture, AT(0) + 402 * PL_DAY_US); /* now the day pane of the funnels goes too */
    assert_int_equal(fixture->n, 5);
    assert_int_equal(fixture->published[4].tick_us, AT(0) + 401 * PL_DAY_US);
}

static struct pl_rules *with_metric(struct pl_metric_rule metric)
{
    struct pl_rules *rules = world_rules_open();

    metric.events.n = 1;
    snprintf(metric.id, sizeof(metric.id), "added");
    assert_int_equal(pl_rules_add_metric(rules, &metric, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* The day is a Saturday, so its week ends after 48 hours; windows of 1 h, 1 d, and 5 d of the time to buy. */
static void publishes_when_weeks_mature(void **state)
{
    struct fixture *fixture = *state;
    const int64_t hours[] = {1, 25, 48, 24 + 120, 48 + 120};
    struct pl_metric_rule metric = {
        .type = PL_METRIC_TIME_TO, .value = PL_RULES_NONE, .window_us = 5 * PL_DAY_US, .events.ids = {WORLD_BUY}};

    restart(fixture, with_metric(metric), 1);
    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    give(fixture, world_buy(1, AT(200), PL_MICRO));
    raise_to(fixture, AT(0) + 300 * PL_DAY_US);
    assert_int_equal(fixture->n, 5);
    for (unsigned at = 0; at < 5; at++)
        assert_int_equal(fixture->published[at].tick_us, AT(0) + hours[at] * PL_HOUR_US);
}

static void waits_for_sums_to_be_taken(void **state)
{
    struct fixture *fixture = *state;
    struct pl_sums sums;

    give(fixture, world_exposure(1, AT(100), "shop_a", "control"));
    give(fixture, world_exposure(2, AT(4000), "shop_a", "control"));
    assert_int_equal(pl_shard_raise(fixture->shard, AT(7200), NULL), PL_OK);
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(0));
    assert_int_equal(live_n(fixture, exposed_a), 2);
    assert_int_equal(pl_shard_advance(fixture->shard, NULL), PL_OK);
    assert_true(pl_shard_take_sums(fixture->shard, &sums));
    assert_int_equal(sums.tick_us, AT(3600));
    assert_int_equal(world_cell(&sums, exposed_a).n, 1);
    pl_sums_fini(&sums);
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(3600));
    assert_true(pl_shard_take_sums(fixture->shard, &sums));
    assert_int_equal(sums.tick_us, AT(7200));
    pl_sums_fini(&sums);
    assert_false(pl_shard_take_sums(fixture->shard, &sums));
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(7200));
}

static void two_inputs_hold_each_other(void **state)
{
    struct fixture *fixture = *state;
    struct pl_event a = world_exposure(1, AT(5000), "shop_a", "B"),
                    b = world_exposure(1, AT(4900), "shop_a", "control");

    restart(fixture, world_rules(), 2);
    pl_shard_event(fixture->shard, 0, &a);
    assert_int_equal(pl_shard_frontier(fixture->shard), AT(5000 - 660));
    pl_shard_event(fixture->shard, 1, &b);
    assert_int_equal(pl_shard_frontier(fixture->shard), AT(4840));
    raise_to(fixture, AT(7200));
    assert_string_equal(fixture->published[0].experiments[0].variants[0], "control"); /* by place, not by arrival */
    assert_int_equal(world_cell(&fixture->published[0], (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, WORLD_DAY}).n, 1);
}

static void forgotten_units_leave_memory(void **state)
{
    struct fixture *fixture = *state;
    struct pl_rules *rules = world_rules_open();

    rules->forget_us = PL_DAY_US;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    restart(fixture, rules, 1);
    for (uint64_t unit = 1; unit <= 100; unit++)
        give(fixture, world_exposure(unit, AT(100 + unit), "shop_a", "control"));
    assert_int_equal(stats_of(fixture).units, 100);
    give(fixture, world_action(200, AT(100) + 3 * PL_DAY_US, PL_NAMES_NONE));
    for (unsigned at = 0; at < 200; at++)
        advance(fixture);
    assert_int_equal(stats_of(fixture).units, 0);
    assert_int_equal(stats_of(fixture).tail_events, 0);
    assert_int_equal(live_n(fixture, exposed_a), 100); /* what they contributed stays */
}

static void a_shard_without_inputs_lives_on_control_records(void **state)
{
    struct fixture *fixture = *state;
    struct pl_control launch = {.type = PL_CONTROL_LAUNCH, .time_us = AT(5)};
    struct pl_control history_end = {.type = PL_CONTROL_HISTORY_END, .time_us = PL_TIME_NONE};
    int64_t place_us;

    restart(fixture, world_rules(), 0);
    assert_int_equal(pl_shard_control(fixture->shard, &launch, &place_us), PL_ACCEPTED);
    assert_int_equal(place_us, AT(5));
    assert_int_equal(pl_shard_control(fixture->shard, &history_end, &place_us), PL_ACCEPTED);
    assert_int_equal(place_us, AT(5));
    advance(fixture);
    assert_int_equal(pl_shard_frontier(fixture->shard), PL_TIME_NONE);
    assert_int_equal(pl_shard_complete_to(fixture->shard), PL_TIME_NONE);
    raise_to(fixture, AT(3600));
    assert_int_equal(pl_shard_complete_to(fixture->shard), AT(3600));
    assert_int_equal(fixture->n, 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(counts_at_once_and_publishes_when_complete),
        WITH(a_tick_holds_only_what_is_placed_below_it),
        WITH(disorder_within_lateness_changes_nothing),
        WITH(refusals_by_rules_leave_stream_time),
        WITH(unmatched_events_move_stream_time_only),
        WITH(duplicates_leave_stream_time),
        WITH(refusals_by_shared_state_move_stream_time),
        WITH(seventeenth_variant_is_refused),
        WITH(shipping_does_not_destroy_the_experiment),
        WITH(lifecycle_of_unknown_areas_is_not_ours),
        WITH(a_start_that_was_seen_is_not_joined_late),
        WITH(publishes_when_panes_mature_and_skips_the_rest),
        WITH(publishes_when_weeks_mature),
        WITH(means_have_a_bound_too),
        WITH(waits_for_sums_to_be_taken),
        WITH(two_inputs_hold_each_other),
        WITH(forgotten_units_leave_memory),
        WITH(a_shard_without_inputs_lives_on_control_records),
    };

    pl_shard_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
