#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/count/align.h"

static void takes_smallest_time(void **state)
{
    const struct pl_align_head heads[] = {{true, false, 30}, {true, false, 10}, {true, false, 20}};

    (void)state;
    assert_int_equal(pl_align_next(heads, 3), 1);
}

static void ties_go_to_the_lower_index(void **state)
{
    const struct pl_align_head control[] = {{true, false, 10}, {true, false, 10}, {true, false, 10}};
    const struct pl_align_head inputs[] = {{true, false, 11}, {true, false, 10}, {true, false, 10}};

    (void)state;
    assert_int_equal(pl_align_next(control, 3), 0);
    assert_int_equal(pl_align_next(inputs, 3), 1);
}

static void empty_input_blocks_until_its_end(void **state)
{
    struct pl_align_head heads[] = {{false, true, 0}, {true, false, 10}, {false, false, 0}};

    (void)state;
    assert_int_equal(pl_align_next(heads, 3), PL_ALIGN_BLOCKED);
    heads[2].at_end = true;
    assert_int_equal(pl_align_next(heads, 3), 1);
    heads[1] = (struct pl_align_head){false, true, 0};
    assert_int_equal(pl_align_next(heads, 3), PL_ALIGN_END);
    assert_int_equal(pl_align_next(heads, 1), PL_ALIGN_END);
    heads[0].at_end = false;
    assert_int_equal(pl_align_next(heads, 3), PL_ALIGN_BLOCKED);
}

static void times_of_empty_heads_do_not_count(void **state)
{
    const struct pl_align_head heads[] = {{false, true, -5}, {true, true, 7}};

    (void)state;
    assert_int_equal(pl_align_next(heads, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_smallest_time),
        cmocka_unit_test(ties_go_to_the_lower_index),
        cmocka_unit_test(empty_input_blocks_until_its_end),
        cmocka_unit_test(times_of_empty_heads_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
