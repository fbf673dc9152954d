#include "core/judge/headroom.h"

#include "util/num.h"

#include <math.h>

#define STEPS 120
#define K_FIRST 1e-3
#define K_LAST .3
#define FREE 2. /* parameters: A and k */
#define ENTRIES_MIN 3
#define CHI2_1 3.84

struct fit {
    double k, a, sse, remaining;
};

static double rate(unsigned at)
{
    return at == 0 ? 0. : K_FIRST * pow(K_LAST / K_FIRST, (at - 1.) / (STEPS - 1.));
}

/* The best A for one k. Residuals are formed one by one: the short form of the sum of squares cancels. */
static struct fit fit(const double *x, size_t n, double k)
{
    double ratio = exp(-k);
    double product = 0., square = 0., decay = 1.;
    struct fit fit = {.k = k};

    for (size_t at = 0; at < n; at++, decay *= ratio) {
        product += x[at] * decay;
        square += decay * decay;
    }
    fit.a = product / square;
    decay = 1.;
    for (size_t at = 0; at < n; at++, decay *= ratio) {
        double off = x[at] - fit.a * decay;

        fit.sse += off * off;
    }
    fit.remaining = k > 0. ? fit.a * exp(-k * (double)n) / -expm1(-k) : PL_INFINITY;
    return fit;
}

struct pl_headroom pl_headroom_fit(const double *x, size_t n)
{
    struct pl_headroom headroom = {true, PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN};
    struct fit fits[STEPS + 1];
    const struct fit *best = fits;

    if (n < ENTRIES_MIN)
        return headroom;
    for (unsigned at = 0; at <= STEPS; at++) {
        fits[at] = fit(x, n, rate(at));
        if (fits[at].sse < best->sse)
            best = &fits[at];
    }
    double limit = best->sse + CHI2_1 * best->sse / ((double)n - FREE);

    headroom =
        (struct pl_headroom){false, best->k, best->a, PL_INFINITY, 0., best->remaining, PL_INFINITY, -PL_INFINITY};
    for (unsigned at = 0; at <= STEPS; at++) {
        if (!(fits[at].sse <= limit))
            continue;
        headroom.no_ceiling |= at == 0;
        headroom.k_lower = fmin(headroom.k_lower, fits[at].k);
        headroom.k_upper = fmax(headroom.k_upper, fits[at].k);
        headroom.remaining_lower = fmin(headroom.remaining_lower, fits[at].remaining);
        headroom.remaining_upper = fmax(headroom.remaining_upper, fits[at].remaining);
    }
    return headroom;
}
