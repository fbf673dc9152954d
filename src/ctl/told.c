#include "ctl/told.h"

#include "codec/area_text.h"
#include "codec/keys.h"
#include "codec/objective_text.h"
#include "codec/pairs.h"
#include "util/stamp.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_set(const struct pl_reply *pairs, const char *name)
{
    return pl_span_is(pl_ask_field(pairs, name), "1");
}

static int64_t time_of(const struct pl_reply *pairs, const char *name)
{
    int64_t time_us;

    return pl_stamp_parse(pl_ask_field(pairs, name), false, &time_us) ? time_us : PL_TIME_NONE;
}

static unsigned count_of(const struct pl_reply *pairs, const char *name)
{
    int64_t value = pl_ask_int(pairs, name, 0);

    return value < 0 || value > UINT_MAX ? 0 : (unsigned)value;
}

static void read_advice(const struct pl_reply *pairs, struct pl_advice *advice)
{
    struct pl_span grade = pl_ask_field(pairs, "grade");
    char name[PL_NAME_BYTES];

    *advice = (struct pl_advice){.verdict = PL_NO_VERDICT};
    if (pl_span_copy(pl_ask_field(pairs, "verdict"), name, sizeof(name)))
        (void)pl_verdict_find(name, &advice->verdict);
    for (int at = PL_UNGRADED; at <= PL_CONFIRMED; at++)
        if (pl_span_is(grade, pl_grade_name((enum pl_grade)at)))
            advice->grade = (enum pl_grade)at;
    if (count_of(pairs, "reason") <= PL_REASON_PROGRAMME)
        advice->reason = (enum pl_no_verdict)count_of(pairs, "reason");
    advice->missing = pl_area_text_missing(pl_ask_field(pairs, "missing"));
    advice->urgent = is_set(pairs, "urgent");
    advice->repair_first = is_set(pairs, "repair_first");
    advice->lean = (int)pl_ask_int(pairs, "lean", 0);
}

static void read_legs(const struct pl_reply *pairs, struct pl_area_state *state)
{
    state->hollow = is_set(pairs, "hollow");
    state->n_value = count_of(pairs, "results_with_value");
    state->credit_mean = pl_ask_double(pairs, "goal_gain", (double)NAN);
    state->value_mean = pl_ask_double(pairs, "value_gain", (double)NAN);
    state->holdout = is_set(pairs, "holdout");
    state->e_holdout = pl_ask_double(pairs, "holdout_evidence", 0);
    state->quarter = (struct pl_quarter){
        .start_us = PL_TIME_NONE,
        .end_us = time_of(pairs, "quarter_end"),
        .n = count_of(pairs, "quarter_results"),
        .credited = pl_ask_double(pairs, "quarter_credited", (double)NAN),
        .realised = pl_ask_double(pairs, "quarter_realised", (double)NAN),
        .se = pl_ask_double(pairs, "quarter_realised_error", (double)NAN),
    };
    state->posterior_mean = pl_ask_double(pairs, "lean_gain", (double)NAN);
}

static void read_state(const struct pl_reply *pairs, struct pl_area_state *state)
{
    struct pl_span name = pl_ask_field(pairs, "programme");

    *state = (struct pl_area_state){
        .n = count_of(pairs, "results"),
        .n_all = count_of(pairs, "results_ever"),
        .epoch = count_of(pairs, "epoch"),
        .last_us = time_of(pairs, "last_result"),
        .flat_since_us = time_of(pairs, "flat_since"),
        .epoch_us = PL_TIME_NONE,
        .e_flat = pl_ask_double(pairs, "flat_evidence", (double)NAN),
        .level = pl_ask_double(pairs, "flat_needed", (double)NAN),
        .e_yield = pl_ask_double(pairs, "paying_evidence", (double)NAN),
        .down = pl_ask_double(pairs, "falling_evidence", (double)NAN),
        .up = pl_ask_double(pairs, "rising_evidence", (double)NAN),
        .e_hollow = pl_ask_double(pairs, "hollow_evidence", (double)NAN),
        .lower = pl_ask_double(pairs, "return_lower", (double)NAN),
        .upper = pl_ask_double(pairs, "return_upper", (double)NAN),
        .largest_ever = pl_ask_double(pairs, "largest_win", (double)NAN),
        .largest_cap = pl_ask_double(pairs, "largest_win_counted", (double)NAN),
        .median_se = pl_ask_double(pairs, "median_se", (double)NAN),
        .needed = pl_ask_double(pairs, "needed", (double)NAN),
        .once_yielding = is_set(pairs, "once_paying"),
        .jackpot_ok = is_set(pairs, "wins_rule_ok"),
        .peeking = is_set(pairs, "stops_early"),
        .unhealthy = is_set(pairs, "unhealthy"),
    };
    for (int at = PL_INCONCLUSIVE; at <= PL_FLAT; at++)
        if (pl_span_is(name, pl_programme_state_name((enum pl_programme_state)at)))
            state->state = (enum pl_programme_state)at;
    if (count_of(pairs, "why") <= PL_WHY_TOO_NOISY)
        state->why = (enum pl_inconclusive)count_of(pairs, "why");
    read_legs(pairs, state);
}

