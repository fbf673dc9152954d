/* Ledger rows and standings survive the way to Redis and back, bit by bit. */
#include "codec/row.h"

#include "support/near.h"
#include "support/random.h"
#include "support/rules_fixture.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static int64_t some_time(struct pl_random *random)
{
    return (int64_t)(random_bits(random) % (uint64_t)PL_TIME_MAX);
}

static double some_number(struct pl_random *random)
{
    return random_bits(random) % 5 == 0 ? PL_NAN
                                        : random_normal(random) * pow(10, (int)(random_bits(random) % 30) - 15);
}

static void some_value(struct pl_random *random, struct pl_row_value *value)
{
    value->effect = some_number(random);
    value->se = some_number(random);
    value->cov = some_number(random);
    value->mean_control = some_number(random);
    snprintf(value->metric, sizeof(value->metric), "uses");
}

static void some_arms(struct pl_random *random, struct pl_row_arms *arms)
{
    arms->n = 2 + (unsigned)(random_bits(random) % (PL_VARIANTS_MAX - 2));
    arms->shared = random_share(random) / 3;
    for (unsigned at = 0; at < arms->n; at++) {
        arms->effect[at] = random_normal(random) * pow(10, (int)(random_bits(random) % 30) - 15);
        arms->se[at] = random_share(random) / 7;
    }
}

static void some_row(struct pl_random *random, struct pl_row *row)
{
    *row = pl_ledger_row((enum pl_row_kind)(random_bits(random) % 4));
    row->work = (enum pl_work)(random_bits(random) % 4);
    row->tick_us = some_time(random);
    row->time_us = some_time(random);
    row->start_us = random_bits(random) % 3 ? some_time(random) : PL_TIME_NONE;
    snprintf(row->id, sizeof(row->id), "r:%u", (unsigned)random_bits(random));
    if (row->kind != PL_ROW_EPOCH)
        snprintf(row->experiment, sizeof(row->experiment), "an experiment.%u", (unsigned)random_bits(random));
    if (row->kind == PL_ROW_POLICY)
        row->smallest_return = some_number(random);
    if (row->kind == PL_ROW_LIFECYCLE)
        row->state = (enum pl_lifecycle)(random_bits(random) % 4);
    if (row->kind != PL_ROW_RESULT)
        return;
    row->excluded = (enum pl_exclusion)(random_bits(random) % (PL_EXCLUDED_OLD_EPOCH + 1));
    row->effect = some_number(random);
    row->se = some_number(random);
    row->baseline = some_number(random);
    row->mean_control = some_number(random);
    row->n_control = (double)(random_bits(random) % 1000000);
    row->cost = 1 + random_share(random);
    row->early = random_bits(random) % 2;
    row->shipped = random_bits(random) % 2;
    row->history = random_bits(random) % 2;
    row->units = (double)(random_bits(random) % 3 * 1000);
    if (random_bits(random) % 2)
        snprintf(row->metric, sizeof(row->metric), "buys.%u", (unsigned)random_bits(random));
    if (random_bits(random) % 3 == 0)
        some_value(random, &row->value);
    if (random_bits(random) % 3 == 0)
        some_arms(random, &row->arms);
}

static bool same(double a, double b)
{
    return near_is(a, b, 0);
}

static void assert_value(const struct pl_row_value *back, const struct pl_row_value *value)
{
    assert_true(same(back->effect, value->effect) && same(back->se, value->se) && same(back->cov, value->cov));
    assert_true(same(back->mean_control, value->mean_control));
    assert_string_equal(back->metric, value->metric);
}

/* What cannot be read back would keep the ledger shut for ever: no number, no field. */
static void what_is_no_number_is_not_written(void **state)
{
    struct pl_rules *rules = fixture_rules("price");
    struct pl_row row = pl_ledger_row(PL_ROW_RESULT), back;
    struct pl_field fields[PL_ROW_FIELDS_MAX];
    struct pl_buf text = {0};
    size_t n;

    (void)state;
    row.effect = row.value.cov = PL_INFINITY;
    row.se = -PL_INFINITY;
    n = pl_row_write(&row, rules, &text, fields);
    assert_int_equal(pl_row_read(fields, n, rules, &back, NULL), PL_OK);
    assert_true(isnan(back.effect) && isnan(back.se) && isnan(back.value.cov) && isnan(back.value.effect));
    pl_buf_fini(&text);
    pl_rules_free(rules);
}

static void rows_come_back(void **state)
{
    struct pl_rules *rules = fixture_rules("price");
    struct pl_random random = {7};
    struct pl_buf text = {0};

    (void)state;
    for (int n = 0; n < 20000; n++) {
        struct pl_field fields[PL_ROW_FIELDS_MAX];
        struct pl_row row, back;
        size_t n_fields;

        some_row(&random, &row);
        n_fields = pl_row_write(&row, rules, &text, fields);
        assert_true(n_fields <= PL_ROW_FIELDS_MAX);
        assert_int_equal(pl_row_read(fields, n_fields, rules, &back, NULL), PL_OK);
        assert_int_equal(back.kind, row.kind);
        assert_int_equal(back.excluded, row.excluded);
        assert_int_equal(back.work, row.work);
        assert_int_equal(back.state, row.state);
        assert_int_equal(back.area, row.area);
        assert_int_equal(back.tick_us, row.tick_us);
        assert_int_equal(back.time_us, row.time_us);
        assert_int_equal(back.start_us, row.start_us);
        assert_true(same(back.effect, row.effect) && same(back.se, row.se) && same(back.baseline, row.baseline));
        assert_true(same(back.mean_control, row.mean_control) && same(back.n_control, row.n_control));
        assert_true(same(back.cost, row.cost) && same(back.smallest_return, row.smallest_return));
        assert_true(back.early == row.early && back.shipped == row.shipped && back.history == row.history);
        assert_string_equal(back.id, row.id);
        assert_string_equal(back.experiment, row.experiment);
        assert_string_equal(back.metric, row.metric);
        assert_true(same(back.units, row.units));
        assert_value(&back.value, &row.value);
        assert_int_equal(back.arms.n, row.arms.n);
        assert_memory_equal(&back.arms, &row.arms, sizeof(row.arms)); /* to the last bit */
    }
    pl_buf_fini(&text);
    pl_rules_free(rules);
}

