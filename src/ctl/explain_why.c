/* The evidence of an area as a table: what was counted, what it shows, and how much it takes.
 */
#include "ctl/explain_inside.h"

#include "codec/words.h"
#include "core/judge/hollow.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>

#define PAYS_NEEDED 10     /* statistics.md 2.5: evidence that experiments pay, */
#define CHANGE_NEEDED 1000 /* and that they pay less or more than before */
#define EVIDENCE_SHOWN 1e5 /* beyond it the figure says nothing more */

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
}

/* The proved range on a scale from 0, with the smallest gain marked. */
static void add_bar(const struct screen *screen)
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
    char gain[GAIN_BYTES];

    pl_words_gain(&screen->told->rule, bar.high, gain);
    pl_buf_add_text(screen->out, "    0 ");
    pl_table_bar(screen->out, screen->look, &bar);
    pl_buf_addf(screen->out, " %s%s\n", gain,
                !isfinite(smallest)    ? ""
                : screen->look.unicode ? ", ● smallest gain"
                                       : ", o smallest gain");
}

static void add_range(const struct screen *screen)
{
    static const char what[] = "Gain per experiment, corrected for lucky winners:";
    const struct pl_area_state *state = &screen->told->state;
    char lower[GAIN_BYTES], upper[GAIN_BYTES], text[3 * GAIN_BYTES];
    bool below = isfinite(state->lower), above = isfinite(state->upper);

    pl_words_gain(&screen->told->rule, state->lower, lower);
    pl_words_gain(&screen->told->rule, state->upper, upper);
    if (below && above)
        snprintf(text, sizeof(text), "%s between %s and %s", what, lower, upper);
    else if (below || above)
        snprintf(text, sizeof(text), "%s %s %s", what, above ? "at most" : "at least", above ? upper : lower);
    else
        snprintf(text, sizeof(text), "%s nothing is proved yet", what);
    pl_explain_sentence(screen, text);
    if (below && above && screen->cut->bar)
        add_bar(screen);
}

static void add_funnel(const struct screen *screen, struct pl_table *table)
{
    const struct pl_told *told = screen->told;
    char stamp[PL_STAMP_BYTES], rate[64] = "", looked[64] = "";

    if (isfinite(told->rate))
        snprintf(rate, sizeof(rate), ", %.3g %% reach the goal", told->rate * 100);
    if (told->looked_us != PL_TIME_NONE)
        snprintf(looked, sizeof(looked), " (%.10s)", pl_stamp_format(told->looked_us, stamp));
    pl_table_cell(table, PL_INK_NONE, "funnel");
    pl_table_cell(table, PL_INK_NONE, "%s%s%s", pl_told_trend(told->funnel), rate, looked);
}

static void add_value(const struct screen *screen, struct pl_table *table)
{
    const struct pl_told *told = screen->told;
    char rate[80] = "";

    if (!told->measured)
        return;
    if (isfinite(told->events.rate))
        snprintf(rate, sizeof(rate), ", %.3g times a week per active user", told->events.rate);
    pl_table_cell(table, PL_INK_NONE, "value users get");
    pl_table_cell(table, told->value == PL_TREND_FALLING ? PL_INK_WARN : PL_INK_NONE, "%s%s",
                  pl_told_trend(told->value), rate);
    if (!isfinite(told->retention.rate))
        return;
    pl_table_cell(table, PL_INK_NONE, "%s", "");
    pl_table_cell(table, told->retention.verdict == PL_TREND_FALLING ? PL_INK_WARN : PL_INK_NONE,
                  "%.3g %% still get it after 4 weeks", told->retention.rate * 100);
}

