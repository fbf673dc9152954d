#include "codec/balance_text.h"

#include "util/stamp.h"

#include <stdio.h>

/* Figures of one kind of work: the kind stands before their names. */
struct of_kind {
    const struct pl_pairs *to;
    const char *work;
};

static void put_of_kind(void *ctx, const char *name, const char *value)
{
    const struct of_kind *of_kind = ctx;
    char full[PL_PAIRS_NAME_BYTES];

    snprintf(full, sizeof(full), "%s.%s", of_kind->work, name);
    pl_pairs_text(of_kind->to, full, value);
}

static void put_kind(const struct pl_pairs *to, const struct pl_balance_kind *kind)
{
    pl_pairs_whole(to, "results", kind->n);
    pl_pairs_whole(to, "left_out", kind->left_out);
    pl_pairs_whole(to, "measured", kind->measured);
    pl_pairs_whole(to, "shipped", kind->shipped);
    pl_pairs_whole(to, "wins", kind->wins);
    pl_pairs_double(to, "units", kind->units);
    pl_pairs_double(to, "cost", kind->cost);
    if (kind->measured == 0)
        return;
    pl_pairs_double(to, "gain_added_up", kind->naive);
    pl_pairs_double(to, "gain_corrected", kind->unbiased);
    pl_pairs_double(to, "gain_shrunken", kind->shrunken);
    pl_pairs_double(to, "gain_per_experiment", kind->unbiased / kind->measured);
    if (kind->cost > 0)
        pl_pairs_double(to, "gain_per_cost", kind->unbiased / kind->cost);
}

static void put_thirds(const struct pl_pairs *to, const struct pl_balance *balance)
{
    char name[32];

    for (unsigned third = 0; third < 3 && balance->third_n[third] > 0; third++) {
        snprintf(name, sizeof(name), "third%u.results", third + 1);
        pl_pairs_whole(to, name, balance->third_n[third]);
        snprintf(name, sizeof(name), "third%u.wins", third + 1);
        pl_pairs_whole(to, name, balance->third_wins[third]);
    }
}

static void put_headroom(const struct pl_pairs *to, const struct pl_headroom *headroom)
{
    if (headroom->no_ceiling) {
        pl_pairs_text(to, "ceiling", "no evidence of a ceiling");
        return;
    }
    pl_pairs_double(to, "ceiling", headroom->remaining);
    pl_pairs_double(to, "ceiling_lower", headroom->remaining_lower);
    pl_pairs_double(to, "ceiling_upper", headroom->remaining_upper);
}

static void put_quarter(const struct pl_pairs *to, const struct pl_quarter *quarter)
{
    char stamp[PL_STAMP_BYTES];

    if (quarter->end_us == PL_TIME_NONE)
        return;
    pl_pairs_text(to, "quarter_start", pl_stamp_format(quarter->start_us, stamp));
    pl_pairs_text(to, "quarter_end", pl_stamp_format(quarter->end_us, stamp));
    pl_pairs_whole(to, "quarter_results", quarter->n);
    pl_pairs_double(to, "credited", quarter->credited);
    pl_pairs_double(to, "realised", quarter->realised);
    pl_pairs_double(to, "realised_error", quarter->se);
    pl_pairs_double(to, "launch_gap", quarter->credited - quarter->realised);
}

void pl_balance_text(const struct pl_balance *balance, const struct pl_area_state *state, pl_area_text_fn emit,
                     void *ctx)
{
    static const char *const works[PL_BALANCE_KINDS] = {"growth", "monetisation", "core", "holdout"};
    const struct pl_pairs to = {emit, ctx};

    for (unsigned work = 0; work < PL_BALANCE_KINDS; work++) {
        struct of_kind of_kind = {&to, works[work]};
        const struct pl_pairs behind = {put_of_kind, &of_kind};

        if (balance->kinds[work].n > 0)
            put_kind(&behind, &balance->kinds[work]);
    }
    put_thirds(&to, balance);
    pl_pairs_double(&to, "forecast_quarter", balance->forecast);
    pl_pairs_double(&to, "forecast_quarter_error", balance->forecast_se);
    pl_pairs_double(&to, "cost_per_win", balance->cost_per_win);
    put_headroom(&to, &balance->headroom);
    put_quarter(&to, &state->quarter);
}
