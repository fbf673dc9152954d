#include "support/count_world.h"
#include "support/state_store.h"

static int setup(void **state)
{
    empty_store();
    *state = world_rules();
    return 0;
}

static void give(struct pl_shard *shard, struct pl_event event)
{
    assert_int_equal(pl_shard_event(shard, 0, &event), PL_ACCEPTED);
}

/* Two units, one mixed; settled and not; a funnel under way; shares and an end. */
static struct pl_shard *busy(const struct pl_rules *rules)
{
    struct pl_shard *shard = pl_shard_new(rules, 1);
    struct pl_control started = world_control(PL_STARTED, "shop_a", AT(0), .25);
    struct pl_control shipped = world_control(PL_SHIPPED, "shop_a", AT(9000), 0);
    struct pl_sums sums;
    int64_t place_us;

    assert_non_null(shard);
    assert_int_equal(pl_shard_control(shard, &started, &place_us), PL_ACCEPTED);
    give(shard, world_exposure(1, AT(10), "shop_a", "control"));
    give(shard, world_exposure(2, AT(20), "shop_a", "B"));
    give(shard, world_exposure(3, AT(30), "shop_b", "B"));
    give(shard, world_exposure(3, AT(40), "shop_b", "control"));
    give(shard, world_buy(1, AT(50), -2500000));
    give(shard, world_action(2, AT(60), WORLD_VIEW));
    give(shard, world_action(2, AT(4000), WORLD_VIEW));
    assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
    assert_true(pl_shard_take_sums(shard, &sums));
    pl_sums_fini(&sums);
    give(shard, world_buy(2, AT(4010), 7000000));
    assert_int_equal(pl_shard_control(shard, &shipped, &place_us), PL_ACCEPTED);
    return shard;
}

static void assert_same_live(const struct pl_shard *a, const struct pl_shard *b)
{
    struct pl_sums one, two;

    assert_int_equal(pl_shard_live(a, &one, NULL), PL_OK);
    assert_int_equal(pl_shard_live(b, &two, NULL), PL_OK);
    assert_int_equal(one.n_experiments, two.n_experiments);
    assert_int_equal(one.n_cells, two.n_cells);
    for (size_t at = 0; at < one.n_cells; at++) {
        assert_int_equal(pl_cell_key_order(&one.cells[at].key, &two.cells[at].key), 0);
        assert_int_equal(one.cells[at].n, two.cells[at].n);
        assert_int_equal(one.cells[at].sum, two.cells[at].sum);
        assert_true(one.cells[at].sum2 == two.cells[at].sum2);
    }
    pl_sums_fini(&one);
    pl_sums_fini(&two);
}

static void comes_back_as_it_was(void **state)
{
    struct pl_err err = {0};
    struct pl_shard *shard = busy(*state), *back;

    save(shard);
    back = load(*state, 1, &err);
    assert_non_null(back);
    assert_same_live(shard, back);
    assert_int_equal(pl_shard_frontier(back), pl_shard_frontier(shard));
    assert_int_equal(pl_shard_complete_to(back), pl_shard_complete_to(shard));
    assert_int_equal(pl_shard_stream_time(back, 0), AT(4010));
    assert_int_equal(pl_shard_largest_place(back), AT(9000));
    assert_memory_equal(back->registry.experiments[0]->segments[0].shares,
                        shard->registry.experiments[0]->segments[0].shares, 2 * sizeof(struct pl_share));
    assert_int_equal(back->registry.experiments[0]->end_us, AT(9000));
    assert_int_equal(back->registry.experiments[0]->n_segments, 1);
    assert_int_equal(pl_state_dirty(back), 0);
    pl_shard_free(shard);
    pl_shard_free(back);
}

static void writes_only_what_changed(void **state)
{
    struct pl_shard *shard = busy(*state);

    save(shard);
    save(shard);
    assert_int_equal(store.writes + store.deletes, 0);
    give(shard, world_action(9, AT(4020), PL_NAMES_NONE));
    save(shard);
    assert_int_equal(store.writes, 1); /* the front */
    give(shard, world_action(1, AT(4020), WORLD_CART));
    assert_int_equal(pl_state_dirty(shard), 1);
    save(shard);
    assert_int_equal(store.writes, 1); /* one unit; live sums are not stored */
    pl_shard_free(shard);
}

