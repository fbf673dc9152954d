/* Several arms with one control. Numbers by adaptive quadrature of g_i and of its derivatives (another form of the same
 * sum than the code has), from tests/oracle/methods.py. */
#include "core/judge/arms.h"
#include "core/judge/dist.h"
#include "core/judge/returns.h"
#include "support/near.h"
#include "support/random.h"
#include "util/num.h"

static void goldens(void **state)
{
    static const struct {
        struct pl_arms arms;
        double want;
    } rows[] = {
        {{2, {.5, .9}, {.5, .4}, .1}, .263203369393428},
        {{3, {1., -.2, .6}, {.5, .5, .5}, .125}, .292800590310411},
        {{5, {.3, .1, -.4, .8, 1.2}, {.2, .3, .25, .4, .35}, .02}, .943839360585194},
        {{2, {2., 2.05}, {.02, 1.5}, .0001}, .410883072404118}, /* one sharp, one blurred */
        {{3, {-1., -2., -1.5}, {.5, .5, .5}, .125}, -.00011737993126492},
        {{3, {5., 4.9, -3.}, {1., .3, 2.}, .05}, 4.57682719723377},
    };
    (void)state;

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        assert_near(pl_arms_credited(&rows[at].arms), rows[at].want, 1e-11);
}

static void one_arm_is_the_return(void **state)
{
    struct pl_arms arms = {.n = 1, .s = {.5}, .shared = .1};
    (void)state;

    for (arms.d[0] = -2.; arms.d[0] < 4.; arms.d[0] += .125)
        assert_true(near_is(pl_arms_credited(&arms), pl_returns_credited(arms.d[0], .5), 0.));
    assert_near(pl_arms_se(&arms), .5, 1e-15);
}

/* An arm that cannot win adds nothing but its share of the bar. */
static void hopeless_arms_do_not_count(void **state)
{
    struct pl_arms arms = {.n = 3, .d = {.9, -60., -70.}, .s = {.5, .5, .5}, .shared = .125};
    (void)state;

    assert_near(pl_arms_credited(&arms), pl_returns_credited(.9, .5), 1e-13);
    arms = (struct pl_arms){.n = 2, .d = {-500., -500.}, .s = {.5, .4}, .shared = .1};
    assert_within(pl_arms_credited(&arms), 0., 1e-300);
    arms = (struct pl_arms){.n = 2, .d = {300., -500.}, .s = {.5, .4}, .shared = .1};
    assert_near(pl_arms_credited(&arms), 300., 1e-13);
}

static void order_and_unit_do_not_matter(void **state)
{
    struct pl_arms arms = {.n = 3, .d = {.9, .2, .5}, .s = {.5, .3, .4}, .shared = .06};
    struct pl_arms turned = {.n = 3, .d = {.5, .9, .2}, .s = {.4, .5, .3}, .shared = .06};
    struct pl_arms scaled = {.n = 3, .d = {90., 20., 50.}, .s = {50., 30., 40.}, .shared = 600.};
    (void)state;

    assert_near(pl_arms_se(&arms), sqrt(.5 / 3.), 1e-15);
    assert_near(pl_arms_credited(&turned), pl_arms_credited(&arms), 1e-13);
    assert_near(pl_arms_credited(&scaled), 100. * pl_arms_credited(&arms), 1e-13);
}

/* Around the worst places found by optimisation: equal effects near .5 to .8 se, one blurred arm among sharp ones. */
static void floor_is_below_everything(void **state)
{
    struct pl_random random = {20250302};
    struct pl_arms one = {.n = 1, .s = {.5}};
    struct pl_arms worst = {.n = 2, .d = {.520657 * M_SQRT1_2, -.607239 * M_SQRT1_2}, .s = {1., .001}};
    (void)state;

    assert_near(pl_arms_floor(&one), pl_returns_floor(.5), 1e-15);
    assert_near(pl_arms_credited(&worst), -.25573 * M_SQRT1_2, 1e-3);
    for (unsigned draw = 0; draw < 5000; draw++) {
        struct pl_arms arms = {.n = 2 + draw % 5};
        double least = PL_INFINITY;

        for (unsigned i = 0; i < arms.n; i++) {
            arms.s[i] = exp((draw % 3) * random_normal(&random));
            least = fmin(least, arms.s[i]);
        }
        for (unsigned i = 0; i < arms.n; i++)
            arms.d[i] = (.4 + .6 * random_normal(&random)) * pl_arms_se(&arms);
        arms.shared = draw % 2 * random_share(&random) * least * least;
        assert_true(pl_arms_credited(&arms) >= -pl_arms_floor(&arms));
    }
}

/* sum theta_i P(ship i): the reference team decides on copies with twice the variance, drawn here. */
static void is_unbiased_over_draws(void **state)
{
    static const struct pl_arms worlds[] = {
        {2, {.4, .8}, {.5, .4}, .1},
        {3, {.5, 0., 1.}, {.5, .5, .5}, .125},
        {5, {.1, .6, -.3, .9, .4}, {.3, .4, .5, .35, .45}, .05},
    };
    const double draws = 20000.;
    struct pl_random random = {20250301};
    (void)state;

    for (size_t world = 0; world < 3; world++) {
        const struct pl_arms *theta = &worlds[world];
        double bar = PL_RETURNS_BAR * pl_arms_se(theta);
        double sum = 0., sum2 = 0.;

        for (double at = 0.; at < draws; at += 1.) {
            struct pl_arms seen = *theta;
            double control = sqrt(theta->shared) * random_normal(&random);
            double best = bar, gained = 0.;

            for (unsigned i = 0; i < seen.n; i++) {
                double own = sqrt(seen.s[i] * seen.s[i] - seen.shared);

                seen.d[i] += own * random_normal(&random) - control;
                double copy = seen.d[i] + seen.s[i] * random_normal(&random);
                if (copy > best) {
                    best = copy;
                    gained = theta->d[i];
                }
            }
            double off = pl_arms_credited(&seen) - gained;
            sum += off;
            sum2 += off * off;
        }
        assert_within(sum / draws, 0., 4. * sqrt(sum2) / draws);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(one_arm_is_the_return),
        cmocka_unit_test(hopeless_arms_do_not_count),
        cmocka_unit_test(order_and_unit_do_not_matter),
        cmocka_unit_test(floor_is_below_everything),
        cmocka_unit_test(is_unbiased_over_draws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
