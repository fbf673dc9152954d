#include "support/observed_world.h"
#include "support/random.h"

#include <stdlib.h>

/* Usage and features against their definitions: random events of one unit are taken one by one; the cells must be those
 * that the definitions give for the whole list of events so far, worked out anew, without any state. */

#define EVENTS_MAX 120
#define SPAN 3000 /* days that a log may cover */
#define MORE_FEATURES 16

struct given {
    int64_t place_us, time_us;
    bool action;
    uint32_t subject;
    bool has_value;
};

/* What is asked about one life: its events [0, n), of one area or one feature. */
struct life {
    const struct pl_rules *rules;
    const struct given *events;
    unsigned n;
    struct pl_cells *expected;
    int32_t base; /* no event is before this day */
};

static struct pl_rules *law_rules(struct pl_random *random)
{
    struct pl_rules *rules = observed_rules_open();
    const struct pl_feature_rule wish = {.aware = {{WORLD_TIP}, 1}, .use = {{WORLD_LIKE}, 1}};
    const struct pl_feature_rule export = {.eligible = {{WORLD_PRO}, 1}, .use = {{WORLD_CSV}, 1}};
    const struct pl_feature_rule mail = {.eligible = {{WORLD_BUY, WORLD_TIP}, 2},
                                         .aware = {{WORLD_VIEW}, 1},
                                         .use = {{WORLD_ASK}, 1},
                                         .area = WORLD_HELP};

