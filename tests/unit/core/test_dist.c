/* Special functions against closed forms, scipy 1.10 and, where scipy is less exact, 40-digit mpmath. */
#include "core/judge/dist.h"
#include "support/near.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void normal_cdf_has_precise_tails(void **state)
{
    static const double rows[][2] = {
        {-37., 5.7255712225245768e-300},
        {-10., 7.6198530241605261e-24},
        {-1.96, .024997895148220435},
        {-.5, .3085375387259869},
        {0., .5},
        {1., .8413447460685429},
        {3., .9986501019683699},
        {8., .9999999999999993},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++)
        assert_near(pl_dist_cdf(rows[at][0]), rows[at][1], 2e-13);
    assert_near(pl_dist_pdf(0.), .3989422804014327, 1e-15);
    assert_near(pl_dist_pdf(-2.), .05399096651318806, 1e-15);
}

static void normal_quantile_inverts(void **state)
{
    static const double rows[][2] = {
        {1e-300, -37.0470962993612}, {1e-10, -6.361340902404056},  {.001, -3.090232306167813},
        {.025, -1.9599639845400545}, {.3, -.5244005127080409},     {.6, .2533471031357997},
        {.975, 1.959963984540054},   {.999999, 4.753424308817087},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++)
        assert_near(pl_dist_quantile(rows[at][0]), rows[at][1], 1e-12);
    assert_true(fabs(pl_dist_quantile(.5)) < 1e-16);
    for (double p = 1e-12; p < .5; p *= 1.7)
        assert_near(pl_dist_cdf(pl_dist_quantile(p)), p, 1e-13);
}

static void log_beta_does_not_cancel(void **state)
{
    static const double rows[][3] = {
        {.5, .5, 1.1447298858494002 /* ln pi */}, {3., 700., -18.964374445543854}, {1e6, .5, -6.335390211057437},
        {12., 15., -18.568172732389435},          {1e5, 2e5, -190958.88527911685},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++) {
        assert_near(pl_dist_log_beta(rows[at][0], rows[at][1]), rows[at][2], 1e-13);
        assert_near(pl_dist_log_beta(rows[at][1], rows[at][0]), rows[at][2], 1e-13);
    }
    assert_near(pl_dist_log_gamma(.5), .5723649429247001, 1e-14);
    assert_near(pl_dist_log_gamma(11.), log(3628800.), 1e-14);
}

static void beta_and_its_mirror(void **state)
{
    static const double rows[][4] = {
        {.5, .5, .3, .3690101195655454},
        {2., 3., .5, .6875},
        {10., 20., .2, .049263517304212585},
        {1000., 2000., .3, 4.0738279160507715e-05},
        {1e5, 1e5, .4986, .10524868808589054},
        {5., .1, .99, .23091107921565366},
        {300., .5, .999, .438654268870091},
        {4., 2., 0., 0.},
        {4., 2., 1., 1.},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++) {
        const double *row = rows[at];

        assert_near(pl_dist_beta(row[0], row[1], row[2]), row[3], 2e-12);
        assert_near(pl_dist_beta(row[1], row[0], 1. - row[2]), 1. - row[3], 2e-12);
    }
}

static void student_cdf(void **state)
{
    static const double rows[][3] = {
        {-1., 1., .25},
        {-3.5, 2., .036413675027234665},
        {2.5, 3.7, .9640889885440866},
        {-2., 14., .032643976444555984},
        {-1e-8, 5., .4999999962039331},
        {-1.96, 6411.22, .025019521710819146},
        {-5., 1e5, 2.8713508393208364e-07},
        {-2.5, 1e6, .0062097447510816231},
        {-2.5, 1e8, .0062096661200272707},
        {-40., 30., 6.8630225972032014e-28},
        {0., 9., .5},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++) {
        assert_near(pl_dist_t_cdf(rows[at][0], rows[at][1]), rows[at][2], 1e-12);
        assert_near(pl_dist_t_cdf(-rows[at][0], rows[at][1]), 1. - rows[at][2], 1e-12);
    }
}

static void student_quantile(void **state)
{
    static const double rows[][3] = {
        {.025, 1., -12.706204736174698 /* -1 / tan(pi p) */},
        {.975, 2., 4.3026527297494618},
        {.95, 3.3, 2.2686545667554648},
        {.025, 14., -2.1447866879178038},
        {.00125, 10., -4.0045304476709748},
        {.001, 1e3, -3.0984021639129229},
        {.025, 1e6, -1.959966356814107},
        {.025, 1e9, -1.9599639869123255},
        {.3, .7, -.8354411557069624},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++)
        assert_near(pl_dist_t_quantile(rows[at][0], rows[at][1]), rows[at][2], 1e-12);
    for (double df = .5; df < 1e9; df *= 7.)
        for (double p = 1e-9; p < .49; p *= 11.)
            assert_near(pl_dist_t_cdf(pl_dist_t_quantile(p, df), df), p, 1e-12);
    assert_true(fabs(pl_dist_t_quantile(.5, 4.)) < 1e-300);
}

/* The normal approximation takes over at fifty thousand degrees of freedom: no step may show. */
static void student_has_no_seam(void **state)
{
    (void)state;

    for (double t = -8.; t < 0.; t += .5)
        assert_near(pl_dist_t_cdf(t, 49999.999999), pl_dist_t_cdf(t, 50000.000001), 2e-12);
}

static void binomial_tails(void **state)
{
    static const struct {
        int64_t k, n;
        double p, lower, upper;
    } rows[] = {
        {0, 10, .5, .0009765625, 1.},
        {3, 10, .5, .171875, .9453125},
        {499, 1000, .5, .4873874909108199, .5377871779298596},
        {4600, 10000, .5, 6.521226063700419e-16, .9999999999999994},
        {309000, 620500, .5, .0007557719017482491, .9992508099213377},
        {7, 9, .3, .999566974, .004290893999999999},
        {20000, 50000, .41, 2.7160377342307667e-06, .9999973991649879},
        {1, 3, .999, 2.9980000000000054e-06, .999999999},
        {9, 9, .5, 1., .001953125},
        {0, 0, .5, 1., 1.},
        {-1, 4, .5, 0., 1.},
        {5, 4, .5, 1., 0.},
    };
    (void)state;

    for (size_t at = 0; at < COUNT(rows); at++) {
        assert_near(pl_dist_binomial_lower(rows[at].k, rows[at].n, rows[at].p), rows[at].lower, 1e-11);
        assert_near(pl_dist_binomial_upper(rows[at].k, rows[at].n, rows[at].p), rows[at].upper, 1e-11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_cdf_has_precise_tails),
        cmocka_unit_test(normal_quantile_inverts),
        cmocka_unit_test(log_beta_does_not_cancel),
        cmocka_unit_test(beta_and_its_mirror),
        cmocka_unit_test(student_cdf),
        cmocka_unit_test(student_quantile),
        cmocka_unit_test(student_has_no_seam),
        cmocka_unit_test(binomial_tails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
