#include "core/judge/arms.h"

#include "core/judge/dist.h"
#include "core/judge/returns.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF_NODES 16
#define BREAKS (5 * PL_ARMS_MAX + 2)
#define FAR 9.       /* in standard errors: nothing of a normal is beyond */
#define NARROWEST 2. /* of a piece, in units of the smallest s */

#define FLOOR_PER_ARM .13

/* Positive half of the 32-point Gauss-Legendre rule on (-1, 1): node, weight. */
static const double rule[HALF_NODES][2] = {
    {.04830766568773831623, .09654008851472780056}, {.14447196158279649348, .09563872007927485941},
    {.23928736225213707454, .09384439908080456563}, {.33186860228212764977, .09117387869576388471},
    {.42135127613063534536, .08765209300440381114}, {.50689990893222939002, .08331192422694675522},
    {.58771575724076232904, .07819389578707030647}, {.66304426693021520097, .07234579410884850622},
    {.73218211874028968038, .06582222277636184683}, {.79448379596794240696, .05868409347853554714},
    {.84936761373256997013, .05099805926237617619}, {.89632115576605212396, .04283589802222668065},
    {.93490607593773968917, .03427386291302143310}, {.96476225558750643077, .02539206530926205945},
    {.98561151154526833540, .01627439473090567060}, {.99726386184948156354, .00701861000947009660},
};

struct pl_arms pl_arms_of(const struct pl_row *row)
{
    struct pl_arms arms = {.n = row->arms.n, .shared = row->arms.shared};

    memcpy(arms.d, row->arms.effect, sizeof(arms.d));
    memcpy(arms.s, row->arms.se, sizeof(arms.s));
    return arms;
}

double pl_arms_se(const struct pl_arms *arms)
{
    double sum = 0.;

    for (unsigned i = 0; i < arms->n; i++)
        sum += arms->s[i] * arms->s[i];
    return sqrt(sum / arms->n);
}

double pl_arms_floor(const struct pl_arms *arms)
{
    return arms->n == 1 ? pl_returns_floor(arms->s[0]) : FLOOR_PER_ARM * arms->n * pl_arms_se(arms);
}

/* Densities and distribution functions of all arms at one x. */
struct point {
    double density[PL_ARMS_MAX];
    double below[PL_ARMS_MAX];
};

static void evaluate(const struct pl_arms *arms, double x, struct point *point)
{
    for (unsigned i = 0; i < arms->n; i++) {
        double u = (x - arms->d[i]) / arms->s[i];

        point->density[i] = pl_dist_pdf(u) / arms->s[i];
        point->below[i] = pl_dist_cdf(u);
    }
}

/* Products of `below` over the arms before i and from i on; leaving one out by dividing would divide by zero. */
static void products(const struct pl_arms *arms, const struct point *point, double before[], double from[])
{
    before[0] = from[arms->n] = 1.;
    for (unsigned i = 0; i < arms->n; i++)
        before[i + 1] = before[i] * point->below[i];
    for (unsigned i = arms->n; i-- > 0;)
        from[i] = from[i + 1] * point->below[i];
}

/* sum_i d_i density_i prod below - sum_{i<j} Var(d_i - d_j) density_i density_j prod below: what is integrated. */
static double integrand(const struct pl_arms *arms, double x)
{
    struct point point;
    double before[PL_ARMS_MAX + 1], from[PL_ARMS_MAX + 1];
    double sum = 0.;

    evaluate(arms, x, &point);
    products(arms, &point, before, from);
    for (unsigned i = 0; i < arms->n; i++) {
        double between = before[i] * point.density[i];

        sum += arms->d[i] * between * from[i + 1];
        for (unsigned j = i + 1; j < arms->n; j++) {
            double apart = arms->s[i] * arms->s[i] + arms->s[j] * arms->s[j] - 2. * arms->shared;

            sum -= apart * between * point.density[j] * from[j + 1];
            between *= point.below[j];
        }
    }
    return sum;
}

/* sum_i s_i^2 density_i prod below at the bar itself. */
static double edge(const struct pl_arms *arms, double bar)
{
    struct point point;
    double before[PL_ARMS_MAX + 1], from[PL_ARMS_MAX + 1];
    double sum = 0.;

    evaluate(arms, bar, &point);
    products(arms, &point, before, from);
    for (unsigned i = 0; i < arms->n; i++)
        sum += arms->s[i] * arms->s[i] * point.density[i] * before[i] * from[i + 1];
    return sum;
}

static double integrate(const struct pl_arms *arms, double low, double high)
{
    double middle = .5 * (low + high);
    double half = .5 * (high - low);
    double sum = 0.;

    for (unsigned at = 0; at < HALF_NODES; at++) {
        double off = half * rule[at][0];

        sum += rule[at][1] * (integrand(arms, middle - off) + integrand(arms, middle + off));
    }
    return half * sum;
}

static int upwards(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Break points from the bar upwards such that no piece is wider than a few s of an arm that changes on it: the
 * smoothest arm and the sharpest are both well sampled, however different they are. */
static unsigned divide(const struct pl_arms *arms, double bar, double breaks[BREAKS])
{
    double low = bar, high = bar, least = arms->s[0];
    unsigned n = 0, kept = 0;

    for (unsigned i = 0; i < arms->n; i++) {
        low = fmax(low, arms->d[i] - FAR * arms->s[i]); /* below it that arm is larger for certain */
        high = fmax(high, arms->d[i] + FAR * arms->s[i]);
        least = fmin(least, arms->s[i]);
    }
    breaks[n++] = low;
    for (unsigned i = 0; i < arms->n; i++)
        for (int step = -2; step <= 2; step++)
            breaks[n++] = fmin(high, fmax(low, arms->d[i] + .5 * FAR * step * arms->s[i]));
    breaks[n++] = high;
    qsort(breaks, n, sizeof(breaks[0]), upwards);
    for (unsigned at = 1; at < n; at++)
        if (breaks[at] - breaks[kept] >= NARROWEST * least || at == n - 1)
            breaks[++kept] = breaks[at];
    return kept + 1;
}

double pl_arms_credited(const struct pl_arms *arms)
{
    double breaks[BREAKS];
    double sum = 0.;

    assert(arms->n >= 1 && arms->n <= PL_ARMS_MAX);
    if (arms->n == 1)
        return pl_returns_credited(arms->d[0], arms->s[0]);
    double bar = PL_RETURNS_BAR * pl_arms_se(arms);
    unsigned n = divide(arms, bar, breaks);

    for (unsigned at = 1; at < n; at++)
        sum += integrate(arms, breaks[at - 1], breaks[at]);
    return sum - edge(arms, bar);
}