    observed_feature(rules, "wish", &wish);
    observed_feature(rules, "export", &export);
    observed_feature(rules, "mail", &mail);
    for (unsigned at = 0; at < MORE_FEATURES; at++) {
        struct pl_feature_rule feature = {.use.n = 1 + at % 2};
        char id[8];

        feature.use.ids[0] = (uint32_t)(random_bits(random) % WORLD_CSV);
        feature.use.ids[1] = feature.use.ids[0] + 1;
        snprintf(id, sizeof(id), "f%u", at);
        observed_feature(rules, id, &feature);
    }
    rules->areas[WORLD_HELP].value_events = (struct pl_events){{WORLD_ASK, WORLD_QUIT}, 2};
    rules->areas[WORLD_HELP].activation_us = PL_DAY_US + 1;
    rules->forget_us = (int64_t[]){3, 20, 90, 900}[random_bits(random) % 4] * PL_DAY_US;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

static bool among(const struct pl_events *events, uint32_t action)
{
    for (unsigned at = 0; at < events->n; at++)
        if (events->ids[at] == action)
            return true;
    return false;
}

static bool of_feature(const struct pl_feature_rule *feature, uint32_t action)
{
    return among(&feature->eligible, action) || among(&feature->aware, action) || among(&feature->use, action);
}

static bool reads(const struct pl_rules *rules, uint32_t area, uint32_t action)
{
    bool found = among(&rules->areas[area].value_events, action);

    for (unsigned at = 0; at < rules->n_metrics; at++)
        found = found || (rules->metrics[at].area == area && among(&rules->metrics[at].events, action));
    for (unsigned at = 0; at < rules->n_features; at++)
        found = found || (rules->features[at].area == area && of_feature(&rules->features[at], action));
    for (unsigned at = 0; at < rules->n_funnels; at++)
        for (unsigned step = 0; step < rules->funnels[at].n_steps; step++)
            found = found || (rules->funnels[at].area == area && rules->funnels[at].steps[step] == action);
    return found;
}

static int32_t day_of(int64_t time_us)
{
    return (int32_t)(time_us / PL_DAY_US);
}

static int32_t week_of(int32_t day)
{
    return (int32_t)(pl_stamp_monday(day * PL_DAY_US) / PL_DAY_US);
}

static void expect(const struct life *life, enum pl_cell_kind kind, unsigned arm, uint32_t subject, int32_t pane)
{
    const struct pl_cell_key key = {(uint16_t)kind, (uint16_t)arm, subject, 0, pane};

    pl_cells_add(life->expected, &key, &(struct pl_amount){.n = 1});
}

static void expect_detail(const struct life *life, struct pl_cell_key key, int64_t n, int64_t sum)
{
    pl_cells_add(life->expected, &key, &(struct pl_amount){.n = n, .sum = sum});
}

/* Days as they are remembered: all that were noted, and the newest. */
struct memory {
    bool noted[SPAN];
    int32_t newest;
};

static bool remembered(const struct life *life, const struct memory *memory, int32_t day)
{
    return day >= life->base && day >= memory->newest - 31 && memory->noted[day - life->base];
}

static bool week_remembered(const struct life *life, const struct memory *memory, int32_t week)
{
    for (int32_t day = week; day < week + 7; day++)
        if (remembered(life, memory, day))
            return true;
    return false;
}

static void note(const struct life *life, struct memory *memory, int32_t day)
{
    memory->noted[day - life->base] = true;
    memory->newest = day > memory->newest ? day : memory->newest;
}

static void expect_activity(const struct life *life, uint32_t area)
{
    struct memory memory = {.newest = -1};

    for (unsigned at = 0; at < life->n; at++) {
        int32_t day = day_of(life->events[at].time_us), week = week_of(day);

        if (at == 0)
            expect(life, PL_CELL_NEW, 0, area, day);
        if (day < memory.newest - 31)
            continue;
        if (!week_remembered(life, &memory, week))
            expect(life, PL_CELL_ACTIVE_WEEK, 0, area, week);
        note(life, &memory, day);
    }
    if (life->n)
        expect(life, PL_CELL_ACTIVE, 0, area, memory.newest);
}

static void expect_value_days(const struct life *life, const struct memory *memory, uint32_t area)
{
    unsigned arm = 0;

    for (int32_t day = memory->newest; day >= 0 && day >= memory->newest - 27; day--)
        if (remembered(life, memory, day))
            expect(life, PL_CELL_VALUE_DAYS, ++arm, area, day);
}

static void expect_value_week(const struct life *life, struct memory *memory, uint32_t area, int32_t day)
{
    int32_t week = week_of(day);
    bool first = !week_remembered(life, memory, week);

    if (day < memory->newest - 31)
        return;
    expect_detail(life, (struct pl_cell_key){PL_CELL_VALUE_WEEK, 3, area, 0, week}, first, 1);
    if (first)
        expect(life, PL_CELL_VALUE_WEEK,
               memory->newest < 0                        ? 0
               : week_remembered(life, memory, week - 7) ? 1
                                                         : 2,
               area, week);
    note(life, memory, day);
}

static void expect_retained(const struct life *life, const struct given *value, unsigned n, uint32_t area)
{
    int32_t week = week_of(day_of(value[0].time_us));

    expect(life, PL_CELL_RETAINED, 0, area, week);
    for (unsigned k = 1; k <= 12; k++) {
        bool seen = false;

        for (unsigned at = 1; at < n; at++) {
            int64_t since_us = value[at].time_us - value[0].time_us;

            seen = seen || (since_us >= k * PL_WEEK_US && since_us < (k + 1) * PL_WEEK_US);
        }
        if (seen)
            expect(life, PL_CELL_RETAINED, k, area, week);
    }
}

/* Bucket of core/sketch, found by its bounds: 1 s, then floor(bound x 101 / 99). */
static uint32_t bucket_of(int64_t time_us)
{
    int64_t bound_us = PL_SECOND_US;
    uint32_t bucket = 0;

    for (; bound_us <= time_us && bound_us < 400 * PL_DAY_US; bucket++)
        bound_us = bound_us * 101 / 99 < 400 * PL_DAY_US ? bound_us * 101 / 99 : 400 * PL_DAY_US;
    return bucket;
}

static void expect_area_value(const struct life *life, uint32_t area)
{
    const struct pl_area_rule *rule = &life->rules->areas[area];
    struct given value[EVENTS_MAX];
    struct memory memory = {.newest = -1};
    int64_t first_us, after_us;
    unsigned n = 0;

    for (unsigned at = 0; at < life->n; at++)
        if (among(&rule->value_events, life->events[at].subject))
            value[n++] = life->events[at];
    if (n == 0)
        return;
    first_us = life->events[0].time_us;
    after_us = value[0].time_us - first_us;
    if (after_us >= 0 && after_us < rule->activation_us)
        expect(life, PL_CELL_NEW, 1, area, day_of(first_us));
    expect_detail(life, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, area, bucket_of(after_us), week_of(day_of(first_us))},
                  1, 0);
    expect_retained(life, value, n, area);
    for (unsigned at = 0; at < n; at++)
        expect_value_week(life, &memory, area, day_of(value[at].time_us));
    expect_value_days(life, &memory, area);
}

/* Of one unit and one feature, of all events of its area. */
struct relation {
    int32_t eligible, aware, first, last, again;
};

static struct relation relate(const struct life *life, const struct pl_feature_rule *rule)
{
    struct relation is = {-1, -1, -1, -1, -1};

