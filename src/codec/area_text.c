#include "codec/area_text.h"

#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct writer {
    pl_area_text_fn emit;
    void *ctx;
};

static void put(const struct writer *to, const char *name, const char *value)
{
    to->emit(to->ctx, name, value);
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

static void put_time(const struct writer *to, const char *name, int64_t time_us)
{
    char stamp[PL_STAMP_BYTES], with_ms[64];

    if (time_us == PL_TIME_NONE)
        return;
    put(to, name, pl_stamp_format(time_us, stamp));
    snprintf(with_ms, sizeof(with_ms), "%s_ms", name);
    put_whole(to, with_ms, time_us / 1000);
}

static const struct {
    unsigned bit;
    const char *name;
} missing_bits[] = {
    {PL_MISSING_ONCE_YIELDING, "once_yielding"},
    {PL_MISSING_FUNNEL_STABLE, "funnel_stable"},
    {PL_MISSING_DELIVERED, "delivered"},
    {PL_MISSING_VALUE, "value_measured"},
    {PL_MISSING_POLICY_AGE, "smallest_return_new"},
};

static void put_missing(const struct writer *to, unsigned missing)
{
    char text[128] = "";

    for (size_t at = 0; at < sizeof(missing_bits) / sizeof(*missing_bits); at++)
        if (missing & missing_bits[at].bit)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? "," : "",
                     missing_bits[at].name);
    put(to, "missing", text);
}

unsigned pl_area_text_missing(struct pl_span names)
{
    unsigned missing = 0;

    while (names.ptr) {
        struct pl_span name = pl_span_cut(&names, ',');

        for (size_t at = 0; at < sizeof(missing_bits) / sizeof(*missing_bits); at++)
            if (pl_span_is(name, missing_bits[at].name))
                missing |= missing_bits[at].bit;
    }
    return missing;
}

/* How many results were left out, by reason: shown so that nothing disappears silently. */
static void put_left_out(const struct writer *to, const struct pl_ledger *ledger, uint32_t area)
{
    int64_t counts[PL_EXCLUDED_OLD_EPOCH + 1] = {0};
    char name[64];

    for (size_t at = 0; at < ledger->n; at++)
        if (ledger->rows[at].kind == PL_ROW_RESULT && ledger->rows[at].area == area)
            counts[ledger->rows[at].excluded]++;
    for (int reason = PL_ENTERED + 1; reason <= PL_EXCLUDED_OLD_EPOCH; reason++) {
        snprintf(name, sizeof(name), "left_out_%s", pl_exclusion_name((enum pl_exclusion)reason));
        for (char *at = name; *at; at++)
            if (*at == ' ')
                *at = '_';
        put_whole(to, name, counts[reason]);
    }
}

static void put_programme(const struct writer *to, const struct pl_area_state *state)
{
    put(to, "programme", pl_programme_state_name(state->state));
    put_whole(to, "why", (int64_t)state->why);
    put_whole(to, "results", state->n);
    put_whole(to, "results_ever", state->n_all);
    put_whole(to, "epoch", state->epoch);
    put_time(to, "last_result", state->last_us);
    put_time(to, "flat_since", state->flat_since_us);
    put_double(to, "flat_evidence", state->e_flat);
    put_double(to, "flat_needed", state->level);
    put_double(to, "paying_evidence", state->e_yield);
    put_double(to, "falling_evidence", state->down);
    put_double(to, "rising_evidence", state->up);
    put_double(to, "return_lower", state->lower);
    put_double(to, "return_upper", state->upper);
    put_double(to, "largest_win", state->largest_ever);
    put_double(to, "largest_win_counted", state->largest_cap);
    put_double(to, "median_se", state->median_se);
    put_double(to, "needed", state->needed);
    put_whole(to, "once_paying", state->once_yielding);
    put_whole(to, "wins_rule_ok", state->jackpot_ok);
    put_whole(to, "stops_early", state->peeking);
    put_whole(to, "unhealthy", state->unhealthy);
}

const char *pl_area_text_trend(enum pl_trend_verdict trend)
{
    static const char *const names[] = {"unknown", "stable", "rising", "falling", "inconclusive"};

    return names[trend];
}

static void put_funnel(const struct writer *to, const struct pl_looks *looks)
{
    put(to, "funnel_trend", pl_area_text_trend(looks->verdict));
    put_double(to, "funnel_drift", looks->drift);
    put_double(to, "funnel_drift_se", looks->se);
    put_double(to, "funnel_rate", looks->rate);
    put_time(to, "funnel_looked", looks->last_us);
}

void pl_area_text(const struct pl_area_view *view, pl_area_text_fn emit, void *ctx)
{
    const struct writer to = {emit, ctx};
    const struct pl_advice *advice = view->advice;
    const struct pl_alert_state *alert = &view->standing->alert;

    put(&to, "verdict", pl_verdict_name(advice->verdict));
    put(&to, "grade", pl_grade_name(advice->grade));
    put(&to, "owner", view->rule->owner);
    put(&to, "unit", view->rule->unit);
    put_whole(&to, "reason", (int64_t)advice->reason);
    put_missing(&to, advice->missing);
    put_whole(&to, "urgent", advice->urgent);
    put_whole(&to, "repair_first", advice->repair_first);
    put_whole(&to, "lean", advice->lean);
    put_whole(&to, "firing", alert->firing);
    put_time(&to, "since", alert->firing ? alert->starts_us : PL_TIME_NONE);
    put_time(&to, "judged", view->judged_us);
    put_double(&to, "smallest_return", view->rule->smallest_return);
    put_programme(&to, view->state);
    put_funnel(&to, &view->standing->looks);
    put_left_out(&to, view->ledger, view->area);
}
