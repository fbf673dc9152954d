#include "core/ledger.h"

#include "util/stamp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct pl_row row_of(enum pl_row_kind kind, const char *id)
{
    struct pl_row row = {.kind = kind};

    snprintf(row.id, sizeof(row.id), "%s", id);
    return row;
}

static void empty_is_valid(void **state)
{
    struct pl_ledger ledger = {0};

    (void)state;
    pl_ledger_fini(&ledger);
    pl_ledger_fini(&ledger);
    assert_int_equal(ledger.n, 0);
}

static void keeps_order(void **state)
{
    struct pl_ledger ledger = {0};

    (void)state;
    for (int at = 0; at < 1000; at++) {
        struct pl_row row = row_of(PL_ROW_RESULT, "r");

        row.tick_us = at;
        assert_int_equal(pl_ledger_append(&ledger, &row, NULL), PL_OK);
    }
    assert_int_equal(ledger.n, 1000);
    for (int at = 0; at < 1000; at++)
        assert_int_equal(ledger.rows[at].tick_us, at);
    pl_ledger_fini(&ledger);
}

static void finds_results_only(void **state)
{
    struct pl_ledger ledger = {0};
    struct pl_row result = row_of(PL_ROW_RESULT, "r1");
    struct pl_row epoch = row_of(PL_ROW_EPOCH, "e1");
    struct pl_row late = row_of(PL_ROW_RESULT, "r2");

    (void)state;
    late.excluded = PL_EXCLUDED_JOINED_LATE;
    assert_int_equal(pl_ledger_append(&ledger, &result, NULL), PL_OK);
    assert_int_equal(pl_ledger_append(&ledger, &epoch, NULL), PL_OK);
    assert_int_equal(pl_ledger_append(&ledger, &late, NULL), PL_OK);
    pl_ledger_fini(&ledger);
}

/* The bound is hit without a million rows: only the counter is consulted before the memory is. */
static void full_is_said(void **state)
{
    struct pl_ledger ledger = {.n = PL_LEDGER_ROWS_MAX, .cap = PL_LEDGER_ROWS_MAX};
    struct pl_row row = row_of(PL_ROW_RESULT, "r");
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_ledger_append(&ledger, &row, &err), PL_ERR_FULL);
    assert_non_null(strstr(err.text, "1000000"));
    assert_int_equal(ledger.n, PL_LEDGER_ROWS_MAX);
}

/* 0 is a time, an effect and a return: what is absent must be no number. */
static void a_row_knows_nothing(void **state)
{
    struct pl_row row = pl_ledger_row(PL_ROW_EPOCH);

    (void)state;
    assert_int_equal(row.kind, PL_ROW_EPOCH);
    assert_true(row.time_us == PL_TIME_NONE && row.tick_us == PL_TIME_NONE && row.start_us == PL_TIME_NONE);
    assert_true(isnan(row.effect) && isnan(row.se) && isnan(row.baseline) && isnan(row.mean_control));
    assert_true(isnan(row.smallest_return) && isnan(row.value.effect) && isnan(row.value.se));
    assert_true(isnan(row.value.cov) && isnan(row.value.mean_control));
    assert_true(row.cost > 0 && row.cost <= 1 && row.n_control == 0 && row.units == 0 && row.arms.n == 0);
    assert_string_equal(row.metric, "");
    assert_string_equal(row.value.metric, "");
    assert_string_equal(row.id, "");
}

static void names_differ(void **state)
{
    (void)state;
    assert_string_equal(pl_exclusion_name(PL_ENTERED), "entered");
    assert_string_equal(pl_exclusion_name(PL_EXCLUDED_UNHEALTHY), "unhealthy");
    for (int a = PL_ENTERED; a <= PL_EXCLUDED_OLD_EPOCH; a++)
        for (int b = PL_ENTERED; b < a; b++)
            assert_string_not_equal(pl_exclusion_name((enum pl_exclusion)a), pl_exclusion_name((enum pl_exclusion)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_valid), cmocka_unit_test(keeps_order),  cmocka_unit_test(finds_results_only),
        cmocka_unit_test(full_is_said),   cmocka_unit_test(names_differ), cmocka_unit_test(a_row_knows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
