#include "support/measure_world.h"

#include "core/count/measure.h"
#include "core/sketch.h"
#include "support/one_unit.h"
#include "support/random.h"
#include "util/stamp.h"

#include <stdlib.h>

enum { SHOP_A, SHOP_B, OTHER_A, EXPERIMENTS };

/* One unit; three experiments with variants control and B. */
static int setup(void **state)
{
    static const char *const names[EXPERIMENTS] = {"shop_a", "shop_b", "other_a"};
    static struct one_unit unit;

    one_unit_begin(&unit, measure_rules());
    for (uint32_t at = 0; at < EXPERIMENTS; at++)
        one_unit_experiment(&unit, names[at], at == OTHER_A);
    *state = &unit;
    return 0;
}

static void expose(struct one_unit *fixture, uint32_t experiment, int64_t place_us, int64_t time_us, uint8_t variant)
{
    struct pl_tail_event event = {
        .place_us = place_us, .time_us = time_us, .kind = PL_EVENT_EXPOSURE, .subject = experiment, .variant = variant};

    assert_true(pl_step(&fixture->step, &fixture->words, &event));
}

static void act(struct one_unit *fixture, int64_t place_us, int64_t time_us, uint32_t action)
{
    struct pl_tail_event event = {.place_us = place_us, .time_us = time_us, .kind = PL_EVENT_ACTION, .subject = action};

    assert_true(pl_step(&fixture->step, &fixture->words, &event));
}

static void buy(struct one_unit *fixture, int64_t time_us, int64_t price_micro)
{
    struct pl_tail_event event = {.place_us = time_us,
                                  .time_us = time_us,
                                  .kind = PL_EVENT_ACTION,
                                  .subject = WORLD_BUY,
                                  .has_value = 1,
                                  .value_micro = {price_micro}};

    assert_true(pl_step(&fixture->step, &fixture->words, &event));
}

static struct pl_amount cell(const struct one_unit *fixture, struct pl_cell_key key)
{
    for (uint32_t at = 0; at < fixture->cells.n; at++)
        if (pl_cell_key_order(&fixture->cells.rows[at].key, &key) == 0)
            return fixture->cells.rows[at].amount;
    return (struct pl_amount){0};
}

static struct pl_amount metric(const struct one_unit *fixture, uint32_t index)
{
    return cell(fixture, (struct pl_cell_key){PL_CELL_METRIC, 1, SHOP_A, index, WORLD_DAY});
}

static struct pl_amount before(const struct one_unit *fixture, uint32_t index)
{
    return cell(fixture, (struct pl_cell_key){PL_CELL_BEFORE, 1, SHOP_A, index, WORLD_DAY});
}

static int64_t cross(const struct one_unit *fixture, uint32_t a, uint32_t b)
{
    struct pl_cell_key key = {PL_CELL_CROSS, 1, SHOP_A, PL_CELL_PAIR(a, b), WORLD_DAY};

    return (int64_t)cell(fixture, key).sum2;
}

static void assert_nothing_is_left(const struct one_unit *fixture)
{
    for (uint32_t at = 0; at < fixture->cells.n; at++) {
        unsigned kind = fixture->cells.rows[at].key.kind;

        if (kind != PL_CELL_MIXED && kind != PL_CELL_FUNNEL && kind != PL_CELL_FUNNEL_HOUR)
            assert_true(pl_amount_is_zero(&fixture->cells.rows[at].amount));
    }
}

/* 5, none, 2: the mean of two values is 3.5; then 40: 47 / 3 is over the cap of 15. n counts the unit once. */
static void mean_is_over_values(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, AT(1), AT(1), WORLD_BUY);
    assert_int_equal(metric(fixture, MEASURE_BASKET).n, 0); /* without a value there is no x */
    buy(fixture, AT(2), 5 * PL_MICRO);
    assert_int_equal(metric(fixture, MEASURE_BASKET).n, 1);
    buy(fixture, AT(3), 2 * PL_MICRO);
    assert_int_equal(metric(fixture, MEASURE_BASKET).n, 1);
    assert_int_equal(metric(fixture, MEASURE_BASKET).sum, 3500000);
    assert_true(metric(fixture, MEASURE_BASKET).sum2 == (pl_int128)3500000 * 3500000);
    buy(fixture, AT(4), 40 * PL_MICRO);
    assert_int_equal(metric(fixture, MEASURE_BASKET).sum, 15 * PL_MICRO);
    expose(fixture, SHOP_A, AT(5), AT(5), 0);
    assert_nothing_is_left(fixture);
}

