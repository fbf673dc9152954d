#include "core/judge/evidence.h"

#include "core/judge/dist.h"
#include "core/judge/pool.h"
#include "core/judge/returns.h"
#include "util/num.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_US (365 * PL_DAY_US)
#define CLAMP_LEVELS 10.
#define CLAMP_YIELD 100.
#define EARLY_POINT_ERRORS 2.

void pl_evidence_init(struct pl_evidence *evidence, double delta, double alarm_years, unsigned areas)
{
    *evidence = (struct pl_evidence){
        .delta = delta,
        .alarm_years = alarm_years,
        .areas = areas,
        .level = PL_EVIDENCE_LEVEL_MIN,
        .s_ref = PL_NAN,
    };
}

void pl_evidence_fini(struct pl_evidence *evidence)
{
    free(evidence->credits);
    free(evidence->times_us);
    *evidence = (struct pl_evidence){0};
}

void pl_evidence_restart(struct pl_evidence *evidence)
{
    struct pl_evidence old = *evidence;

    pl_evidence_init(evidence, old.delta, old.alarm_years, old.areas);
    evidence->largest_ever = old.largest_ever;
    evidence->credits = old.credits;
    evidence->times_us = old.times_us;
    evidence->cap = old.cap;
}

static enum pl_status reserve(struct pl_evidence *evidence, struct pl_err *err)
{
    if (evidence->n < evidence->cap)
        return PL_OK;
    unsigned cap = evidence->cap ? 2 * evidence->cap : 32;
    struct pl_credit *credits = realloc(evidence->credits, cap * sizeof(*credits));
    if (!credits)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for %u entries", cap);
    evidence->credits = credits;
    int64_t *times_us = realloc(evidence->times_us, cap * sizeof(*times_us));
    if (!times_us)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for %u entries", cap);
    evidence->times_us = times_us;
    evidence->cap = cap;
    return PL_OK;
}

