/* Arms and effects from integer sums (core/judge/measure.h): the published cases of statistics.md 3.1, then units made
 * by formula whose figures were computed from the units themselves (numpy, no sums involved).
 */
#include "core/judge/figures.h"
#include "core/judge/measure.h"
#include "core/judge/sequence.h"
#include "support/cells_fixture.h"
#include "support/near.h"

enum { CONV, X, D, RATIO, V, MEAN, LOOSE, METRICS };

static struct pl_metric_rule metrics[METRICS] = {
    [CONV] = {.type = PL_METRIC_CONVERSION, .n_star = 5000},
    [X] = {.type = PL_METRIC_COUNT, .n_star = 5000, .before_us = 14 * PL_DAY_US, .cap_micro = 1},
    [D] = {.type = PL_METRIC_COUNT, .n_star = 5000, .before_us = 14 * PL_DAY_US, .cap_micro = 1},
    [RATIO] = {.type = PL_METRIC_RATIO, .n_star = 5000, .before_us = 14 * PL_DAY_US, .parts = {X, D}},
    [V] = {.type = PL_METRIC_SUM, .n_star = 5000, .before_us = 14 * PL_DAY_US, .cap_micro = 1},
    [MEAN] = {.type = PL_METRIC_MEAN, .n_star = 5000, .cap_micro = 1},
    [LOOSE] = {.type = PL_METRIC_SUM, .n_star = 1000},
};
static const struct pl_rules rules = {.n_metrics = METRICS, .metrics = metrics};

static struct pl_measure_arm arm_of(const struct pl_sums *sums, unsigned arm, uint32_t metric)
{
    const struct pl_measure_where where = {&rules, sums, 0, INT32_MIN, INT32_MAX};

    return pl_measure_arm(&where, arm, metric);
}

/* Sums as they were published, of one metric of one arm; p: its covariate. */
static void put(struct pl_sums *sums, unsigned arm, uint32_t metric, int64_t n, double sum, double sum2)
{
    if (n)
        cells_add(sums, (struct pl_cell_key){PL_CELL_EXPOSED, (uint16_t)arm, 0, 0, 1}, n, 0, 0);
    cells_add(sums, (struct pl_cell_key){PL_CELL_METRIC, (uint16_t)arm, 0, metric, 1}, 0, llround(sum * 1e6),
              (pl_int128)llround(sum2 * 1e6) * 1000000);
}

static void put_before(struct pl_sums *sums, unsigned arm, uint32_t metric, double sum, double sum2)
{
    cells_add(sums, (struct pl_cell_key){PL_CELL_BEFORE, (uint16_t)arm, 0, metric, 1}, 0, llround(sum * 1e6),
              (pl_int128)llround(sum2 * 1e6) * 1000000);
}

static void put_cross(struct pl_sums *sums, unsigned arm, uint32_t a, uint32_t b, double product)
{
    cells_add(sums, (struct pl_cell_key){PL_CELL_CROSS, (uint16_t)arm, 0, PL_CELL_PAIR(a, b), 1}, 0, 0,
              (pl_int128)llround(product * 1e12));
}

static struct pl_cuped effect_of(const struct pl_sums *sums, uint32_t metric)
{
    struct pl_measure_arm a = arm_of(sums, 0, metric), b = arm_of(sums, 1, metric);

    return pl_measure_effect(&rules, metric, &a, &b, true);
}

static struct pl_figures_lift lift_of(const struct pl_sums *sums, uint32_t metric)
{
    struct pl_measure_arm a = arm_of(sums, 0, metric), b = arm_of(sums, 1, metric);

    return pl_figures_compare(&rules, metric, &a, &b);
}

