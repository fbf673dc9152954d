/* The figures of experiments, funnels, features and areas, written with the last tick of a batch: short decimal
 * strings, window first, then what it is, then the variant or step (names may hold dots; they come last).
 */
#include "app/command.h"
#include "app/evaluator_internal.h"

#include "codec/funnel_text.h"
#include "codec/keys.h"
#include "codec/objective_text.h"
#include "codec/observed_text.h"
#include "core/judge/figures.h"
#include "core/judge/split.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 160

static void pair_arm(struct pl_command *c, const char *window, const char *variant, const struct pl_measure_arm *arm,
                     double mean)
{
    const struct pl_cell *cell = &arm->cell;
    char name[NAME_BYTES], number[PL_CELL_WIDE_BYTES];

    snprintf(name, sizeof(name), "%s.n.%s", window, variant);
    pl_command_whole(c, name, cell->n);
    snprintf(name, sizeof(name), "%s.sum.%s", window, variant);
    pl_command_whole(c, name, cell->sum);
    snprintf(name, sizeof(name), "%s.sum2.%s", window, variant);
    pl_command_pair(c, name, pl_cell_wide(cell->sum2, number));
    snprintf(name, sizeof(name), "%s.mean.%s", window, variant);
    pl_command_double(c, name, mean);
}

static void pair_lift(struct pl_command *c, const char *window, const char *variant, const struct pl_figures_lift *lift)
{
    const struct {
        const char *what;
        double value;
    } numbers[] = {{"lift", lift->lift},
                   {"lift_lower", lift->lower},
                   {"lift_upper", lift->upper},
                   {"p", lift->p},
                   {"noise_left", lift->kept}};
    char name[NAME_BYTES];

    for (size_t at = 0; at < sizeof(numbers) / sizeof(*numbers); at++) {
        snprintf(name, sizeof(name), "%s.%s.%s", window, numbers[at].what, variant);
        pl_command_double(c, name, numbers[at].value);
    }
    if (lift->guardrail == PL_MARGIN_UNMEASURED)
        return;
    snprintf(name, sizeof(name), "%s.guardrail.%s", window, variant);
    pl_command_pair(c, name, pl_margin_name(lift->guardrail));
}

/* Median and ninth decile in seconds; "never" when fewer of all units than that got there. */
static void pair_time(struct pl_evaluator *ev, struct pl_command *c, unsigned index, unsigned variant, uint32_t metric)
{
    static const struct {
        const char *name;
        double nu;
    } quantiles[] = {{"median", .5}, {"p90", .9}};
    const char *label = pl_judge_sums(ev->judge)->experiments[index].variants[variant];
    char name[NAME_BYTES];

    for (size_t at = 0; at < sizeof(quantiles) / sizeof(*quantiles); at++) {
        struct pl_quantile quantile =
            pl_figures_time(ev->judge, index, variant, metric, quantiles[at].nu, ev->judged_us);
        const struct {
            const char *what;
            double value;
        } numbers[] = {{"", quantile.value_us}, {"_lower", quantile.lower_us}, {"_upper", quantile.upper_us}};

        for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
            snprintf(name, sizeof(name), "life.%s_seconds%s.%s", quantiles[at].name, numbers[n].what, label);
            if (isinf(numbers[n].value))
                pl_command_pair(c, name, "never");
            else
                pl_command_double(c, name, numbers[n].value / 1e6);
        }
    }
}

/* The hash is written anew: figures that are absent now must not stay. */
static void begin(struct pl_evaluator *ev, struct pl_command *c, struct pl_key key)
{
    pl_resp_add_text(&ev->batch, "DEL", key.text, NULL);
    ev->n_batch++;
    pl_command_init(c, "HSET", key.text);
}

/* p over all goals and arms of the experiment, and times. */
static void pair_life(struct pl_evaluator *ev, struct pl_command *c, unsigned index, uint32_t metric,
                      const double *adjusted)
{
    const struct pl_sums_experiment *experiment = &pl_judge_sums(ev->judge)->experiments[index];
    char name[NAME_BYTES];

    for (unsigned v = 0; v < experiment->n_variants; v++) {
        snprintf(name, sizeof(name), "life.p_adjusted.%s", experiment->variants[v]);
        pl_command_double(c, name, adjusted[metric * PL_VARIANTS_MAX + v]);
        if (ev->conf->rules->metrics[metric].type == PL_METRIC_TIME_TO)
            pair_time(ev, c, index, v, metric);
    }
}

