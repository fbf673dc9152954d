/* What verdicts, reasons and evidence are called when people read them (design 2). Alerts, `plateauctl explain` and the
 * page take their sentences from here, so that one thing has one name. English; none of the words of the statistics.
 */
#ifndef PL_CODEC_WORDS_H
#define PL_CODEC_WORDS_H

#include "core/judge/adoption.h"
#include "core/judge/advice.h"
#include "core/judge/looks.h"
#include "util/buf.h"

/* "ShiftToCore": the alertname label. Never NULL, as all below. */
const char *pl_words_alertname(enum pl_verdict verdict);

/* "shift to core value work": a few words. */
const char *pl_words_verdict(enum pl_verdict verdict);

/* Why: one sentence. What to do: one sentence. */
const char *pl_words_explain(enum pl_verdict verdict);
const char *pl_words_action(enum pl_verdict verdict);

/* Why there is no verdict, and why a programme is inconclusive: one sentence; "" for "there is no such reason". */
const char *pl_words_no_verdict(enum pl_no_verdict reason);
const char *pl_words_inconclusive(enum pl_inconclusive why);

/* What became of an experiment: "left out: ...". */
const char *pl_words_exclusion(enum pl_exclusion excluded);

/* "further optimisation looks worthwhile (not proven)"; "" without a lean. */
const char *pl_words_lean(int lean);

struct pl_words_condition {
    const char *name; /* for programs: paid_before, funnel_unchanged, value_delivered, value_measured, policy_settled */
    const char *text; /* for people: one sentence, as it is */
    bool met;
};

#define PL_WORDS_CONDITIONS_MAX 5

/* The conditions of a confirmed SHIFT_TO_CORE, met and missing; none for other verdicts. Returns their number. */
unsigned pl_words_conditions(const struct pl_advice *advice, struct pl_words_condition out[PL_WORDS_CONDITIONS_MAX]);

/* A gain in the area's unit, three digits: "0.21 %", "1.5 Elo"; "unknown" when it is not finite. */
void pl_words_gain(const struct pl_area_rule *area, double gain, char out[PL_NAME_BYTES + 32]);

/* The evidence as sentences: "evidence, 22.7 of 60 needed", the proved range of the gain per experiment, what is not
 * ruled out, what else to know (urgent, repair first). state may be NULL. */
void pl_words_evidence(const struct pl_area_rule *area, const struct pl_advice *advice,
                       const struct pl_area_state *state, struct pl_buf *out);

/* Of experiments with goal and value measured, what each gained in both; what the last quarter of a holdout realised of
 * what it was credited with. One sentence each; nothing when there is nothing to tell. */
void pl_words_hollow(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out);
void pl_words_quarter(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out);

/* "do not know it", "know it but do not try it", "tried it and left". */
const char *pl_words_gap(enum pl_gap gap);

/* What a look saw of a feature with this gap, with its numbers: one sentence. bar: the area's value bar, NAN unset. */
void pl_words_feature(const char *feature, enum pl_gap gap, const struct pl_adoption_counts *seen, double bar,
                      struct pl_buf *out);

/* "rises by 12 % a year", "is unchanged within 10 %", ...: a trend that is no funnel's. In few words. */
void pl_words_trend(const struct pl_looks *looks, struct pl_buf *out);

/* The change of a logarithm per 12 weeks, as a change in a year: .12 is 12 %. */
double pl_words_yearly(double drift);

#endif