static void read_left_out(const struct pl_reply *pairs, int64_t left_out[PL_TOLD_REASONS])
{
    char name[64];

    for (int reason = PL_ENTERED + 1; reason < PL_TOLD_REASONS; reason++) {
        snprintf(name, sizeof(name), "left_out_%s", pl_exclusion_name((enum pl_exclusion)reason));
        for (char *at = name; *at; at++)
            if (*at == ' ')
                *at = '_';
        left_out[reason] = pl_ask_int(pairs, name, 0);
    }
}

static enum pl_trend_verdict trend_of(const struct pl_reply *pairs, const char *name)
{
    struct pl_span trend = pl_ask_field(pairs, name);

    for (int at = PL_TREND_UNKNOWN; at <= PL_TREND_INCONCLUSIVE; at++)
        if (pl_span_is(trend, pl_area_text_trend((enum pl_trend_verdict)at)))
            return (enum pl_trend_verdict)at;
    return PL_TREND_UNKNOWN;
}

/* before_WHATbehind, as codec/area_text writes them. */
static struct pl_looks looks_of(const struct pl_reply *pairs, const char *before, const char *behind)
{
    static const char *const whats[] = {"trend", "drift", "drift_se", "rate", "looked"};
    char names[5][PL_PAIRS_NAME_BYTES];
    struct pl_looks looks = pl_looks_init();

    for (unsigned at = 0; at < 5; at++)
        snprintf(names[at], sizeof(names[at]), "%s_%s%s", before, whats[at], behind);
    looks.verdict = trend_of(pairs, names[0]);
    looks.drift = pl_ask_double(pairs, names[1], (double)NAN);
    looks.se = pl_ask_double(pairs, names[2], (double)NAN);
    looks.rate = pl_ask_double(pairs, names[3], (double)NAN);
    looks.last_us = time_of(pairs, names[4]);
    return looks;
}

static struct pl_told_feature *feature_of(struct pl_told *told, struct pl_span id)
{
    struct pl_told_feature *feature = &told->features[told->n_features];

    for (unsigned at = 0; at < told->n_features; at++)
        if (pl_span_is(id, told->features[at].id))
            return &told->features[at];
    if (told->n_features == PL_TOLD_FEATURES || !pl_span_copy(id, feature->id, sizeof(feature->id)))
        return NULL;
    told->n_features++;
    return feature;
}

static void read_counts(const struct pl_reply *pairs, struct pl_told_feature *feature)
{
    const struct {
        const char *what;
        int64_t *target;
    } counts[] = {
        {"eligible", &feature->seen.eligible}, {"aware", &feature->seen.aware}, {"adopted", &feature->seen.adopted},
        {"older", &feature->seen.older},       {"left", &feature->seen.left},   {"newly", &feature->seen.newly},
        {"repeated", &feature->seen.repeated},
    };
    char name[PL_PAIRS_NAME_BYTES];

    for (size_t at = 0; at < sizeof(counts) / sizeof(*counts); at++) {
        snprintf(name, sizeof(name), "gap.%s.%s", feature->id, counts[at].what);
        *counts[at].target = pl_ask_int(pairs, name, 0);
    }
}

static void read_features(const struct pl_reply *pairs, struct pl_told *told)
{
    static const char *const names[PL_GAPS] = {"gap_discovery", "gap_trial", "gap_fit"};

    told->delivered_share = pl_ask_double(pairs, "delivered_share", (double)NAN);
    told->adoption_us = time_of(pairs, "adoption_looked");
    told->n_gaps = count_of(pairs, "gaps");
    for (int at = PL_DELIVERY_UNKNOWN; at <= PL_DELIVERY_GAP; at++)
        if (pl_span_is(pl_ask_field(pairs, "delivery"), pl_area_text_delivery((enum pl_delivery)at)))
            told->delivery = (enum pl_delivery)at;
    for (int gap = 0; gap < PL_GAPS; gap++) {
        struct pl_span ids = pl_ask_field(pairs, names[gap]);

        while (ids.ptr && ids.len > 0) {
            struct pl_told_feature *feature = feature_of(told, pl_span_cut(&ids, ','));

            if (feature)
                feature->kinds |= 1u << gap;
        }
    }
    for (unsigned at = 0; at < told->n_features; at++)
        read_counts(pairs, &told->features[at]);
}

