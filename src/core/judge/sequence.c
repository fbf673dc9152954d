#include "core/judge/sequence.h"

#include "core/judge/dist.h"
#include "util/num.h"

#include <assert.h>
#include <math.h>

#define SHOW_CONVERSIONS 20
#define SHOW_UNITS 100

double pl_sequence_rho2(double n_star, double alpha, enum pl_side side)
{
    double level = -2. * log(side == PL_TWO_SIDED ? alpha : 2. * alpha);

    assert(n_star > 0. && level > -1.);
    return (level + log(1. + level)) / n_star;
}

double pl_sequence_width(double n, double rho2, double alpha, enum pl_side side)
{
    double grown = n * rho2 + 1.;
    double odds = side == PL_TWO_SIDED ? log(sqrt(grown) / alpha) : log1p(sqrt(grown) / (2. * alpha));

    return sqrt(2. * grown / (n * rho2) * odds);
}

/* The level at which the bound touches 0, from the two half-widths above solved for alpha. */
static double level_of(double n, double rho2, double z, enum pl_side side)
{
    double grown = n * rho2 + 1.;
    double evidence = n * rho2 * z * z / (2. * grown);

    if (side == PL_TWO_SIDED)
        return fmin(1., sqrt(grown) * exp(-evidence));
    if (side == PL_LESS)
        z = -z;
    return z > 0. ? fmin(1., sqrt(grown) / (2. * expm1(evidence))) : 1.;
}

struct pl_interval pl_sequence_interval(const struct pl_effect *effect, double n_star, double alpha, enum pl_side side)
{
    if (!(effect->se > 0.) || effect->n <= 0)
        return (struct pl_interval){.lower = PL_NAN, .upper = PL_NAN, .p = PL_NAN};
    double n = (double)effect->n;
    double rho2 = pl_sequence_rho2(n_star, alpha, side);
    double half = effect->se * pl_sequence_width(n, rho2, alpha, side);

    return (struct pl_interval){
        .lower = side == PL_LESS ? -PL_INFINITY : effect->estimate - half,
        .upper = side == PL_GREATER ? PL_INFINITY : effect->estimate + half,
        .p = level_of(n, rho2, effect->estimate / effect->se, side),
    };
}

static const struct pl_cell *smaller(const struct pl_cell *control, const struct pl_cell *treated)
{
    return treated->n < control->n ? treated : control;
}

bool pl_sequence_enough_conversions(const struct pl_cell *control, const struct pl_cell *treated)
{
    const struct pl_cell *arm = smaller(control, treated);
    int64_t conversions = arm->sum / PL_MICRO;

    return conversions >= SHOW_CONVERSIONS && arm->n - conversions >= SHOW_CONVERSIONS;
}

bool pl_sequence_enough_sum(const struct pl_cell *control, const struct pl_cell *treated)
{
    return smaller(control, treated)->n >= SHOW_UNITS;
}
