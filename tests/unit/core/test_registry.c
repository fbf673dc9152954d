#include "support/count_world.h"

#define S(text) pl_span_of(text)

static struct pl_rules *rules;
static struct pl_registry registry;

static int setup(void **state)
{
    (void)state;
    rules = world_rules_open();
    rules->max_experiments = 3;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    assert_int_equal(pl_registry_init(&registry, rules, NULL), PL_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_registry_fini(&registry);
    pl_rules_free(rules);
    return 0;
}

static void numbers_in_order_up_to_the_cap(void **state)
{
    (void)state;
    assert_int_equal(pl_registry_add(&registry, S("a"), 0), 0);
    assert_int_equal(pl_registry_add(&registry, S("b"), 0), 1);
    assert_int_equal(pl_registry_add(&registry, S("c"), 0), 2);
    assert_int_equal(pl_registry_add(&registry, S("d"), 0), PL_REGISTRY_NONE);
    assert_int_equal(pl_registry_find(&registry, S("b")), 1);
    assert_int_equal(pl_registry_find(&registry, S("d")), PL_REGISTRY_NONE);
}

/* What comes back from the store keeps its number, in whatever order it comes. */
static void puts_back_in_any_order(void **state)
{
    (void)state;
    assert_non_null(pl_registry_put(&registry, 2, S("c")));
    assert_non_null(pl_registry_put(&registry, 0, S("a")));
    assert_null(pl_registry_put(&registry, 0, S("x")));
    assert_null(pl_registry_put(&registry, 1, S("c")));
    assert_null(pl_registry_put(&registry, 70000, S("y")));
    assert_non_null(pl_registry_put(&registry, 1, S("b")));
    assert_int_equal(pl_registry_find(&registry, S("a")), 0);
    assert_int_equal(pl_registry_find(&registry, S("b")), 1);
    assert_int_equal(pl_registry_find(&registry, S("c")), 2);
    assert_int_equal(registry.n, 3);
}

static struct pl_experiment *one(void)
{
    uint32_t index = pl_registry_add(&registry, S("shop_a"), 0);

    return registry.experiments[index];
}

static void keeps_sixteen_variants(void **state)
{
    struct pl_experiment *experiment = one();
    char name[8];

    (void)state;
    for (uint32_t at = 0; at < 16; at++) {
        snprintf(name, sizeof(name), "v%u", at);
        assert_int_equal(pl_experiment_variant(experiment, S(name)), at);
    }
    assert_int_equal(pl_experiment_variant(experiment, S("v16")), PL_REGISTRY_NONE);
    assert_int_equal(pl_experiment_variant(experiment, S("v3")), 3);
    assert_int_equal(experiment->n_variants, 16);
}

static enum pl_reject control(struct pl_experiment *experiment, enum pl_lifecycle lifecycle, int64_t place_us,
                              double share)
{
    struct pl_control record = world_control(lifecycle, "shop_a", place_us, share);
    enum pl_reject reason = pl_experiment_check(experiment, &record);

    if (!reason)
        assert_true(pl_experiment_control(experiment, &record, place_us));
    return reason;
}

static void the_smallest_end_counts(void **state)
{
    struct pl_experiment *experiment = one();

    (void)state;
    assert_int_equal(experiment->end_us, PL_NEVER_US);
    assert_int_equal(control(experiment, PL_STOPPED, AT(50), 0), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_SHIPPED, AT(40), 0), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_REVERTED, AT(60), 0), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_STOPPED, AT(10), 0), PL_REJECT_CONTROL_REPEATED);
    assert_int_equal(experiment->end_us, AT(40));
}

static void other_shares_open_segments(void **state)
{
    struct pl_experiment *experiment = one();

    (void)state;
    assert_int_equal(pl_experiment_segment(experiment, AT(1)), 0);
    assert_int_equal(control(experiment, PL_STARTED, AT(10), 0), PL_ACCEPTED);
    assert_int_equal(experiment->n_segments, 0); /* no shares */
    assert_int_equal(control(experiment, PL_STARTED, AT(20), .25), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_STARTED, AT(30), .25), PL_REJECT_CONTROL_REPEATED);
    assert_int_equal(control(experiment, PL_STARTED, AT(30), 0), PL_REJECT_CONTROL_REPEATED);
    assert_int_equal(control(experiment, PL_STARTED, AT(40), .5), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_STARTED, AT(35), .75), PL_ACCEPTED); /* its boundary becomes 40 too */
    assert_int_equal(experiment->started_us, AT(10));
    assert_int_equal(pl_experiment_segment(experiment, AT(5)), 0);
    assert_int_equal(pl_experiment_segment(experiment, AT(39)), 0);
    assert_int_equal(pl_experiment_segment(experiment, AT(40)), 2);
    assert_int_equal(control(experiment, PL_STARTED, AT(50), .25), PL_ACCEPTED);
    assert_int_equal(pl_experiment_segment(experiment, AT(49)), 2);
    assert_int_equal(pl_experiment_segment(experiment, AT(50)), 3);
}

static void eight_segments_are_kept(void **state)
{
    struct pl_experiment *experiment = one();

    (void)state;
    for (int at = 0; at < 8; at++)
        assert_int_equal(control(experiment, PL_STARTED, AT(at), at % 2 ? .5 : .25), PL_ACCEPTED);
    assert_int_equal(control(experiment, PL_STARTED, AT(9), .1), PL_REJECT_CONTROL_FULL);
    assert_int_equal(pl_experiment_segment(experiment, AT(9)), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_in_order_up_to_the_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(puts_back_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_sixteen_variants, setup, teardown),
        cmocka_unit_test_setup_teardown(the_smallest_end_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(other_shares_open_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(eight_segments_are_kept, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
