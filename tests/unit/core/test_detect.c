/* The detectors against statistics.md 3.5, direct computation of their definitions, and simulation. */
#include "core/judge/detect.h"
#include "core/judge/returns.h"
#include "support/near.h"
#include "support/random.h"

#define OPEN 1e300 /* no clamp */

static void flat_goldens(void **state)
{
    static const double rows[][2] = {
        {1., 1.164062500000},   {5., 2.281782044563},   {10., 6.054359057357},   {15., 18.030825745467},
        {16., 22.661616889643}, {20., 57.993649337497}, {25., 195.694832110458},
    };
    struct pl_bets bets = {{0.}};
    size_t row = 0;
    (void)state;

    for (unsigned n = 1; n <= 25; n++) {
        double e = pl_detect_flat(&bets, .2, -.05, pl_returns_cap(.2, .25, 0.), OPEN);

        if (n == (unsigned)rows[row][0])
            assert_near(e, rows[row++][1], 1e-12);
    }
    assert_int_equal(row, sizeof(rows) / sizeof(rows[0]));
}

static void flat_and_yielding_over_a_sequence(void **state)
{
    static const double xs[] = {.8, -.05, 2.5, .1, -.05, -.05};
    static const double flats[] = {.606250000000,  1.164062500000, .524218750000,
                                   1.050000000000, 1.183333333333, 1.339090338516};
    static const double yields[] = {1.912199077305, 1.024975275770, 4.880093104528,
                                    3.902364430551, 2.071494383764, 1.349214630937};
    struct pl_bets flat = {{0.}};
    struct pl_bets yield = {{0.}};
    double largest = 0.;
    (void)state;

    for (size_t at = 0; at < 6; at++) {
        double cap = pl_returns_cap(.2, .25, largest);

        assert_near(cap, at == 3 || at > 3 ? 1.25 : 1., 1e-15);
        assert_within(pl_detect_flat(&flat, .2, xs[at], cap, OPEN), flats[at], 1e-12);
        assert_within(pl_detect_yield(&yield, .2, xs[at], pl_returns_floor(.25), OPEN), yields[at], 1e-9);
        largest = fmax(largest, xs[at]);
    }
}

static void bets_are_clamped(void **state)
{
    struct pl_bets flat = {{0.}};
    struct pl_bets yield = {{0.}};
    double e_flat = 0.;
    double e_yield = 0.;
    (void)state;

    for (unsigned n = 0; n < 400; n++) {
        e_flat = pl_detect_flat(&flat, .2, -.05, 1., 600.);
        e_yield = pl_detect_yield(&yield, .2, 2., pl_returns_floor(.25), 100.);
    }
    assert_near(e_flat, 600., 1e-15);
    assert_near(e_yield, 100., 1e-15);
}

/* At a true return of delta the factor's mean is 1: the e-process is a supermartingale and E of one entry has mean
 * <= 1. */
static void flat_is_fair_at_the_boundary(void **state)
{
    struct pl_random random = {77};
    const double draws = 200000.;
    double sum = 0.;
    double sum2 = 0.;
    (void)state;

    for (double at = 0.; at < draws; at += 1.) {
        struct pl_bets bets = {{0.}};
        double e = pl_detect_flat(&bets, .2, random_share(&random) < .5 ? 0. : .4, 1., OPEN);

        sum += e;
        sum2 += e * e;
    }
    double mean = sum / draws;
    assert_true(mean <= 1. + 4. * sqrt((sum2 / draws - mean * mean) / draws));
    assert_true(mean >= 1. - 4. * sqrt((sum2 / draws - mean * mean) / draws));
}

