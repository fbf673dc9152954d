#include "core/judge/adjust.h"

#include "util/num.h"

#include <math.h>

/* Indices of the known p, upwards; the unknown ones are done. Returns how many are known. */
static unsigned rank(const double *p, unsigned n, unsigned *order, double *adjusted)
{
    unsigned known = 0;

    for (unsigned at = 0; at < n; at++) {
        unsigned place = known;

        if (isnan(p[at])) {
            adjusted[at] = PL_NAN;
            continue;
        }
        for (; place > 0 && p[order[place - 1]] > p[at]; place--)
            order[place] = order[place - 1];
        order[place] = at;
        known++;
    }
    return known;
}

void pl_adjust_holm(const double *p, unsigned n, unsigned *order, double *adjusted)
{
    unsigned m = rank(p, n, order, adjusted);
    double largest = 0.;

    for (unsigned at = 0; at < m; at++) {
        largest = fmax(largest, fmin(1., p[order[at]] * (m - at)));
        adjusted[order[at]] = largest;
    }
}

void pl_adjust_bh(const double *p, unsigned n, unsigned *order, double *adjusted)
{
    unsigned m = rank(p, n, order, adjusted);
    double least = 1.;

    for (unsigned at = m; at-- > 0;) {
        least = fmin(least, p[order[at]] * m / (at + 1.));
        adjusted[order[at]] = least;
    }
}
