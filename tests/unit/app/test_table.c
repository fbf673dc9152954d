#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/table.h"

#include <math.h>

static const struct pl_look plain = {false, false}, rich = {true, true};

static void assert_text(struct pl_buf *out, const char *want)
{
    assert_true(pl_buf_ok(out));
    assert_string_equal(out->ptr ? out->ptr : "", want);
    pl_buf_fini(out);
}

static void columns_are_aligned(void **state)
{
    struct pl_table table = {.n_columns = 3, .right = 1u << 1, .look = plain};
    struct pl_buf out = {0};

    (void)state;
    pl_table_cell(&table, PL_INK_BOLD, "%s", "a");
    pl_table_cell(&table, PL_INK_NONE, "%d", 7);
    pl_table_cell(&table, PL_INK_NONE, "%s", "x");
    pl_table_cell(&table, PL_INK_NONE, "%s", "gr\xc3\xbcn");
    pl_table_cell(&table, PL_INK_NONE, "%d", 1234);
    pl_table_cell(&table, PL_INK_NONE, "%s", "");
    pl_table_cell(&table, PL_INK_NONE, "%s", "b");
    pl_table_cell(&table, PL_INK_NONE, "%s", "");
    pl_table_cell(&table, PL_INK_NONE, "%s", "z");
    pl_table_write(&table, 1, &out);
    pl_table_fini(&table);
    assert_text(&out, " a        7  x\n gr\xc3\xbcn  1234\n b           z\n");
}

static void colour_does_not_move_columns(void **state)
{
    struct pl_table table = {.n_columns = 2, .look = rich};
    struct pl_buf out = {0};

    (void)state;
    pl_table_cell(&table, PL_INK_GOOD, "%s", "ok");
    pl_table_cell(&table, PL_INK_NONE, "%s", "x");
    pl_table_cell(&table, PL_INK_BAD, "%s", "fail");
    pl_table_cell(&table, PL_INK_NONE, "%s", "y");
    pl_table_write(&table, 0, &out);
    pl_table_fini(&table);
    assert_text(&out, "\033[32mok\033[0m    x\n\033[31mfail\033[0m  y\n");
}

static void sparklines(void **state)
{
    const double values[] = {0, 1, (double)NAN, .5, .999}, same[] = {3, 3};
    struct pl_buf out = {0};

    (void)state;
    pl_table_spark(&out, plain, values, 5);
    assert_text(&out, "_# =#");
    pl_table_spark(&out, rich, values, 5);
    assert_text(&out, "\xe2\x96\x81\xe2\x96\x88 \xe2\x96\x85\xe2\x96\x88");
    pl_table_spark(&out, plain, same, 2);
    assert_text(&out, "==");
    pl_table_spark(&out, plain, NULL, 0);
    assert_text(&out, "");
}

static void bars(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    pl_table_bar(&out, plain, &(struct pl_table_bar){0, 10, 2, 5, 8, 11});
    assert_text(&out, "  [--o--]  ");
    pl_table_bar(&out, plain, &(struct pl_table_bar){0, 10, -5, (double)NAN, 50, 11});
    assert_text(&out, "[---------]");
    pl_table_bar(&out, plain, &(struct pl_table_bar){0, 0, 0, 0, 0, 11}); /* no scale, no bar */
    assert_text(&out, "");
}

static void sentences_are_wrapped(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    pl_table_wrap(&out, 2, 12, "one two three  four averyverylongword end");
    assert_text(&out, "  one two\n  three four\n  averyverylongword\n  end\n");
    pl_table_wrap(&out, 2, 12, "");
    assert_text(&out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(colour_does_not_move_columns),
        cmocka_unit_test(sparklines),
        cmocka_unit_test(bars),
        cmocka_unit_test(sentences_are_wrapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