/* A, B: n = 3407, 1396.87, 52377.9767; n = 3461, 2422.7, 134698.29. */
static void published_means(void **state)
{
    struct pl_sums sums = {0};
    (void)state;

    cells_experiment(&sums, "e", 2, 0);
    put(&sums, 0, LOOSE, 3407, 1396.87, 52377.9767);
    put(&sums, 1, LOOSE, 3461, 2422.7, 134698.29);
    cells_close(&sums);
    struct pl_cuped got = effect_of(&sums, LOOSE);
    struct pl_interval relative = pl_effect_fixed(&got.relative, .05, PL_TWO_SIDED);
    struct pl_interval absolute = pl_effect_fixed(&got.absolute, .05, PL_TWO_SIDED);
    assert_within(got.relative.estimate, .70732, 1e-5);
    assert_within(got.relative.se, .37879, 1e-5);
    assert_within(relative.lower, -.03526, 1e-5);
    assert_within(relative.upper, 1.44989, 1e-5);
    assert_within(relative.p, .06191, 1e-5);
    assert_within(got.absolute.estimate, .29, 1e-4); /* printed with two decimals */
    assert_within(got.absolute.se, .12478, 1e-5);
    assert_within(absolute.lower, .04538, 1e-5);
    assert_within(absolute.upper, .53462, 1e-5);
    assert_within(absolute.p, .02016, 1e-5);
    assert_near(got.kept, 1, 0);
    pl_sums_fini(&sums);
}

static void published_proportions(void **state)
{
    struct pl_sums sums = {0};
    (void)state;

    cells_experiment(&sums, "e", 2, 0);
    put(&sums, 0, CONV, 28, 14, 14);
    put(&sums, 1, CONV, 30, 16, 16);
    cells_close(&sums);
    struct pl_cuped got = effect_of(&sums, CONV);
    struct pl_interval fixed = pl_effect_fixed(&got.relative, .05, PL_TWO_SIDED);
    assert_within(got.relative.estimate, .06667, 1e-5);
    assert_within(got.relative.se, .2717, 1e-5);
    assert_within(fixed.lower, -.47767, 1e-5);
    assert_within(fixed.upper, .61101, 1e-5);
    assert_within(fixed.p, .80707, 1e-5);
    assert_true(isnan(lift_of(&sums, CONV).lift)); /* too little to show an interval that is always valid */
    pl_sums_fini(&sums);
}

static void published_sequences(void **state)
{
    struct pl_sums means = {0}, shares = {0};
    (void)state;

    cells_experiment(&means, "e", 2, 0);
    put(&means, 0, LOOSE, 3000, 1396.87, 52377.9767);
    put(&means, 1, LOOSE, 3461, 2422.7, 134698.29);
    cells_close(&means);
    struct pl_figures_lift got = lift_of(&means, LOOSE);
    assert_within(got.lower, -.55844, 1e-5);
    assert_within(got.upper, 1.56516, 1e-5);
    assert_near(got.p, 1, 1e-12);
    assert_true(isnan(got.kept));
    pl_sums_fini(&means);

    cells_experiment(&shares, "e", 2, 0);
    put(&shares, 0, CONV, 3000, 1396, 1396);
    put(&shares, 1, CONV, 3461, 2422, 2422);
    cells_close(&shares);
    got = lift_of(&shares, CONV);
    assert_within(got.lift, .50386, 1e-5);
    assert_within(got.se, .03386, 1e-5);
    assert_within(got.lower, .40098, 1e-5);
    assert_within(got.upper, .60675, 1e-5);
    assert_true(got.p < 1e-9);
    pl_sums_fini(&shares);
}

static void published_covariate(void **state)
{
    struct pl_sums sums = {0};
    (void)state;

    cells_experiment(&sums, "e", 2, 0);
    put(&sums, 0, V, 3000, 1396.87, 52377.9767);
    put(&sums, 1, V, 3461, 2422.7, 134698.29);
    put_before(&sums, 0, V, 16.87, 527.9767);
    put_before(&sums, 1, V, 22.7, 1348.29);
    for (unsigned arm = 0; arm < 2; arm++)
        put_cross(&sums, arm, PL_CELL_VARIABLE(V, 0), PL_CELL_VARIABLE(V, 1), 1);
    cells_close(&sums);
    struct pl_figures_lift got = lift_of(&sums, V);
    assert_within(got.lift, .50338, 1e-5);
    assert_within(got.se, .33341, 1e-5);
    assert_within(got.lower, -.50969, 1e-5);
    assert_within(got.upper, 1.51646, 1e-5);
    assert_true(got.kept > .99 && got.kept <= 1);
    pl_sums_fini(&sums);
}