/* 3 / 2 millionths is 1, -3 / 2 is -1; a mean of 0 is an x. */
static void mean_rounds_toward_zero(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    buy(fixture, AT(1), 1);
    buy(fixture, AT(2), 2);
    assert_int_equal(metric(fixture, MEASURE_BASKET).sum, 1);
    buy(fixture, AT(3), -5);
    buy(fixture, AT(3), -1);
    assert_int_equal(metric(fixture, MEASURE_BASKET).sum, 0); /* -3 / 4 */
    assert_int_equal(metric(fixture, MEASURE_BASKET).n, 1);
    buy(fixture, AT(3), -4);
    assert_int_equal(metric(fixture, MEASURE_BASKET).sum, -1); /* -7 / 5 */
}

static void retention_begins_later(void **state)
{
    struct one_unit *fixture = *state;

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, AT(0) + PL_DAY_US, AT(0) + PL_DAY_US - 1, WORLD_VIEW);
    act(fixture, AT(0) + 4 * PL_DAY_US, AT(0) + 3 * PL_DAY_US, WORLD_VIEW);
    assert_int_equal(metric(fixture, MEASURE_BACK).sum, 0);
    act(fixture, AT(0) + 4 * PL_DAY_US, AT(0) + PL_DAY_US, WORLD_VIEW);
    assert_int_equal(metric(fixture, MEASURE_BACK).sum, PL_MICRO);
    act(fixture, AT(0) + 4 * PL_DAY_US, AT(0) + 3 * PL_DAY_US - 1, WORLD_VIEW);
    assert_int_equal(metric(fixture, MEASURE_BACK).sum, PL_MICRO);
    assert_int_equal(metric(fixture, MEASURE_BACK).n, 0);
}

/* The attempt was entered before the exposure; its last step counts, and it alone. */
static void funnel_counts_the_completing_step(void **state)
{
    struct one_unit *fixture = *state;

    act(fixture, AT(0), AT(0), WORLD_VIEW);
    act(fixture, AT(10), AT(10), WORLD_CART);
    act(fixture, AT(20), AT(20), WORLD_BUY);
    act(fixture, AT(30), AT(30), WORLD_VIEW);
    expose(fixture, SHOP_A, AT(40), AT(40), 1);
    act(fixture, AT(50), AT(50), WORLD_CART);
    assert_int_equal(metric(fixture, MEASURE_DONE).sum, 0);
    act(fixture, AT(60), AT(39), WORLD_BUY); /* timed before its step before: completes nothing */
    assert_int_equal(metric(fixture, MEASURE_DONE).sum, 0);
    act(fixture, AT(60), AT(60), WORLD_BUY);
    assert_int_equal(metric(fixture, MEASURE_DONE).sum, PL_MICRO);
    expose(fixture, SHOP_A, AT(70), AT(70), 0);
    assert_nothing_is_left(fixture);
}

static void funnel_keeps_to_the_window(void **state)
{
    struct one_unit *fixture = *state;
    int64_t end_us = AT(0) + 2 * PL_DAY_US;

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, end_us - 2, end_us - 2, WORLD_VIEW);
    act(fixture, end_us - 1, end_us - 1, WORLD_CART);
    act(fixture, end_us, end_us, WORLD_BUY);
    assert_int_equal(metric(fixture, MEASURE_DONE).sum, 0);
}

/* WORLD_DAY is a Saturday: its week began 5 days before. First by place, whatever the times. */
static void time_to_the_first_action(void **state)
{
    struct one_unit *fixture = *state;
    uint32_t hour = pl_sketch_bucket(PL_HOUR_US);
    struct pl_cell_key key = {PL_CELL_TIME, 1, SHOP_A, MEASURE_FIRST | hour << 16, WORLD_DAY - 5};

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, AT(3600), AT(3600), WORLD_BUY);
    assert_int_equal(cell(fixture, key).n, 1);
    act(fixture, AT(3601), AT(0), WORLD_BUY);
    assert_int_equal(cell(fixture, key).n, 1);
    key.metric = MEASURE_FIRST;
    assert_int_equal(cell(fixture, key).n, 0);
    assert_int_equal(metric(fixture, MEASURE_FIRST).sum, PL_MICRO);
    expose(fixture, SHOP_A, AT(4000), AT(4000), 0);
    assert_nothing_is_left(fixture);
}

