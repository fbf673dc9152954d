#include "ctl/tradeoff.h"

#include "util/num.h"

#include <math.h>
#include <stdlib.h>

#define ROWS_AT_FIRST 64
#define CORRELATED_MIN 3

struct pl_tradeoff_row *pl_tradeoff_add(struct pl_tradeoff *tradeoff)
{
    struct pl_tradeoff_row *row;

    if (tradeoff->n_rows == PL_TRADEOFF_ROWS_MAX) {
        tradeoff->full = true;
        return NULL;
    }
    if (tradeoff->n_rows == tradeoff->cap) {
        size_t cap = tradeoff->cap ? tradeoff->cap * 2 : ROWS_AT_FIRST;
        struct pl_tradeoff_row *grown = realloc(tradeoff->rows, cap * sizeof(*grown));

        if (!grown) {
            tradeoff->full = true;
            return NULL;
        }
        tradeoff->rows = grown;
        tradeoff->cap = cap;
    }
    row = &tradeoff->rows[tradeoff->n_rows++];
    *row = (struct pl_tradeoff_row){.experiment = ""};
    for (unsigned at = 0; at < PL_TRADEOFF_METRICS_MAX; at++)
        row->lifts[at] = (struct pl_tradeoff_lift){PL_NAN, PL_NAN, PL_NAN};
    return row;
}

void pl_tradeoff_fini(struct pl_tradeoff *tradeoff)
{
    free(tradeoff->rows);
    tradeoff->rows = NULL;
    tradeoff->n_rows = tradeoff->cap = 0;
}

static bool is_proved(const struct pl_tradeoff_lift *lift)
{
    return lift->lower > 0 || lift->upper < 0;
}

static enum pl_tradeoff_way way_of(double first, double second)
{
    if (first > 0)
        return second > 0 ? PL_TRADEOFF_BOTH_ROSE : PL_TRADEOFF_FIRST_ROSE;
    return second > 0 ? PL_TRADEOFF_SECOND_ROSE : PL_TRADEOFF_BOTH_FELL;
}

static bool has_both(const struct pl_tradeoff_row *row, unsigned first, unsigned second)
{
    return isfinite(row->lifts[first].lift) && isfinite(row->lifts[second].lift);
}

/* Around the means, in a second pass: lifts are small beside what cancels otherwise. */
static double correlate(const struct pl_tradeoff *tradeoff, unsigned first, unsigned second, unsigned n)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;

    if (n < CORRELATED_MIN)
        return PL_NAN;
    for (size_t at = 0; at < tradeoff->n_rows; at++) {
        const struct pl_tradeoff_row *row = &tradeoff->rows[at];

        if (!has_both(row, first, second))
            continue;
        mean_x += row->lifts[first].lift / n;
        mean_y += row->lifts[second].lift / n;
    }
    for (size_t at = 0; at < tradeoff->n_rows; at++) {
        const struct pl_tradeoff_row *row = &tradeoff->rows[at];
        double x = row->lifts[first].lift - mean_x, y = row->lifts[second].lift - mean_y;

        if (!has_both(row, first, second))
            continue;
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    return xx > 0 && yy > 0 ? fmax(-1, fmin(1, xy / sqrt(xx) / sqrt(yy))) : PL_NAN;
}

struct pl_tradeoff_pair pl_tradeoff_pair(const struct pl_tradeoff *tradeoff, unsigned first, unsigned second)
{
    struct pl_tradeoff_pair pair = {.n = 0};

    for (size_t at = 0; at < tradeoff->n_rows; at++) {
        const struct pl_tradeoff_lift *x = &tradeoff->rows[at].lifts[first], *y = &tradeoff->rows[at].lifts[second];
        enum pl_tradeoff_way way = way_of(x->lift, y->lift);

        if (!has_both(&tradeoff->rows[at], first, second))
            continue;
        pair.n++;
        if (fpclassify(x->lift) == FP_ZERO || fpclassify(y->lift) == FP_ZERO)
            continue;
        pair.ways[way]++;
        pair.proved[way] += is_proved(x) && is_proved(y);
    }
    pair.correlation = correlate(tradeoff, first, second, pair.n);
    return pair;
}

/* Turned so that better is positive. */
static struct pl_tradeoff_lift better(const struct pl_tradeoff_metric *metric, struct pl_tradeoff_lift lift)
{
    return metric->lower_is_better ? (struct pl_tradeoff_lift){-lift.lift, -lift.upper, -lift.lower} : lift;
}

enum pl_tradeoff_harm pl_tradeoff_harm(const struct pl_tradeoff *tradeoff, const struct pl_tradeoff_row *row,
                                       unsigned delivery, unsigned other)
{
    const struct pl_tradeoff_metric *metrics = tradeoff->metrics;
    struct pl_tradeoff_lift gain = better(&metrics[delivery], row->lifts[delivery]);
    struct pl_tradeoff_lift harm = better(&metrics[other], row->lifts[other]);

    if (metrics[delivery].role != PL_ROLE_DELIVERY ||
        (metrics[other].role != PL_ROLE_GUARDRAIL && metrics[other].role != PL_ROLE_VALUE))
        return PL_TRADEOFF_NO_HARM;
    if (!(gain.lift > 0 && harm.lift < 0))
        return PL_TRADEOFF_NO_HARM;
    return gain.lower > 0 && harm.upper < 0 ? PL_TRADEOFF_PROVED : PL_TRADEOFF_BY_SIGN;
}
