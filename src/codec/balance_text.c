#include "codec/balance_text.h"

#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct writer {
    pl_area_text_fn emit;
    void *ctx;
    const char *prefix; /* "" or a kind of work */
};

static void put(const struct writer *to, const char *name, const char *value)
{
    char full[64];

    snprintf(full, sizeof(full), "%s%s%s", to->prefix, *to->prefix ? "." : "", name);
    to->emit(to->ctx, full, value);
}

static void put_double(const struct writer *to, const char *name, double value)
{
    char number[32];

    if (!isfinite(value))
        return;
    pl_num_format(value, number);
    put(to, name, number);
}

static void put_whole(const struct writer *to, const char *name, int64_t value)
{
    char number[32];

    snprintf(number, sizeof(number), "%" PRId64, value);
    put(to, name, number);
}

static void put_kind(const struct writer *to, const struct pl_balance_kind *kind)
{
    put_whole(to, "results", kind->n);
    put_whole(to, "left_out", kind->left_out);
    put_whole(to, "measured", kind->measured);
    put_whole(to, "shipped", kind->shipped);
    put_whole(to, "wins", kind->wins);
    put_double(to, "units", kind->units);
    put_double(to, "cost", kind->cost);
    if (kind->measured == 0)
        return;
    put_double(to, "gain_added_up", kind->naive);
    put_double(to, "gain_corrected", kind->unbiased);
    put_double(to, "gain_shrunken", kind->shrunken);
    put_double(to, "gain_per_experiment", kind->unbiased / kind->measured);
    if (kind->cost > 0)
        put_double(to, "gain_per_cost", kind->unbiased / kind->cost);
}

static void put_thirds(const struct writer *to, const struct pl_balance *balance)
{
    char name[32];

    for (unsigned third = 0; third < 3 && balance->third_n[third] > 0; third++) {
        snprintf(name, sizeof(name), "third%u.results", third + 1);
        put_whole(to, name, balance->third_n[third]);
        snprintf(name, sizeof(name), "third%u.wins", third + 1);
        put_whole(to, name, balance->third_wins[third]);
    }
}

static void put_headroom(const struct writer *to, const struct pl_headroom *headroom)
{
    if (headroom->no_ceiling) {
        put(to, "ceiling", "no evidence of a ceiling");
        return;
    }
    put_double(to, "ceiling", headroom->remaining);
    put_double(to, "ceiling_lower", headroom->remaining_lower);
    put_double(to, "ceiling_upper", headroom->remaining_upper);
}

static void put_quarter(const struct writer *to, const struct pl_quarter *quarter)
{
    char stamp[PL_STAMP_BYTES];

    if (quarter->end_us == PL_TIME_NONE)
        return;
    put(to, "quarter_start", pl_stamp_format(quarter->start_us, stamp));
    put(to, "quarter_end", pl_stamp_format(quarter->end_us, stamp));
    put_whole(to, "quarter_results", quarter->n);
    put_double(to, "credited", quarter->credited);
    put_double(to, "realised", quarter->realised);
    put_double(to, "realised_error", quarter->se);
    put_double(to, "launch_gap", quarter->credited - quarter->realised);
}

void pl_balance_text(const struct pl_balance *balance, const struct pl_area_state *state, pl_area_text_fn emit,
                     void *ctx)
{
    static const char *const works[PL_BALANCE_KINDS] = {"growth", "monetisation", "core", "holdout"};
    const struct writer to = {emit, ctx, ""};

    for (unsigned work = 0; work < PL_BALANCE_KINDS; work++) {
        const struct writer of_kind = {emit, ctx, works[work]};

        if (balance->kinds[work].n > 0)
            put_kind(&of_kind, &balance->kinds[work]);
    }
    put_thirds(&to, balance);
    put_double(&to, "forecast_quarter", balance->forecast);
    put_double(&to, "forecast_quarter_error", balance->forecast_se);
    put_double(&to, "cost_per_win", balance->cost_per_win);
    put_headroom(&to, &balance->headroom);
    put_quarter(&to, &state->quarter);
}