/* Less than a second is bucket 0; five days and more are outside. */
static void time_to_at_the_ends(void **state)
{
    struct one_unit *fixture = *state;
    struct pl_cell_key key = {PL_CELL_TIME, 1, SHOP_A, MEASURE_FIRST, WORLD_DAY - 5};

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, AT(0) + 5 * PL_DAY_US, AT(0) + 5 * PL_DAY_US, WORLD_BUY);
    assert_int_equal(metric(fixture, MEASURE_FIRST).sum, 0);
    act(fixture, AT(0) + 5 * PL_DAY_US, AT(0), WORLD_BUY);
    assert_int_equal(cell(fixture, key).n, 1);
}

/* spent x views: 7.5 x 2, then cut at 20 x 2, then 20 x 5 (cap). In square units. */
static void ratio_is_its_parts_and_their_product(void **state)
{
    struct one_unit *fixture = *state;
    const int64_t square = PL_MICRO * PL_MICRO;
    uint32_t spent = PL_CELL_VARIABLE(MEASURE_SPENT, 0), views = PL_CELL_VARIABLE(MEASURE_VIEWS, 0);

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    buy(fixture, AT(1), 7500000);
    assert_int_equal(cross(fixture, spent, views), 0);
    act(fixture, AT(2), AT(2), WORLD_VIEW);
    act(fixture, AT(3), AT(3), WORLD_VIEW);
    assert_int_equal(cross(fixture, spent, views), 15 * square);
    assert_int_equal(cross(fixture, views, spent), 15 * square);
    buy(fixture, AT(4), 100 * PL_MICRO);
    assert_int_equal(cross(fixture, spent, views), 40 * square);
    for (int at = 0; at < 10; at++)
        act(fixture, AT(5), AT(5), WORLD_VIEW);
    assert_int_equal(cross(fixture, spent, views), 100 * square);
    buy(fixture, AT(6), -110 * PL_MICRO);
    assert_int_equal(cross(fixture, spent, views), -125 * square / 10);
    assert_true(pl_amount_is_zero(&(struct pl_amount){.n = metric(fixture, MEASURE_PER_VIEW).n}));
    assert_int_equal(metric(fixture, MEASURE_PER_VIEW).sum, 0);
    expose(fixture, SHOP_A, AT(7), AT(7), 0);
    assert_nothing_is_left(fixture);
}

/* Goal x value: a conversion and a mean. A mean of nothing adds nothing. */
static void goal_and_value_are_a_pair(void **state)
{
    struct one_unit *fixture = *state;
    uint32_t goal = PL_CELL_VARIABLE(MEASURE_BUYS, 0), value = PL_CELL_VARIABLE(MEASURE_BASKET, 0);

    expose(fixture, SHOP_A, AT(0), AT(0), 1);
    act(fixture, AT(1), AT(1), WORLD_BUY);
    assert_int_equal(cross(fixture, goal, value), 0);
    buy(fixture, AT(2), 4 * PL_MICRO);
    assert_int_equal(cross(fixture, goal, value), 4 * PL_MICRO * PL_MICRO);
}

/* buys: 7 days before and that of the exposure. */
static void before_is_the_days_up_to_the_exposure(void **state)
{
    struct one_unit *fixture = *state;
    int64_t noon_us = WORLD_START + 12 * PL_HOUR_US;
    uint32_t x = PL_CELL_VARIABLE(MEASURE_BUYS, 0), p = PL_CELL_VARIABLE(MEASURE_BUYS, 1);

    buy(fixture, WORLD_START - 7 * PL_DAY_US - 1, 3 * PL_MICRO);
    expose(fixture, SHOP_A, noon_us - 9, noon_us - 9, 1);
    assert_int_equal(before(fixture, MEASURE_BUYS).sum, 0);
    assert_int_equal(before(fixture, MEASURE_SPENT).sum, 3 * PL_MICRO); /* 28 days */
    act(fixture, noon_us, WORLD_START - 5 * PL_DAY_US, WORLD_BUY);      /* placed after the exposure */
    assert_int_equal(before(fixture, MEASURE_BUYS).sum, 0);
    fixture->words.n = 0;
    buy(fixture, WORLD_START - 7 * PL_DAY_US, PL_MICRO);
    expose(fixture, SHOP_A, noon_us, noon_us, 1);
    assert_int_equal(before(fixture, MEASURE_BUYS).sum, PL_MICRO);
    assert_int_equal(cross(fixture, x, p), 0);
    buy(fixture, noon_us + 1, 0);
    assert_int_equal(cross(fixture, x, p), PL_MICRO * PL_MICRO);
    assert_int_equal(before(fixture, MEASURE_BUYS).sum, PL_MICRO);
    assert_int_equal(before(fixture, MEASURE_BUYS).n, 0);
}

