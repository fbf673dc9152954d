/* The screen of `balance`, from fields as they stand in Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/account.h"
#include "support/area_figures.h"

#include <string.h>

static const char fields[] =
    "growth.results=30;growth.left_out=2;growth.measured=28;growth.shipped=10;growth.wins=6;growth.units=60000;"
    "growth.cost=30;growth.gain_added_up=0.3;growth.gain_corrected=0.14;growth.gain_per_experiment=0.005;"
    "growth.gain_per_cost=0.0046;core.results=10;core.left_out=10;core.measured=0;core.shipped=4;core.wins=0;"
    "core.units=20000;core.cost=90;third1.results=10;third1.wins=4;third2.results=10;third2.wins=2;third3.results=10;"
    "third3.wins=0;forecast_quarter=0.012;forecast_quarter_error=0.02;cost_per_win=5;ceiling=0.031;ceiling_lower=0.01;"
    "ceiling_upper=0.09;quarter_start=2026-01-01T00:00:00Z;quarter_end=2026-04-01T00:00:00Z;quarter_results=7;"
    "credited=0.03;realised=0.012;realised_error=0.005;launch_gap=0.018";

static char *screen_of(const char *pairs, const char *unit, bool json)
{
    struct pl_published all = {.n = 0};
    struct pl_buf out = {0};
    char *text;

    figures_add(&all, PL_PUBLISHED_BALANCE, "shop", pairs);
    const struct pl_account account = {
        .area = "shop", .balance = pl_published_find(&all, PL_PUBLISHED_BALANCE, "shop"), .unit = pl_span_of(unit)};

    if (json)
        pl_account_json(&account, &out);
    else
        pl_account_text(&account, &out);
    assert_true(pl_buf_ok(&out));
    text = pl_span_dup(pl_buf_span(&out));
    assert_non_null(text);
    pl_buf_fini(&out);
    pl_published_fini(&all);
    return text;
}

static void on_one_screen(void **state)
{
    char *text = screen_of(fields, "%", false);

    (void)state;
    assert_string_equal(
        text, "shop: work and its returns, over the whole history\n"
              "\n"
              "what each kind of work took\n"
              "            results  left out  measured  shipped  wins         users       cost\n"
              "  growth  30 (75 %)         2        28       10     6  60000 (75 %)  30 (25 %)\n"
              "  core    10 (25 %)        10         0        4     0  20000 (25 %)  90 (75 %)\n"
              "\n"
              "and what it gave\n"
              "          added up  corrected  per experiment  per cost\n"
              "  growth      30 %       14 %           0.5 %    0.46 %\n"
              "  Added up: what was shipped, as it was measured, lucky winners and all. Corrected: what it gains\n"
              "  without them; the last two columns are of this.\n"
              "\n"
              "share of experiments that won\n"
              "  first third   40 %  4 of 10 won\n"
              "  second third  20 %  2 of 10 won\n"
              "  last third     0 %  0 of 10 won\n"
              "\n"
              "ahead\n"
              "  next quarter, as of late  1.2 % +- 2 %\n"
              "  cost of a win             5\n"
              "  left to gain              3.1 %, between 1 % and 9 %\n"
              "\n"
              "last quarter with a holdout, 2026-01-01 to 2026-04-01, 7 results\n"
              "  credited to experiments  3 %\n"
              "  really gained            1.2 % +- 0.5 %\n"
              "  lost on the way          1.8 %\n");
    free(text);
}

static void in_a_unit_of_its_own(void **state)
{
    char *text = screen_of("growth.results=1;growth.gain_corrected=2.5;ceiling=no evidence of a ceiling", "Elo", false);

    (void)state;
    assert_non_null(strstr(text, "2.5 Elo"));
    assert_non_null(strstr(text, "left to gain  no evidence of a ceiling\n"));
    assert_null(strstr(text, "won"));
    assert_null(strstr(text, "holdout"));
    assert_null(strstr(text, "nan"));
    free(text);
    text = screen_of("growth.results=1;growth.gain_corrected=2.5", "\033[2Jx", false);
    assert_non_null(strstr(text, "2.5 ?[2Jx"));
    free(text);
}

static void without_results(void **state)
{
    char *text = screen_of("ceiling=no evidence of a ceiling", "", false);

    (void)state;
    assert_string_equal(text, "shop: work and its returns, over the whole history\n\n  no results yet\n");
    free(text);
    text = screen_of("core.results=1;core.measured=0;core.cost=1", "", false);
    assert_non_null(strstr(text, "  nothing is measured yet\n"));
    free(text);
}

static void as_json(void **state)
{
    char *text = screen_of("area=shop;growth.results=1;note=a\"<b>", "%", true);

    (void)state;
    assert_string_equal(text, "{\"area\":\"shop\",\"unit\":\"%\",\"fields\":{\"growth.results\":\"1\","
                              "\"note\":\"a\\\"<b>\"}}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_one_screen),
        cmocka_unit_test(in_a_unit_of_its_own),
        cmocka_unit_test(without_results),
        cmocka_unit_test(as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
