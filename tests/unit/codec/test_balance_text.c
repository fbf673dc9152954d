#include "codec/balance_text.h"

#include "util/buf.h"
#include "util/num.h"
#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add(void *ctx, const char *name, const char *value)
{
    pl_buf_addf(ctx, "%s=%s\n", name, value);
}

static void writes_what_is_known(void **state)
{
    struct pl_balance balance = {.forecast = PL_NAN, .forecast_se = PL_NAN, .cost_per_win = 2.5};
    struct pl_area_state area = {.quarter = {.start_us = 0, .end_us = 91 * PL_DAY_US, .n = 3}};
    struct pl_buf text = {0};

    (void)state;
    balance.kinds[PL_WORK_GROWTH] =
        (struct pl_balance_kind){.n = 4, .left_out = 1, .measured = 2, .shipped = 1, .wins = 1, .cost = 4};
    balance.kinds[PL_WORK_GROWTH].naive = 3;
    balance.kinds[PL_WORK_GROWTH].unbiased = 1;
    balance.kinds[PL_WORK_GROWTH].shrunken = 2;
    balance.kinds[PL_WORK_CORE].n = 1;
    balance.third_n[0] = 2;
    balance.third_wins[0] = 1;
    balance.headroom = (struct pl_headroom){.remaining = .5, .remaining_lower = .25, .remaining_upper = 1};
    area.quarter.credited = .75;
    area.quarter.realised = .5;
    area.quarter.se = .125;
    pl_balance_text(&balance, &area, add, &text);
    assert_string_equal(text.ptr, "growth.results=4\ngrowth.left_out=1\ngrowth.measured=2\ngrowth.shipped=1\n"
                                  "growth.wins=1\ngrowth.units=0\ngrowth.cost=4\ngrowth.gain_added_up=3\n"
                                  "growth.gain_corrected=1\ngrowth.gain_shrunken=2\n"
                                  "growth.gain_per_experiment=0.5\ngrowth.gain_per_cost=0.25\n"
                                  "core.results=1\ncore.left_out=0\ncore.measured=0\ncore.shipped=0\ncore.wins=0\n"
                                  "core.units=0\ncore.cost=0\n"
                                  "third1.results=2\nthird1.wins=1\ncost_per_win=2.5\n"
                                  "ceiling=0.5\nceiling_lower=0.25\nceiling_upper=1\n"
                                  "quarter_start=1970-01-01T00:00:00Z\nquarter_end=1970-04-02T00:00:00Z\n"
                                  "quarter_results=3\ncredited=0.75\nrealised=0.5\nrealised_error=0.125\n"
                                  "launch_gap=0.25\n");
    pl_buf_fini(&text);
}

static void says_nothing_of_what_is_not_known(void **state)
{
    struct pl_balance balance = {.forecast = PL_NAN, .forecast_se = PL_NAN, .cost_per_win = PL_NAN};
    struct pl_area_state area = {.quarter = {.start_us = PL_TIME_NONE, .end_us = PL_TIME_NONE}};
    struct pl_buf text = {0};

    (void)state;
    balance.headroom.no_ceiling = true;
    pl_balance_text(&balance, &area, add, &text);
    assert_string_equal(text.ptr, "ceiling=no evidence of a ceiling\n");
    pl_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_is_known),
        cmocka_unit_test(says_nothing_of_what_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
