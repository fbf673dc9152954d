/* What one event costs a shard, without decoding: 1 experiment, 2 metrics, 1 funnel, events in order, every event
 * matches.
 *
 *   bench_shard [UNITS [EVENTS [observed]]]     default: 10,000 and 1,000,000 units, 5,000,000 events each
 *
 * observed: the area has value events, two features and a derive metric as well, so every event is activity there.
 *
 * Units are drawn at random from all units; the first event of a unit is its exposure. Time runs so that each unit
 * comes back about every ten minutes, so tails, identities and ticks are all at work. Prints ns of CPU per event
 * (accept, settle and advance together), bytes of memory per unit and what was kept at the end.
 */
#include "core/count/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 512
#define AHEAD 64 /* units whose memory is asked for together */
#define START_US (INT64_C(19700) * PL_DAY_US)

static void die(const char *what)
{
    fprintf(stderr, "bench_shard: %s\n", what);
    exit(1);
}

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t cpu_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* buy is value, cart a feature of those who view, buying another one. */
static void observe(struct pl_rules *rules)
{
    struct pl_feature_rule carts = {.id = "carts", .aware = {{0}, 1}, .use = {{1}, 1}};
    struct pl_feature_rule deals = {.id = "deals", .eligible = {{1}, 1}, .use = {{2}, 1}};
    struct pl_metric_rule flow = {
        .id = "flow", .type = PL_METRIC_COUNT, .role = PL_ROLE_DERIVE, .events = {{0}, 1}, .value = PL_RULES_NONE};
    struct pl_err err;

    rules->areas[0].value_events = (struct pl_events){{2}, 1};
    if (pl_rules_add_metric(rules, &flow, NULL, &err) || pl_rules_add_feature(rules, &carts, NULL, &err) ||
        pl_rules_add_feature(rules, &deals, NULL, &err))
        die(err.text);
}

static struct pl_rules *make_rules(bool observed)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_metric_rule buys = {.id = "buys", .value = PL_RULES_NONE, .events.n = 1, .window_us = 7 * PL_DAY_US};
    struct pl_metric_rule views = {.id = "views", .type = PL_METRIC_COUNT, .value = PL_RULES_NONE, .events.n = 1};
    struct pl_funnel_rule funnel = {.id = "path", .n_steps = 3, .window_us = PL_HOUR_US};
    static const char *const names[] = {"view", "cart", "buy"};
    struct pl_err err;

    if (!rules)
        die("no memory");
    area.globs[0] = pl_span_dup(pl_span_of("*"));
    area.smallest_return = area.baseline = .01;
    for (unsigned step = 0; step < 3; step++)
        funnel.steps[step] = pl_rules_action(rules, pl_span_of(names[step]));
    views.events.ids[0] = funnel.steps[0];
    buys.events.ids[0] = funnel.steps[2];
    views.window_us = 7 * PL_DAY_US;
    views.cap_micro = 100 * PL_MICRO;
    if (pl_rules_add_area(rules, &area, NULL, &err) || pl_rules_add_metric(rules, &buys, NULL, &err) ||
        pl_rules_add_metric(rules, &views, NULL, &err) || pl_rules_add_funnel(rules, &funnel, NULL, &err))
        die(err.text);
    if (observed)
        observe(rules);
    if (pl_rules_seal(rules, &err))
        die(err.text);
    return rules;
}

static void finish_batch(struct pl_shard *shard)
{
    struct pl_sums sums;
    struct pl_err err;

    if (pl_shard_advance(shard, &err))
        die(err.text);
    while (pl_shard_take_sums(shard, &sums))
        pl_sums_fini(&sums);
}

static void report(const struct pl_shard *shard, uint32_t n_units, uint64_t n_events, int64_t spent_ns)
{
    const struct pl_units *units = &shard->units;
    uint64_t states = 0, slots = ((uint64_t)units->mask + 1) * sizeof(*units->slots);
    struct pl_shard_stats stats;

    for (uint32_t at = 0; at <= units->mask; at++)
        if (units->slots[at])
            states += sizeof(struct pl_unit) + pl_units_at(units, units->slots[at])->n_words * sizeof(uint64_t);
    pl_shard_stats(shard, &stats);
    printf("%9" PRIu32 " units: %6.1f ns per event; %.0f B per unit settled (%.0f with index), %.0f B all told; "
           "%" PRIu64 " units, %" PRIu64 " events in tails, %" PRIu64 " cells, %" PRIu64 " accepted\n",
           n_units, (double)spent_ns / (double)n_events, (double)states / units->n, (double)(states + slots) / units->n,
           (double)(units->slab.bytes + slots) / units->n, stats.units, stats.tail_events, stats.cells, stats.accepted);
}

/* What a batch is made of before the clock runs. */
struct bench {
    uint32_t n_units;
    uint64_t seed;
    double time_us;
    char *exposed; /* owned, one per unit */
    struct pl_event events[BATCH];
    struct pl_unit_id ids[BATCH];
};

static void make_batch(struct bench *bench)
{
    for (unsigned at = 0; at < BATCH; at++) {
        uint64_t draw = mix(&bench->seed);
        uint32_t unit = (uint32_t)(draw % bench->n_units);
        uint64_t id = unit;
        struct pl_event *event = &bench->events[at];
        bool exposed = bench->exposed[unit];

        *event = (struct pl_event){.identity = draw, .time_us = (int64_t)bench->time_us};
        event->unit.low = mix(&id);
        event->unit.high = event->unit.low * 3;
        event->kind = exposed ? PL_EVENT_ACTION : PL_EVENT_EXPOSURE;
        event->action = exposed ? (uint32_t)(draw >> 40) % 3 : PL_NAMES_NONE;
        event->experiment = pl_span_of("banner");
        event->variant = pl_span_of(unit & 1 ? "B" : "control");
        bench->exposed[unit] = 1;
        bench->ids[at] = event->unit;
        bench->time_us += 600e6 / bench->n_units;
    }
}

static void run(uint32_t n_units, uint64_t n_events, bool observed)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct pl_rules *rules = make_rules(observed);
    struct pl_shard *shard = pl_shard_new(rules, 1);
    int64_t spent_ns = 0;
    uint64_t n = 0;

    if (!bench || !shard)
        die("no memory");
    *bench = (struct bench){.n_units = n_units, .seed = 1, .time_us = (double)START_US, .exposed = calloc(n_units, 1)};
    if (!bench->exposed)
        die("no memory");
    for (; n < n_events; n += BATCH) {
        int64_t began_ns;

        make_batch(bench);
        began_ns = cpu_ns();
        for (unsigned at = 0; at < BATCH; at++) {
            if (at % AHEAD == 0)
                pl_shard_prefetch(shard, bench->ids + at, AHEAD);
            if (pl_shard_event(shard, 0, &bench->events[at]))
                die("an event was refused");
        }
        finish_batch(shard);
        spent_ns += cpu_ns() - began_ns;
    }
    report(shard, n_units, n, spent_ns);
    pl_shard_free(shard);
    pl_rules_free(rules);
    free(bench->exposed);
    free(bench);
}

int main(int argc, char **argv)
{
    uint64_t n_events = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000;

    if (argc > 1) {
        run((uint32_t)strtoul(argv[1], NULL, 10), n_events, argc > 3 && !strcmp(argv[3], "observed"));
        return 0;
    }
    run(10000, n_events, false);
    run(1000000, n_events, false);
    return 0;
}
