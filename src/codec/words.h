/* What verdicts, reasons and evidence are called when people read them (design 2). Alerts, `plateauctl explain` and the
 * page take their sentences from here, so that one thing has one name. English; none of the words of the statistics.
 */
#ifndef PL_CODEC_WORDS_H
#define PL_CODEC_WORDS_H

#include "core/judge/advice.h"
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

#endif