static void false_discovery_goldens(void **state)
{
    double five[] = {130. / 20., 25. / 20., 61. / 20., 3. / 20., 45. / 20.};
    static const bool want[] = {true, true, true, false, true};
    double two[] = {99. / 60., 25. / 60.};
    double one[] = {1.};
    double sorted[5];
    bool fires[5];
    (void)state;

    assert_int_equal(pl_detect_fdr(five, 5, sorted, fires), 4);
    assert_memory_equal(fires, want, sizeof(want));
    assert_int_equal(pl_detect_fdr(two, 2, sorted, fires), 0);
    assert_true(!fires[0] && !fires[1]);
    assert_int_equal(pl_detect_fdr(one, 1, sorted, fires), 1);
    assert_true(fires[0]);
    one[0] = .999;
    assert_int_equal(pl_detect_fdr(one, 1, sorted, fires), 0);
    assert_int_equal(pl_detect_fdr(NULL, 0, NULL, NULL), 0);
}

/* k = max{k: r_(k) >= m/k} by trying every k and counting, ties included. */
static void false_discovery_by_counting(void **state)
{
    struct pl_random random = {5};
    (void)state;

    for (unsigned round = 0; round < 2000; round++) {
        unsigned m = 1 + (unsigned)(random_bits(&random) % 9);
        double ratios[9];
        double sorted[9];
        bool fires[9];
        unsigned best = 0;

        for (unsigned at = 0; at < m; at++)
            ratios[at] = .5 * (double)(random_bits(&random) % 20);
        for (unsigned k = 1; k <= m; k++) {
            unsigned enough = 0;

            for (unsigned at = 0; at < m; at++)
                enough += ratios[at] >= (double)m / k;
            if (enough >= k)
                best = k;
        }
        assert_int_equal(pl_detect_fdr(ratios, m, sorted, fires), best);
        unsigned fired = 0;
        for (unsigned at = 0; at < m; at++)
            fired += fires[at];
        assert_int_equal(fired, best);
        for (unsigned at = 0; at < m; at++)
            assert_true(!fires[at] || ratios[at] >= (double)m / best);
    }
}

/* The definition of statistics.md 2.5.5, term by term. */
static double change_by_definition(const double *x, unsigned m, double sign)
{
    double sum = 0.;

    for (unsigned nu = 6; nu + 4 <= m; nu++) {
        double n1 = nu;
        double n2 = m - nu;
        double m1 = 0.;
        double m2 = 0.;
        double sse = 0.;

        for (unsigned at = 0; at < m; at++)
            *(at < nu ? &m1 : &m2) += x[at] / (at < nu ? n1 : n2);
        for (unsigned at = 0; at < m; at++)
            sse += pow(x[at] - (at < nu ? m1 : m2), 2.);
        if ((m2 - m1) * sign <= 0.)
            continue;
        double df = n1 + n2 - 2.;
        double z2 = n1 * n2 / (n1 + n2);
        double t2 = (m2 - m1) * (m2 - m1) * z2 / (sse / df);
        double r = 2. / (2. + z2);
        sum += sqrt(r) * pow((1. + t2 / df) / (1. + r * t2 / df), .5 * (df + 1.));
    }
    return sum;
}

static void change_equals_its_definition(void **state)
{
    struct pl_random random = {9};
    (void)state;

    for (unsigned round = 0; round < 60; round++) {
        struct pl_ring ring = {0};
        double last[PL_DETECT_RING];
        unsigned total = 3 + round * 5;
        double down;
        double up;

        for (unsigned at = 0; at < total; at++) {
            double x = 3. + .4 * random_normal(&random) + (at > total / 2 ? (round % 2 ? .4 : -.4) : 0.);

            pl_detect_push(&ring, x);
            last[at % PL_DETECT_RING] = x;
        }
        unsigned m = total < PL_DETECT_RING ? total : PL_DETECT_RING;
        double ordered[PL_DETECT_RING];
        for (unsigned at = 0; at < m; at++)
            ordered[at] = last[(total - m + at) % PL_DETECT_RING];
        pl_detect_change(&ring, &down, &up);
        assert_near(down, change_by_definition(ordered, m, -1.), 1e-9);
        assert_near(up, change_by_definition(ordered, m, 1.), 1e-9);
    }
}

