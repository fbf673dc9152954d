#include "codec/words.h"

#include "core/judge/hollow.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *alertname, *short_text, *explain, *action;
} verdicts[] = {
    [PL_NO_VERDICT] = {"NoVerdict", "no verdict yet", "There is not enough information for a verdict.",
                       "See what is still needed; nothing has to be changed."},
    [PL_KEEP_OPTIMISING] = {"KeepOptimising", "keep optimising",
                            "Experiments in this area provably pay, or pay more than before.",
                            "Go on: do not disturb the team."},
    [PL_PREPARE_CORE] =
        {"PrepareCore", "plan core value work",
         "Experiments in this area pay less than they did, or have stopped paying but not beyond doubt.",
         "Plan core value work now, and go on optimising meanwhile."},
    [PL_SHIFT_TO_CORE] = {"ShiftToCore", "shift to core value work",
                          "Experiments in this area pay less than the smallest gain worth an experiment.",
                          ("Start no new optimisation here and put the team on core value work; "
                           "announce its launch with a core_launch record.")},
    [PL_CONTRADICTION] =
        {"Contradiction", "find what raises the funnel",
         "Experiments in this area no longer pay, yet the funnel rises: the gain comes from elsewhere.",
         "Find out what raises the funnel before changing the plan."},
    [PL_DELIVER_EXISTING] = {"DeliverExisting", "bring users to what exists",
                             "Most users who could use a valuable feature have not met it.",
                             "Lead users to the features that exist before building new ones."},
    [PL_DERIVING] = {"Deriving", "more is taken than given",
                     "What is taken from users (price, ads) rises while the value they get falls.",
                     "Stop taking more until the value users get rises again."},
    [PL_HOLLOW_GROWTH] =
        {"HollowGrowth", "growth without value",
         "What ships raises conversion, while the value per user does not rise with it.",
         "Compare what the shipped changes promise with what users find, and judge winners by value too."},
};

const char *pl_words_alertname(enum pl_verdict verdict)
{
    return verdicts[verdict].alertname;
}

const char *pl_words_verdict(enum pl_verdict verdict)
{
    return verdicts[verdict].short_text;
}

const char *pl_words_explain(enum pl_verdict verdict)
{
    return verdicts[verdict].explain;
}

const char *pl_words_action(enum pl_verdict verdict)
{
    return verdicts[verdict].action;
}

const char *pl_words_no_verdict(enum pl_no_verdict reason)
{
    static const char *const texts[] = {
        [PL_REASON_NONE] = "",
        [PL_REASON_HEALTH] = ("The input cannot be trusted: it is not keyed by user, it has stopped, or too many "
                              "experiments had an uneven split or users who saw two variants."),
        [PL_REASON_PROGRAMME] = "The experiments so far do not decide it.",
    };

    return texts[reason];
}

const char *pl_words_inconclusive(enum pl_inconclusive why)
{
    static const char *const texts[] = {
        [PL_WHY_NOTHING] = "",
        [PL_WHY_NO_SMALLEST_RETURN] = "The smallest gain worth an experiment (smallest_return) is not set.",
        [PL_WHY_NEW_EPOCH] = "Counting began anew with a core launch, and fewer than 8 experiments have ended since.",
        [PL_WHY_TOO_FEW] = "Fewer than 8 experiments have ended.",
        [PL_WHY_PEEKING] = "More than a fifth of the last 20 experiments were stopped early.",
        [PL_WHY_UNHEALTHY] = "More than a fifth of the last 20 experiments had to be left out as unhealthy.",
        [PL_WHY_TOO_NOISY] = "The results are too noisy to tell: it takes more experiments, or larger ones.",
    };

    return texts[why];
}

const char *pl_words_exclusion(enum pl_exclusion excluded)
{
    static const char *const texts[] = {
        [PL_ENTERED] = "counted",
        [PL_EXCLUDED_UNHEALTHY] = "left out: uneven split, or too many users who saw two variants",
        [PL_EXCLUDED_TOO_SMALL] = "left out: too few users or conversions in a variant",
        [PL_EXCLUDED_KIND] = "shown only: core work and holdouts are not optimisation",
        [PL_EXCLUDED_SHAPE] = "left out: more than two variants, or a goal that is no conversion",
        [PL_EXCLUDED_JOINED_LATE] = "shown only: it was running before plateaud saw its start",
        [PL_EXCLUDED_OLD_EPOCH] = "left out: it began before the last core launch",
    };

    return texts[excluded];
}

const char *pl_words_lean(int lean)
{
    if (lean == 0)
        return "";
    return lean > 0 ? "further optimisation looks worthwhile (not proven)"
                    : "core value work looks worthwhile (not proven)";
}

