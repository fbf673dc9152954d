#include "core/judge/detect.h"

#include "core/judge/dist.h"
#include "core/judge/returns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PHI 2. /* prior precision of the change, in experiments */
#define BEFORE_MIN 6
#define AFTER_MIN 4
#define EXPONENT_MAX 700. /* keeps S finite */
#define PRODUCT_MAX 1e290 /* a product is held inside the range of a double */
#define NEEDED_MAX 1e6

static const double flat_bets[PL_DETECT_BETS] = {.15, .35, .65, .95};
static const double yield_bets[PL_DETECT_BETS] = {.08, .2, .4, .7};

static double mean_of(const double m[PL_DETECT_BETS])
{
    double sum = 0.;

    for (unsigned j = 0; j < PL_DETECT_BETS; j++)
        sum += m[j];
    return sum / PL_DETECT_BETS;
}

double pl_detect_flat(struct pl_bets *bets, double delta, double x, double cap, double clamp)
{
    for (unsigned j = 0; j < PL_DETECT_BETS; j++) {
        double factor = 1. + flat_bets[j] * (delta - fmin(x, cap)) / (cap - delta);

        bets->m[j] = fmin(clamp, fmax(1., bets->m[j]) * factor);
    }
    return mean_of(bets->m);
}

double pl_detect_yield(struct pl_bets *bets, double delta, double x, double floor, double clamp)
{
    for (unsigned j = 0; j < PL_DETECT_BETS; j++) {
        double factor = 1. + yield_bets[j] * (x - delta) / (delta + floor);

        bets->m[j] = fmin(clamp, fmax(1., bets->m[j]) * factor);
    }
    return mean_of(bets->m);
}

void pl_detect_push(struct pl_ring *ring, double x)
{
    ring->x[(ring->first + ring->n) % PL_DETECT_RING] = x;
    if (ring->n < PL_DETECT_RING)
        ring->n++;
    else
        ring->first = (ring->first + 1) % PL_DETECT_RING;
}

/* Mean and sum of squared deviations of what came so far (Welford): equal values give exactly 0, nothing cancels. */
struct side {
    double mean, sse;
};

static void add(struct side *side, double x, unsigned count)
{
    double off = x - side->mean;

    side->mean += off / count;
    side->sse += off * (x - side->mean);
}

static double split_e(const struct side *before, const struct side *after, unsigned nu, unsigned m)
{
    double z = (double)nu * (m - nu) / m;
    double r = PHI / (PHI + z);
    double df = m - 2.;
    double gap = after->mean - before->mean;
    double sse = before->sse + after->sse;
    double t2 = gap * gap * z * df / sse;
    /* no spread on either side: the limit of the ratio */
    double odds = sse > 0. ? log1p(t2 / df) - log1p(r * t2 / df) : -log(r);

    return exp(fmin(EXPONENT_MAX, .5 * log(r) + .5 * (df + 1.) * odds));
}

void pl_detect_change(const struct pl_ring *ring, double *down, double *up)
{
    struct side after[PL_DETECT_RING + 1];
    struct side before = {0., 0.};
    unsigned m = ring->n;

    *down = *up = 0.;
    after[m] = before;
    for (unsigned at = m; at-- > 0;) {
        after[at] = after[at + 1];
        add(&after[at], ring->x[(ring->first + at) % PL_DETECT_RING], m - at);
    }
    for (unsigned nu = 1; nu + AFTER_MIN <= m; nu++) {
        add(&before, ring->x[(ring->first + nu - 1) % PL_DETECT_RING], nu);
        if (nu < BEFORE_MIN)
            continue;
        if (after[nu].mean < before.mean)
            *down += split_e(&before, &after[nu], nu, m);
        else if (after[nu].mean > before.mean)
            *up += split_e(&before, &after[nu], nu, m);
    }
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x < y) - (x > y);
}

unsigned pl_detect_fdr(const double *ratios, unsigned m, double *sorted, bool *fires)
{
    unsigned k = 0;

    if (m == 0)
        return 0;
    memcpy(sorted, ratios, m * sizeof(*sorted));
    qsort(sorted, m, sizeof(*sorted), descending);
    for (unsigned j = 1; j <= m; j++)
        if (sorted[j - 1] >= (double)m / j)
            k = j;
    /* the next smaller one is strictly smaller, or it would have fired too */
    for (unsigned at = 0; at < m; at++)
        fires[at] = k > 0 && ratios[at] >= sorted[k - 1];
    return k;
}