/* A common offset changes nothing: no cancellation in the one-pass sums. */
static void change_ignores_an_offset(void **state)
{
    struct pl_random random = {10};
    struct pl_ring ring = {0};
    struct pl_ring moved = {0};
    double s[2];
    double t[2];
    (void)state;

    for (unsigned at = 0; at < 150; at++) {
        double x = floor(1024. * (random_normal(&random) - (at > 90 ? .7 : 0.))) / 1024.;

        pl_detect_push(&ring, x);
        pl_detect_push(&moved, x + 1048576.);
    }
    pl_detect_change(&ring, &s[0], &s[1]);
    pl_detect_change(&moved, &t[0], &t[1]);
    assert_true(s[0] > 1000.);
    assert_near(t[0], s[0], 1e-6);
}

static void change_without_spread(void **state)
{
    struct pl_ring ring = {0};
    double down;
    double up;
    (void)state;

    for (unsigned at = 0; at < 9; at++)
        pl_detect_push(&ring, .1);
    pl_detect_change(&ring, &down, &up);
    assert_true(down == 0. && up == 0.); /* too few */
    for (unsigned at = 0; at < 300; at++)
        pl_detect_push(&ring, .1);
    pl_detect_change(&ring, &down, &up);
    assert_true(down == 0. && up == 0.); /* equal values are no change */

    ring = (struct pl_ring){0};
    for (unsigned at = 0; at < 10; at++)
        pl_detect_push(&ring, at < 6 ? 1. : 0.);
    pl_detect_change(&ring, &down, &up);
    double r = 2. / (2. + 2.4);
    assert_near(down, pow(r, -4.), 1e-12); /* sqrt(r) r^-(df+1)/2, df = 8 */
    assert_true(up == 0.);
}

static void change_is_finite(void **state)
{
    struct pl_ring ring = {0};
    double down;
    double up;
    (void)state;

    for (unsigned at = 0; at < 200; at++)
        pl_detect_push(&ring, (at < 100 ? 1e6 : 0.) + (at % 2) * 1e-6);
    pl_detect_change(&ring, &down, &up);
    assert_true(isfinite(down) && down > 1e100);
}

static void fill(struct pl_credit *credits, unsigned n, const double *xs, unsigned period)
{
    for (unsigned at = 0; at < n; at++)
        credits[at] = (struct pl_credit){.x = xs[at % period], .s = .25, .shipped = true};
}

static void proved_range_goldens(void **state)
{
    static const double paying[] = {.3, -.02, .5, .1, -.03, .2, .4, -.01};
    static const double nothing[] = {-.02, .01, -.03, 0.};
    struct pl_credit credits[60];
    double grid[PL_DETECT_GRID];
    (void)state;

    for (unsigned at = 0; at < PL_DETECT_GRID; at++)
        grid[at] = .01 * pow(1.25, at);
    fill(credits, 48, paying, 8);
    struct pl_proved proved = pl_detect_proved(credits, 48, grid, PL_DETECT_GRID);
    assert_within(proved.lower, .093132257462, 1e-12);
    assert_within(proved.upper, .355271367880, 1e-12);

    fill(credits, 60, nothing, 4);
    proved = pl_detect_proved(credits, 60, grid, PL_DETECT_GRID);
    assert_true(isnan(proved.lower));
    assert_within(proved.upper, .059604644775, 1e-12);

    proved = pl_detect_proved(credits, 0, grid, PL_DETECT_GRID);
    assert_true(isnan(proved.lower) && isnan(proved.upper));
}