static struct pl_key metric_key(const struct pl_evaluator *ev, unsigned index, uint32_t metric)
{
    char id[2 * PL_NAME_BYTES];

    snprintf(id, sizeof(id), "%s:%s", pl_judge_sums(ev->judge)->experiments[index].name,
             ev->conf->rules->metrics[metric].id);
    return pl_key_main_id(ev->conf->instance, "experiment", id);
}

/* Nothing of it has changed. */
static void write_judged(struct pl_evaluator *ev, unsigned index, uint32_t metric)
{
    struct pl_command c;

    pl_command_init(&c, "HSET", metric_key(ev, index, metric).text);
    pl_command_time(&c, "judged", ev->judged_us);
    pl_evaluator_finish(ev, &c);
}

static void write_metric(struct pl_evaluator *ev, unsigned index, const struct pl_experiment_view *view,
                         uint32_t metric, const double *adjusted)
{
    const struct pl_sums_experiment *experiment = &pl_judge_sums(ev->judge)->experiments[index];
    struct pl_command c;

    begin(ev, &c, metric_key(ev, index, metric));
    pl_command_time(&c, "judged", ev->judged_us);
    for (int w = 0; w < PL_FIGURES_WINDOWS; w++) {
        enum pl_figures_window window = (enum pl_figures_window)w;
        struct pl_measure_arm arms[PL_VARIANTS_MAX];

        for (unsigned v = 0; v < experiment->n_variants; v++) {
            arms[v] = pl_figures_arm(ev->judge, index, v, metric, window, ev->judged_us);
            pair_arm(&c, pl_figures_window_name(window), experiment->variants[v], &arms[v],
                     pl_measure_mean(ev->conf->rules, metric, &arms[v]));
        }
        for (unsigned v = 0; v < experiment->n_variants; v++) {
            struct pl_figures_lift lift;

            if (v == view->control)
                continue;
            lift = pl_figures_compare(ev->conf->rules, metric, &arms[view->control], &arms[v]);
            pair_lift(&c, pl_figures_window_name(window), experiment->variants[v], &lift);
        }
    }
    pair_life(ev, &c, index, metric, adjusted);
    pl_evaluator_finish(ev, &c);
}

static void write_summary(struct pl_evaluator *ev, unsigned index, const struct pl_experiment_view *view)
{
    static const char *const works[] = {"growth", "monetisation", "core", "holdout"};
    const struct pl_sums_experiment *experiment = &pl_judge_sums(ev->judge)->experiments[index];
    struct pl_command c;
    char name[NAME_BYTES];

    begin(ev, &c, pl_key_main_id(ev->conf->instance, "experiment", experiment->name));
    pl_command_pair(&c, "area", ev->conf->rules->areas[view->area].id);
    pl_command_pair(&c, "work", works[view->work]);
    pl_command_pair(&c, "control", experiment->variants[view->control]);
    pl_command_whole(&c, "variants", experiment->n_variants);
    pl_command_time(&c, "start", view->start_us);
    pl_command_time(&c, "end", view->end_us);
    pl_command_time(&c, "due", view->due_us);
    pl_command_whole(&c, "entered", view->entered && view->excluded == PL_ENTERED);
    pl_command_pair(&c, "left_out", view->excluded == PL_ENTERED ? "" : pl_exclusion_name(view->excluded));
    pl_command_whole(&c, "saw_two_variants", view->n_mixed);
    pl_command_whole(&c, "uneven_split", view->uneven_split);
    pl_command_double(&c, "split_p", pl_split_p(view->split_log_e));
    for (unsigned v = 0; v < experiment->n_variants; v++) {
        const struct pl_cell_key key = {.kind = PL_CELL_EXPOSED, .arm = (uint16_t)v, .subject = index};

        snprintf(name, sizeof(name), "units.%s", experiment->variants[v]);
        pl_command_whole(&c, name, pl_sums_range(pl_judge_sums(ev->judge), key, INT32_MIN, INT32_MAX).n);
    }
    pl_evaluator_finish(ev, &c);
}