/* sixteen arms: one more than there can be */
#define MANY "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"

static void what_is_wrong_is_named(void **state)
{
    static const char *const bad[][2] = {
        {"kind", "resultat"}, {"work", ""},          {"state", "2"},      {"time", "yesterday"},   {"effect", "1,5"},
        {"early", "yes"},     {"excluded", "bored"}, {"se", "nan"},       {"start", "1970-01-01"}, {"arms", ""},
        {"arms", "1 1"},      {"arms", "1 1 1"},     {"arms", "1 1 x 1"}, {"arms", "1 1 nan 1"},   {"arms", MANY},
        {"shared", "-"},      {"value_cov", "inf"},  {"units", "many"}};
    struct pl_rules *rules = fixture_rules("price");
    struct pl_field area = {pl_span_of("area"), pl_span_of("gone")}, newer = {pl_span_of("mood"), pl_span_of("x")};
    struct pl_row row;

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        const struct pl_field field = {pl_span_of(bad[at][0]), pl_span_of(bad[at][1])};
        struct pl_err err = {0};

        assert_int_equal(pl_row_read(&field, 1, rules, &row, &err), PL_ERR_INPUT);
        assert_non_null(strstr(err.text, bad[at][0]));
    }
    assert_int_equal(pl_row_read(&area, 1, rules, &row, NULL), PL_OK);
    assert_int_equal(row.area, PL_RULES_NONE);
    assert_int_equal(pl_row_read(&newer, 1, rules, &row, NULL), PL_OK);
    pl_rules_free(rules);
}

static void some_standing(struct pl_random *random, struct pl_standing *standing)
{
    *standing = (struct pl_standing){
        .alert = {.firing = random_bits(random) % 2,
                  .verdict = (enum pl_verdict)(random_bits(random) % (PL_HOLLOW_GROWTH + 1)),
                  .grade = (enum pl_grade)(random_bits(random) % (PL_CONFIRMED + 1)),
                  .starts_us = random_bits(random) % 3 ? some_time(random) : PL_TIME_NONE,
                  .last_us = random_bits(random) % 3 ? some_time(random) : PL_TIME_NONE,
                  .in_history = random_bits(random) % 2},
        .looks = {.monday_us = random_bits(random) % 3 ? some_time(random) : PL_TIME_NONE,
                  .taken = (unsigned)(random_bits(random) % 100),
                  .verdict = (enum pl_trend_verdict)(random_bits(random) % (PL_TREND_INCONCLUSIVE + 1)),
                  .drift = some_number(random),
                  .se = some_number(random),
                  .rate = some_number(random),
                  .last_us = random_bits(random) % 3 ? some_time(random) : PL_TIME_NONE},
    };
}

static void standings_come_back(void **state)
{
    struct pl_rules *rules = fixture_rules("revenue");
    struct pl_random random = {9};
    struct pl_buf text = {0};

    (void)state;
    for (int n = 0; n < 20000; n++) {
        struct pl_standing one, back;

        some_standing(&random, &one);
        pl_buf_clear(&text);
        pl_row_put_standing(&one, rules, &text);
        assert_int_equal(pl_row_get_standing(pl_buf_span(&text), rules, &back, NULL), PL_OK);
        assert_int_equal(back.alert.firing, one.alert.firing);
        assert_int_equal(back.alert.verdict, one.alert.verdict);
        assert_int_equal(back.alert.grade, one.alert.grade);
        assert_int_equal(back.alert.starts_us, one.alert.starts_us);
        assert_int_equal(back.alert.last_us, one.alert.last_us);
        assert_int_equal(back.alert.in_history, one.alert.in_history);
        assert_int_equal(back.looks.monday_us, one.looks.monday_us);
        assert_int_equal(back.looks.taken, one.looks.taken);
        assert_int_equal(back.looks.verdict, one.looks.verdict);
        assert_int_equal(back.looks.last_us, one.looks.last_us);
        assert_true(same(back.looks.drift, one.looks.drift) && same(back.looks.se, one.looks.se));
        assert_true(same(back.looks.rate, one.looks.rate));
    }
    pl_buf_fini(&text);
    pl_rules_free(rules);
}

static void a_standing_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"firing",   "firing=2", "verdict=MAYBE", "grade=9",
                                      "looks=-1", "trend=7",  "drift=x"};
    struct pl_rules *rules = fixture_rules("revenue");
    struct pl_standing standing;

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        struct pl_err err = {0};

        assert_int_equal(pl_row_get_standing(pl_span_of(bad[at]), rules, &standing, &err), PL_ERR_INPUT);
        assert_non_null(strstr(err.text, bad[at]));
    }
    assert_int_equal(pl_row_get_standing(pl_span_of("firing=1 mood=good"), rules, &standing, NULL), PL_OK);
    assert_true(standing.alert.firing);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(what_is_no_number_is_not_written),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(standings_come_back),
        cmocka_unit_test(a_standing_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
