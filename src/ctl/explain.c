#include "ctl/explain.h"

#include "codec/words.h"
#include "core/judge/hollow.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH 100
#define CHANGES_SHOWN 5
#define PAYS_NEEDED 10     /* statistics.md 2.5: evidence that experiments pay, */
#define CHANGE_NEEDED 1000 /* and that they pay less or more than before */
#define EVIDENCE_SHOWN 1e5 /* beyond it the figure says nothing more */
#define STALE_US (60 * PL_DAY_US)

#define GAIN_BYTES (PL_NAME_BYTES + 32)

/* What the parts of the screen share. */
struct screen {
    const struct pl_told *told;
    const struct pl_past *past;
    struct pl_look look;
    struct pl_buf *out;
};

static void heading(const struct screen *screen, const char *text)
{
    pl_buf_add_char(screen->out, '\n');
    pl_table_ink(screen->out, screen->look, PL_INK_BOLD, text);
    pl_buf_add_char(screen->out, '\n');
}

static void sentence(const struct screen *screen, const char *text)
{
    pl_table_wrap(screen->out, 2, WIDTH, text);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int64_t pl_explain_stale_since(const struct pl_told *told, const struct pl_past *past)
{
    int64_t gaps[PL_PAST_MAX], last_us = PL_TIME_NONE, limit_us = STALE_US;
    size_t n = 0;

    for (unsigned at = 0; at < past->n_results; at++) {
        if (!past->results[at].counted || past->results[at].time_us == PL_TIME_NONE)
            continue;
        if (last_us != PL_TIME_NONE)
            gaps[n++] = past->results[at].time_us - last_us;
        last_us = past->results[at].time_us;
    }
    qsort(gaps, n, sizeof(*gaps), by_size);
    if (n && 2 * gaps[n / 2] > limit_us)
        limit_us = 2 * gaps[n / 2];
    if (told->judged_us == PL_TIME_NONE || told->state.last_us == PL_TIME_NONE ||
        told->judged_us - told->state.last_us <= limit_us)
        return PL_TIME_NONE;
    return told->state.last_us + limit_us;
}

static void add_flags(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    int64_t stale_us = pl_explain_stale_since(told, screen->past);
    char text[96], stamp[PL_STAMP_BYTES];

    if (told->advice.urgent)
        sentence(screen, "Urgent: the value users get is falling.");
    if (told->advice.repair_first)
        sentence(screen, "The funnel is falling: repair it first.");
    if (told->state.peeking)
        sentence(screen, pl_words_inconclusive(PL_WHY_PEEKING));
    if (told->state.unhealthy)
        sentence(screen, pl_words_inconclusive(PL_WHY_UNHEALTHY));
    if (stale_us != PL_TIME_NONE) {
        snprintf(text, sizeof(text), "Stale since %.10s: no new results came.", pl_stamp_format(stale_us, stamp));
        sentence(screen, text);
    }
}

static void add_verdict(const struct screen *screen, const char *area)
{
    const struct pl_told *told = screen->told;
    const char *grade = pl_grade_name(told->advice.grade);
    char stamp[PL_STAMP_BYTES];

    pl_table_ink(screen->out, screen->look, PL_INK_BOLD, area);
    pl_buf_add_text(screen->out, ": ");
    pl_table_ink(screen->out, screen->look, told->firing ? PL_INK_WARN : PL_INK_BOLD,
                 pl_words_verdict(told->advice.verdict));
    pl_buf_addf(screen->out, "%s%s%s", *grade ? " (" : "", grade, *grade ? ")" : "");
    if (told->firing && told->since_us != PL_TIME_NONE)
        pl_buf_addf(screen->out, ", alert since %.10s", pl_stamp_format(told->since_us, stamp));
    if (told->judged_us != PL_TIME_NONE)
        pl_buf_addf(screen->out, ", judged to %s", pl_stamp_format(told->judged_us, stamp));
    if (*told->rule.owner)
        pl_buf_addf(screen->out, ", for %s", told->rule.owner);
    pl_buf_add_text(screen->out, "\n\n");
    sentence(screen, pl_words_explain(told->advice.verdict));
    sentence(screen, pl_words_action(told->advice.verdict));
    if (told->advice.verdict == PL_NO_VERDICT) {
        sentence(screen, pl_words_no_verdict(told->advice.reason));
        sentence(screen, pl_words_inconclusive(told->state.why));
        sentence(screen, pl_words_lean(told->advice.lean));
    }
    add_flags(screen);
}

/* "evidence, 22.7 of 60 needed" */
static void evidence(struct pl_table *table, enum pl_ink reached, const char *what, double value, double needed)
{
    enum pl_ink ink = value >= needed ? reached : PL_INK_NONE;

    pl_table_cell(table, PL_INK_NONE, "%s", what);
    if (!isfinite(value))
        pl_table_cell(table, PL_INK_NONE, "no evidence yet");
    else if (value > EVIDENCE_SHOWN)
        pl_table_cell(table, ink, "evidence, more than %.0f of %.0f needed", EVIDENCE_SHOWN, needed);
    else
        pl_table_cell(table, ink, "evidence, %.3g of %.0f needed", value, needed);
}

static void add_evidence(const struct screen *screen, struct pl_table *table)
{
    const struct pl_area_state *state = &screen->told->state;
    char gain[GAIN_BYTES];

    pl_table_cell(table, PL_INK_NONE, "smallest gain worth an experiment");
    if (isfinite(screen->told->rule.smallest_return)) {
        pl_words_gain(&screen->told->rule, screen->told->rule.smallest_return, gain);
        pl_table_cell(table, PL_INK_NONE, "%s", gain);
        evidence(table, PL_INK_WARN, "an experiment pays less than that", state->e_flat, state->level);
        evidence(table, PL_INK_GOOD, "an experiment pays more than that", state->e_yield, PAYS_NEEDED);
    } else {
        pl_table_cell(table, PL_INK_WARN, "not set: see plateauctl worth");
    }
    evidence(table, PL_INK_WARN, "experiments pay less than before", state->down, CHANGE_NEEDED);
    evidence(table, PL_INK_GOOD, "experiments pay more than before", state->up, CHANGE_NEEDED);
    if (isfinite(state->e_hollow))
        evidence(table, PL_INK_WARN, "value does not rise with what ships", state->e_hollow, PL_HOLLOW_ALARM);
}

/* The proved range on a scale from 0, with the smallest gain marked. */
static void add_bar(const struct screen *screen, struct pl_table *table)
{
    const struct pl_area_state *state = &screen->told->state;
    double smallest = screen->told->rule.smallest_return;
    const struct pl_table_bar bar = {
        .low = 0,
        .high = fmax(state->upper, isfinite(smallest) ? smallest : 0) * 1.1,
        .lower = state->lower,
        .at = smallest,
        .upper = state->upper,
        .width = 40,
    };
    struct pl_buf marks = {0};
    char gain[GAIN_BYTES];

    pl_words_gain(&screen->told->rule, bar.high, gain);
    pl_table_bar(&marks, screen->look, &bar);
    pl_table_cell(table, PL_INK_NONE, "%s", "");
    pl_table_cell(table, PL_INK_NONE, "0 %s %s%s", marks.ptr ? marks.ptr : "", gain,
                  isfinite(smallest) ? screen->look.unicode ? ", ● smallest gain" : ", o smallest gain" : "");
    pl_buf_fini(&marks);
}

static void add_range(const struct screen *screen, struct pl_table *table)
{
    const struct pl_area_state *state = &screen->told->state;
    char lower[GAIN_BYTES], upper[GAIN_BYTES];

    pl_words_gain(&screen->told->rule, state->lower, lower);
    pl_words_gain(&screen->told->rule, state->upper, upper);
    pl_table_cell(table, PL_INK_NONE, "gain per experiment, corrected for lucky winners");
    if (isfinite(state->lower) && isfinite(state->upper)) {
        pl_table_cell(table, PL_INK_NONE, "between %s and %s", lower, upper);
        add_bar(screen, table);
    } else if (isfinite(state->upper)) {
        pl_table_cell(table, PL_INK_NONE, "at most %s", upper);
    } else if (isfinite(state->lower)) {
        pl_table_cell(table, PL_INK_NONE, "at least %s", lower);
    } else {
        pl_table_cell(table, PL_INK_NONE, "nothing is proved yet");
    }
}

static void add_funnel(const struct screen *screen, struct pl_table *table)
{
    const struct pl_told *told = screen->told;
    char stamp[PL_STAMP_BYTES], rate[64] = "", looked[64] = "";

    if (isfinite(told->rate))
        snprintf(rate, sizeof(rate), ", %.3g %% reach the goal", told->rate * 100);
    if (told->looked_us != PL_TIME_NONE)
        snprintf(looked, sizeof(looked), ", looked at %.10s", pl_stamp_format(told->looked_us, stamp));
    pl_table_cell(table, PL_INK_NONE, "funnel");
    pl_table_cell(table, PL_INK_NONE, "%s%s%s", pl_told_trend(told->funnel), rate, looked);
}

static void add_value(const struct screen *screen, struct pl_table *table)
{
    const struct pl_told *told = screen->told;
    char rate[80] = "", kept[64] = "";

    if (!told->measured)
        return;
    if (isfinite(told->events.rate))
        snprintf(rate, sizeof(rate), ", %.3g times a week per active user", told->events.rate);
    if (isfinite(told->retention.rate))
        snprintf(kept, sizeof(kept), ", %.3g %% still get it after 4 weeks", told->retention.rate * 100);
    pl_table_cell(table, PL_INK_NONE, "value users get");
    pl_table_cell(table, told->value == PL_TREND_FALLING ? PL_INK_WARN : PL_INK_NONE, "%s%s%s",
                  pl_told_trend(told->value), rate, kept);
}

static void add_delivered(const struct screen *screen, struct pl_table *table)
{
    static const char *const texts[] = {"not known yet", "delivered", "not delivered", "a gap to close"};
    const struct pl_told *told = screen->told;
    char share[96] = "";

    if (told->adoption_us == PL_TIME_NONE)
        return;
    if (isfinite(told->delivered_share))
        snprintf(share, sizeof(share), ", %.3g %% of users know what is used again and again",
                 told->delivered_share * 100);
    pl_table_cell(table, PL_INK_NONE, "what exists");
    pl_table_cell(table, told->delivery == PL_DELIVERY_GAP ? PL_INK_WARN : PL_INK_NONE, "%s%s", texts[told->delivery],
                  share);
}

static void add_taken(const struct screen *screen, struct pl_table *table)
{
    for (unsigned at = 0; at < screen->told->n_taken; at++) {
        const struct pl_told_taken *taken = &screen->told->taken[at];
        struct pl_buf text = {0};

        pl_words_trend(&taken->looks, &text);
        pl_table_cell(table, PL_INK_NONE, "taken from users");
        pl_table_cell(table, taken->looks.verdict == PL_TREND_RISING ? PL_INK_WARN : PL_INK_NONE, "%s %s",
                      taken->metric, text.ptr ? text.ptr : "");
        pl_buf_fini(&text);
    }
}

static void add_why(const struct screen *screen)
{
    const struct pl_area_state *state = &screen->told->state;
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    char gain[GAIN_BYTES], stamp[PL_STAMP_BYTES], text[256];

    heading(screen, "why");
    pl_table_cell(&table, PL_INK_NONE, "results counted");
    pl_table_cell(&table, PL_INK_NONE, "%u%s%.10s", state->n,
                  state->last_us == PL_TIME_NONE ? "" : ", the last one of ", pl_stamp_format(state->last_us, stamp));
    add_evidence(screen, &table);
    add_range(screen, &table);
    add_funnel(screen, &table);
    add_value(screen, &table);
    add_delivered(screen, &table);
    add_taken(screen, &table);
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    if (!(state->largest_cap > 0))
        return;
    pl_words_gain(&screen->told->rule, state->largest_cap, gain);
    snprintf(text, sizeof(text),
             "Largest win counted: %s; %u experiments rule out (95 %%) that larger ones come more often than 3 in %u.",
             gain, state->n, state->n);
    sentence(screen, text);
}

/* Share of users that a gap is about: who know it, who tried it, who left. */
static double share_of(const struct pl_adoption_counts *seen, enum pl_gap gap)
{
    const int64_t parts[PL_GAPS] = {seen->aware, seen->adopted, seen->left};
    const int64_t wholes[PL_GAPS] = {seen->eligible, seen->aware, seen->older};

    return wholes[gap] > 0 ? 100. * (double)parts[gap] / (double)wholes[gap] : 0.;
}

static void add_features(const struct screen *screen)
{
    static const char *const does[PL_GAPS] = {"know it", "tried it", "left"};
    const struct pl_told *told = screen->told;
    struct pl_table table = {.n_columns = 2, .look = screen->look};

    if (told->n_features == 0)
        return;
    heading(screen, "features: most users who could use them");
    for (unsigned at = 0; at < told->n_features; at++)
        for (int gap = 0; gap < PL_GAPS; gap++) {
            if (!(told->features[at].kinds & 1u << gap))
                continue;
            pl_table_cell(&table, PL_INK_NONE, "%s", pl_words_gap((enum pl_gap)gap));
            pl_table_cell(&table, PL_INK_NONE, "%s (%.0f %% %s)", told->features[at].id,
                          share_of(&told->features[at].seen, (enum pl_gap)gap), does[gap]);
        }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    if (told->n_gaps > told->n_features)
        pl_buf_addf(screen->out, "  and %u more feature%s\n", told->n_gaps - told->n_features,
                    told->n_gaps - told->n_features == 1 ? "" : "s");
}

static void add_levers(const struct screen *screen)
{
    if (!*screen->told->rule.core_levers)
        return;
    heading(screen, "where value may be");
    sentence(screen, screen->told->rule.core_levers);
}

static void add_effects(const struct screen *screen)
{
    double effects[PL_PAST_MAX], low = (double)INFINITY, high = -(double)INFINITY;
    char least[GAIN_BYTES], most[GAIN_BYTES], last[GAIN_BYTES];
    unsigned n = 0;

    for (unsigned at = 0; at < screen->past->n_results; at++) {
        if (!screen->past->results[at].counted || !isfinite(screen->past->results[at].effect))
            continue;
        effects[n++] = screen->past->results[at].effect;
        low = fmin(low, effects[n - 1]);
        high = fmax(high, effects[n - 1]);
    }
    if (n == 0)
        return;
    pl_words_gain(&screen->told->rule, low, least);
    pl_words_gain(&screen->told->rule, high, most);
    pl_words_gain(&screen->told->rule, effects[n - 1], last);
    heading(screen, "measured effects of the last results");
    pl_buf_add_text(screen->out, "  ");
    pl_table_spark(screen->out, screen->look, effects, n);
    pl_buf_addf(screen->out, "  %u results, from %s to %s, the last one %s\n", n, least, most, last);
}

static void add_left_out(const struct screen *screen)
{
    struct pl_table table = {.n_columns = 2, .right = 1u, .look = screen->look};

    for (int reason = PL_ENTERED + 1; reason < PL_TOLD_REASONS; reason++) {
        if (screen->told->left_out[reason] == 0)
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64, screen->told->left_out[reason]);
        pl_table_cell(&table, PL_INK_NONE, "%s", pl_words_exclusion((enum pl_exclusion)reason));
    }
    heading(screen, "left out");
    if (table.n == 0)
        sentence(screen, "nothing");
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

/* What ends a verdict that is not about the returns of experiments. NULL: it is one of those. */
static const char *end_of(enum pl_verdict verdict)
{
    switch (verdict) {
    case PL_DELIVER_EXISTING:
        return "More users who know these features: it is looked at every Monday.";
    case PL_DERIVING:
        return "Value that no longer falls, or takings that no longer rise: it is looked at every four weeks.";
    case PL_HOLLOW_GROWTH:
        return "Results in which value rises with what ships, or a core_launch record, which starts a new count.";
    default:
        return NULL;
    }
}

static void add_needed(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    struct pl_words_condition conditions[PL_WORDS_CONDITIONS_MAX];
    unsigned n = pl_words_conditions(&told->advice, conditions);
    char text[256];

    heading(screen, "what would change it");
    for (unsigned at = 0; at < n; at++)
        if (!conditions[at].met)
            sentence(screen, conditions[at].text);
    if (end_of(told->advice.verdict)) {
        sentence(screen, end_of(told->advice.verdict));
    } else if (told->state.state == PL_FLAT) {
        sentence(screen, "Results that provably pay again, or a core_launch record, which starts a new count.");
    } else if (!isfinite(told->rule.smallest_return)) {
        sentence(screen, "Set smallest_return of this area (plateauctl worth); until then nothing can be proved flat.");
    } else if (isfinite(told->state.needed) && told->state.needed > 0) {
        snprintf(text, sizeof(text),
                 "If experiments pay nothing from now on, about %.0f more of them prove it at the present noise.",
                 ceil(told->state.needed));
        sentence(screen, text);
    } else {
        sentence(screen, "More results: how many cannot be told yet.");
    }
}

static void add_changes(const struct screen *screen)
{
    const struct pl_past *past = screen->past;
    struct pl_table table = {.n_columns = 3, .right = 1u << 2, .look = screen->look};
    unsigned first = past->n_changes > CHANGES_SHOWN ? past->n_changes - CHANGES_SHOWN : 0;
    char stamp[PL_STAMP_BYTES];

    if (past->n_changes == 0)
        return;
    heading(screen, "last changes of state");
    for (unsigned at = first; at < past->n_changes; at++) {
        pl_table_cell(&table, PL_INK_NONE, "%.10s", pl_stamp_format(past->changes[at].time_us, stamp));
        pl_table_cell(&table, PL_INK_NONE, "%s", past->changes[at].state);
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64 " results", past->changes[at].n);
    }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

void pl_explain_write(const struct pl_explain *explain, struct pl_buf *out)
{
    const struct screen screen = {explain->told, explain->past, explain->look, out};

    add_verdict(&screen, explain->area);
    add_why(&screen);
    add_features(&screen);
    add_levers(&screen);
    add_effects(&screen);
    add_left_out(&screen);
    add_needed(&screen);
    add_changes(&screen);
}