/* What happens on the day of the exposure, before it by place, counts even if it is timed after it. */
static void before_goes_by_place_and_day(void **state)
{
    struct one_unit *fixture = *state;

    act(fixture, AT(100), AT(90), WORLD_VIEW);
    act(fixture, AT(100), AT(90), WORLD_VIEW);
    act(fixture, AT(100), AT(90) + PL_DAY_US, WORLD_VIEW); /* on the next day */
    expose(fixture, SHOP_A, AT(100), AT(50), 1);
    assert_int_equal(before(fixture, MEASURE_VIEWS).sum, 2 * PL_MICRO);
    for (int at = 0; at < 9; at++)
        act(fixture, AT(110), AT(110), WORLD_VIEW);
    assert_int_equal(before(fixture, MEASURE_VIEWS).sum, 2 * PL_MICRO);
    expose(fixture, SHOP_B, AT(120), AT(120), 0); /* has a covariate of its own, cut at cap */
    assert_int_equal(cell(fixture, (struct pl_cell_key){PL_CELL_BEFORE, 0, SHOP_B, MEASURE_VIEWS, WORLD_DAY}).sum,
                     5 * PL_MICRO);
    expose(fixture, SHOP_B, AT(130), AT(130), 1);
    expose(fixture, SHOP_A, AT(130), AT(130), 0);
    assert_nothing_is_left(fixture);
}

/* p of numerator and denominator: their product is there from the exposure on. */
static void ratios_have_covariates(void **state)
{
    struct one_unit *fixture = *state;
    uint32_t p_spent = PL_CELL_VARIABLE(MEASURE_SPENT, 1), p_views = PL_CELL_VARIABLE(MEASURE_VIEWS, 1);
    uint32_t spent = PL_CELL_VARIABLE(MEASURE_SPENT, 0), views = PL_CELL_VARIABLE(MEASURE_VIEWS, 0);

    act(fixture, AT(1), AT(1), WORLD_VIEW);
    act(fixture, AT(2), AT(2), WORLD_VIEW);
    buy(fixture, AT(3), 3 * PL_MICRO);
    expose(fixture, SHOP_A, AT(4), AT(4), 1);
    assert_int_equal(cross(fixture, p_spent, p_views), 6 * PL_MICRO * PL_MICRO);
    buy(fixture, AT(5), 5 * PL_MICRO);
    act(fixture, AT(6), AT(6), WORLD_VIEW);
    assert_int_equal(cross(fixture, spent, p_spent), 15 * PL_MICRO * PL_MICRO);
    assert_int_equal(cross(fixture, spent, p_views), 10 * PL_MICRO * PL_MICRO);
    assert_int_equal(cross(fixture, views, p_spent), 3 * PL_MICRO * PL_MICRO);
    assert_int_equal(cross(fixture, views, p_views), 2 * PL_MICRO * PL_MICRO);
    assert_int_equal(cross(fixture, spent, views), 5 * PL_MICRO * PL_MICRO);
}

