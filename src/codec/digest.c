#include "codec/digest.h"

#include "codec/objective_text.h"
#include "codec/words.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>

#define WIN_ERRORS 1.96
#define GAIN_BYTES (PL_NAME_BYTES + 32)

bool pl_digest_is_win(enum pl_exclusion excluded, double effect, double se)
{
    return excluded == PL_ENTERED && effect > WIN_ERRORS * se;
}

void pl_digest_take(struct pl_digest_area *area, enum pl_exclusion excluded, double effect, double se)
{
    if (excluded == PL_ENTERED)
        area->counted++;
    else
        area->left_out[excluded]++;
    area->won += pl_digest_is_win(excluded, effect, se);
}

/* A line that is being written. */
struct lines {
    pl_digest_line_fn emit;
    void *ctx;
    struct pl_buf text; /* owned */
};

static void end_line(struct lines *lines)
{
    if (pl_buf_ok(&lines->text) && lines->text.len)
        lines->emit(lines->ctx, lines->text.ptr);
    pl_buf_clear(&lines->text);
}

static void add_verdict(const struct pl_digest_area *area, struct lines *lines)
{
    const char *grade = pl_grade_name(area->advice->grade);
    char stamp[PL_STAMP_BYTES];

    pl_buf_addf(&lines->text, "%s: %s%s%s%s", area->rule->id, pl_words_verdict(area->advice->verdict),
                *grade ? " (" : "", grade, *grade ? ")" : "");
    if (area->firing && area->since_us != PL_TIME_NONE)
        pl_buf_addf(&lines->text, ", alert since %.10s", pl_stamp_format(area->since_us, stamp));
    end_line(lines);
}

static void add_edges(const struct pl_digest_area *area, struct lines *lines)
{
    static const char *const begins[] = {
        [PL_ALERT_FIRING] = "now", [PL_ALERT_UPDATED] = "another grade of", [PL_ALERT_RESOLVED] = "no longer"};
    char stamp[PL_STAMP_BYTES];

    for (unsigned at = 0; at < area->n_edges; at++) {
        const struct pl_alert_edge *edge = &area->edges[at];
        const char *grade = pl_grade_name(edge->grade);

        pl_buf_addf(&lines->text, "Changed on %.10s: %s %s%s%s%s", pl_stamp_format(edge->tick_us, stamp),
                    begins[edge->status], pl_words_verdict(edge->verdict), *grade ? " (" : "", grade,
                    *grade ? ")" : "");
        if (edge->status == PL_ALERT_FIRING && edge->previous != PL_NO_VERDICT)
            pl_buf_addf(&lines->text, ", before: %s", pl_words_verdict(edge->previous));
        pl_buf_add_char(&lines->text, '.');
        end_line(lines);
    }
}

static void add_results(const struct pl_digest_area *area, struct lines *lines)
{
    unsigned left_out = 0;

    for (int reason = PL_ENTERED + 1; reason < PL_DIGEST_REASONS; reason++)
        left_out += area->left_out[reason];
    if (area->counted + left_out == 0)
        pl_buf_add_text(&lines->text, "No results came.");
    else
        pl_buf_addf(&lines->text, "Results: %u counted, %u of them won", area->counted, area->won);
    for (int reason = PL_ENTERED + 1; reason < PL_DIGEST_REASONS; reason++)
        if (area->left_out[reason])
            pl_buf_addf(&lines->text, "; %u %s", area->left_out[reason], pl_words_exclusion((enum pl_exclusion)reason));
    if (area->counted + left_out)
        pl_buf_add_char(&lines->text, '.');
    end_line(lines);
}

static void add_gain(const struct pl_digest_area *area, struct lines *lines)
{
    char lower[GAIN_BYTES], upper[GAIN_BYTES];

    if (area->state->n == 0)
        return;
    pl_words_gain(area->rule, area->state->lower, lower);
    pl_words_gain(area->rule, area->state->upper, upper);
    pl_buf_add_text(&lines->text, "Gain per experiment, corrected for lucky winners: ");
    if (isfinite(area->state->lower) && isfinite(area->state->upper))
        pl_buf_addf(&lines->text, "between %s and %s.", lower, upper);
    else if (isfinite(area->state->upper))
        pl_buf_addf(&lines->text, "at most %s.", upper);
    else if (isfinite(area->state->lower))
        pl_buf_addf(&lines->text, "at least %s.", lower);
    else
        pl_buf_add_text(&lines->text, "nothing is proved yet.");
    end_line(lines);
}

static void add_value(const struct pl_digest_area *area, struct lines *lines)
{
    if (area->measured) {
        pl_buf_add_text(&lines->text, "Value per active user ");
        pl_words_trend(&area->events, &lines->text);
        if (isfinite(area->events.rate))
            pl_buf_addf(&lines->text, ", %.3g times a week", area->events.rate);
        pl_buf_add_char(&lines->text, '.');
        end_line(lines);
    }
    if (area->has_features && isfinite(area->delivered_share)) {
        pl_buf_addf(&lines->text, "Delivered: %.3g %% of users know what is used again and again.",
                    100. * area->delivered_share);
        end_line(lines);
    }
}

static void add_objectives(const struct pl_digest_area *area, struct lines *lines)
{
    for (unsigned at = 0; at < area->n_objectives; at++) {
        pl_buf_add_text(&lines->text, "Objective ");
        pl_objective_words(&area->objectives[at], &lines->text);
        pl_buf_add_char(&lines->text, '.');
        end_line(lines);
    }
}

void pl_digest_lines(const struct pl_digest_area *area, pl_digest_line_fn emit, void *ctx)
{
    struct lines lines = {emit, ctx, {0}};
    struct pl_buf steps[PL_DIGEST_STEPS_MAX] = {{0}};
    unsigned n = pl_digest_steps(area, steps);

    add_verdict(area, &lines);
    add_edges(area, &lines);
    add_results(area, &lines);
    add_gain(area, &lines);
    add_value(area, &lines);
    add_objectives(area, &lines);
    for (unsigned at = 0; at < n; at++) {
        pl_buf_addf(&lines.text, "Next %u: %s", at + 1, steps[at].ptr);
        end_line(&lines);
    }
    for (unsigned at = 0; at < PL_DIGEST_STEPS_MAX; at++)
        pl_buf_fini(&steps[at]);
    pl_buf_fini(&lines.text);
}
