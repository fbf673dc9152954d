/* The table of kinds, and what is derived from it. */
#include "core/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static void rows_of_the_table(void **state)
{
    unsigned n = 0;

    (void)state;
    for (unsigned kind = 0; kind < PL_CELL_KINDS; kind++) {
        const struct pl_cell_info *info = pl_cell_info(kind);

        if (!info->name)
            continue;
        n++;
        assert_true(info->kept >= 0);
        for (unsigned other = 0; other < kind; other++)
            if (pl_cell_info(other)->name)
                assert_string_not_equal(info->name, pl_cell_info(other)->name);
    }
    assert_int_equal(n, 23);
    assert_string_equal(pl_cell_info(PL_CELL_FUNNEL_HOUR)->name, "funnel_hour");
    assert_int_equal(pl_cell_info(PL_CELL_FUNNEL_HOUR)->pane, PL_IN_HOUR);
    assert_null(pl_cell_info(0)->name);
    assert_null(pl_cell_info(PL_CELL_KINDS)->name);
    assert_null(pl_cell_info(UINT16_MAX)->name);
}

static void arms_that_are_variants(void **state)
{
    (void)state;
    assert_true(pl_cell_has_variant(PL_CELL_EXPOSED));
    assert_true(pl_cell_has_variant(PL_CELL_CROSS));
    assert_false(pl_cell_has_variant(PL_CELL_MIXED));
    assert_false(pl_cell_has_variant(PL_CELL_FUNNEL));
    assert_false(pl_cell_has_variant(PL_CELL_KINDS));
}

static void a_pair_has_one_name(void **state)
{
    (void)state;
    assert_int_equal(PL_CELL_VARIABLE(3, 1), 7);
    assert_int_equal(PL_CELL_PAIR(7u, 4u), 4 | 7 << 16);
    assert_int_equal(PL_CELL_PAIR(4u, 7u), PL_CELL_PAIR(7u, 4u));
}

static void order_of_keys(void **state)
{
    /* Kind, subject, pane, arm, metric: each decides before the ones behind it. */
    static const struct pl_cell_key keys[] = {
        {1, 9, 9, 9, 9}, {2, 9, 1, 9, 9}, {2, 9, 2, 9, -1}, {2, 1, 2, 9, 0}, {2, 2, 2, 1, 0}, {2, 2, 2, 2, 0},
    };

    (void)state;
    for (size_t at = 1; at < sizeof(keys) / sizeof(*keys); at++) {
        assert_true(pl_cell_key_order(&keys[at - 1], &keys[at]) < 0);
        assert_true(pl_cell_key_order(&keys[at], &keys[at - 1]) > 0);
        assert_int_equal(pl_cell_key_order(&keys[at], &keys[at]), 0);
    }
}

static void numbers_of_128_bits(void **state)
{
    const pl_int128 most = ((((pl_int128)1 << 126) - 1) << 1) + 1;
    char text[PL_CELL_WIDE_BYTES];

    (void)state;
    assert_string_equal(pl_cell_wide(0, text), "0");
    assert_string_equal(pl_cell_wide(-7, text), "-7");
    assert_string_equal(pl_cell_wide((pl_int128)INT64_MAX * 10, text), "92233720368547758070");
    assert_string_equal(pl_cell_wide(most, text), "170141183460469231731687303715884105727");
    assert_string_equal(pl_cell_wide(-most - 1, text), "-170141183460469231731687303715884105728");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_table),   cmocka_unit_test(arms_that_are_variants),
        cmocka_unit_test(a_pair_has_one_name), cmocka_unit_test(order_of_keys),
        cmocka_unit_test(numbers_of_128_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