/* The published ratio with covariate; sums, squares and products in the order m, d, pm, pd. */
static void put_ratio(struct pl_sums *sums, unsigned arm, const double sum[4], const double cross[10])
{
    const uint32_t variable[4] = {PL_CELL_VARIABLE(X, 0), PL_CELL_VARIABLE(D, 0), PL_CELL_VARIABLE(X, 1),
                                  PL_CELL_VARIABLE(D, 1)};
    const double own[4] = {cross[0], cross[4], cross[7], cross[9]};
    unsigned at = 0;

    cells_add(sums, (struct pl_cell_key){PL_CELL_EXPOSED, (uint16_t)arm, 0, 0, 1}, 100, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        cells_add(
            sums,
            (struct pl_cell_key){i < 2 ? PL_CELL_METRIC : PL_CELL_BEFORE, (uint16_t)arm, 0, i % 2 ? D : (uint32_t)X, 1},
            0, llround(sum[i] * 1e6), (pl_int128)llround(own[i] * 1e12));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = i; j < 4; j++, at++)
            if (i != j)
                put_cross(sums, arm, variable[i], variable[j], cross[at]);
}

static void published_ratio(void **state)
{
    struct pl_sums sums = {0};
    (void)state;

    cells_experiment(&sums, "e", 2, 0);
    put_ratio(&sums, 0, (double[]){485.112236689623, 679.9093275844917, 192.59138069991536, 290.1398399750233},
              (double[]){2715.484666118136, 3602.146836776702, 1113.6215759318352, 1559.2878434944676,
                         4939.424001640236, 1460.3181079276983, 2130.9404074446747, 460.076026390857, 634.239482353647,
                         920.9461385038898});
    put_ratio(&sums, 1, (double[]){514.7757826608777, 705.4090874383759, 206.94157227402536, 302.54389139107326},
              (double[]){2994.897482705013, 3918.1561431600717, 1237.0953021125997, 1701.0287270040265,
                         5291.36604146392, 1604.0759503266522, 2292.081739775257, 514.2903702246757, 698.4173425817908,
                         994.4506208125663});
    cells_close(&sums);
    struct pl_cuped got = effect_of(&sums, RATIO);
    struct pl_figures_lift lift = lift_of(&sums, RATIO);
    struct pl_interval fixed = pl_effect_fixed(&got.relative, .05, PL_TWO_SIDED);
    assert_within(got.relative.estimate, -.0007, 1e-5);
    assert_within(got.relative.se, .00391, 1e-5);
    assert_within(fixed.lower, -.00841, 1e-5);
    assert_within(fixed.upper, .00700, 1e-5);
    assert_within(fixed.p, .85771, 1e-5);
    assert_within(lift.lower, -.02063, 1e-5);
    assert_within(lift.upper, .01923, 1e-5);
    pl_sums_fini(&sums);
}

/* 200, 150 and 120 units, on three days in turn. */
static const int n_units[3] = {200, 150, 120};

struct unit {
    int64_t x, p, d, q, v, w, c;
    bool has;
};

static struct unit unit_of(int a, int i)
{
    struct unit unit = {.p = (7 * i + 3 * a) % 11, .q = 1 + (2 * i + a) % 3, .c = (11 * i + a) % 10 < 4 + a};

    unit.x = unit.p + (5 * i + a) % 7 + a;
    unit.d = 1 + (3 * i) % 5 + unit.p % 2;
    unit.v = (unit.x + 2 * i) % 9 + 1;
    unit.w = (unit.v + i) % 4;
    unit.has = unit.x % 3 == 0;
    return unit;
}

static struct pl_sums make_units(void)
{
    struct pl_sums sums = {0};

    cells_experiment(&sums, "e", 3, 0);
    for (int a = 0; a < 3; a++) {
        for (int i = 0; i < n_units[a]; i++) {
            struct unit unit = unit_of(a, i);
            const struct {
                uint32_t variable;
                int64_t value;
            } variables[] = {{PL_CELL_VARIABLE(X, 0), unit.x},   {PL_CELL_VARIABLE(X, 1), unit.p},
                             {PL_CELL_VARIABLE(D, 0), unit.d},   {PL_CELL_VARIABLE(D, 1), unit.q},
                             {PL_CELL_VARIABLE(V, 0), unit.v},   {PL_CELL_VARIABLE(V, 1), unit.w},
                             {PL_CELL_VARIABLE(CONV, 0), unit.c}};
            struct pl_cell_key key = {.arm = (uint16_t)a, .pane = i % 3};

            cells_unit(&sums, 0, (unsigned)a, i % 3);
            for (size_t at = 0; at < 7; at++) {
                key.kind = variables[at].variable & 1 ? PL_CELL_BEFORE : PL_CELL_METRIC;
                key.metric = variables[at].variable >> 1;
                cells_value(&sums, key, variables[at].value, 0);
                key.kind = PL_CELL_CROSS;
                for (size_t other = 0; other < at; other++) {
                    key.metric = PL_CELL_PAIR(variables[at].variable, variables[other].variable);
                    cells_product(&sums, key, variables[at].value, variables[other].value);
                }
            }
            key.kind = PL_CELL_METRIC;
            key.metric = LOOSE;
            cells_value(&sums, key, unit.x, 0);
            key.metric = MEAN;
            if (unit.has)
                cells_value(&sums, key, unit.v, 1);
        }
    }
    cells_close(&sums);
    return sums;
}