/* Both e-processes of one delta, not restarted. */
struct product {
    double flat[PL_DETECT_BETS];
    double yield[PL_DETECT_BETS];
};

static void multiply(struct product *product, double flat_step, double yield_step)
{
    for (unsigned j = 0; j < PL_DETECT_BETS; j++) {
        product->flat[j] = fmin(PRODUCT_MAX, product->flat[j] * (1. + flat_bets[j] * flat_step));
        product->yield[j] = fmin(PRODUCT_MAX, product->yield[j] * (1. + yield_bets[j] * yield_step));
    }
}

static struct product products(const struct pl_credit *credits, size_t n, double delta)
{
    struct product product = {{1., 1., 1., 1.}, {1., 1., 1., 1.}};
    double largest = 0.;

    for (size_t at = 0; at < n; at++) {
        const struct pl_credit *credit = &credits[at];
        double cap = pl_returns_cap(delta, credit->s, largest);
        double floor = credit->floor > 0 ? credit->floor : pl_returns_floor(credit->s);
        double flat = credit->early ? (credit->shipped ? cap : 0.) : credit->x;
        double yield = credit->early ? 0. : credit->x;

        multiply(&product, (delta - fmin(flat, cap)) / (cap - delta), (yield - delta) / (delta + floor));
        if (!credit->early)
            largest = fmax(largest, credit->x);
    }
    return product;
}

struct pl_proved pl_detect_proved(const struct pl_credit *credits, size_t n, const double *grid, unsigned n_grid)
{
    struct pl_proved proved = {.lower = PL_NAN, .upper = PL_NAN};

    for (unsigned at = 0; at < n_grid; at++) {
        struct product product = products(credits, n, grid[at]);

        if (isnan(proved.upper) && mean_of(product.flat) >= PL_DETECT_PROVED)
            proved.upper = grid[at];
        if (mean_of(product.yield) >= PL_DETECT_PROVED)
            proved.lower = grid[at];
    }
    return proved;
}

void pl_detect_grid(double median_se, double grid[PL_DETECT_GRID])
{
    for (unsigned at = 0; at < PL_DETECT_GRID; at++)
        grid[at] = .01 * median_se * pow(1000., at / (PL_DETECT_GRID - 1.));
}

/* Mean of ln(1 + f (delta - min(X, c)) / (c - delta)) over d ~ N(0, s^2), by Simpson's rule on eight deviations. */
static double growth_at_zero(double bet, const struct pl_detect_need *need)
{
    const int intervals = 400;
    const double reach = 8.;
    double width = 2. * reach / intervals;
    double sum = 0.;

    for (int at = 0; at <= intervals; at++) {
        double z = -reach + at * width;
        double x = pl_returns_credited(z * need->s, need->s);
        double gain = log1p(bet * (need->delta - fmin(x, need->cap)) / (need->cap - need->delta));
        double weight = at == 0 || at == intervals ? 1. : at % 2 == 1 ? 4. : 2.;

        sum += weight * gain * pl_dist_pdf(z);
    }
    return sum * width / 3.;
}

double pl_detect_needed(const struct pl_bets *bets, const struct pl_detect_need *need)
{
    double rate[PL_DETECT_BETS];
    double low = 0.;
    double high = NEEDED_MAX;

    if (mean_of(bets->m) >= need->level)
        return 0.;
    for (unsigned j = 0; j < PL_DETECT_BETS; j++)
        rate[j] = growth_at_zero(flat_bets[j], need);
    while (high - low > .5) {
        double n = .5 * (low + high);
        double grown[PL_DETECT_BETS];

        for (unsigned j = 0; j < PL_DETECT_BETS; j++)
            grown[j] = fmax(1., bets->m[j]) * exp(fmin(EXPONENT_MAX, n * fmax(0., rate[j])));
        if (mean_of(grown) >= need->level)
            high = n;
        else
            low = n;
    }
    return high < NEEDED_MAX ? ceil(high) : PL_NAN;
}
