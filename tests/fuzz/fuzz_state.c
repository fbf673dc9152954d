/* Stored state of a shard: fields that are not what a shard wrote are refused with a reason or worked with, never a
 * crash.
 *
 * Input: fields one after another, each a byte for the kind (0 to 4: unit, cell, dictionary, front, input), a byte for
 * the length of its name, two (low first) for the length of its value, name, value. They are read in that order, then
 * the shard works on: events, ticks, a write.
 */
#include "codec/state.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START (19700 * PL_DAY_US)

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void add_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type, uint32_t action)
{
    struct pl_metric_rule metric = {.type = type, .events = {{action}, 1}, .value = PL_RULES_NONE};

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    metric.events.n = type != PL_METRIC_RATIO && type != PL_METRIC_FUNNEL;
    if (type == PL_METRIC_MEAN)
        metric.value = 0;
    if (id[0] == ':')
        metric.before_us = 28 * PL_DAY_US;
    if (type == PL_METRIC_RATIO) {
        metric.parts[0] = rules->n_metrics - 1;
        metric.parts[1] = rules->n_metrics - 2;
    }
    metric.window_us = type == PL_METRIC_COUNT ? PL_HOUR_US : PL_DAY_US;
    metric.cap_micro = type == PL_METRIC_COUNT ? 3 * PL_MICRO : 0;
    if (type == PL_METRIC_SUM) {
        metric.value = pl_rules_value(rules, pl_span_of("price"));
        metric.bound_micro = 1000 * PL_MICRO;
    }
    must(pl_rules_add_metric(rules, &metric, NULL, NULL) == PL_OK);
}

static void add_feature(struct pl_rules *rules, struct pl_feature_rule feature, const char *id)
{
    snprintf(feature.id, sizeof(feature.id), "%s", id);
    must(pl_rules_add_feature(rules, &feature, NULL, NULL) == PL_OK);
}

/* What is observed: value, two features and a flow. */
static void observe(struct pl_rules *rules)
{
    struct pl_metric_rule likes = {
        .id = "likes", .type = PL_METRIC_COUNT, .role = PL_ROLE_DERIVE, .events = {{5}, 1}, .value = PL_RULES_NONE};
    static const char *const names[] = {"tip", "like", "pro", "csv"};

    for (uint32_t action = 0; action < 4; action++)
        must(pl_rules_action(rules, pl_span_of(names[action])) == action + 4);
    rules->areas[0].value_events = (struct pl_events){{2}, 1};
    must(pl_rules_add_metric(rules, &likes, NULL, NULL) == PL_OK);
    add_feature(rules, (struct pl_feature_rule){.aware = {{4}, 1}, .use = {{5}, 1}}, "wish");
    add_feature(rules, (struct pl_feature_rule){.eligible = {{6}, 1}, .use = {{7}, 1}}, "export");
}

/* The rules under which the corpus was written (what is observed: from observed0 on). */
static struct pl_rules *make_rules(void)
{
    static const char *const names[] = {"view", "cart", "buy", "quit"};
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_funnel_rule path = {.id = "path",
                                  .n_steps = 3,
                                  .steps = {0, 1, 2},
                                  .max_gap_us = {0, 0, 10 * PL_MINUTE_US},
                                  .window_us = PL_HOUR_US};
    struct pl_funnel_rule again = {.id = "again", .n_steps = 2};