static void add_delivered(const struct screen *screen, struct pl_table *table)
{
    static const char *const texts[] = {"not known yet", "delivered", "not delivered", "a gap to close"};
    const struct pl_told *told = screen->told;
    char share[96] = "";

    if (told->adoption_us == PL_TIME_NONE)
        return;
    if (isfinite(told->delivered_share))
        snprintf(share, sizeof(share), ", %.3g %% know what is used again and again", told->delivered_share * 100);
    pl_table_cell(table, PL_INK_NONE, "what exists");
    pl_table_cell(table, told->delivery == PL_DELIVERY_GAP ? PL_INK_WARN : PL_INK_NONE, "%s%s", texts[told->delivery],
                  share);
}

/* Where experiments measure value, too: what they gained of both. */
static void add_hollow(const struct screen *screen, struct pl_table *table)
{
    const struct pl_area_state *state = &screen->told->state;
    char goal[GAIN_BYTES], value[GAIN_BYTES];

    if (isfinite(state->e_hollow))
        evidence(table, PL_INK_WARN, "value does not rise with what ships", state->e_hollow, PL_HOLLOW_ALARM);
    if (state->n_value == 0)
        return;
    pl_words_gain(&screen->told->rule, state->credit_mean, goal);
    pl_words_gain(&screen->told->rule, state->value_mean, value);
    pl_table_cell(table, PL_INK_NONE, "an experiment's gain");
    pl_table_cell(table, PL_INK_NONE, "%s of the goal, %s of value, over %u with both", goal, value, state->n_value);
}

static void add_quarter(const struct screen *screen, struct pl_table *table)
{
    const struct pl_area_state *state = &screen->told->state;
    char credited[GAIN_BYTES], realised[GAIN_BYTES], stamp[PL_STAMP_BYTES];

    if (state->quarter.end_us <= 0)
        return;
    pl_words_gain(&screen->told->rule, state->quarter.credited, credited);
    pl_words_gain(&screen->told->rule, state->quarter.realised, realised);
    pl_table_cell(table, PL_INK_NONE, "quarter to %.10s", pl_stamp_format(state->quarter.end_us, stamp));
    pl_table_cell(table, PL_INK_NONE, "%u experiments: %s credited, %s realised", state->quarter.n, credited, realised);
    evidence(table, PL_INK_WARN, "quarters fall short", state->e_holdout, state->level);
}

static void add_taken(const struct screen *screen, struct pl_table *table)
{
    for (unsigned at = 0; at < screen->told->n_taken && at < screen->cut->taken; at++) {
        const struct pl_told_taken *taken = &screen->told->taken[at];
        struct pl_buf text = {0};

        pl_words_trend(&taken->looks, &text);
        pl_table_cell(table, PL_INK_NONE, "taken from users");
        pl_table_cell(table, taken->looks.verdict == PL_TREND_RISING ? PL_INK_WARN : PL_INK_NONE, "%s %s",
                      taken->metric, text.ptr ? text.ptr : "");
        pl_buf_fini(&text);
    }
}

void pl_explain_why(const struct screen *screen)
{
    const struct pl_area_state *state = &screen->told->state;
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    char gain[GAIN_BYTES], stamp[PL_STAMP_BYTES], text[256];

    pl_explain_heading(screen, "why");
    pl_table_cell(&table, PL_INK_NONE, "results counted");
    pl_table_cell(&table, PL_INK_NONE, "%u%s%.10s", state->n,
                  state->last_us == PL_TIME_NONE ? "" : ", the last one of ", pl_stamp_format(state->last_us, stamp));
    add_evidence(screen, &table);
    add_funnel(screen, &table);
    add_value(screen, &table);
    add_delivered(screen, &table);
    add_taken(screen, &table);
    add_hollow(screen, &table);
    add_quarter(screen, &table);
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    add_range(screen);
    if (!(state->largest_cap > 0) || !screen->cut->largest)
        return;
    pl_words_gain(&screen->told->rule, state->largest_cap, gain);
    snprintf(text, sizeof(text),
             "Largest win counted: %s; %u experiments rule out (95 %%) that larger ones come more often than 3 in %u.",
             gain, state->n, state->n);
    pl_explain_sentence(screen, text);
}
