#include "core/judge/effect.h"

#include "core/judge/dist.h"
#include "util/num.h"

#include <math.h>

#define MICRO 1e6
#define ENTRY_CONVERSIONS 25
#define ENTRY_UNITS 1000

__extension__ typedef unsigned __int128 uint128;

/* n Q of up to 190 bits is formed in two limbs, `high` above 64 bits and `below`; what is negative is turned before it
 * is rounded, so that small differences keep all their digits. */
double pl_effect_central(int64_t n, int64_t a, int64_t b, pl_int128 cross)
{
    pl_int128 product = (pl_int128)a * b;
    uint128 low = (uint128)(uint64_t)cross * (uint64_t)n;
    pl_int128 high = (cross >> 64) * n + (pl_int128)(low >> 64) - (product >> 64);
    uint64_t below = (uint64_t)low - (uint64_t)product;

    if ((uint64_t)low < (uint64_t)product)
        high--;
    if (high >= 0)
        return (double)high * 0x1p64 + (double)below;
    high = below == 0 ? -high : -high - 1;
    return -((double)high * 0x1p64 + (double)(0 - below));
}

struct pl_moments pl_effect_mean(const struct pl_cell *cell)
{
    double n = (double)cell->n;
    struct pl_moments moments = {.n = cell->n, .mean = PL_NAN, .var = PL_NAN};

    if (cell->n < 2)
        return moments;
    moments.mean = (double)cell->sum / n / MICRO;
    moments.var = pl_effect_central(cell->n, cell->sum, cell->sum, cell->sum2) / n / (n - 1.) / (MICRO * MICRO);
    return moments;
}

struct pl_moments pl_effect_proportion(const struct pl_cell *cell)
{
    struct pl_moments moments = {.n = cell->n, .mean = PL_NAN, .var = PL_NAN};

    if (cell->n < 2)
        return moments;
    moments.mean = (double)cell->sum / (double)cell->n / MICRO;
    moments.var = moments.mean * (1. - moments.mean);
    return moments;
}

static double variance_of_mean(const struct pl_moments *moments)
{
    return moments->var / (double)moments->n;
}

static double welch(const struct pl_moments *control, const struct pl_moments *treated)
{
    double a = variance_of_mean(control);
    double b = variance_of_mean(treated);

    return (a + b) * (a + b) / (b * b / (double)(treated->n - 1) + a * a / (double)(control->n - 1));
}

struct pl_effect pl_effect_absolute(const struct pl_moments *control, const struct pl_moments *treated)
{
    return (struct pl_effect){
        .estimate = treated->mean - control->mean,
        .se = sqrt(variance_of_mean(treated) + variance_of_mean(control)),
        .df = welch(control, treated),
        .n = control->n + treated->n,
    };
}

struct pl_effect pl_effect_relative(const struct pl_moments *control, const struct pl_moments *treated)
{
    double base = control->mean;
    struct pl_effect effect = {.estimate = PL_NAN, .se = PL_NAN, .df = PL_NAN, .n = control->n + treated->n};

    if (!(fabs(base) > 0.))
        return effect;
    double b = variance_of_mean(treated) / (base * base);
    double a = variance_of_mean(control) * treated->mean * treated->mean / (base * base * base * base);

    effect.estimate = (treated->mean - base) / fabs(base);
    effect.se = sqrt(a + b);
    effect.df = welch(control, treated);
    return effect;
}

struct pl_effect pl_effect_scaled(const struct pl_effect *absolute, double baseline, double coverage,
                                  bool lower_is_better)
{
    struct pl_effect effect = *absolute;
    double scale = fabs(baseline) > 0. ? coverage / fabs(baseline) : PL_NAN;

    effect.estimate *= lower_is_better ? -scale : scale;
    effect.se *= scale;
    return effect;
}

static struct pl_interval unknown(void)
{
    return (struct pl_interval){.lower = PL_NAN, .upper = PL_NAN, .p = PL_NAN};
}

struct pl_interval pl_effect_fixed(const struct pl_effect *effect, double alpha, enum pl_side side)
{
    if (!(effect->se > 0.) || !(effect->df > 0.))
        return unknown();
    double tail = side == PL_TWO_SIDED ? .5 * alpha : alpha;
    double half = -pl_dist_t_quantile(tail, effect->df) * effect->se;
    double t = effect->estimate / effect->se;
    struct pl_interval interval = {.lower = effect->estimate - half, .upper = effect->estimate + half};

    switch (side) {
    case PL_TWO_SIDED:
        interval.p = 2. * pl_dist_t_cdf(-fabs(t), effect->df);
        break;
    case PL_GREATER:
        interval.upper = PL_INFINITY;
        interval.p = pl_dist_t_cdf(-t, effect->df);
        break;
    case PL_LESS:
        interval.lower = -PL_INFINITY;
        interval.p = pl_dist_t_cdf(t, effect->df);
        break;
    }
    return interval;
}

bool pl_effect_enough_conversions(const struct pl_cell *cell)
{
    int64_t conversions = cell->sum / PL_MICRO;

    return conversions >= ENTRY_CONVERSIONS && cell->n - conversions >= ENTRY_CONVERSIONS;
}

bool pl_effect_enough_sum(const struct pl_cell *cell, bool capped)
{
    return capped && cell->n >= ENTRY_UNITS;
}