    for (unsigned at = 0; at < life->n; at++) {
        uint32_t action = life->events[at].subject;
        int32_t day = day_of(life->events[at].time_us);
        bool use = among(&rule->use, action);

        if (rule->eligible.n == 0 || of_feature(rule, action))
            is.eligible = day > is.eligible ? day : is.eligible;
        if ((use || among(&rule->aware, action)) && is.aware < 0)
            is.aware = day;
        if (use && is.first < 0)
            is.first = day;
        if (use)
            is.last = day > is.last ? day : is.last;
    }
    for (unsigned at = 0; at < life->n; at++) {
        int32_t day = day_of(life->events[at].time_us);

        if (among(&rule->use, life->events[at].subject) && week_of(day) < week_of(is.last))
            is.again = day > is.again ? day : is.again;
    }
    return is;
}

static bool repeated_within(const struct life *life, const struct pl_feature_rule *rule, const struct relation *is,
                            int32_t days)
{
    for (unsigned at = 0; at < life->n; at++) {
        int32_t day = day_of(life->events[at].time_us);

        if (among(&rule->use, life->events[at].subject) && week_of(day) != week_of(is->first) && day >= is->aware &&
            day < is->aware + days && is->first >= is->aware && is->first < is->aware + days)
            return true;
    }
    return false;
}

/* Returns the last use day. */
static int32_t expect_feature(const struct life *life, uint32_t feature)
{
    const struct pl_feature_rule *rule = &life->rules->features[feature];
    struct relation is = relate(life, rule);
    int32_t days = is.first - is.aware;

    if (rule->eligible.n > 0 && is.eligible >= 0)
        expect(life, PL_CELL_AUDIENCE, 0, feature, is.eligible);
    if (is.aware < 0)
        return -1;
    expect(life, PL_CELL_KNOWN, is.first < 0 ? 1 : 2, feature, is.eligible);
    expect(life, PL_CELL_COHORT, 0, feature, is.aware);
    if (is.first < 0)
        return -1;
    days = days < 0 ? 0 : days > 90 ? 90 : days;
    expect_detail(life, (struct pl_cell_key){PL_CELL_USED, is.again >= 0, feature, (uint32_t)days, is.first}, 1, 0);
    if (is.again >= 0)
        expect(life, PL_CELL_AGAIN, 0, feature, is.again);
    if (repeated_within(life, rule, &is, 28))
        expect(life, PL_CELL_COHORT, 1, feature, is.aware);
    if (repeated_within(life, rule, &is, 14))
        expect(life, PL_CELL_COHORT, 2, feature, is.aware);
    return is.last;
}

static int by_day_down(const void *a, const void *b)
{
    return *(const int32_t *)b - *(const int32_t *)a;
}

static void expect_features(const struct life *life, uint32_t area)
{
    int32_t last[PL_RULES_FEATURES_MAX];
    unsigned n = 0;

    for (uint32_t at = 0; at < life->rules->n_features; at++) {
        int32_t day = life->rules->features[at].area == area ? expect_feature(life, at) : -1;

        if (day >= 0)
            last[n++] = day;
    }
    qsort(last, n, sizeof(last[0]), by_day_down);
    for (unsigned at = 0; at < n && at < 16; at++)
        expect(life, PL_CELL_BREADTH, at + 1, area, last[at]);
}

static void expect_life(const struct life *life)
{
    for (uint32_t area = 0; area < life->rules->n_areas; area++) {
        struct given events[EVENTS_MAX];
        struct life in_area = *life;

        in_area.events = events;
        in_area.n = 0;
        for (unsigned at = 0; at < life->n; at++)
            if (life->events[at].action && reads(life->rules, area, life->events[at].subject))
                events[in_area.n++] = life->events[at];
        expect_activity(&in_area, area);
        expect_area_value(&in_area, area);
        expect_features(&in_area, area);
    }
}

static void expect_flows(const struct life *all)
{
    for (unsigned at = 0; at < all->n; at++) {
        const struct given *event = &all->events[at];
        int32_t week = week_of(day_of(event->time_us));

        if (event->action && event->subject == WORLD_LIKE)
            expect_detail(all, (struct pl_cell_key){PL_CELL_FLOW, 0, WORLD_LIKES, 0, week}, 1, 1000000);
        if (event->action && event->has_value && (event->subject == WORLD_ASK || event->subject == WORLD_BUY))
            expect_detail(all, (struct pl_cell_key){PL_CELL_FLOW, 0, WORLD_ASKED, 0, week}, 1, 2500000);
    }
}

static void expect_all(const struct life *all)
{
    unsigned from = 0;

    for (unsigned at = 1; at <= all->n; at++) {
        struct life life = *all;

        if (at < all->n && all->events[at].place_us - all->events[at - 1].place_us <= all->rules->forget_us)
            continue;
        life.events = all->events + from;
        life.n = at - from;
        expect_life(&life);
        from = at;
    }
    expect_flows(all);
}

