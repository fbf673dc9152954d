/* Guardrails: every place an interval can have about 0 and the margin. */
#include "core/judge/margin.h"
#include "support/near.h"
#include "util/num.h"

static enum pl_margin_verdict judge(double lower, double upper, double margin)
{
    struct pl_interval interval = {lower, upper, .5};
    struct pl_interval turned = {-upper, -lower, .5};
    enum pl_margin_verdict verdict = pl_margin_judge(&interval, margin, false);

    assert_int_equal(verdict, pl_margin_judge(&turned, margin, true));
    return verdict;
}

static void with_a_margin(void **state)
{
    (void)state;

    assert_int_equal(judge(-.005, .02, .01), PL_MARGIN_OK);
    assert_int_equal(judge(.001, .02, .01), PL_MARGIN_OK);
    assert_int_equal(judge(-.009, -.001, .01), PL_MARGIN_OK); /* worse, but tolerated */
    assert_int_equal(judge(-.01, .02, .01), PL_MARGIN_UNCLEAR);
    assert_int_equal(judge(-.03, -.01, .01), PL_MARGIN_UNCLEAR);
    assert_int_equal(judge(-.03, -.0101, .01), PL_MARGIN_HARMED);
    assert_int_equal(judge(-.03, PL_INFINITY, .01), PL_MARGIN_UNCLEAR);
    assert_int_equal(judge(-PL_INFINITY, -.02, .01), PL_MARGIN_HARMED);
}

static void without_a_margin(void **state)
{
    static const double unset[] = {0., PL_NAN, -1.};
    (void)state;

    for (size_t at = 0; at < 3; at++) {
        assert_int_equal(judge(.001, .02, unset[at]), PL_MARGIN_OK);
        assert_int_equal(judge(-.001, .02, unset[at]), PL_MARGIN_UNCLEAR);
        assert_int_equal(judge(-.02, -.0001, unset[at]), PL_MARGIN_HARMED);
        assert_int_equal(judge(-.02, 0., unset[at]), PL_MARGIN_UNCLEAR);
    }
}

static void unknown_is_unmeasured(void **state)
{
    (void)state;

    assert_int_equal(judge(PL_NAN, PL_NAN, .01), PL_MARGIN_UNMEASURED);
    assert_int_equal(judge(PL_NAN, .1, .01), PL_MARGIN_UNMEASURED);
    assert_string_equal(pl_margin_name(PL_MARGIN_UNMEASURED), "unmeasured");
    assert_string_equal(pl_margin_name(PL_MARGIN_UNCLEAR), "unclear");
    assert_string_equal(pl_margin_name(PL_MARGIN_OK), "ok");
    assert_string_equal(pl_margin_name(PL_MARGIN_HARMED), "harmed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_margin),
        cmocka_unit_test(without_a_margin),
        cmocka_unit_test(unknown_is_unmeasured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