static void read_value(const struct pl_reply *pairs, struct pl_told *told)
{
    static const char prefix[] = "derive_trend.";

    told->measured = pl_ask_field(pairs, "value_trend").len > 0;
    told->value = trend_of(pairs, "value_trend");
    told->events = looks_of(pairs, "value_events", "");
    told->retention = looks_of(pairs, "retention", "");
    for (size_t at = 0; at + 1 < pairs->n && told->n_taken < PL_TOLD_TAKEN; at += 2) {
        struct pl_span name = pairs->elements[at].text;
        struct pl_told_taken *taken = &told->taken[told->n_taken];
        char behind[PL_NAME_BYTES + 1];

        if (!pl_span_take_prefix(&name, prefix) || name.len == 0)
            continue;
        if (!pl_span_copy(name, taken->metric, sizeof(taken->metric)))
            continue;
        snprintf(behind, sizeof(behind), ".%s", taken->metric);
        taken->looks = looks_of(pairs, "derive", behind);
        told->n_taken++;
    }
}

static void read_objectives(const struct pl_reply *pairs, struct pl_told *told)
{
    struct pl_span ids = pl_ask_field(pairs, "objectives");

    while (ids.ptr && ids.len > 0 && told->n_objectives < PL_OBJECTIVE_STARTS_MAX) {
        struct pl_objective *one = &told->objectives[told->n_objectives];

        if (pl_span_copy(pl_span_cut(&ids, ','), one->id, sizeof(one->id)))
            told->n_objectives++;
    }
}

void pl_told_objective(const struct pl_reply *pairs, struct pl_objective *objective)
{
    (void)pl_objective_find_figure(pl_ask_field(pairs, "figure"), &objective->figure);
    objective->target = pl_ask_double(pairs, "target", (double)NAN);
    objective->by_us = time_of(pairs, "by");
    objective->now = pl_ask_double(pairs, "now", (double)NAN);
    objective->start = pl_ask_double(pairs, "start", (double)NAN);
    objective->start_us = time_of(pairs, "started");
    objective->way = pl_ask_double(pairs, "way", (double)NAN);
    objective->expected = pl_ask_double(pairs, "expected", (double)NAN);
    objective->days_left = pl_ask_double(pairs, "days_left", 0);
    if (!pl_objective_find_state(pl_ask_field(pairs, "state"), &objective->state))
        objective->state = PL_OBJECTIVE_UNKNOWN;
}

enum pl_status pl_told_objectives(struct pl_ask *ask, const char *instance, struct pl_told *told, struct pl_err *err)
{
    for (unsigned at = 0; at < told->n_objectives; at++) {
        struct pl_key key = pl_key_main_id(instance, "objective", told->objectives[at].id);
        const struct pl_reply *reply;
        enum pl_status status = pl_ask(ask, &reply, err, "HGETALL", key.text, NULL);

        if (status)
            return status;
        pl_told_objective(reply, &told->objectives[at]);
    }
    return PL_OK;
}

void pl_told_read(const struct pl_reply *pairs, struct pl_told *told)
{
    struct pl_looks funnel = looks_of(pairs, "funnel", "");

    *told = (struct pl_told){.exists = pl_ask_field(pairs, "verdict").len > 0};
    read_advice(pairs, &told->advice);
    read_state(pairs, &told->state);
    read_left_out(pairs, told->left_out);
    (void)pl_span_copy(pl_ask_field(pairs, "owner"), told->rule.owner, sizeof(told->rule.owner));
    (void)pl_span_copy(pl_ask_field(pairs, "unit"), told->rule.unit, sizeof(told->rule.unit));
    told->rule.smallest_return = pl_ask_double(pairs, "smallest_return", (double)NAN);
    told->firing = is_set(pairs, "firing");
    told->since_us = time_of(pairs, "since");
    told->judged_us = time_of(pairs, "judged");
    told->funnel = funnel.verdict;
    told->drift = funnel.drift;
    told->drift_se = funnel.se;
    told->rate = funnel.rate;
    told->looked_us = funnel.last_us;
    read_features(pairs, told);
    read_value(pairs, told);
    read_objectives(pairs, told);
    (void)pl_span_copy(pl_ask_field(pairs, "core_levers"), told->rule.core_levers, sizeof(told->rule.core_levers));
    told->rule.value_bar = pl_ask_double(pairs, "value_bar", (double)NAN);
}

const char *pl_told_trend(enum pl_trend_verdict trend)
{
    static const char *const words[] = {"not known yet", "unchanged within 10 %", "rising", "falling",
                                        "cannot be told from noise"};

    return words[trend];
}
