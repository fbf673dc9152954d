#include "codec/funnel_text.h"

#include "core/judge/figures.h"

#include <stdio.h>

static void put_step(const struct pl_pairs *to, const struct pl_judge *judge, uint32_t funnel, unsigned step,
                     int64_t judged_us)
{
    char name[PL_PAIRS_NAME_BYTES];

    for (int s = 0; s < PL_FIGURES_SPANS; s++) {
        enum pl_figures_span span = (enum pl_figures_span)s;
        struct pl_cell cell = pl_figures_step(judge, funnel, step, span, judged_us);

        snprintf(name, sizeof(name), "%s.attempts.%u", pl_figures_span_name(span), step + 1);
        pl_pairs_whole(to, name, cell.n);
        snprintf(name, sizeof(name), "%s.units.%u", pl_figures_span_name(span), step + 1);
        pl_pairs_whole(to, name, cell.sum);
    }
}

void pl_funnel_text(const struct pl_judge *judge, uint32_t funnel, int64_t judged_us, pl_pairs_fn emit, void *ctx)
{
    const struct pl_rules *rules = pl_judge_rules(judge);
    const struct pl_funnel_rule *rule = &rules->funnels[funnel];
    const struct pl_pairs to = {emit, ctx};
    char name[PL_PAIRS_NAME_BYTES];

    pl_pairs_text(&to, "area", rules->areas[rule->area].id);
    pl_pairs_whole(&to, "steps", rule->n_steps);
    pl_pairs_time(&to, "judged", judged_us);
    for (unsigned step = 0; step < rule->n_steps; step++) {
        snprintf(name, sizeof(name), "step%u", step + 1);
        pl_pairs_text(&to, name, pl_names_text(rules->actions, rule->steps[step]));
        put_step(&to, judge, funnel, step, judged_us);
    }
}
