/* The judge and an input that is not keyed by user: one alert, every verdict withheld, and how that ends. */
#include "core/judge/judge.h"
#include "support/area_rule.h"

#include "support/near.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

#define DAY0 18518
#define AT_DAY(day) ((DAY0 + (int64_t)(day)) * PL_DAY_US)

static struct pl_rules *rules;

static int setup(void **state)
{
    struct pl_area_rule area = area_rule("checkout", "cart_*", .1);

    (void)state;
    rules = pl_rules_new();
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    rules->forget_us = 10 * PL_DAY_US;
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_rules_free(rules);
    return 0;
}

/* Three users; the second was in two partitions on shared_day. */
static struct pl_sums sums_of(int64_t tick_us, int32_t last_day, int32_t shared_day)
{
    struct pl_sums sums = {.tick_us = tick_us};

    for (uint64_t hash = 1; hash <= 3; hash++) {
        struct pl_keying_unit unit = {hash, DAY0 + last_day, hash == 2 ? DAY0 + shared_day : PL_KEYING_NEVER};

        assert_true(pl_keying_append(&sums.units, unit));
    }
    return sums;
}

static const struct pl_input_edge *tick(struct pl_judge *judge, int64_t tick_us, struct pl_sums *sums)
{
    struct pl_judgement judgement;
    struct pl_err err;

    assert_int_equal(pl_judge_tick(judge, tick_us, sums, &judgement, &err), PL_OK);
    if (sums)
        pl_sums_fini(sums);
    return judgement.input;
}

static void withholds_and_ends(void **state)
{
    struct pl_judge *judge = pl_judge_new(rules, 14 * PL_DAY_US);
    struct pl_sums sums = sums_of(AT_DAY(3), 2, -5000);
    const struct pl_input_edge *edge;

    (void)state;
    assert_null(tick(judge, AT_DAY(3), &sums)); /* shared, but long ago */
    assert_int_equal(pl_judge_advice(judge, 0)->reason, PL_REASON_PROGRAMME);
    sums = sums_of(AT_DAY(4), 3, 3);
    edge = tick(judge, AT_DAY(4), &sums);
    assert_non_null(edge);
    assert_false(edge->resolved);
    assert_int_equal(edge->view.sampled, 3);
    assert_int_equal(edge->view.shared, 1);
    assert_int_equal(edge->starts_us, AT_DAY(4));
    assert_int_equal(pl_judge_input_since(judge), AT_DAY(4));
    assert_int_equal(pl_judge_advice(judge, 0)->verdict, PL_NO_VERDICT);
    assert_int_equal(pl_judge_advice(judge, 0)->reason, PL_REASON_HEALTH);
    sums = sums_of(AT_DAY(5), 4, 3);
    assert_null(tick(judge, AT_DAY(5), &sums)); /* it stands */
    /* the end of day 3, and 10 days more */
    assert_int_equal(pl_judge_due(judge, AT_DAY(5)), AT_DAY(14));
    assert_null(tick(judge, AT_DAY(14) - PL_TICK_US, NULL));
    edge = tick(judge, AT_DAY(14), NULL);
    assert_non_null(edge);
    assert_true(edge->resolved);
    assert_int_equal(edge->starts_us, AT_DAY(4));
    assert_int_equal(edge->tick_us, AT_DAY(14));
    assert_int_equal(pl_judge_advice(judge, 0)->reason, PL_REASON_PROGRAMME);
    assert_int_equal(pl_judge_input_since(judge), PL_TIME_NONE);
    pl_judge_free(judge);
}

/* Restored, it stands as it stood, and is not told again. */
static void is_restored(void **state)
{
    struct pl_judge *judge = pl_judge_new(rules, 14 * PL_DAY_US);
    struct pl_sums sums = sums_of(AT_DAY(5), 4, 3);

    (void)state;
    pl_judge_restore_input(judge, AT_DAY(4), AT_DAY(5));
    assert_int_equal(pl_judge_restore_sums(judge, &sums, NULL), PL_OK);
    pl_sums_fini(&sums);
    assert_int_equal(pl_judge_advice(judge, 0)->reason, PL_REASON_HEALTH);
    assert_int_equal(pl_judge_due(judge, AT_DAY(5)), AT_DAY(14));
    assert_null(tick(judge, AT_DAY(6), NULL));
    assert_int_equal(tick(judge, AT_DAY(14), NULL)->starts_us, AT_DAY(4));
    pl_judge_free(judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(withholds_and_ends), cmocka_unit_test(is_restored)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
