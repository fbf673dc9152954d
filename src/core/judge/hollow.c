#include "core/judge/hollow.h"

#include "core/judge/dist.h"
#include "core/judge/returns.h"

#include <math.h>

#define CAP_ERRORS 4.
#define CLAMP (10. * PL_HOLLOW_ALARM)

double pl_hollow_value(const struct pl_hollow_entry *entry)
{
    double u = entry->d / entry->s - PL_RETURNS_BAR;

    return entry->value * pl_dist_cdf(u) - entry->cov * pl_dist_pdf(u) / entry->s;
}

/* Y; NAN when value was not measured. */
static double owed(const struct pl_hollow_entry *entry, double eta, double cap)
{
    if (entry->early)
        return entry->shipped ? cap : 0.;
    double y = pl_hollow_value(entry) - eta * pl_returns_credited(entry->d, entry->s);

    return isnan(y) ? y : fmax(-cap, fmin(cap, y));
}

double pl_hollow_take(struct pl_hollow *hollow, const struct pl_hollow_entry *entry, double eta)
{
    double cap = fmax(entry->cap, CAP_ERRORS * entry->value_se);
    double y = owed(entry, isnan(eta) ? 0. : eta, cap);

    if (isnan(y) || isnan(entry->value_se) || !(cap > 0.))
        return hollow->e;
    /* the bet of FLAT with a smallest return of 0 */
    hollow->e = pl_detect_flat(&hollow->bets, 0., y, cap, CLAMP);
    if (hollow->e >= PL_HOLLOW_ALARM)
        hollow->alarm = true;
    else if (hollow->e < PL_HOLLOW_CLEAR)
        hollow->alarm = false;
    return hollow->e;
}