static void assert_effect(const struct pl_cuped *got, const double want[4])
{
    assert_near(got->absolute.estimate, want[0], 1e-11);
    assert_near(got->absolute.se, want[1], 1e-11);
    assert_near(got->relative.estimate, want[2], 1e-11);
    assert_near(got->relative.se, want[3], 1e-11);
}

static void every_type_from_its_units(void **state)
{
    struct pl_sums sums = make_units();
    struct pl_measure_arm arm, other;
    struct pl_cuped got;
    (void)state;

    got = effect_of(&sums, CONV);
    assert_effect(&got, (double[]){.1, .0535412613473634, .25, .148779758927976});
    arm = arm_of(&sums, 2, CONV);
    assert_near(pl_measure_mean_variance(&rules, CONV, &arm), .002, 1e-12);
    got = effect_of(&sums, LOOSE);
    assert_effect(&got, (double[]){1.05, .405126320774232, .131744040150565, .0537543079602913});
    arm = arm_of(&sums, 2, LOOSE);
    assert_near(pl_measure_mean_variance(&rules, LOOSE, &arm), .118886554621849, 1e-12);
    got = effect_of(&sums, X);
    assert_effect(&got, (double[]){1.02843918905719, .216929644263044, .129038794110061, .029003191851881});
    assert_near(got.theta, .995114351206678, 1e-12);
    assert_near(got.kept, .286719274003224, 1e-11);
    got = effect_of(&sums, RATIO);
    assert_effect(&got, (double[]){.295761961623635, .141821084963244, .128212995910873, .0647481810135066});
    assert_near(got.theta, .403635502867627, 1e-11);
    arm = arm_of(&sums, 0, RATIO);
    other = arm_of(&sums, 1, RATIO);
    assert_near(pl_measure_mean(&rules, RATIO, &arm), 2.3068017366136, 1e-12);
    got = pl_measure_effect(&rules, RATIO, &arm, &other, false);
    assert_effect(&got, (double[]){.300134679571368, .164678339190842, .130108571884451, .0751876527113392});
    assert_true(got.theta == 0 && got.kept == 1);
    got = effect_of(&sums, MEAN); /* over the 71 and 49 that have it */
    assert_near(got.absolute.estimate, .00718597298074197, 1e-9);
    assert_near(got.absolute.se, .479765814687696, 1e-11);
    arm = arm_of(&sums, 0, MEAN);
    assert_int_equal(arm.units, 200);
    assert_int_equal(arm.cell.n, 71);
    assert_near(pl_measure_mean(&rules, MEAN, &arm), 4.7887323943662, 1e-12);
    pl_sums_fini(&sums);
}

static void days_are_cut_out(void **state)
{
    struct pl_sums sums = make_units();
    struct pl_measure_where where = {&rules, &sums, 0, 1, 1};
    struct pl_measure_arm arm = pl_measure_arm(&where, 0, X);
    (void)state;

    assert_int_equal(arm.units, 67);
    assert_int_equal(arm.cell.n, 67);
    assert_int_equal(arm.set.n, 67);
    assert_int_equal(arm.cell.sum, 538 * PL_MICRO);
    where.first = 7;
    where.last = 9;
    arm = pl_measure_arm(&where, 0, X);
    assert_int_equal(arm.units, 0);
    assert_true(isnan(pl_measure_mean(&rules, X, &arm)));
    assert_true(isnan(pl_measure_mean_variance(&rules, X, &arm)));
    arm = pl_measure_arm(&where, 0, RATIO);
    assert_true(isnan(pl_measure_mean(&rules, RATIO, &arm)));
    assert_true(isnan(pl_measure_effect(&rules, RATIO, &arm, &arm, true).absolute.se));
    pl_sums_fini(&sums);
}

