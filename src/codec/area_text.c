#include "codec/area_text.h"

#include "core/judge/hollow.h"
#include "util/buf.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

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

static void put_missing(const struct pl_pairs *to, unsigned missing)
{
    char text[128] = "";

    for (size_t at = 0; at < sizeof(missing_bits) / sizeof(*missing_bits); at++)
        if (missing & missing_bits[at].bit)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? "," : "",
                     missing_bits[at].name);
    pl_pairs_text(to, "missing", text);
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
static void put_left_out(const struct pl_pairs *to, const struct pl_ledger *ledger, uint32_t area)
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
        pl_pairs_whole(to, name, counts[reason]);
    }
}

/* Does value follow delivery, and did quarters realise what was credited? Nothing before there is something to tell. */
static void put_legs(const struct pl_pairs *to, const struct pl_area_state *state)
{
    if (state->n_value > 0) {
        pl_pairs_whole(to, "hollow", state->hollow);
        pl_pairs_double(to, "hollow_needed", PL_HOLLOW_ALARM);
        pl_pairs_whole(to, "results_with_value", state->n_value);
        pl_pairs_double(to, "goal_gain", state->credit_mean);
        pl_pairs_double(to, "value_gain", state->value_mean);
    }
    if (state->quarter.end_us > 0) {
        pl_pairs_whole(to, "holdout", state->holdout);
        pl_pairs_double(to, "holdout_evidence", state->e_holdout);
        pl_pairs_whole(to, "quarter_results", state->quarter.n);
        pl_pairs_double(to, "quarter_credited", state->quarter.credited);
        pl_pairs_double(to, "quarter_realised", state->quarter.realised);
        pl_pairs_double(to, "quarter_realised_error", state->quarter.se);
        pl_pairs_time(to, "quarter_end", state->quarter.end_us);
    }
}

static void put_programme(const struct pl_pairs *to, const struct pl_area_state *state)
{
    pl_pairs_text(to, "programme", pl_programme_state_name(state->state));
    pl_pairs_whole(to, "why", (int64_t)state->why);
    pl_pairs_whole(to, "results", state->n);
    pl_pairs_whole(to, "results_ever", state->n_all);
    pl_pairs_whole(to, "epoch", state->epoch);
    pl_pairs_time(to, "last_result", state->last_us);
    pl_pairs_time(to, "flat_since", state->flat_since_us);
    pl_pairs_double(to, "flat_evidence", state->e_flat);
    pl_pairs_double(to, "flat_needed", state->level);
    pl_pairs_double(to, "paying_evidence", state->e_yield);
    pl_pairs_double(to, "falling_evidence", state->down);
    pl_pairs_double(to, "rising_evidence", state->up);
    if (state->e_hollow > 0)
        pl_pairs_double(to, "hollow_evidence", state->e_hollow);
    pl_pairs_double(to, "return_lower", state->lower);
    pl_pairs_double(to, "return_upper", state->upper);
    pl_pairs_double(to, "largest_win", state->largest_ever);
    pl_pairs_double(to, "largest_win_counted", state->largest_cap);
    pl_pairs_double(to, "median_se", state->median_se);
    pl_pairs_double(to, "needed", state->needed);
    pl_pairs_whole(to, "once_paying", state->once_yielding);
    pl_pairs_whole(to, "wins_rule_ok", state->jackpot_ok);
    pl_pairs_whole(to, "stops_early", state->peeking);
    pl_pairs_whole(to, "unhealthy", state->unhealthy);
    if (state->n > 0)
        pl_pairs_double(to, "lean_gain", state->posterior_mean);
    put_legs(to, state);
}

const char *pl_area_text_trend(enum pl_trend_verdict trend)
{
    static const char *const names[] = {"unknown", "stable", "rising", "falling", "inconclusive"};

    return names[trend];
}

static void put_gap_names(const struct pl_pairs *to, const struct pl_area_view *view, enum pl_gap gap)
{
    const struct pl_adoption_looks *looks = &view->standing->adoption;
    char name[PL_PAIRS_NAME_BYTES];
    struct pl_buf ids = {0};

    for (unsigned at = 0; at < looks->n_gaps; at++)
        if (looks->gaps[at].kinds & 1u << gap)
            pl_buf_addf(&ids, "%s%s", ids.len ? "," : "", view->rules->features[looks->gaps[at].feature].id);
    snprintf(name, sizeof(name), "gap_%s", pl_adoption_gap_name(gap));
    if (pl_buf_ok(&ids))
        pl_pairs_text(to, name, ids.ptr ? ids.ptr : "");
    pl_buf_fini(&ids);
}

static void put_gap(const struct pl_pairs *to, const char *id, const struct pl_adoption_counts *seen)
{
    const struct {
        const char *what;
        int64_t value;
    } counts[] = {
        {"eligible", seen->eligible}, {"aware", seen->aware}, {"adopted", seen->adopted},   {"older", seen->older},
        {"left", seen->left},         {"newly", seen->newly}, {"repeated", seen->repeated},
    };
    char name[PL_PAIRS_NAME_BYTES];

    for (size_t at = 0; at < sizeof(counts) / sizeof(*counts); at++) {
        snprintf(name, sizeof(name), "gap.%s.%s", id, counts[at].what);
        pl_pairs_whole(to, name, counts[at].value);
    }
}

