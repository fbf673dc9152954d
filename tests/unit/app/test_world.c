#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/world.h"
#include "util/stamp.h"

#include <math.h>
#include <string.h>

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

#define DELTA .002

/* Results of a world that has none but these. */
static struct pl_world of(struct pl_phase first, struct pl_phase second)
{
    return (struct pl_world){.phases = {first, second}, .every_hours = 36};
}

static void results_are_a_function_of_the_seed(void **state)
{
    const struct pl_world world = of((struct pl_phase){.n = 1000}, (struct pl_phase){.n = 0});
    const struct pl_world_draw draw = {.delta = DELTA, .se = .002, .start_us = 0};
    struct pl_random a = {7}, b = {7};
    double sum = 0;

    (void)state;
    for (unsigned at = 0; at < 1000; at++) {
        struct pl_control x = pl_world_result(&world, &draw, at, &a), y = pl_world_result(&world, &draw, at, &b);

        assert_memory_equal(&x.effect, &y.effect, sizeof(x.effect));
        assert_string_equal(x.id, y.id);
        assert_true(x.time_us == (int64_t)at * 36 * PL_HOUR_US);
        assert_true(isnan(x.value) && isnan(x.value_se));
        sum += x.effect / x.se;
    }
    assert_true(fabs(sum / 1000) < 5 / sqrt(1000)); /* no effect on average */
    assert_non_null(pl_world_find("boundary"));
    assert_null(pl_world_find("elsewhere"));
}

/* 4 smallest gains on average, then nothing; beyond the last phase as in it. */
static void phases_follow_each_other(void **state)
{
    const struct pl_world world =
        of((struct pl_phase){.n = 500, .times_delta = .5, .mean = 4}, (struct pl_phase){.n = 400});
    const struct pl_world_draw draw = {.delta = DELTA, .se = DELTA, .start_us = 0};
    struct pl_random random = {11};
    double first = 0, second = 0, tau = pl_world_tau(.5, 1);

    (void)state;
    assert_int_equal(pl_world_results(&world), 900);
    for (unsigned at = 0; at < 1000; at++) {
        double effect = pl_world_result(&world, &draw, at, &random).effect / DELTA;

        if (at < 500)
            first += effect;
        else
            second += effect;
    }
    assert_true(fabs(first / 500 - 4) < 5 * sqrt((tau * tau + 1) / 500));
    assert_true(fabs(second / 500) < 5 / sqrt(500));
}

/* Half as much of the opposite: v = -d/2, and both estimates err together with correlation .3. */
static void value_is_measured_on_the_same_users(void **state)
{
    struct pl_world world = of((struct pl_phase){.n = 4000, .mean = 2}, (struct pl_phase){.n = 0});
    const struct pl_world_draw draw = {.delta = DELTA, .se = DELTA, .start_us = 0};
    struct pl_random random = {13};
    double value = 0, both = 0;
    int n = 4000;

    (void)state;
    world.keeps_up = -.5;
    world.value_noise = 1;
    for (unsigned at = 0; at < (unsigned)n; at++) {
        struct pl_control result = pl_world_result(&world, &draw, at, &random);

        assert_true(fabs(result.value_cov - .3 * result.se * result.value_se) < 1e-15);
        value += result.value / DELTA;
        both += (result.value / DELTA + 1) * (result.effect / DELTA - 2);
    }
    assert_true(fabs(value / n + 1) < 5 / sqrt(n));
    assert_true(fabs(both / n - .3) < 5 * sqrt((1 + .3 * .3) / n));
}

/* Every world: what it needs is there, and `alerts` speaks of verdicts. */
static void the_table_is_whole(void **state)
{
    unsigned ends = 0;

    (void)state;
    for (unsigned at = 0; pl_world_at(at); at++) {
        const struct pl_world *world = pl_world_at(at);
        enum pl_verdict verdict;

        assert_ptr_equal(pl_world_find(world->name), world);
        assert_true(strlen(world->help) > 10 && strlen(world->help) < 90);
        assert_true(pl_world_has_events(world) || pl_world_results(world) > 0);
        assert_true(!pl_world_results(world) || world->every_hours > 0);
        if (!world->has_end)
            continue;
        ends++;
        assert_non_null(world->why);
        for (const char *edge = world->end.alerts; *edge; edge += strcspn(edge, ","), edge += strspn(edge, ", ")) {
            const char *name = edge + strcspn(edge, " ") + 1;
            char text[64] = "";

            memcpy(text, name, strcspn(name, ","));
            assert_true(pl_verdict_find(text, &verdict));
        }
    }
    assert_int_equal(ends, 14);
}

/* The truth that the integration test compares with, and a configuration that names what people do. */
static void texts(void **state)
{
    const struct pl_world *park = pl_world_find("park"), *price = pl_world_find("price-rise");
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);

    (void)state;
    pl_json_open(&json, NULL, '{');
    pl_world_truth(park, &json);
    pl_json_close(&json, '}');
    assert_string_equal(out.ptr, "{\"why\":\"few of those who could find the show, and who found it goes again\","
                                 "\"verdict\":\"DELIVER_EXISTING\",\"gap\":\"discovery\",\"features\":[\"night show\"],"
                                 "\"alerts\":[\"firing DELIVER_EXISTING\"]}");
    pl_buf_clear(&out);
    pl_world_conf(park, DELTA, 0, &out);
    assert_non_null(
        strstr(out.ptr, "[feature night show]\neligible = night show Offered\naware    = night show Seen\n"));
    assert_non_null(strstr(out.ptr, "value           = Ride Taken\n"));
    assert_null(strstr(out.ptr, "smallest_return"));
    pl_buf_clear(&out);
    pl_world_conf(price, DELTA, 0, &out);
    assert_non_null(strstr(out.ptr, "[metric revenue]\nrole     = derive\ntype     = sum\nevent    = Order Completed\n"
                                    "property = revenue\n"));
    assert_non_null(strstr(out.ptr, "steps  = Product Viewed > Checkout Started > Order Completed\n"));
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tau_gives_the_expected_return),
        cmocka_unit_test(normal_numbers_are_normal),
        cmocka_unit_test(the_generator_is_the_known_one),
        cmocka_unit_test(results_are_a_function_of_the_seed),
        cmocka_unit_test(phases_follow_each_other),
        cmocka_unit_test(value_is_measured_on_the_same_users),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
