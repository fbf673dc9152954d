#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/worth.h"

#include <math.h>

/* statistics.md 2.3: 30 k / (200 k x .7) = .21 %. */
static void the_example(void **state)
{
    (void)state;
    assert_true(fabs(pl_worth_share(30000, 200000, .7) * 100 - 3. / 14) < 1e-12);
    assert_true(fabs(pl_worth_share(1, 1, 1) - .01) < 1e-15);
}

static void numbers_as_people_write_them(void **state)
{
    double value;

    (void)state;
    assert_true(pl_worth_number(pl_span_of(" 30000\n"), &value) && fabs(value - 30000) < 1e-9);
    assert_true(pl_worth_number(pl_span_of("30k"), &value) && fabs(value - 30000) < 1e-9);
    assert_true(pl_worth_number(pl_span_of("1.5M"), &value) && fabs(value - 1500000) < 1e-9);
    assert_true(pl_worth_number(pl_span_of("0.7"), &value) && fabs(value - .7) < 1e-12);
    assert_false(pl_worth_number(pl_span_of(""), &value));
    assert_false(pl_worth_number(pl_span_of("k"), &value));
    assert_false(pl_worth_number(pl_span_of("0"), &value));
    assert_false(pl_worth_number(pl_span_of("-1"), &value));
    assert_false(pl_worth_number(pl_span_of("1 000"), &value));
    assert_false(pl_worth_number(pl_span_of("1e308M"), &value));
    assert_false(pl_worth_number(pl_span_of("nan"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_example), cmocka_unit_test(numbers_as_people_write_them)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
