/* The fields of funnel:ID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/funnel_text.h"
#include "support/area_rule.h"
#include "util/buf.h"
#include "util/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY0 20000
#define AT(day) ((int64_t)(DAY0 + (day)) * PL_DAY_US)

static void add(void *ctx, const char *name, const char *value)
{
    pl_buf_addf(ctx, "%s=%s\n", name, value);
}

static struct pl_rules *make_rules(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = area_rule("cart", "cart_*", PL_NAN);
    struct pl_funnel_rule funnel = {.id = "f", .n_steps = 2};

    assert_non_null(rules);
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, NULL), PL_OK);
    funnel.steps[0] = pl_rules_action(rules, pl_span_of("Cart Viewed"));
    funnel.steps[1] = pl_rules_action(rules, pl_span_of("Order Completed"));
    assert_int_equal(pl_rules_add_funnel(rules, &funnel, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(rules, NULL), PL_OK);
    return rules;
}

/* Entries of day 0 (in 28 days of day 28 no more) and of days 22 and 27; goals of the last. */
static void the_fields_of_a_funnel(void **state)
{
    struct pl_cell cells[] = {
        {.key = {PL_CELL_FUNNEL, 0, 0, 0, DAY0 - 1}, .n = 1000, .sum = 100},
        {.key = {PL_CELL_FUNNEL, 0, 0, 0, DAY0 + 20}, .n = 30, .sum = 20},
        {.key = {PL_CELL_FUNNEL, 0, 0, 0, DAY0 + 27}, .n = 5, .sum = 4},
        {.key = {PL_CELL_FUNNEL, 1, 0, 0, DAY0 + 27}, .n = 3, .sum = 2},
        {.key = {PL_CELL_FUNNEL_HOUR, 0, 0, 0, (DAY0 + 28) * 24 - 1}, .n = 2, .sum = 1},
    };
    const struct pl_sums sums = {.n_cells = sizeof(cells) / sizeof(*cells), .cells = cells};
    struct pl_rules *rules = make_rules();
    struct pl_judge *judge = pl_judge_new(rules, 14 * PL_DAY_US);
    struct pl_buf text = {0};

    (void)state;
    assert_non_null(judge);
    assert_int_equal(pl_judge_restore_sums(judge, &sums, NULL), PL_OK);
    pl_funnel_text(judge, 0, AT(28), add, &text);
    assert_string_equal(text.ptr,
                        "area=cart\nsteps=2\njudged=2024-11-01T00:00:00Z\njudged_ms=1730419200000\n"
                        "step1=Cart Viewed\n1h.attempts.1=2\n1h.units.1=1\n1d.attempts.1=5\n1d.units.1=4\n"
                        "7d.attempts.1=5\n7d.units.1=4\n28d.attempts.1=35\n28d.units.1=24\n"
                        "life.attempts.1=1035\nlife.units.1=124\n"
                        "step2=Order Completed\n1h.attempts.2=0\n1h.units.2=0\n1d.attempts.2=3\n1d.units.2=2\n"
                        "7d.attempts.2=3\n7d.units.2=2\n28d.attempts.2=3\n28d.units.2=2\n"
                        "life.attempts.2=3\nlife.units.2=2\n");
    pl_buf_fini(&text);
    pl_judge_free(judge);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_fields_of_a_funnel)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