    must(rules != NULL);
    area.globs[0] = pl_span_dup(pl_span_of("shop_*"));
    area.smallest_return = area.baseline = .01;
    must(pl_rules_add_area(rules, &area, NULL, NULL) == PL_OK);
    for (uint32_t action = 0; action < 4; action++)
        must(pl_rules_action(rules, pl_span_of(names[action])) == action);
    add_metric(rules, "bought", PL_METRIC_CONVERSION, 2);
    add_metric(rules, "views", PL_METRIC_COUNT, 0);
    add_metric(rules, "spent", PL_METRIC_SUM, 2);
    must(pl_rules_add_funnel(rules, &path, NULL, NULL) == PL_OK);
    must(pl_rules_add_funnel(rules, &again, NULL, NULL) == PL_OK);
    add_metric(rules, "mean", PL_METRIC_MEAN, 2);
    add_metric(rules, "back", PL_METRIC_RETENTION, 0);
    add_metric(rules, "done", PL_METRIC_FUNNEL, 0);
    add_metric(rules, "time", PL_METRIC_TIME_TO, 1);
    add_metric(rules, ":spent", PL_METRIC_SUM, 2);
    add_metric(rules, ":bought", PL_METRIC_CONVERSION, 2);
    add_metric(rules, ":share", PL_METRIC_RATIO, 0);
    observe(rules);
    must(pl_rules_seal(rules, NULL) == PL_OK);
    return rules;
}

static bool read_fields(struct pl_shard *shard, const uint8_t *data, size_t size)
{
    struct pl_err err = {0};

    while (size >= 4) {
        size_t len = data[1], value_len = (size_t)data[2] | (size_t)data[3] << 8;
        const char *bytes = (const char *)data + 4;

        if (len + value_len > size - 4)
            break;
        if (pl_state_read(shard, (enum pl_state_kind)(data[0] % (PL_STATE_INPUT + 1)), (struct pl_span){bytes, len},
                          (struct pl_span){bytes + len, value_len}, &err)) {
            must(err.text[0] != '\0');
            return false;
        }
        data += 4 + len + value_len;
        size -= 4 + len + value_len;
    }
    return pl_state_ready(shard, &err) == PL_OK;
}

static void take_all(struct pl_shard *shard)
{
    struct pl_sums sums;

    for (unsigned n = 0; n < 100 && pl_shard_take_sums(shard, &sums); n++)
        pl_sums_fini(&sums);
}

static enum pl_status ignore(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span field,
                             struct pl_span value, struct pl_err *err)
{
    (void)ctx;
    (void)kind;
    (void)bucket;
    (void)field;
    (void)value;
    (void)err;
    return PL_OK;
}

static void work(struct pl_shard *shard)
{
    struct pl_control shipped = {.type = PL_CONTROL_LIFECYCLE, .state = PL_SHIPPED, .time_us = START + PL_HOUR_US};
    struct pl_err err = {0};
    int64_t place_us;

    for (unsigned at = 0; at < 24; at++) {
        struct pl_event event = {.kind = at % 3 ? PL_EVENT_ACTION : PL_EVENT_EXPOSURE,
                                 .unit = {at % 4, at % 4},
                                 .time_us = START + at * 10 * PL_MINUTE_US,
                                 .identity = at,
                                 .action = at % 3 ? at % 8 : PL_NAMES_NONE,
                                 .has_value = 1,
                                 .value_micro = {PL_MICRO}};

        event.experiment = pl_span_of(at % 2 ? "shop_a" : "shop_b");
        event.variant = pl_span_of(at % 4 ? "B" : "control");
        (void)pl_shard_event(shard, 0, &event);
        while (pl_shard_released(shard, 0, &place_us))
            pl_shard_take_released(shard, 0);
    }
    snprintf(shipped.experiment, sizeof(shipped.experiment), "shop_a");
    (void)pl_shard_control(shard, &shipped, &place_us);
    must(pl_shard_advance(shard, &err) == PL_OK);
    take_all(shard);
    must(pl_shard_raise(shard, START + 10 * PL_DAY_US, &err) == PL_OK);
    take_all(shard);
    must(pl_state_write(shard, ignore, NULL, &err) == PL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_rules *rules;
    struct pl_shard *shard;

    if (!rules)
        rules = make_rules();
    shard = pl_shard_new(rules, 1);
    must(shard != NULL);
    if (read_fields(shard, data, size))
        work(shard);
    pl_shard_free(shard);
    return 0;
}