static void words_are_checked(void **state)
{
    struct one_unit *fixture = *state;
    const struct pl_plan *plan = fixture->plan;
    int64_t two[2] = {5, 1}, three[3] = {1, 1, 1};

    assert_true(pl_measure_valid(plan, MEASURE_BASKET, two, 2));
    assert_false(pl_measure_valid(plan, MEASURE_BASKET, two, 1));
    assert_false(pl_measure_valid(plan, MEASURE_BASKET, three, 3));
    assert_false(pl_measure_valid(plan, MEASURE_PER_VIEW, two, 1));
    two[1] = -1;
    assert_false(pl_measure_valid(plan, MEASURE_BASKET, two, 2));
    assert_true(pl_measure_valid(plan, MEASURE_SPENT, two, 2));
    two[0] = PL_TOTAL_MAX + 1;
    assert_false(pl_measure_valid(plan, MEASURE_SPENT, two, 2));
    two[0] = PL_SKETCH_BUCKETS;
    assert_true(pl_measure_valid(plan, MEASURE_FIRST, two, 1));
    two[0]++;
    assert_false(pl_measure_valid(plan, MEASURE_FIRST, two, 1));
}

/* The law: after every event the cells are what the definitions say of all events so far, computed anew. */

#define EVENTS_MAX 80
#define NAIVE_CELLS_MAX 4000

struct naive {
    const struct pl_rules *rules;
    const struct pl_tail_event *events;
    unsigned first, end; /* of one life */
    struct pl_cells_row cells[NAIVE_CELLS_MAX];
    unsigned n;
};

static void add(struct naive *naive, struct pl_cell_key key, int64_t n, int64_t sum, pl_int128 sum2)
{
    unsigned at = 0;

    while (at < naive->n && pl_cell_key_order(&naive->cells[at].key, &key) != 0)
        at++;
    if (at == naive->n) {
        assert_true(naive->n < NAIVE_CELLS_MAX);
        naive->cells[naive->n++] = (struct pl_cells_row){.key = key};
    }
    naive->cells[at].amount.n += n;
    naive->cells[at].amount.sum += sum;
    naive->cells[at].amount.sum2 += sum2;
}

/* Did the event complete an attempt at `path`? The life is walked through from its beginning. */
static bool completes_path(const struct naive *naive, unsigned until)
{
    int64_t entry_us = 0, last_us = INT64_MIN;
    unsigned reached = 0;
    bool completed = false;

    for (unsigned at = naive->first; at <= until; at++) {
        const struct pl_tail_event *event = &naive->events[at];
        bool late =
            event->time_us - entry_us >= PL_HOUR_US || (reached == 2 && event->time_us - last_us >= 10 * PL_MINUTE_US);

        completed = false;
        if (event->kind != PL_EVENT_ACTION)
            continue;
        if (reached > 0 && event->subject == reached && event->time_us >= last_us && !late) {
            last_us = event->time_us;
            completed = ++reached == 3;
            reached %= 3;
        } else if (event->subject == WORLD_VIEW && (reached > 0 ? late : event->time_us >= last_us)) {
            entry_us = last_us = event->time_us;
            reached = 1;
        }
    }
    return completed;
}

/* What the event means to the metric; false: nothing. */
static bool reads(const struct naive *naive, const struct pl_metric_rule *rule, unsigned at, int64_t *gain)
{
    const struct pl_tail_event *event = &naive->events[at];

    *gain = PL_MICRO;
    if (event->kind != PL_EVENT_ACTION || rule->type == PL_METRIC_RATIO)
        return false;
    if (rule->type == PL_METRIC_FUNNEL)
        return completes_path(naive, at);
    if (rule->events.ids[0] != event->subject)
        return false;
    if (rule->type != PL_METRIC_SUM && rule->type != PL_METRIC_MEAN)
        return true;
    *gain = event->value_micro[0];
    return event->has_value & 1;
}

static int64_t at_most(int64_t value, int64_t cap)
{
    return cap && value > cap ? cap : value;
}

/* The exposure stands at `at`. *known: is there an x? *first_us: time of the first that counts. */
static int64_t naive_x(const struct naive *naive, const struct pl_metric_rule *rule, unsigned at, bool *known,
                       int64_t *first_us)
{
    int64_t t0_us = naive->events[at].time_us, total = 0, n = 0, gain;

    for (unsigned next = at + 1; next < naive->end; next++) {
        int64_t time_us = naive->events[next].time_us;

        if (time_us < t0_us + rule->from_us || time_us >= t0_us + rule->window_us || !reads(naive, rule, next, &gain))
            continue;
        *first_us = n ? *first_us : time_us;
        total += gain;
        n++;
    }
    *known = n > 0;
    if (n == 0)
        return 0;
    if (rule->type == PL_METRIC_MEAN)
        return at_most(total / n, rule->cap_micro);
    return rule->type == PL_METRIC_COUNT || rule->type == PL_METRIC_SUM ? at_most(total, rule->cap_micro) : PL_MICRO;
}