/* Early ones count as full wins against flatness and as nothing for paying: neither bound may profit. */
static void proved_range_with_early_entries(void **state)
{
    static const double nothing[] = {-.02, .01, -.03, 0.};
    struct pl_credit credits[60];
    double grid[PL_DETECT_GRID];
    (void)state;

    pl_detect_grid(.25, grid);
    fill(credits, 60, nothing, 4);
    double plain = pl_detect_proved(credits, 60, grid, PL_DETECT_GRID).upper;
    for (unsigned at = 0; at < 60; at += 3)
        credits[at].early = true;
    assert_true(isnan(pl_detect_proved(credits, 60, grid, PL_DETECT_GRID).lower));
    double shipped = pl_detect_proved(credits, 60, grid, PL_DETECT_GRID).upper;
    assert_true(isnan(shipped) || shipped > plain);
}

static void proved_range_survives_a_long_history(void **state)
{
    static struct pl_credit credits[20000];
    static const double paying[] = {2., 3.};
    double grid[PL_DETECT_GRID];
    (void)state;

    pl_detect_grid(.25, grid);
    fill(credits, 20000, paying, 2);
    struct pl_proved proved = pl_detect_proved(credits, 20000, grid, PL_DETECT_GRID);
    assert_true(proved.lower > 1. && proved.lower <= 2.5);
    assert_true(isnan(proved.upper) || proved.upper >= 2.5);
}

static void grid_spans_the_standard_error(void **state)
{
    double grid[PL_DETECT_GRID];
    (void)state;

    pl_detect_grid(.4, grid);
    assert_near(grid[0], .004, 1e-14);
    assert_near(grid[23], 4., 1e-14);
    assert_near(grid[12] / grid[11], pow(1000., 1. / 23.), 1e-14);
}

/* The medians of statistics.md 2.7 (zero world): 19, 40, 83, 171 experiments at A = 20 and 25, 52, 109, 227 at 60. */
static void needed_agrees_with_simulation(void **state)
{
    static const double rows[][3] = {{1., 19., 25.}, {2.5, 40., 52.}, {5., 83., 109.}, {10., 171., 227.}};
    (void)state;

    for (size_t at = 0; at < 4; at++) {
        double delta = 1. / rows[at][0];
        struct pl_bets bets = {{0.}};
        struct pl_detect_need need = {.delta = delta, .s = 1., .cap = pl_returns_cap(delta, 1., 0.), .level = 20.};

        assert_within(pl_detect_needed(&bets, &need), rows[at][1], .08 * rows[at][1]);
        need.level = 60.;
        assert_within(pl_detect_needed(&bets, &need), rows[at][2], .08 * rows[at][2]);
    }
}

static void needed_shrinks_with_evidence(void **state)
{
    struct pl_detect_need need = {.delta = .2, .s = .25, .cap = 1., .level = 60.};
    struct pl_bets bets = {{0.}};
    double last = pl_detect_needed(&bets, &need);
    (void)state;

    for (unsigned n = 0; n < 21; n++) {
        double e = pl_detect_flat(&bets, .2, -.05, 1., 600.);
        double now = pl_detect_needed(&bets, &need);

        assert_true(now <= last);
        assert_int_equal(now == 0., e >= 60.);
        last = now;
    }
    assert_true(last == 0.);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_goldens),
        cmocka_unit_test(flat_and_yielding_over_a_sequence),
        cmocka_unit_test(bets_are_clamped),
        cmocka_unit_test(flat_is_fair_at_the_boundary),
        cmocka_unit_test(false_discovery_goldens),
        cmocka_unit_test(false_discovery_by_counting),
        cmocka_unit_test(change_equals_its_definition),
        cmocka_unit_test(change_ignores_an_offset),
        cmocka_unit_test(change_without_spread),
        cmocka_unit_test(change_is_finite),
        cmocka_unit_test(proved_range_goldens),
        cmocka_unit_test(proved_range_with_early_entries),
        cmocka_unit_test(proved_range_survives_a_long_history),
        cmocka_unit_test(grid_spans_the_standard_error),
        cmocka_unit_test(needed_agrees_with_simulation),
        cmocka_unit_test(needed_shrinks_with_evidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
