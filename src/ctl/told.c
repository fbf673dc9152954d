#include "ctl/told.h"

#include "codec/area_text.h"
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

void pl_told_read(const struct pl_reply *pairs, struct pl_told *told)
{
    struct pl_span trend = pl_ask_field(pairs, "funnel_trend");

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
    for (int at = PL_TREND_UNKNOWN; at <= PL_TREND_INCONCLUSIVE; at++)
        if (pl_span_is(trend, pl_area_text_trend((enum pl_trend_verdict)at)))
            told->funnel = (enum pl_trend_verdict)at;
    told->drift = pl_ask_double(pairs, "funnel_drift", (double)NAN);
    told->drift_se = pl_ask_double(pairs, "funnel_drift_se", (double)NAN);
    told->rate = pl_ask_double(pairs, "funnel_rate", (double)NAN);
    told->looked_us = time_of(pairs, "funnel_looked");
}

const char *pl_told_trend(enum pl_trend_verdict trend)
{
    static const char *const words[] = {"not known yet", "unchanged within 10 %", "rising", "falling",
                                        "cannot be told from noise"};

    return words[trend];
}