static struct pl_amount amount_of(const struct pl_cells *cells, const struct pl_cell_key *key)
{
    for (uint32_t at = 0; at < cells->n; at++)
        if (pl_cell_key_order(&cells->rows[at].key, key) == 0)
            return cells->rows[at].amount;
    return (struct pl_amount){0};
}

/* Cells of areas, features and flows; what is cut is expected to be nothing. */
static void assert_within(const struct pl_cells *some, const struct pl_cells *others, const struct pl_cells *cut)
{
    for (uint32_t at = 0; at < some->n; at++) {
        const struct pl_cell_key *key = &some->rows[at].key;
        struct pl_amount a = some->rows[at].amount, b = amount_of(others, key);

        if (key->kind < PL_CELL_ACTIVE || !pl_cells_kept(cut, key))
            continue;
        if (a.n != b.n || a.sum != b.sum || a.sum2 != b.sum2)
            fail_msg("kind %u arm %u subject %u detail %u pane %d: %d and %d", key->kind, key->arm, key->subject,
                     key->metric, key->pane, (int)a.n, (int)b.n);
    }
}

static void assert_none_cut(const struct pl_cells *cells)
{
    for (uint32_t at = 0; at < cells->n; at++)
        assert_true(pl_cells_kept(cells, &cells->rows[at].key) || pl_amount_is_zero(&cells->rows[at].amount));
}

static struct given draw(struct pl_random *random, const struct given *last, int32_t base)
{
    static const int64_t gaps_us[] = {
        0, PL_HOUR_US, 10 * PL_HOUR_US, PL_DAY_US, 3 * PL_DAY_US, 8 * PL_DAY_US, 33 * PL_DAY_US};
    static const int64_t lags_us[] = {
        0, 0, 0, PL_HOUR_US, 2 * PL_DAY_US, 9 * PL_DAY_US, 40 * PL_DAY_US, 100 * PL_DAY_US};
    int64_t gap_us = gaps_us[random_bits(random) % 7 * (random_bits(random) % 4 > 0)];
    int64_t lag_us = lags_us[random_bits(random) % 8];
    struct given event = {.place_us = last->place_us, .action = random_bits(random) % 12 > 0};

    event.place_us += gap_us ? (int64_t)(random_bits(random) % (uint64_t)gap_us) : 0;
    if (random_bits(random) % 5 == 0)
        event.place_us = (event.place_us / PL_DAY_US + 1) * PL_DAY_US; /* midnight itself */
    event.time_us = event.place_us - (lag_us ? (int64_t)(random_bits(random) % (uint64_t)lag_us) : 0);
    if (event.time_us < base * PL_DAY_US)
        event.time_us = base * PL_DAY_US;
    event.subject = event.action ? (uint32_t)(random_bits(random) % WORLD_ACTIONS) : 0;
    event.has_value = random_bits(random) % 4 > 0;
    return event;
}

static void take(struct one_unit *world, const struct given *given)
{
    struct pl_tail_event event = {.place_us = given->place_us,
                                  .time_us = given->time_us,
                                  .kind = given->action ? PL_EVENT_ACTION : PL_EVENT_EXPOSURE,
                                  .subject = given->subject,
                                  .has_value = given->has_value,
                                  .value_micro = {2500000}};

    assert_true(pl_step(&world->step, &world->words, &event));
}

static void run(uint64_t seed)
{
    struct pl_random random = {seed};
    struct given events[EVENTS_MAX];
    struct one_unit world;
    int32_t base = (int32_t[]){0, 19000, 19722}[random_bits(&random) % 3];
    struct given last = {.place_us = base * PL_DAY_US};
    unsigned n = 1 + (unsigned)(random_bits(&random) % EVENTS_MAX);
    bool cut = random_bits(&random) % 2;

    one_unit_begin(&world, law_rules(&random));
    one_unit_experiment(&world, "shop_a", WORLD_SHOP);
    for (unsigned at = 0; at < n; at++) {
        struct pl_cells expected = {0};
        struct life all = {world.rules, events, at + 1, &expected, base};

        events[at] = last = draw(&random, &last, base);
        take(&world, &events[at]);
        if (cut && random_bits(&random) % 6 == 0) {
            pl_cells_cut(&world.cells, last.place_us);
            pl_cells_sweep(&world.cells);
        }
        if (at + 1 < n && random_bits(&random) % 8 > 0)
            continue;
        pl_cells_cut(&expected, PL_TIME_NONE);
        expect_all(&all);
        assert_within(&expected, &world.cells, &world.cells);
        assert_within(&world.cells, &expected, &world.cells);
        assert_none_cut(&world.cells);
        pl_cells_fini(&expected);
    }
    one_unit_end(&(void *){&world});
}

static void cells_are_what_the_definitions_say(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++)
        run(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells_are_what_the_definitions_say)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
