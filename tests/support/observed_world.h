/* The world of count_world.h, observed: what its users get and use, beside experiments and funnels.
 *
 *   area shop: value event buy, activated within 7 d   area help: derive metrics only
 *   further actions: tip like pro csv ask               value: price
 *   features of shop: wish (aware: tip; use: like), export (eligible: pro; use: csv), trip (aware: view; use: view
 * cart) derive metrics: likes (count of like, in shop), asked (sum over ask and buy, in help)
 *
 * So view, cart, buy, quit as in that world; quit makes nobody active; buy and ask are activity in help, all but quit
 * and ask in shop.
 */
#ifndef PL_TEST_OBSERVED_WORLD_H
#define PL_TEST_OBSERVED_WORLD_H

#include "support/count_world.h"
#include "support/one_unit.h"

enum { WORLD_TIP = WORLD_QUIT + 1, WORLD_LIKE, WORLD_PRO, WORLD_CSV, WORLD_ASK, WORLD_ACTIONS };
enum { WORLD_SHOP, WORLD_HELP };
enum { WORLD_WISH, WORLD_EXPORT, WORLD_TRIP, WORLD_FEATURES };
enum { WORLD_LIKES = WORLD_SPENT + 1, WORLD_ASKED };

static inline void observed_feature(struct pl_rules *rules, const char *id, const struct pl_feature_rule *like)
{
    struct pl_feature_rule feature = *like;

    snprintf(feature.id, sizeof(feature.id), "%s", id);
    assert_int_equal(pl_rules_add_feature(rules, &feature, NULL, NULL), PL_OK);
}

static inline void observed_metrics(struct pl_rules *rules)
{
    struct pl_metric_rule likes = {.id = "likes",
                                   .type = PL_METRIC_COUNT,
                                   .role = PL_ROLE_DERIVE,
                                   .area = WORLD_SHOP,
                                   .events = {{WORLD_LIKE}, 1},
                                   .value = PL_RULES_NONE};
    struct pl_metric_rule asked = {.id = "asked",
                                   .type = PL_METRIC_SUM,
                                   .role = PL_ROLE_DERIVE,
                                   .area = WORLD_HELP,
                                   .events = {{WORLD_ASK, WORLD_BUY}, 2}};

    asked.value = pl_rules_value(rules, pl_span_of("price"));
    assert_int_equal(pl_rules_add_metric(rules, &likes, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_add_metric(rules, &asked, NULL, NULL), PL_OK);
}

/* Without features. */
static inline struct pl_rules *observed_rules_open(void)
{
    static const char *const names[] = {"tip", "like", "pro", "csv", "ask"};
    struct pl_area_rule help = {.id = "help",
                                .goal = PL_RULES_NONE,
                                .value = PL_RULES_NONE,
                                .funnel = PL_RULES_NONE,
                                .smallest_return = .01,
                                .baseline = .01,
                                .n_globs = 1};
    struct pl_rules *rules = world_rules_open();

    help.globs[0] = pl_span_dup(pl_span_of("help_*"));
    assert_int_equal(pl_rules_add_area(rules, &help, NULL, NULL), PL_OK);
    for (uint32_t at = 0; at < 5; at++)
        assert_int_equal(pl_rules_action(rules, pl_span_of(names[at])), WORLD_TIP + at);
    rules->areas[WORLD_SHOP].value_events = (struct pl_events){{WORLD_BUY}, 1};
    rules->areas[WORLD_SHOP].activation_us = 7 * PL_DAY_US;
    observed_metrics(rules);
    return rules;
}

static inline struct pl_rules *observed_rules(void)
{
    const struct pl_feature_rule wish = {.aware = {{WORLD_TIP}, 1}, .use = {{WORLD_LIKE}, 1}};
    const struct pl_feature_rule export = {.eligible = {{WORLD_PRO}, 1}, .use = {{WORLD_CSV}, 1}};
    const struct pl_feature_rule trip = {.aware = {{WORLD_VIEW}, 1}, .use = {{WORLD_VIEW, WORLD_CART}, 2}};
    struct pl_rules *rules = observed_rules_open();

    observed_feature(rules, "wish", &wish);
    observed_feature(rules, "export", &export);
    observed_feature(rules, "trip", &trip);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* An action with a price of 2.5, of some time, placed at it or, if that is past, at the place of the event before. */
static inline void observed_act(struct one_unit *world, int64_t time_us, uint32_t action)
{
    struct pl_tail_event event = {
        .time_us = time_us, .kind = PL_EVENT_ACTION, .subject = action, .has_value = 1, .value_micro = {2500000}};

    if (time_us > world->place_us)
        world->place_us = time_us;
    event.place_us = world->place_us;
    assert_true(pl_step(&world->step, &world->words, &event));
}

static inline void observed_on(struct one_unit *world, int32_t day, uint32_t action)
{
    observed_act(world, day * PL_DAY_US, action);
}

static inline struct pl_amount observed_cell(const struct one_unit *world, struct pl_cell_key key)
{
    for (uint32_t at = 0; at < world->cells.n; at++)
        if (pl_cell_key_order(&world->cells.rows[at].key, &key) == 0)
            return world->cells.rows[at].amount;
    return (struct pl_amount){0};
}

static inline int64_t observed_n(const struct one_unit *world, enum pl_cell_kind kind, uint16_t arm, uint32_t subject,
                                 int32_t pane)
{
    return observed_cell(world, (struct pl_cell_key){(uint16_t)kind, arm, subject, 0, pane}).n;
}

/* n of all cells of a kind, arm and subject. */
static inline int64_t observed_all(const struct one_unit *world, enum pl_cell_kind kind, uint16_t arm, uint32_t subject)
{
    int64_t n = 0;

    for (uint32_t at = 0; at < world->cells.n; at++) {
        const struct pl_cell_key *key = &world->cells.rows[at].key;

        if (key->kind == kind && key->arm == arm && key->subject == subject)
            n += world->cells.rows[at].amount.n;
    }
    return n;
}

/* Day 19723 is Monday, 2024-01-01; M(w, d) is day d of the w-th week from it, 0 its Monday. */
#define MONDAY 19723
#define M(week, day) (MONDAY + 7 * (week) + (day))

/* One unit, its events given by day and hour from 1970, and the cells they make. */
static inline int observed_setup(void **state)
{
    static struct one_unit unit;

    one_unit_begin(&unit, observed_rules());
    one_unit_experiment(&unit, "shop_a", WORLD_SHOP);
    *state = &unit;
    return 0;
}

#endif