/* The number of times <= limit. */
static unsigned count_until(const struct pl_evidence *evidence, int64_t limit_us)
{
    unsigned low = 0;
    unsigned high = evidence->n;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (evidence->times_us[middle] <= limit_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A from the earlier entries with time in (t - 365 d, t]: known before d is. */
static double level_at(const struct pl_evidence *evidence, int64_t time_us)
{
    unsigned year = count_until(evidence, time_us) - count_until(evidence, time_us - YEAR_US);

    return fmax(PL_EVIDENCE_LEVEL_MIN, year * evidence->alarm_years);
}

static void insert_time(struct pl_evidence *evidence, int64_t time_us)
{
    unsigned at = count_until(evidence, time_us);

    memmove(&evidence->times_us[at + 1], &evidence->times_us[at], (evidence->n - at) * sizeof(*evidence->times_us));
    evidence->times_us[at] = time_us;
}

static double credited(const struct pl_entry *entry)
{
    return entry->arms ? pl_arms_credited(entry->arms) : pl_returns_credited(entry->d, entry->s);
}

static double floor_of(const struct pl_entry *entry)
{
    return entry->arms ? pl_arms_floor(entry->arms) : pl_returns_floor(entry->s);
}

/* Known before d is. Without a smallest return only the bar counts. */
static double cap_of(const struct pl_evidence *evidence, const struct pl_entry *entry)
{
    double delta = isnan(evidence->delta) ? 0. : evidence->delta * entry->cost;

    return pl_returns_cap(delta, entry->s, evidence->largest);
}

/* Early stopping must not hide losses nor make flatness: for FLAT it counts as a full win if shipped, for YIELDING as
 * nothing. */
static void bet(struct pl_evidence *evidence, const struct pl_entry *entry, double x, double cap)
{
    double delta = evidence->delta * entry->cost;
    double flat = entry->early ? (entry->shipped ? cap : 0.) : x;
    double clamp = CLAMP_LEVELS * evidence->level * evidence->areas;

    evidence->e_flat = pl_detect_flat(&evidence->flat, delta, flat, cap, clamp);
    evidence->e_yield = pl_detect_yield(&evidence->yield, delta, entry->early ? 0. : x, floor_of(entry), CLAMP_YIELD);
    evidence->largest_cap = fmax(evidence->largest_cap, cap);
}

/* The ring's point of one entry, NAN when it is skipped. */
static double point_of(const struct pl_evidence *evidence, const struct pl_credit *credit, double d)
{
    if (credit->several)
        return PL_NAN;
    if (!credit->early)
        return pl_returns_common(d, credit->s, evidence->s_ref);
    return credit->shipped ? PL_RETURNS_BAR * evidence->s_ref + EARLY_POINT_ERRORS * credit->s : 0.;
}

static void push_point(struct pl_evidence *evidence, unsigned at, double d)
{
    double point = point_of(evidence, &evidence->credits[at], d);

    if (!isnan(point))
        pl_detect_push(&evidence->ring, point);
}

/* The common bar is known from the tenth entry on; the first ten points are made then. */
static void follow_change(struct pl_evidence *evidence, double d)
{
    unsigned last = evidence->n - 1;

    if (last < PL_EVIDENCE_BAR_FROM)
        evidence->early_d[last] = d;
    if (evidence->n < PL_EVIDENCE_BAR_FROM)
        return;
    if (evidence->n == PL_EVIDENCE_BAR_FROM) {
        evidence->s_ref = pl_evidence_median_se(evidence);
        for (unsigned at = 0; at < PL_EVIDENCE_BAR_FROM; at++)
            push_point(evidence, at, evidence->early_d[at]);
    } else {
        push_point(evidence, last, d);
    }
    pl_detect_change(&evidence->ring, &evidence->down, &evidence->up);
}

enum pl_status pl_evidence_enter(struct pl_evidence *evidence, const struct pl_entry *entry, struct pl_err *err)
{
    enum pl_status status = reserve(evidence, err);

    assert(isfinite(entry->d) && isfinite(entry->s) && entry->s > 0. && entry->cost > 0.);
    if (status != PL_OK)
        return status;
    double x = credited(entry), cap = cap_of(evidence, entry);

    evidence->level = level_at(evidence, entry->time_us);
    if (!isnan(evidence->delta))
        bet(evidence, entry, x, cap);
    evidence->last_x = x;
    evidence->last_cap = cap;
    if (!entry->early) {
        evidence->largest = fmax(evidence->largest, x);
        evidence->largest_ever = fmax(evidence->largest_ever, x);
    }
    insert_time(evidence, entry->time_us);
    evidence->credits[evidence->n++] = (struct pl_credit){
        .x = x, .s = entry->s, .early = entry->early, .shipped = entry->shipped, .several = entry->arms != NULL};
    if (entry->arms)
        evidence->credits[evidence->n - 1].floor = floor_of(entry);
    follow_change(evidence, entry->d);
    return PL_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts the values. */
static double median(double *values, unsigned n)
{
    qsort(values, n, sizeof(*values), ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2.;
}

double pl_evidence_median_se(const struct pl_evidence *evidence)
{
    double few[PL_EVIDENCE_BAR_FROM];
    unsigned n = evidence->n;
    double *values = n <= PL_EVIDENCE_BAR_FROM ? few : malloc(n * sizeof(*values));

    if (n == 0 || !values)
        return PL_NAN;
    for (unsigned at = 0; at < n; at++)
        values[at] = evidence->credits[at].s;
    double result = median(values, n);
    if (values != few)
        free(values);
    return result;
}

int64_t pl_evidence_median_gap_us(const struct pl_evidence *evidence)
{
    unsigned gaps = evidence->n > 0 ? evidence->n - 1 : 0;
    double *values = gaps > 0 ? malloc(gaps * sizeof(*values)) : NULL;

    if (!values)
        return 0;
    for (unsigned at = 0; at < gaps; at++)
        values[at] = (double)(evidence->times_us[at + 1] - evidence->times_us[at]);
    int64_t result = (int64_t)median(values, gaps);
    free(values);
    return result;
}

double pl_evidence_lean(const struct pl_evidence *evidence)
{
    unsigned n = evidence->n;
    double *x = n > 1 && !isnan(evidence->delta) ? malloc(2 * n * sizeof(*x)) : NULL;
    double mean;

    if (!x)
        return PL_NAN;
    for (unsigned at = 0; at < n; at++) {
        x[at] = evidence->credits[at].x;
        x[n + at] = evidence->credits[at].s;
    }
    mean = pl_pool_fit(x, x + n, n, .05, NULL).mu;
    free(x);
    return mean - evidence->delta;
}

struct pl_proved pl_evidence_proved(const struct pl_evidence *evidence, double median_se)
{
    double grid[PL_DETECT_GRID];

    if (isnan(median_se))
        return (struct pl_proved){.lower = PL_NAN, .upper = PL_NAN};
    pl_detect_grid(median_se, grid);
    return pl_detect_proved(evidence->credits, evidence->n, grid, PL_DETECT_GRID);
}

double pl_evidence_needed(const struct pl_evidence *evidence, double median_se, double share)
{
    if (isnan(evidence->delta) || isnan(median_se))
        return PL_NAN;
    struct pl_detect_need need = {
        .delta = evidence->delta,
        .s = median_se,
        .cap = pl_returns_cap(evidence->delta, median_se, evidence->largest),
        .level = evidence->level * share,
    };

    return pl_detect_needed(&evidence->flat, &need);
}