static const struct {
    unsigned bit;
    const char *name, *met, *missing;
} conditions[PL_WORDS_CONDITIONS_MAX] = {
    {PL_MISSING_ONCE_YIELDING, "paid_before", "Experiments here once provably paid.",
     "Experiments here never provably paid: it may be the ideas or the measurement that fail."},
    {PL_MISSING_FUNNEL_STABLE, "funnel_unchanged", "The funnel is unchanged within 10 %.",
     "The funnel is not proven unchanged within 10 %."},
    {PL_MISSING_DELIVERED, "value_delivered", "Users have met the valuable features.",
     "It is not known that users have met the valuable features."},
    {PL_MISSING_VALUE, "value_measured", "The value users get is measured.",
     "The value users get is not measured: declare value events, and wait for 12 weeks of them."},
    {PL_MISSING_POLICY_AGE, "policy_settled", "The smallest gain worth an experiment is settled.",
     "The smallest gain worth an experiment was changed less than 8 results ago."},
};

unsigned pl_words_conditions(const struct pl_advice *advice, struct pl_words_condition out[PL_WORDS_CONDITIONS_MAX])
{
    if (advice->verdict != PL_SHIFT_TO_CORE)
        return 0;
    for (unsigned at = 0; at < PL_WORDS_CONDITIONS_MAX; at++) {
        out[at].name = conditions[at].name;
        out[at].met = !(advice->missing & conditions[at].bit);
        out[at].text = out[at].met ? conditions[at].met : conditions[at].missing;
    }
    return PL_WORDS_CONDITIONS_MAX;
}

/* Three digits, and never an exponent for large numbers. */
static void format_figure(double value, char out[32])
{
    snprintf(out, 32, fabs(value) >= 999.5 && fabs(value) < 1e15 ? "%.0f" : "%.3g", value);
}

void pl_words_gain(const struct pl_area_rule *area, double gain, char out[PL_NAME_BYTES + 32])
{
    bool percent = area->unit[0] == '\0' || pl_span_is(pl_span_of(area->unit), "%");
    char figure[32];

    format_figure(percent ? gain * 100 : gain, figure);
    if (isfinite(gain))
        snprintf(out, PL_NAME_BYTES + 32, "%s %s", figure, percent ? "%" : area->unit);
    else
        snprintf(out, PL_NAME_BYTES + 32, "unknown");
}

static void add_range(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out)
{
    char lower[PL_NAME_BYTES + 32], upper[PL_NAME_BYTES + 32];

    pl_words_gain(area, state->lower, lower);
    pl_words_gain(area, state->upper, upper);
    if (isfinite(state->lower) && isfinite(state->upper))
        pl_buf_addf(out, " Gain per experiment, corrected for lucky winners: between %s and %s.", lower, upper);
    else if (isfinite(state->upper))
        pl_buf_addf(out, " Gain per experiment, corrected for lucky winners: at most %s.", upper);
    else if (isfinite(state->lower))
        pl_buf_addf(out, " Gain per experiment, corrected for lucky winners: at least %s.", lower);
}

/* What no method can see is always said: a rare large win that has not happened (statistics.md 2.5). */
static void add_rare_wins(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out)
{
    char largest[PL_NAME_BYTES + 32];

    if (state->n < 4 || !(state->largest_cap > 0))
        return;
    pl_words_gain(area, state->largest_cap, largest);
    pl_buf_addf(
        out, " Largest win counted: %s; %u experiments rule out (95 %%) that larger ones come more often than 3 in %u.",
        largest, state->n, state->n);
}

static void add_state(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out)
{
    char smallest[PL_NAME_BYTES + 32], evidence[32], level[32];

    if (isfinite(area->smallest_return) && state->level > 0) {
        pl_words_gain(area, area->smallest_return, smallest);
        format_figure(state->e_flat, evidence);
        format_figure(state->level, level);
        pl_buf_addf(out, " That experiments pay less than %s each: evidence, %s of %s needed, from %u experiments.",
                    smallest, evidence, level, state->n);
    }
    add_range(area, state, out);
    add_rare_wins(area, state, out);
    if (state->peeking)
        pl_buf_addf(out, " %s", pl_words_inconclusive(PL_WHY_PEEKING));
    if (state->unhealthy)
        pl_buf_addf(out, " %s", pl_words_inconclusive(PL_WHY_UNHEALTHY));
}

void pl_words_evidence(const struct pl_area_rule *area, const struct pl_advice *advice,
                       const struct pl_area_state *state, struct pl_buf *out)
{
    char figure[32];

    pl_buf_add_text(out, pl_words_explain(advice->verdict));
    if (state)
        add_state(area, state, out);
    if (state && advice->verdict == PL_HOLLOW_GROWTH && state->e_hollow > 0) {
        format_figure(state->e_hollow, figure);
        pl_buf_addf(out, " That value does not rise with what ships: evidence, %s of %.0f needed.", figure,
                    PL_HOLLOW_ALARM);
    }
    if (advice->urgent)
        pl_buf_add_text(out, " Urgent: the value users get is falling.");
    if (advice->repair_first)
        pl_buf_add_text(out, " The funnel is falling: repair it first.");
}