/* A published tick that nobody has taken survives. */
static void sums_not_taken_come_back(void **state)
{
    struct pl_err err = {0};
    struct pl_shard *shard = busy(*state), *back;
    struct pl_sums a, b;
    struct pl_buf bytes_a = {0}, bytes_b = {0};

    assert_int_equal(pl_shard_raise(shard, AT(7200), NULL), PL_OK);
    assert_int_equal(pl_shard_complete_to(shard), AT(3600));
    save(shard);
    back = load(*state, 1, &err);
    assert_non_null(back);
    assert_int_equal(pl_shard_complete_to(back), AT(3600));
    assert_true(pl_shard_take_sums(shard, &a));
    assert_true(pl_shard_take_sums(back, &b));
    assert_int_equal(a.tick_us, AT(7200));
    assert_int_equal(pl_state_put_sums(&a, *state, &bytes_a, NULL), PL_OK);
    assert_int_equal(pl_state_put_sums(&b, *state, &bytes_b, NULL), PL_OK);
    assert_true(pl_span_eq(pl_buf_span(&bytes_a), pl_buf_span(&bytes_b)));
    pl_sums_fini(&b);
    assert_false(pl_shard_take_sums(back, &b));
    save(back);
    assert_int_equal(store.writes, 1);
    pl_buf_fini(&bytes_a);
    pl_buf_fini(&bytes_b);
    pl_sums_fini(&a);
    pl_shard_free(shard);
    pl_shard_free(back);
}

/* A first event of 1970 puts the frontier before it: no reason to refuse what was stored. */
static void times_may_begin_with_1970(void **state)
{
    struct pl_err err = {0};
    struct pl_shard *shard = pl_shard_new(*state, 1), *back;

    give(shard, world_exposure(1, 0, "shop_a", "control"));
    assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
    save(shard);
    back = load(*state, 1, &err);
    assert_non_null(back);
    assert_int_equal(pl_shard_frontier(back), -PL_MINUTE_US);
    assert_int_equal(pl_shard_complete_to(back), PL_TIME_NONE);
    assert_same_live(shard, back);
    pl_shard_free(shard);
    pl_shard_free(back);
}

static unsigned count_kind(enum pl_state_kind kind)
{
    unsigned n = 0;

    for (unsigned at = 0; at < store.n; at++)
        n += store.fields[at].kind == kind;
    return n;
}

/* Forgotten units, expired funnel panes: what memory forgets leaves the store. */
static void what_is_forgotten_is_deleted(void **state)
{
    struct pl_shard *shard = busy(*state);
    struct pl_sums sums;

    save(shard);
    assert_int_equal(count_kind(PL_STATE_UNIT), 3);
    give(shard, world_action(9, AT(0) + 500 * PL_DAY_US, PL_NAMES_NONE));
    for (unsigned at = 0; at < 100; at++) {
        assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
        while (pl_shard_take_sums(shard, &sums))
            pl_sums_fini(&sums);
    }
    save(shard);
    assert_int_equal(count_kind(PL_STATE_UNIT), 0);
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_CELL)
            assert_true(store.fields[at].bytes[0] < PL_CELL_FUNNEL);
    pl_shard_free(shard);
}

static void failing_store_stops_the_write(void **state)
{
    struct pl_shard *shard = busy(*state);
    struct pl_err err = {0};

    store.fail_after = 3;
    assert_int_equal(pl_state_write(shard, emit, &store, &err), PL_ERR_IO);
    assert_string_equal(err.text, "no more");
    pl_shard_free(shard);
}