const char *pl_area_text_delivery(enum pl_delivery delivery)
{
    static const char *const names[] = {"unknown", "delivered", "not_delivered", "gap"};

    return names[delivery];
}

static void put_adoption(const struct pl_pairs *to, const struct pl_area_view *view)
{
    const struct pl_adoption_looks *looks = &view->standing->adoption;

    pl_pairs_text(to, "delivery", pl_area_text_delivery(pl_adoption_delivery(looks, view->rules, view->area)));
    pl_pairs_double(to, "value_bar", view->rule->value_bar);
    pl_pairs_time(to, "adoption_looked", looks->last_us);
    if (looks->last_us == PL_TIME_NONE)
        return;
    pl_pairs_double(to, "delivered_share", looks->share);
    pl_pairs_whole(to, "adoption_looks", looks->taken);
    pl_pairs_whole(to, "gaps", looks->n_all);
    for (int gap = 0; gap < PL_GAPS; gap++)
        put_gap_names(to, view, (enum pl_gap)gap);
    for (unsigned at = 0; at < looks->n_gaps; at++)
        put_gap(to, view->rules->features[looks->gaps[at].feature].id, &looks->gaps[at].counts);
}

/* NAME_trend, NAME_drift and so on, or derive_trend.METRIC: `before` and `behind` what it is. */
static void put_looks(const struct pl_pairs *to, const char *before, const char *behind, const struct pl_looks *looks)
{
    const struct {
        const char *what;
        double value;
    } numbers[] = {{"drift", looks->drift}, {"drift_se", looks->se}, {"rate", looks->rate}};
    char name[PL_PAIRS_NAME_BYTES];

    snprintf(name, sizeof(name), "%s_trend%s", before, behind);
    pl_pairs_text(to, name, pl_area_text_trend(looks->verdict));
    for (size_t at = 0; at < sizeof(numbers) / sizeof(*numbers); at++) {
        snprintf(name, sizeof(name), "%s_%s%s", before, numbers[at].what, behind);
        pl_pairs_double(to, name, numbers[at].value);
    }
    snprintf(name, sizeof(name), "%s_looked%s", before, behind);
    pl_pairs_time(to, name, looks->last_us);
}

static void put_observed(const struct pl_pairs *to, const struct pl_area_view *view)
{
    const struct pl_standing *standing = view->standing;
    char behind[PL_NAME_BYTES + 2];

    put_adoption(to, view);
    if (view->rule->value_events.n > 0) {
        pl_pairs_text(to, "value_trend", pl_area_text_trend(pl_value_trend(&standing->value)));
        put_looks(to, "value_events", "", &standing->value.events);
        put_looks(to, "retention", "", &standing->value.retention);
    }
    if (standing->derive.n > 0)
        pl_pairs_whole(to, "derive_rising", pl_derive_rising(&standing->derive));
    for (unsigned at = 0; at < standing->derive.n; at++) {
        snprintf(behind, sizeof(behind), ".%s", view->rules->metrics[standing->derive.of[at].metric].id);
        put_looks(to, "derive", behind, &standing->derive.of[at].looks);
    }
}

static void put_objectives(const struct pl_pairs *to, const struct pl_area_view *view)
{
    struct pl_buf ids = {0};

    for (unsigned at = 0; at < view->rules->n_objectives; at++)
        if (view->rules->objectives[at].area == view->area)
            pl_buf_addf(&ids, "%s%s", ids.len ? "," : "", view->rules->objectives[at].id);
    if (pl_buf_ok(&ids) && ids.ptr)
        pl_pairs_text(to, "objectives", ids.ptr);
    pl_buf_fini(&ids);
}

void pl_area_text(const struct pl_area_view *view, pl_pairs_fn emit, void *ctx)
{
    const struct pl_pairs to = {emit, ctx};
    const struct pl_advice *advice = view->advice;
    const struct pl_alert_state *alert = &view->standing->alert;

    pl_pairs_text(&to, "verdict", pl_verdict_name(advice->verdict));
    pl_pairs_text(&to, "grade", pl_grade_name(advice->grade));
    pl_pairs_text(&to, "owner", view->rule->owner);
    pl_pairs_text(&to, "unit", view->rule->unit);
    pl_pairs_whole(&to, "reason", (int64_t)advice->reason);
    put_missing(&to, advice->missing);
    pl_pairs_whole(&to, "urgent", advice->urgent);
    pl_pairs_whole(&to, "repair_first", advice->repair_first);
    pl_pairs_whole(&to, "lean", advice->lean);
    pl_pairs_whole(&to, "firing", alert->firing);
    pl_pairs_time(&to, "since", alert->firing ? alert->starts_us : PL_TIME_NONE);
    pl_pairs_time(&to, "judged", view->judged_us);
    pl_pairs_double(&to, "smallest_return", view->rule->smallest_return);
    put_programme(&to, view->state);
    put_looks(&to, "funnel", "", &view->standing->looks);
    if (pl_rules_observed(view->rules, view->area))
        put_observed(&to, view);
    put_objectives(&to, view);
    if (view->rule->core_levers[0])
        pl_pairs_text(&to, "core_levers", view->rule->core_levers);
    put_left_out(&to, view->ledger, view->area);
}