static int64_t naive_p(const struct naive *naive, const struct pl_metric_rule *rule, unsigned at)
{
    int64_t day = naive->events[at].time_us / PL_DAY_US, newest = 0, total = 0, gain;

    if (rule->before_us == 0 || rule->type == PL_METRIC_RATIO)
        return 0;
    for (unsigned past = naive->first; past < at; past++)
        if (reads(naive, rule, past, &gain) && naive->events[past].time_us / PL_DAY_US > newest)
            newest = naive->events[past].time_us / PL_DAY_US;
    for (unsigned past = naive->first; past < at; past++) {
        int64_t noted = naive->events[past].time_us / PL_DAY_US;

        if (reads(naive, rule, past, &gain) && noted >= newest - 28 && noted <= day &&
            noted >= day - rule->before_us / PL_DAY_US)
            total += gain;
    }
    if (rule->type == PL_METRIC_CONVERSION)
        return total ? PL_MICRO : 0;
    return at_most(total, rule->cap_micro);
}

static void add_metrics(struct naive *naive, uint32_t area, unsigned at, struct pl_cell_key key)
{
    int64_t variables[MEASURE_METRICS][2];

    for (uint32_t index = 0; index < MEASURE_METRICS; index++) {
        const struct pl_metric_rule *rule = &naive->rules->metrics[index];
        int64_t first_us = 0, x, p;
        bool known;

        if (rule->area != area)
            continue;
        x = variables[index][0] = naive_x(naive, rule, at, &known, &first_us);
        p = variables[index][1] = naive_p(naive, rule, at);
        key.metric = index;
        key.kind = PL_CELL_METRIC;
        add(naive, key, rule->type == PL_METRIC_MEAN && known, x, (pl_int128)x * x);
        key.kind = PL_CELL_BEFORE;
        add(naive, key, 0, p, (pl_int128)p * p);
        if (rule->type == PL_METRIC_TIME_TO && known) {
            int64_t since_us = first_us - naive->events[at].time_us;
            int32_t week = (int32_t)(pl_stamp_monday(naive->events[at].time_us) / PL_DAY_US);

            add(naive,
                (struct pl_cell_key){PL_CELL_TIME, key.arm, key.subject, index | pl_sketch_bucket(since_us) << 16,
                                     week},
                1, 0, 0);
        }
    }
    key.kind = PL_CELL_CROSS;
    for (unsigned pair = 0; pair < MEASURE_PAIRS; pair++) {
        const struct measure_pair *row = &measure_pairs[pair];
        uint32_t a = row->metric * 2 + row->before, b = row->other * 2 + row->other_before;

        if (row->area != area)
            continue;
        key.metric = a < b ? a | b << 16 : b | a << 16;
        add(naive, key, 0, 0,
            (pl_int128)variables[row->metric][row->before] * variables[row->other][row->other_before]);
    }
}

static void add_experiment(struct naive *naive, uint32_t experiment)
{
    unsigned at = naive->first;
    struct pl_cell_key key = {.subject = experiment};
    bool mixed = false;

    while (at < naive->end && (naive->events[at].kind != PL_EVENT_EXPOSURE || naive->events[at].subject != experiment))
        at++;
    if (at == naive->end)
        return;
    for (unsigned next = at + 1; next < naive->end; next++)
        mixed |= naive->events[next].kind == PL_EVENT_EXPOSURE && naive->events[next].subject == experiment &&
                 naive->events[next].variant != naive->events[at].variant;
    key.pane = (int32_t)(naive->events[at].time_us / PL_DAY_US);
    key.kind = mixed ? PL_CELL_MIXED : PL_CELL_EXPOSED;
    key.arm = mixed ? 0 : naive->events[at].variant;
    add(naive, key, 1, 0, 0);
    if (mixed)
        return;
    add(naive, (struct pl_cell_key){PL_CELL_SEGMENT, key.arm, experiment, 0, 0}, 1, 0, 0);
    add_metrics(naive, experiment == OTHER_A, at, key);
}

