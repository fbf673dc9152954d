#include "support/measure_world.h"

#include "core/count/before.h"
#include "core/count/step.h"
#include "support/random.h"

#include <stdlib.h>

#define DAY WORLD_DAY

struct fixture {
    struct pl_rules *rules;
    struct pl_words words;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.rules = measure_rules()};
    assert_true(pl_words_push(&fixture.words, PL_WORDS_FIRST));
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    pl_words_fini(&fixture->words);
    pl_rules_free(fixture->rules);
    return 0;
}

static void note(struct fixture *fixture, uint32_t metric, int32_t day, int64_t gain)
{
    assert_true(pl_before_note(&fixture->words, fixture->rules, metric, day, gain));
}

static int64_t total(const struct fixture *fixture, uint32_t metric, int32_t day)
{
    return pl_before_total(&fixture->words, fixture->rules, metric, day);
}

static uint32_t size(const struct fixture *fixture, uint32_t metric)
{
    uint32_t at = pl_words_find(&fixture->words, PL_WORDS_BEFORE, metric);

    return at ? pl_words_size(fixture->words.at[at]) : 0;
}

/* SPENT looks 28 days back. */
static void days_are_added_up(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(total(fixture, MEASURE_SPENT, DAY), 0);
    note(fixture, MEASURE_SPENT, DAY, 1);
    note(fixture, MEASURE_SPENT, DAY - 28, 2);
    note(fixture, MEASURE_SPENT, DAY - 10, 4);
    note(fixture, MEASURE_SPENT, DAY - 10, 8);
    note(fixture, MEASURE_SPENT, DAY - 29, 16); /* too old */
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY), 15);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY - 1), 14);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY - 11), 2);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY + 18), 13);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY + 29), 0);
    assert_int_equal(size(fixture, MEASURE_SPENT), 5);
}

static void newer_days_push_old_ones_out(void **state)
{
    struct fixture *fixture = *state;

    note(fixture, MEASURE_SPENT, DAY, 1);
    note(fixture, MEASURE_SPENT, DAY + 1, 2);
    note(fixture, MEASURE_SPENT, DAY + 28, 4);
    assert_int_equal(size(fixture, MEASURE_SPENT), 5);
    note(fixture, MEASURE_SPENT, DAY + 29, 8);
    assert_int_equal(size(fixture, MEASURE_SPENT), 5);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY), 0);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY + 29), 14);
    note(fixture, MEASURE_SPENT, DAY + 400, 16);
    assert_int_equal(size(fixture, MEASURE_SPENT), 3);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY + 400), 16);
}

/* One for any, two words in all. BUYS looks 7 days back. */
static void a_conversion_needs_no_totals(void **state)
{
    struct fixture *fixture = *state;

    note(fixture, MEASURE_BUYS, DAY, PL_MICRO);
    note(fixture, MEASURE_BUYS, DAY, PL_MICRO);
    note(fixture, MEASURE_BUYS, DAY - 3, PL_MICRO);
    assert_int_equal(size(fixture, MEASURE_BUYS), 2);
    assert_int_equal(total(fixture, MEASURE_BUYS, DAY), PL_MICRO);
    assert_int_equal(total(fixture, MEASURE_BUYS, DAY + 7), PL_MICRO);
    assert_int_equal(total(fixture, MEASURE_BUYS, DAY + 8), 0);
    assert_int_equal(total(fixture, MEASURE_BUYS, DAY - 1), PL_MICRO);
    assert_int_equal(total(fixture, MEASURE_BUYS, DAY - 4), 0);
}

static void totals_stop(void **state)
{
    struct fixture *fixture = *state;

    note(fixture, MEASURE_SPENT, DAY, INT64_MAX);
    note(fixture, MEASURE_SPENT, DAY, INT64_MAX);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY), PL_TOTAL_MAX);
    note(fixture, MEASURE_SPENT, DAY - 1, INT64_MAX);
    assert_int_equal(total(fixture, MEASURE_SPENT, DAY), PL_TOTAL_MAX);
}