static void write_experiment(struct pl_evaluator *ev, unsigned index)
{
    const char *name = pl_judge_sums(ev->judge)->experiments[index].name;
    struct pl_key experiments = pl_key_main(ev->conf->instance, "experiments");
    double adjusted[PL_RULES_METRICS_MAX * PL_VARIANTS_MAX];
    struct pl_experiment_view view;
    char start[32];
    bool shown;

    pl_judge_experiment(ev->judge, index, &view);
    if (view.area == PL_RULES_NONE)
        return;
    snprintf(start, sizeof(start), "%" PRId64, view.start_us / 1000);
    pl_resp_add_text(&ev->batch, "ZADD", experiments.text, start, name, NULL);
    ev->n_batch++;
    write_summary(ev, index, &view);
    shown = pl_evaluator_shown(ev, index, &view);
    if (!shown)
        pl_figures_adjusted(ev->judge, index, ev->judged_us, adjusted);
    for (uint32_t metric = 0; metric < ev->conf->rules->n_metrics; metric++) {
        if (ev->conf->rules->metrics[metric].area != view.area)
            continue;
        if (shown)
            write_judged(ev, index, metric);
        else
            write_metric(ev, index, &view, metric, adjusted);
    }
}

static void add_pair(void *ctx, const char *name, const char *value)
{
    pl_command_pair(ctx, name, value);
}

static void write_funnel(struct pl_evaluator *ev, uint32_t funnel)
{
    struct pl_command c;

    begin(ev, &c, pl_key_main_id(ev->conf->instance, "funnel", ev->conf->rules->funnels[funnel].id));
    pl_funnel_text(ev->judge, funnel, ev->judged_us, add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

static struct pl_observed_view observed(const struct pl_evaluator *ev, uint32_t area)
{
    return (struct pl_observed_view){
        .rules = ev->conf->rules,
        .sums = pl_judge_sums(ev->judge),
        .standing = pl_judge_standing(ev->judge, area),
        .judged_us = ev->judged_us,
    };
}

static void write_feature(struct pl_evaluator *ev, uint32_t feature)
{
    const struct pl_feature_rule *rule = &ev->conf->rules->features[feature];
    struct pl_observed_view view = observed(ev, rule->area);
    struct pl_command c;

    begin(ev, &c, pl_key_main_id(ev->conf->instance, "feature", rule->id));
    pl_observed_text_feature(&view, feature, add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

static void write_value(struct pl_evaluator *ev, uint32_t area)
{
    struct pl_observed_view view = observed(ev, area);
    struct pl_command c;

    begin(ev, &c, pl_key_main_id(ev->conf->instance, "value", ev->conf->rules->areas[area].id));
    pl_observed_text_value(&view, area, add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

static void write_objective(struct pl_evaluator *ev, uint32_t objective)
{
    const struct pl_rules *rules = ev->conf->rules;
    uint32_t area = rules->objectives[objective].area;
    struct pl_objective one = pl_objective_read(&pl_judge_standing(ev->judge, area)->objectives, rules, objective,
                                                pl_judge_sums(ev->judge), ev->judged_us);
    struct pl_command c;

    begin(ev, &c, pl_key_main_id(ev->conf->instance, "objective", one.id));
    pl_objective_text(&one, rules->areas[area].id, ev->judged_us, add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

void pl_evaluator_write_figures(struct pl_evaluator *ev)
{
    if (ev->judged_us == PL_TIME_NONE)
        return;
    for (unsigned at = 0; at < pl_judge_sums(ev->judge)->n_experiments; at++)
        write_experiment(ev, at);
    for (uint32_t funnel = 0; funnel < ev->conf->rules->n_funnels; funnel++)
        write_funnel(ev, funnel);
    for (uint32_t feature = 0; feature < ev->conf->rules->n_features; feature++)
        write_feature(ev, feature);
    for (uint32_t at = 0; at < ev->conf->rules->n_objectives; at++)
        write_objective(ev, at);
    for (uint32_t area = 0; area < ev->conf->rules->n_areas; area++)
        if (pl_rules_observed(ev->conf->rules, area))
            write_value(ev, area);
}