static void compute(struct naive *naive, unsigned n)
{
    naive->n = 0;
    for (naive->first = 0; naive->first < n; naive->first = naive->end) {
        naive->end = naive->first + 1;
        while (naive->end < n &&
               naive->events[naive->end].place_us - naive->events[naive->end - 1].place_us <= naive->rules->forget_us)
            naive->end++;
        for (uint32_t experiment = 0; experiment < EXPERIMENTS; experiment++)
            add_experiment(naive, experiment);
    }
}

static void assert_same(const struct one_unit *fixture, const struct naive *naive)
{
    unsigned n = 0;

    for (unsigned at = 0; at < naive->n; at++) {
        struct pl_amount amount = cell(fixture, naive->cells[at].key), expected = naive->cells[at].amount;

        assert_int_equal(amount.n, expected.n);
        assert_int_equal(amount.sum, expected.sum);
        assert_true(amount.sum2 == expected.sum2);
        n += !pl_amount_is_zero(&expected);
    }
    for (uint32_t at = 0; at < fixture->cells.n; at++) {
        unsigned kind = fixture->cells.rows[at].key.kind;

        n -= kind != PL_CELL_FUNNEL && kind != PL_CELL_FUNNEL_HOUR &&
             !pl_amount_is_zero(&fixture->cells.rows[at].amount);
    }
    assert_int_equal(n, 0);
}

static int64_t pick(struct pl_random *random, int64_t n)
{
    return (int64_t)(random_bits(random) % (uint64_t)n);
}

/* Mostly minutes or hours apart and timed where placed; some days apart, some timed weeks before. */
static void make_event(struct pl_random *random, struct pl_tail_event *event, int64_t *place_us)
{
    int64_t lag_us = pick(random, 4) ? 0 : pick(random, 3) ? pick(random, 2 * PL_DAY_US) : pick(random, 40 * PL_DAY_US);

    *place_us +=
        pick(random, 3) ? pick(random, 20 * PL_MINUTE_US) : pick(random, pick(random, 5) ? PL_DAY_US : 6 * PL_DAY_US);
    *event = (struct pl_tail_event){.place_us = *place_us, .time_us = *place_us - lag_us};
    if (pick(random, 8) == 0) {
        event->kind = PL_EVENT_EXPOSURE;
        event->subject = (uint32_t)pick(random, EXPERIMENTS);
        event->variant = pick(random, 6) == 0;
        return;
    }
    event->kind = PL_EVENT_ACTION;
    event->subject = (uint32_t)pick(random, 4);
    event->has_value = event->subject == WORLD_BUY && pick(random, 5) > 0;
    event->value_micro[0] = event->has_value ? pick(random, 30 * PL_MICRO) - 5 * PL_MICRO : 0;
}

static void cells_are_what_the_definitions_say(void **state)
{
    struct one_unit *fixture = *state;
    struct naive *naive = calloc(1, sizeof(*naive));
    struct pl_tail_event events[EVENTS_MAX];
    struct pl_random random = {20261124};

    assert_non_null(naive);
    naive->rules = fixture->rules;
    naive->events = events;
    for (unsigned round = 0; round < 150; round++) {
        int64_t place_us = WORLD_START;

        fixture->rules->forget_us = round % 3 ? 90 * PL_DAY_US : 5 * PL_DAY_US;
        fixture->words.n = 0;
        pl_cells_fini(&fixture->cells);
        pl_cells_cut(&fixture->cells, PL_TIME_NONE);
        for (unsigned at = 0; at < EVENTS_MAX; at++) {
            make_event(&random, &events[at], &place_us);
            assert_true(pl_step(&fixture->step, &fixture->words, &events[at]));
            compute(naive, at + 1);
            assert_same(fixture, naive);
        }
    }
    free(naive);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, one_unit_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mean_is_over_values),
        TEST(mean_rounds_toward_zero),
        TEST(retention_begins_later),
        TEST(funnel_counts_the_completing_step),
        TEST(funnel_keeps_to_the_window),
        TEST(time_to_the_first_action),
        TEST(time_to_at_the_ends),
        TEST(ratio_is_its_parts_and_their_product),
        TEST(goal_and_value_are_a_pair),
        TEST(before_is_the_days_up_to_the_exposure),
        TEST(before_goes_by_place_and_day),
        TEST(ratios_have_covariates),
        TEST(words_are_checked),
        TEST(cells_are_what_the_definitions_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
