#include "core/judge/legs.h"

#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <stdlib.h>

#define CLAMP_LEVELS 10.

struct pl_legs pl_legs_init(void)
{
    return (struct pl_legs){.quarter = {PL_TIME_NONE, PL_TIME_NONE, 0, PL_NAN, PL_NAN, PL_NAN}};
}

void pl_legs_fini(struct pl_legs *legs)
{
    free(legs->entries);
    *legs = pl_legs_init();
}

void pl_legs_restart(struct pl_legs *legs)
{
    struct pl_legs old = *legs;

    *legs = pl_legs_init();
    legs->entries = old.entries;
    legs->cap = old.cap;
}

static enum pl_status reserve(struct pl_legs *legs, struct pl_err *err)
{
    unsigned cap = legs->cap ? 2 * legs->cap : 32;
    struct pl_legs_entry *entries;

    if (legs->n < legs->cap)
        return PL_OK;
    entries = realloc(legs->entries, cap * sizeof(*entries));
    if (!entries)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for %u entries", cap);
    legs->entries = entries;
    legs->cap = cap;
    return PL_OK;
}

/* Of several arms it is not kept which of them brought which value. */
static bool has_value(const struct pl_row *row)
{
    return row->arms.n == 0 && isfinite(row->value.effect) && row->value.se > 0. && isfinite(row->value.cov);
}

enum pl_status pl_legs_enter(struct pl_legs *legs, const struct pl_row *row, const struct pl_evidence *evidence,
                             double eta, struct pl_err *err)
{
    const struct pl_hollow_entry entry = {
        .d = row->effect,
        .s = row->se,
        .value = row->value.effect,
        .value_se = row->value.se,
        .cov = row->value.cov,
        .cap = evidence->last_cap,
        .early = row->early,
        .shipped = row->shipped,
    };
    enum pl_status status = reserve(legs, err);

    if (status)
        return status;
    legs->entries[legs->n++] =
        (struct pl_legs_entry){row->time_us, row->early ? 0. : evidence->last_x, row->cost > 0. ? row->cost : 1.};
    if (!has_value(row))
        return PL_OK;
    legs->n_value++;
    legs->sum_value += row->early ? 0. : pl_hollow_value(&entry);
    legs->sum_credit += legs->entries[legs->n - 1].x;
    (void)pl_hollow_take(&legs->hollow, &entry, eta);
    return PL_OK;
}

void pl_legs_quarter(struct pl_legs *legs, const struct pl_row *row, const struct pl_evidence *evidence)
{
    struct pl_quarter quarter = {row->start_us, row->time_us, 0, 0, row->effect, row->se};
    double standard = 0.;

    if (row->start_us == PL_TIME_NONE || row->arms.n || !isfinite(row->effect) || !(row->se > 0.))
        return;
    if (legs->quarter.end_us != PL_TIME_NONE && row->start_us < legs->quarter.end_us)
        return;
    for (unsigned at = 0; at < legs->n; at++) {
        if (legs->entries[at].time_us <= row->start_us || legs->entries[at].time_us > row->time_us)
            continue;
        quarter.n++;
        standard += legs->entries[at].cost;
        quarter.credited += legs->entries[at].x;
    }
    legs->quarter = quarter;
    (void)pl_holdout_take(
        &legs->holdout,
        &(struct pl_holdout_quarter){.lift = row->effect, .se = row->se, .entries = standard, .delta = evidence->delta},
        CLAMP_LEVELS * evidence->level);
}