static double covariance_of(const struct pl_sums *sums, uint32_t a, uint32_t b, double theta_a, double theta_b)
{
    const struct pl_measure_where where = {&rules, sums, 0, INT32_MIN, INT32_MAX};

    return pl_measure_covariance(&where, (const unsigned[]){0, 1}, (const uint32_t[]){a, b},
                                 (const double[]){theta_a, theta_b});
}

static void covariance_of_two_effects(void **state)
{
    struct pl_sums sums = make_units();
    double thetas[2] = {effect_of(&sums, X).theta, effect_of(&sums, V).theta};
    (void)state;

    assert_near(thetas[1], -.0595519798075406, 1e-10);
    assert_near(covariance_of(&sums, X, V, 0, 0), .00166339752453543, 1e-10);
    assert_near(covariance_of(&sums, V, X, 0, 0), .00166339752453543, 1e-10);
    assert_near(covariance_of(&sums, CONV, V, 0, 0), .00073013838768788, 1e-10);
    assert_near(covariance_of(&sums, X, V, thetas[0], thetas[1]), -.00129562040275522, 1e-10);
    assert_near(covariance_of(&sums, V, X, thetas[1], thetas[0]), -.00129562040275522, 1e-10);
    assert_near(covariance_of(&sums, X, V, thetas[0], 0), -.00157644681029021, 1e-10);
    assert_true(isnan(covariance_of(&sums, RATIO, V, 0, 0)));
    assert_true(isnan(covariance_of(&sums, X, MEAN, 0, 0)));
    pl_sums_fini(&sums);
}

static struct pl_measure_arm proportion(int64_t n, int64_t conversions)
{
    return (struct pl_measure_arm){.units = n, .cell = {.n = n, .sum = conversions * PL_MICRO}};
}

static void enough_by_type(void **state)
{
    struct pl_measure_arm arm = proportion(1000, 25), other;
    (void)state;

    assert_true(pl_measure_enough_to_enter(&rules, CONV, &arm));
    arm = proportion(1000, 24);
    assert_false(pl_measure_enough_to_enter(&rules, CONV, &arm));
    arm = proportion(1000, 976);
    assert_false(pl_measure_enough_to_enter(&rules, CONV, &arm));
    arm = proportion(1000, 0); /* a total of 0 is known: nobody bought */
    assert_true(pl_measure_enough_to_enter(&rules, X, &arm));
    assert_true(pl_measure_enough_to_enter(&rules, RATIO, &arm));
    assert_false(pl_measure_enough_to_enter(&rules, LOOSE, &arm)); /* no cap */
    arm = proportion(999, 0);
    assert_false(pl_measure_enough_to_enter(&rules, X, &arm));
    arm = proportion(5000, 0); /* units do not count for a mean, values do */
    arm.cell.n = 999;
    assert_false(pl_measure_enough_to_enter(&rules, MEAN, &arm));
    arm.cell.n = 1000;
    assert_true(pl_measure_enough_to_enter(&rules, MEAN, &arm));
    metrics[D].cap_micro = 0;
    assert_false(pl_measure_enough_to_enter(&rules, RATIO, &arm));
    metrics[D].cap_micro = 1;
    arm = proportion(10000, 100);
    other = proportion(400, 20);
    assert_true(pl_measure_enough_to_show(&rules, CONV, &arm, &other));
    other = proportion(400, 19);
    assert_false(pl_measure_enough_to_show(&rules, CONV, &arm, &other));
    assert_false(pl_measure_enough_to_show(&rules, CONV, &other, &arm));
    other = proportion(99, 50);
    assert_false(pl_measure_enough_to_show(&rules, LOOSE, &arm, &other));
    other = proportion(100, 50);
    assert_true(pl_measure_enough_to_show(&rules, LOOSE, &arm, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_means),     cmocka_unit_test(published_proportions),
        cmocka_unit_test(published_sequences), cmocka_unit_test(published_covariate),
        cmocka_unit_test(published_ratio),     cmocka_unit_test(every_type_from_its_units),
        cmocka_unit_test(days_are_cut_out),    cmocka_unit_test(covariance_of_two_effects),
        cmocka_unit_test(enough_by_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