/* The world without `bought`, with a longer `views`, and with `quits` new. */
static struct pl_rules *changed_rules(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_metric_rule spent = {.id = "spent", .type = PL_METRIC_SUM, .events.n = 1, .window_us = PL_DAY_US};
    struct pl_metric_rule views = {.id = "views", .type = PL_METRIC_COUNT, .events.n = 1, .value = PL_RULES_NONE};
    struct pl_metric_rule quits = {.id = "quits", .events.n = 2, .value = PL_RULES_NONE, .window_us = PL_DAY_US};

    area.globs[0] = pl_span_dup(pl_span_of("shop_*"));
    area.smallest_return = area.baseline = .01;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    quits.events.ids[0] = pl_rules_action(rules, pl_span_of("quit"));
    spent.events.ids[0] = pl_rules_action(rules, pl_span_of("buy"));
    quits.events.ids[1] = spent.events.ids[0];
    views.events.ids[0] = pl_rules_action(rules, pl_span_of("view"));
    views.window_us = 2 * PL_HOUR_US;
    views.cap_micro = 3 * PL_MICRO;
    spent.value = pl_rules_value(rules, pl_span_of("price"));
    spent.bound_micro = 500 * PL_MICRO; /* a bound is policy: the same metric */
    assert_int_equal(pl_rules_add_metric(rules, &spent, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_add_metric(rules, &views, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_add_metric(rules, &quits, NULL, NULL), PL_OK);
    rules->lateness_us = PL_MINUTE_US;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static struct pl_cell metric(const struct pl_shard *shard, uint16_t arm, uint32_t index)
{
    struct pl_sums sums;
    struct pl_cell cell;

    assert_int_equal(pl_shard_live(shard, &sums, NULL), PL_OK);
    cell = world_cell(&sums, (struct pl_cell_key){PL_CELL_METRIC, arm, 0, index, WORLD_DAY});
    pl_sums_fini(&sums);
    return cell;
}

static void changed_definitions_start_empty(void **state)
{
    struct pl_rules *rules = changed_rules();
    struct pl_shard *shard = busy(*state), *back;
    struct pl_err err = {0};

    assert_int_equal(metric(shard, 0, WORLD_SPENT).sum, -2500000);
    assert_int_equal(metric(shard, 1, WORLD_VIEWS).sum, PL_MICRO);
    assert_int_equal(metric(shard, 1, WORLD_SPENT).sum, 7000000); /* not settled yet */
    save(shard);
    pl_shard_free(shard);
    back = load(rules, 1, &err);
    assert_non_null(back);
    assert_int_equal(metric(back, 0, 0).sum, -2500000); /* spent: as before */
    assert_int_equal(metric(back, 1, 0).sum, 7000000);
    assert_int_equal(metric(back, 1, 1).sum,
                     PL_MICRO);                  /* views: a new definition; only what had not been settled counts */
    assert_int_equal(metric(back, 0, 2).sum, 0); /* quits: new */
    assert_int_equal(metric(back, 1, 2).sum, PL_MICRO); /* but for what had not been settled */
    /* Mixing takes back what is counted now, no more and no less. */
    give(back, world_exposure(2, AT(4020), "shop_a", "control"));
    give(back, world_exposure(1, AT(4020), "shop_a", "B"));
    for (uint32_t index = 0; index < 3; index++)
        for (uint16_t arm = 0; arm < 2; arm++) {
            assert_int_equal(metric(back, arm, index).sum, 0);
            assert_true(metric(back, arm, index).sum2 == 0);
        }
    save(back);
    assert_true(store.deletes > 0);
    pl_shard_free(back);
    pl_rules_free(rules);
}

/* Actions of equal place go by their order in the rules of today: buy before view now, after it before. */
static void tails_take_the_new_order(void **state)
{
    struct pl_rules *rules = changed_rules();
    struct pl_shard *shard = pl_shard_new(*state, 1);
    const struct pl_tail_event *events;
    struct pl_err err = {0};

    give(shard, world_action(1, AT(10), WORLD_BUY));
    give(shard, world_action(1, AT(10), WORLD_VIEW));
    events = pl_tail_events(&pl_units_open_at(&shard->units, shard->units.queues[0].head)->tail, &shard->units.slab);
    assert_int_equal(events[0].subject, WORLD_VIEW);
    save(shard);
    pl_shard_free(shard);
    shard = load(rules, 1, &err);
    assert_non_null(shard);
    events = pl_tail_events(&pl_units_open_at(&shard->units, shard->units.queues[0].head)->tail, &shard->units.slab);
    assert_int_equal(events[0].subject, pl_names_find(rules->actions, pl_span_of("buy")));
    assert_int_equal(events[1].subject, pl_names_find(rules->actions, pl_span_of("view")));
    pl_shard_free(shard);
    pl_rules_free(rules);
}

/* The old rules again: what was dropped meanwhile stays dropped, in cells and in units alike. */
static void retired_definitions_do_not_come_back(void **state)
{
    struct pl_rules *rules = changed_rules();
    struct pl_shard *shard = busy(*state);
    struct pl_err err = {0};

    give(shard, world_buy(1, AT(4020), PL_MICRO));
    give(shard, world_action(9, AT(4500), PL_NAMES_NONE));
    assert_int_equal(pl_shard_advance(shard, NULL), PL_OK); /* all settled */
    save(shard);
    pl_shard_free(shard);
    shard = load(rules, 1, &err);
    assert_non_null(shard);
    save(shard);
    pl_shard_free(shard);
    shard = load(*state, 1, &err);
    assert_non_null(shard);
    assert_int_equal(metric(shard, 0, WORLD_BOUGHT).sum, 0);
    assert_int_equal(metric(shard, 0, WORLD_SPENT).sum, -1500000); /* was there all the time */
    give(shard, world_exposure(1, AT(4600), "shop_a", "B"));
    assert_int_equal(metric(shard, 0, WORLD_BOUGHT).sum, 0);
    assert_int_equal(metric(shard, 0, WORLD_SPENT).sum, 0);
    pl_shard_free(shard);
    pl_rules_free(rules);
}

static void other_shapes_are_refused(void **state)
{
    struct pl_shard *shard = busy(*state);
    struct pl_err err = {0};

    save(shard);
    assert_null(load(*state, 2, &err));
    assert_int_equal(err.code, PL_ERR_INPUT);
    assert_string_equal(err.text, "state: the shard had 1 inputs and now has 2");
    pl_shard_free(shard);
}

static void cells_need_a_front(void **state)
{
    struct pl_shard *shard = pl_shard_new(*state, 1);
    const struct pl_span some = pl_span_of("x");

    assert_int_equal(pl_state_read(shard, PL_STATE_CELL, some, some, NULL), PL_ERR_INPUT);
    assert_int_equal(pl_state_read(shard, PL_STATE_DICT, some, some, NULL), PL_ERR_INPUT);
    assert_int_equal(pl_state_read(shard, PL_STATE_FRONT, some, some, NULL), PL_ERR_INPUT);
    pl_shard_free(shard);
}

/* Every record cut short or with one byte changed is refused with a reason, or read as something that can be worked
 * with; never a crash. A cut one is never taken. */
static void damage_is_survived(void **state)
{
    struct pl_shard *shard = busy(*state), *back;
    unsigned refused = 0;

    save(shard);
    pl_shard_free(shard);
    for (unsigned at = 0; at < store.n; at++) {
        struct field *field = &store.fields[at];

        for (size_t byte = 0; byte < field->len + field->value_len; byte++) {
            struct pl_err err = {0};
            size_t value_len = field->value_len;
            char kept = field->bytes[byte];

            field->bytes[byte] = (char)(kept ^ (1 << byte % 8));
            back = load(*state, 1, &err);
            refused += back == NULL;
            assert_true(back || err.text[0]);
            if (back)
                assert_int_equal(pl_shard_raise(back, AT(7200), &err), PL_OK);
            pl_shard_free(back);
            field->bytes[byte] = kept;
            if (byte < field->len || (field->kind == PL_STATE_DICT && field->bytes[0] != 'e'))
                continue; /* a definition is text of any length */
            field->value_len = byte - field->len;
            back = load(*state, 1, &err);
            assert_null(back);
            field->value_len = value_len;
        }
    }
    assert_true(refused > 100);
}

static void sums_come_back(void **state)
{
    struct pl_shard *shard = busy(*state);
    struct pl_buf bytes = {0}, again = {0};
    struct pl_sums sums, back;
    struct pl_span all;

    assert_int_equal(pl_shard_live(shard, &sums, NULL), PL_OK);
    sums.cells[0].sum2 = -((pl_int128)5 << 90) + 3;
    assert_int_equal(pl_state_put_sums(&sums, *state, &bytes, NULL), PL_OK);
    assert_int_equal(pl_state_get_sums(pl_buf_span(&bytes), *state, &back, NULL), PL_OK);
    assert_true(back.cells[0].sum2 == sums.cells[0].sum2);
    assert_int_equal(back.tick_us, sums.tick_us);
    assert_int_equal(back.n_cells, sums.n_cells);
    assert_int_equal(pl_state_put_sums(&back, *state, &again, NULL), PL_OK);
    assert_true(pl_span_eq(pl_buf_span(&bytes), pl_buf_span(&again)));
    pl_sums_fini(&back);
    all = pl_buf_span(&bytes);
    for (size_t len = 0; len < all.len; len++)
        assert_int_equal(pl_state_get_sums((struct pl_span){all.ptr, len}, *state, &back, NULL), PL_ERR_INPUT);
    for (size_t byte = 0; byte < all.len; byte++) {
        bytes.ptr[byte] = (char)(bytes.ptr[byte] ^ 0x80);
        if (!pl_state_get_sums(all, *state, &back, NULL))
            pl_sums_fini(&back);
        bytes.ptr[byte] = (char)(bytes.ptr[byte] ^ 0x80);
    }
    pl_buf_fini(&bytes);
    pl_buf_fini(&again);
    pl_sums_fini(&sums);
    pl_shard_free(shard);
}

/* Rules of the same metrics and funnels in another order, or without some of them, read the same figures. */
static void sums_are_read_by_the_names_of_metrics(void **state)
{
    struct pl_rules *writer = changed_rules(), *reader = changed_rules();
    const uint32_t last = writer->n_metrics - 1;
    struct pl_metric_rule swapped = reader->metrics[0];
    struct pl_cell cells[] = {{.key = {PL_CELL_EXPOSED, 0, 0, 0, 9}, .n = 7},
                              {.key = {PL_CELL_METRIC, 0, 0, 0, 9}, .sum = 11},
                              {.key = {PL_CELL_METRIC, 0, 0, 1, 9}, .sum = 22},
                              {.key = {PL_CELL_METRIC, 0, 0, 2, 9}, .sum = 33}};
    struct pl_sums_experiment experiment = {
        .name = "x", .n_variants = 1, .variants = {"A"}, .first_exposure_us = 1, .n_segments = 1};
    const struct pl_sums sums = {
        .tick_us = 5, .n_experiments = 1, .experiments = &experiment, .n_cells = 4, .cells = cells};
    struct pl_buf bytes = {0};
    struct pl_sums back;

    (void)state;
    assert_int_equal(last, 2);
    reader->metrics[0] = reader->metrics[last];
    reader->metrics[last] = swapped;
    assert_int_equal(pl_state_put_sums(&sums, writer, &bytes, NULL), PL_OK);
    assert_int_equal(pl_state_get_sums(pl_buf_span(&bytes), reader, &back, NULL), PL_OK);
    assert_int_equal(back.n_cells, 4);
    assert_int_equal(back.cells[0].n, 7);
    assert_int_equal(back.cells[1].key.metric, 0);
    assert_int_equal(back.cells[1].sum, 33);
    assert_int_equal(back.cells[2].sum, 22);
    assert_int_equal(back.cells[3].sum, 11);
    pl_sums_fini(&back);
    snprintf(reader->metrics[1].id, sizeof(reader->metrics[1].id), "another");
    assert_int_equal(pl_state_get_sums(pl_buf_span(&bytes), reader, &back, NULL), PL_OK);
    assert_int_equal(back.n_cells, 3);
    assert_int_equal(back.cells[1].sum, 33);
    assert_int_equal(back.cells[2].sum, 11);
    pl_sums_fini(&back);
    cells[3].key.metric = 3; /* names what the bytes do not list */
    pl_buf_clear(&bytes);
    assert_int_equal(pl_state_put_sums(&sums, writer, &bytes, NULL), PL_OK);
    assert_int_equal(pl_state_get_sums(pl_buf_span(&bytes), writer, &back, NULL), PL_ERR_INPUT);
    pl_buf_fini(&bytes);
    pl_rules_free(writer);
    pl_rules_free(reader);
}

/* Not a claim about bytes in general: a guard against records growing unnoticed. */
static void unit_records_are_small(void **state)
{
    struct pl_shard *shard = pl_shard_new(*state, 1);

    give(shard, world_exposure(1, AT(10), "shop_a", "control"));
    give(shard, world_action(1, AT(20), WORLD_VIEW));
    give(shard, world_action(9, AT(5000), PL_NAMES_NONE));
    for (unsigned at = 0; at < 3; at++) {
        struct pl_sums sums;

        assert_int_equal(pl_shard_advance(shard, NULL), PL_OK);
        while (pl_shard_take_sums(shard, &sums))
            pl_sums_fini(&sums);
    }
    save(shard);
    assert_int_equal(count_kind(PL_STATE_UNIT), 1);
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == PL_STATE_UNIT)
            assert_in_range(store.fields[at].value_len, 20, 80);
    pl_shard_free(shard);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(comes_back_as_it_was),
        WITH(writes_only_what_changed),
        WITH(sums_not_taken_come_back),
        WITH(times_may_begin_with_1970),
        WITH(what_is_forgotten_is_deleted),
        WITH(failing_store_stops_the_write),
        WITH(changed_definitions_start_empty),
        WITH(tails_take_the_new_order),
        WITH(retired_definitions_do_not_come_back),
        WITH(other_shapes_are_refused),
        WITH(cells_need_a_front),
        WITH(damage_is_survived),
        WITH(sums_come_back),
        WITH(sums_are_read_by_the_names_of_metrics),
        WITH(unit_records_are_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