static void entries_stand_beside_others(void **state)
{
    struct fixture *fixture = *state;
    struct pl_words_head other = {.kind = PL_WORDS_FUNNEL, .id = 7, .n_words = 3};

    note(fixture, MEASURE_SPENT, DAY, 1);
    assert_true(pl_words_push(&fixture->words, 3));
    fixture->words.at[fixture->words.n - 3] = pl_words_pack(&other);
    fixture->words.at[fixture->words.n - 1] = 42;
    note(fixture, MEASURE_VIEWS, DAY, 1);
    for (int32_t at = 0; at < 40; at++)
        note(fixture, MEASURE_SPENT, DAY + at, 1);
    note(fixture, MEASURE_VIEWS, DAY - 1, 1);
    assert_int_equal(size(fixture, MEASURE_SPENT), 31);
    assert_int_equal(size(fixture, MEASURE_VIEWS), 4);
    assert_int_equal(fixture->words.at[pl_words_find(&fixture->words, PL_WORDS_FUNNEL, 7) + 2], 42);
    assert_int_equal(fixture->words.n, 1 + 31 + 3 + 4);
}

/* Any order of notes: what is kept is what lies within 28 days before the newest of all. */
static void order_does_not_matter(void **state)
{
    struct fixture *fixture = *state;
    struct pl_random random = {7};

    for (unsigned round = 0; round < 300; round++) {
        int64_t by_day[80] = {0}, sum = 0;
        int32_t newest = 0, until = DAY + (int32_t)(random_bits(&random) % 80);

        fixture->words.n = PL_WORDS_FIRST;
        for (unsigned at = 0; at < 60; at++) {
            int32_t day = (int32_t)(random_bits(&random) % 80);
            int64_t gain = (int64_t)(random_bits(&random) % 1000) - 300;

            note(fixture, MEASURE_SPENT, DAY + day, gain);
            by_day[day] += gain;
            newest = day > newest ? day : newest;
        }
        for (int32_t day = 0; day < 80; day++)
            if (day >= newest - 28 && DAY + day <= until && DAY + day >= until - 28)
                sum += by_day[day];
        assert_int_equal(total(fixture, MEASURE_SPENT, until), sum);
        assert_true(size(fixture, MEASURE_SPENT) <= PL_BEFORE_AT + PL_BEFORE_DAYS);
    }
}

static bool restore(struct fixture *fixture, uint32_t metric, uint64_t days, uint32_t n_totals)
{
    fixture->words.n = PL_WORDS_FIRST;
    return pl_before_restore(&fixture->words, fixture->rules, metric, days << 32 | DAY, n_totals);
}

static void damaged_entries_are_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_true(restore(fixture, MEASURE_SPENT, 5, 2));
    assert_int_equal(size(fixture, MEASURE_SPENT), 4);
    assert_false(pl_before_restore(&fixture->words, fixture->rules, MEASURE_SPENT, UINT64_C(1) << 32, 1)); /* twice */
    assert_false(restore(fixture, MEASURE_SPENT, 5, 1));
    assert_false(restore(fixture, MEASURE_SPENT, 4, 1)); /* the newest day has a total */
    assert_false(restore(fixture, MEASURE_SPENT, UINT64_C(1) << 29 | 1, 2));
    assert_true(restore(fixture, MEASURE_BUYS, 5, 0));
    assert_false(restore(fixture, MEASURE_BUYS, 5, 2));
    assert_false(restore(fixture, MEASURE_BASKET, 1, 1));
    assert_false(restore(fixture, MEASURE_PER_VIEW, 1, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(days_are_added_up),
        TEST(newer_days_push_old_ones_out),
        TEST(a_conversion_needs_no_totals),
        TEST(totals_stop),
        TEST(entries_stand_beside_others),
        TEST(order_does_not_matter),
        TEST(damaged_entries_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
