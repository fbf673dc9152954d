/* The next steps of an area: the most urgent first, as many as there is room for.
 *
 * 1 what cannot be trusted   2 what the verdict asks for, with names   3 objectives that are behind
 * 4 what would make the verdict surer   5 what is not measured yet
 */
#include "codec/digest.h"

#include "codec/objective_text.h"
#include "codec/words.h"

#include <math.h>

struct steps {
    struct pl_buf *texts;
    unsigned n;
};

/* The buffer of one more step, NULL when there is no room. */
static struct pl_buf *one_more(struct steps *steps)
{
    return steps->n < PL_DIGEST_STEPS_MAX ? &steps->texts[steps->n++] : NULL;
}

static void add(struct steps *steps, const char *text)
{
    struct pl_buf *step = *text ? one_more(steps) : NULL;

    if (step)
        pl_buf_add_text(step, text);
}

static void add_health(const struct pl_digest_area *area, struct steps *steps)
{
    if (area->advice->verdict == PL_NO_VERDICT && area->advice->reason == PL_REASON_HEALTH)
        add(steps, pl_words_no_verdict(PL_REASON_HEALTH));
    else if (area->state->unhealthy)
        add(steps, pl_words_inconclusive(PL_WHY_UNHEALTHY));
    if (area->advice->urgent)
        add(steps, "Urgent: the value users get is falling; find out why before anything else.");
    if (area->advice->repair_first)
        add(steps, "The funnel is falling: repair it first.");
}

/* The first feature with this gap. */
static const struct pl_digest_feature *with_gap(const struct pl_digest_area *area, enum pl_gap gap)
{
    for (unsigned at = 0; at < area->n_features; at++)
        if (area->features[at].kinds & 1u << gap)
            return &area->features[at];
    return NULL;
}

static void add_feature(const struct pl_digest_area *area, enum pl_gap gap, struct steps *steps)
{
    static const char *const asks[PL_GAPS] = {"Lead users to it", "Find out why they do not try it",
                                              "Ask those who left: it is core work"};
    const struct pl_digest_feature *feature = with_gap(area, gap);
    struct pl_buf *step = feature ? one_more(steps) : NULL;

    if (!step)
        return;
    pl_words_feature(feature->id, gap, &feature->seen, area->rule->value_bar, step);
    pl_buf_addf(step, " %s.", asks[gap]);
}

static void add_verdict(const struct pl_digest_area *area, struct steps *steps)
{
    enum pl_verdict verdict = area->advice->verdict;
    struct pl_buf *step;

    if (verdict == PL_DELIVER_EXISTING && with_gap(area, PL_GAP_DISCOVERY)) {
        add_feature(area, PL_GAP_DISCOVERY, steps);
        return;
    }
    if (verdict != PL_NO_VERDICT)
        add(steps, pl_words_action(verdict));
    if ((verdict == PL_SHIFT_TO_CORE || verdict == PL_PREPARE_CORE) && area->rule->core_levers[0] &&
        (step = one_more(steps)))
        pl_buf_addf(step, "Where value may be: %s.", area->rule->core_levers);
}

static void add_behind(const struct pl_digest_area *area, struct steps *steps)
{
    for (unsigned at = 0; at < area->n_objectives; at++) {
        struct pl_buf *step = area->objectives[at].state == PL_OBJECTIVE_BEHIND ? one_more(steps) : NULL;

        if (!step)
            continue;
        pl_buf_add_text(step, "Catch up with the objective ");
        pl_objective_words(&area->objectives[at], step);
        pl_buf_add_char(step, '.');
        return;
    }
}

static void add_conditions(const struct pl_digest_area *area, struct steps *steps)
{
    struct pl_words_condition conditions[PL_WORDS_CONDITIONS_MAX];
    unsigned n = pl_words_conditions(area->advice, conditions);

    for (unsigned at = 0; at < n; at++)
        if (!conditions[at].met)
            add(steps, conditions[at].text);
}

static void add_missing(const struct pl_digest_area *area, struct steps *steps)
{
    const struct pl_area_state *state = area->state;
    struct pl_buf *step;

    if (!isfinite(area->rule->smallest_return))
        add(steps, "Set smallest_return of this area (plateauctl worth): until then nothing can be proved flat.");
    if (state->peeking)
        add(steps, pl_words_inconclusive(PL_WHY_PEEKING));
    if (!area->measured)
        add(steps, "Declare the events in which users get value (value of the area): value is not measured.");
    if (!area->has_features)
        add(steps, "Declare the features of this area: what users do not know of cannot be seen.");
    if (state->state != PL_FLAT && isfinite(state->needed) && state->needed > 0 && (step = one_more(steps)))
        pl_buf_addf(step, "Go on: if experiments pay nothing from now on, about %.0f more of them prove it.",
                    ceil(state->needed));
    if (steps->n == 0)
        add(steps, pl_words_action(area->advice->verdict));
}

unsigned pl_digest_steps(const struct pl_digest_area *area, struct pl_buf texts[PL_DIGEST_STEPS_MAX])
{
    struct steps steps = {texts, 0};
    unsigned kept = 0;

    add_health(area, &steps);
    add_verdict(area, &steps);
    add_behind(area, &steps);
    if (area->advice->verdict != PL_DELIVER_EXISTING)
        add_feature(area, PL_GAP_DISCOVERY, &steps);
    add_feature(area, PL_GAP_FIT, &steps);
    add_feature(area, PL_GAP_TRIAL, &steps);
    add_conditions(area, &steps);
    add_missing(area, &steps);
    while (kept < steps.n && pl_buf_ok(&texts[kept]) && texts[kept].ptr)
        kept++;
    return kept;
}
