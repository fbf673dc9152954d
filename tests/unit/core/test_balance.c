#include "core/judge/balance.h"

#include "support/near.h"
#include "util/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add(struct pl_ledger *ledger, enum pl_work work, double effect, double se, bool shipped)
{
    struct pl_row row = pl_ledger_row(PL_ROW_RESULT);

    row.work = work;
    row.effect = effect;
    row.se = se;
    row.shipped = shipped;
    row.units = 1000;
    row.time_us = (int64_t)(ledger->n + 1) * 10 * PL_DAY_US;
    row.excluded = work >= PL_WORK_CORE ? PL_EXCLUDED_KIND : PL_ENTERED;
    assert_int_equal(pl_ledger_append(ledger, &row, NULL), PL_OK);
}

/* X of d = 3, 1.5, .5, 0, -1 at s = .5 are golden numbers of statistics.md 3.5. */
static void adds_up_by_kind(void **state)
{
    struct pl_ledger ledger = {0};
    struct pl_balance balance;

    (void)state;
    add(&ledger, PL_WORK_GROWTH, 3, .5, true);
    add(&ledger, PL_WORK_GROWTH, 1.5, .5, true);
    add(&ledger, PL_WORK_GROWTH, .5, .5, false);
    add(&ledger, PL_WORK_MONETISATION, 0, .5, true);
    add(&ledger, PL_WORK_GROWTH, -1, .5, false);
    add(&ledger, PL_WORK_CORE, 4, 1, true);
    ledger.rows[1].cost = 3;
    ledger.rows[2].excluded = PL_EXCLUDED_UNHEALTHY;
    assert_int_equal(pl_balance_of(&ledger, 0, 61 * PL_DAY_US, &balance, NULL), PL_OK);
    const struct pl_balance_kind *growth = &balance.kinds[PL_WORK_GROWTH];
    assert_int_equal(growth->n, 4);
    assert_int_equal(growth->left_out, 1);
    assert_int_equal(growth->measured, 3);
    assert_int_equal(growth->shipped, 2);
    assert_int_equal(growth->wins, 2);
    assert_near(growth->units, 4000, 0);
    assert_near(growth->cost, 6, 0);
    assert_near(growth->naive, 4.5, 1e-12);
    assert_near(growth->unbiased, 2.999862847499 + 1.160096572132 - .000115937699, 1e-9);
    /* Paule-Mandel of (3, 1.5, -1) at s = .5: mu 7/6, tau^2 = 49/12 - 1/4 - ... such that sum (y-mu)^2 / (tau^2 + .25)
     * = 2: tau^2 = 8.166667 / 2 - .25; shrunken = mu + (y - mu) tau^2 / (tau^2 + .25). */
    double mu = 3.5 / 3, tau2 = (pow(3 - mu, 2) + pow(1.5 - mu, 2) + pow(-1 - mu, 2)) / 2 - .25;
    assert_near(growth->shrunken, 2 * mu + (4.5 - 2 * mu) * tau2 / (tau2 + .25), 1e-9);
    assert_int_equal(balance.kinds[PL_WORK_MONETISATION].n, 1);
    assert_near(balance.kinds[PL_WORK_MONETISATION].unbiased, -.029220472167, 1e-9);
    assert_near(balance.kinds[PL_WORK_MONETISATION].shrunken, 0, 0); /* alone: as it is */
    assert_int_equal(balance.kinds[PL_WORK_CORE].wins, 1);
    assert_int_equal(balance.kinds[PL_WORK_HOLDOUT].n, 0);
    assert_near(balance.cost_per_win, 7. / 2, 1e-12);
    pl_ledger_fini(&ledger);
}

/* Three arms by the golden number of arms.h; what was stopped early adds nothing, however well it looked. */
static void several_arms_and_early_ones(void **state)
{
    struct pl_ledger ledger = {0};
    struct pl_balance balance;

    (void)state;
    add(&ledger, PL_WORK_GROWTH, 1, .5, true);
    ledger.rows[0].arms = (struct pl_row_arms){.n = 3, .effect = {1, -.2, .6}, .se = {.5, .5, .5}, .shared = .125};
    add(&ledger, PL_WORK_GROWTH, 3, .5, true);
    ledger.rows[1].early = true;
    assert_int_equal(pl_balance_of(&ledger, 0, 21 * PL_DAY_US, &balance, NULL), PL_OK);
    assert_near(balance.kinds[PL_WORK_GROWTH].unbiased, .292800590310411, 1e-11);
    assert_near(balance.kinds[PL_WORK_GROWTH].naive, 4, 1e-12);
    assert_int_equal(balance.kinds[PL_WORK_GROWTH].wins, 2); /* 1 > 1.96 x .5 */
    ledger.rows[0].arms.effect[0] = .97;
    assert_int_equal(pl_balance_of(&ledger, 0, 21 * PL_DAY_US, &balance, NULL), PL_OK);
    assert_int_equal(balance.kinds[PL_WORK_GROWTH].wins, 1);
    pl_ledger_fini(&ledger);
}

static void thirds_and_forecast(void **state)
{
    struct pl_ledger ledger = {0};
    struct pl_balance balance;

    (void)state;
    assert_int_equal(pl_balance_of(&ledger, 0, 0, &balance, NULL), PL_OK);
    assert_true(isnan(balance.forecast) && isnan(balance.cost_per_win) && balance.headroom.no_ceiling);
    for (unsigned at = 0; at < 7; at++)
        add(&ledger, PL_WORK_GROWTH, at < 3 ? 3 : 0, .5, true);
    /* Ledger order 0..6: thirds begin at 0, 3 and 5. Times are days 10 .. 70. */
    assert_int_equal(pl_balance_of(&ledger, 0, 131 * PL_DAY_US, &balance, NULL), PL_OK);
    assert_int_equal(balance.third_n[0], 3);
    assert_int_equal(balance.third_n[1], 2);
    assert_int_equal(balance.third_n[2], 2);
    assert_int_equal(balance.third_wins[0], 3);
    assert_int_equal(balance.third_wins[1], 0);
    assert_int_equal(balance.third_wins[2], 0);
    double high = 2.999862847499, low = -.029220472167, mean = (3 * high + 4 * low) / 7;
    double var = (3 * pow(high - mean, 2) + 4 * pow(low - mean, 2)) / 6;
    assert_near(balance.forecast, 3 * mean, 1e-9); /* three entered after day 40 */
    assert_near(balance.forecast_se, 3 * sqrt(var / 7), 1e-9);
    assert_near(balance.cost_per_win, 7. / 3, 1e-12);
    pl_ledger_fini(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up_by_kind),
        cmocka_unit_test(thirds_and_forecast),
        cmocka_unit_test(several_arms_and_early_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
