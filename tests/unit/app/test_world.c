#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/world.h"
#include "util/stamp.h"

#include <math.h>

/* Reference: tau by scipy's brentq on E[theta Phi((theta - 1.96)/sqrt 2)] over theta ~ N(0, tau^2), integrated with
 * quad, in units of se. */
static void tau_gives_the_expected_return(void **state)
{
    (void)state;
    assert_true(fabs(pl_world_tau(0, 1)) <= 0);
    assert_true(fabs(pl_world_tau(.5, 1) - 2.0645107428) < 1e-6);
    assert_true(fabs(pl_world_tau(1, 1) - 3.2043120498) < 1e-6);
    assert_true(fabs(pl_world_tau(2, 1) - 5.4948871960) < 1e-6);
    assert_true(fabs(pl_world_tau(.002, .002) - .002 * 3.2043120498) < 1e-9); /* scales with its unit */
}

static void normal_numbers_are_normal(void **state)
{
    struct pl_random random = {42};
    double sum = 0, squares = 0, fourth = 0;
    int n = 200000, beyond = 0;

    (void)state;
    for (int at = 0; at < n; at++) {
        double x = pl_random_normal(&random);

        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        beyond += fabs(x) > 1.959963985;
    }
    /* Five standard errors each: 1/sqrt n, sqrt(2/n), sqrt(96/n), sqrt(.05 x .95/n). */
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(squares / n - 1) < 5 * sqrt(2. / n));
    assert_true(fabs(fourth / n - 3) < 5 * sqrt(96. / n));
    assert_true(fabs((double)beyond / n - .05) < 5 * sqrt(.05 * .95 / n));
}

/* splitmix64 from the state 0: the first outputs that its authors' program prints. */
static void the_generator_is_the_known_one(void **state)
{
    struct pl_random random = {0};

    (void)state;
    assert_true(pl_random_bits(&random) == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(pl_random_bits(&random) == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(pl_random_bits(&random) == UINT64_C(0x06c45d188009454f));
}

static void results_are_a_function_of_the_seed(void **state)
{
    const struct pl_world_draw draw = {.tau = 0, .se = .002, .start_us = 0};
    struct pl_random a = {7}, b = {7};
    double sum = 0;

    (void)state;
    for (unsigned at = 0; at < 1000; at++) {
        struct pl_control x = pl_world_result(&draw, at, &a), y = pl_world_result(&draw, at, &b);

        assert_memory_equal(&x.effect, &y.effect, sizeof(x.effect));
        assert_string_equal(x.id, y.id);
        assert_true(x.time_us == (int64_t)at * 36 * PL_HOUR_US);
        sum += x.effect / x.se;
    }
    assert_true(fabs(sum / 1000) < 5 / sqrt(1000)); /* no effect on average */
    assert_non_null(pl_world_find("boundary"));
    assert_null(pl_world_find("elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tau_gives_the_expected_return), cmocka_unit_test(normal_numbers_are_normal),
        cmocka_unit_test(the_generator_is_the_known_one), cmocka_unit_test(results_are_a_function_of_the_seed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
