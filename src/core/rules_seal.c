#include "core/rules_inside.h"
#include "util/hash.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every part is hashed with its length or at fixed width, so that no two rules share one byte sequence. */
static void mix_int(uint64_t *hash, int64_t value)
{
    char bytes[8];

    for (unsigned at = 0; at < sizeof(bytes); at++)
        bytes[at] = (char)(unsigned char)(((uint64_t)value >> (8 * at)) & 0xff);
    *hash = pl_hash64(*hash, (struct pl_span){bytes, sizeof(bytes)});
}

static void mix_text(uint64_t *hash, const char *text)
{
    struct pl_span span = pl_span_of(text);

    mix_int(hash, (int64_t)span.len);
    *hash = pl_hash64(*hash, span);
}

static void mix_double(uint64_t *hash, double value)
{
    int64_t bits = -1; /* for every NAN alike */

    if (!isnan(value))
        memcpy(&bits, &value, sizeof(bits));
    mix_int(hash, bits);
}

static void mix_events(uint64_t *hash, const struct pl_rules *rules, const struct pl_events *events)
{
    mix_int(hash, events->n);
    for (unsigned at = 0; at < events->n; at++)
        mix_text(hash, pl_names_text(rules->actions, events->ids[at]));
}

static void mix_area_counted(uint64_t *hash, const struct pl_rules *rules, const struct pl_area_rule *area)
{
    mix_text(hash, area->id);
    mix_events(hash, rules, &area->value_events);
    mix_int(hash, area->activation_us);
    mix_int(hash, area->goal); /* of goal and value the product is counted too */
    mix_int(hash, area->value);
    mix_int(hash, area->n_globs);
    for (unsigned at = 0; at < area->n_globs; at++)
        mix_text(hash, area->globs[at]);
}

static void mix_metric_counted(uint64_t *hash, const struct pl_rules *rules, const struct pl_metric_rule *metric)
{
    mix_text(hash, metric->id);
    mix_int(hash, metric->type);
    mix_int(hash, metric->area);
    mix_int(hash, metric->role);
    mix_events(hash, rules, &metric->events);
    mix_int(hash, metric->type == PL_METRIC_RATIO ? metric->parts[0] : PL_RULES_NONE);
    mix_int(hash, metric->type == PL_METRIC_RATIO ? metric->parts[1] : PL_RULES_NONE);
    mix_int(hash, metric->type == PL_METRIC_FUNNEL ? metric->funnel : PL_RULES_NONE);
    mix_int(hash, metric->from_us);
    mix_int(hash, metric->before_us);
    mix_text(hash, metric->value == PL_RULES_NONE ? "" : rules->value_paths[metric->value]);
    mix_int(hash, metric->window_us);
    mix_int(hash, metric->cap_micro);
    mix_int(hash, metric->bound_micro);
}

static void mix_funnel(uint64_t *hash, const struct pl_rules *rules, const struct pl_funnel_rule *funnel)
{
    mix_text(hash, funnel->id);
    mix_int(hash, funnel->area);
    mix_int(hash, funnel->window_us);
    mix_int(hash, funnel->n_steps);
    for (unsigned at = 0; at < funnel->n_steps; at++) {
        mix_text(hash, pl_names_text(rules->actions, funnel->steps[at]));
        mix_int(hash, funnel->max_gap_us[at]);
    }
}

static void mix_feature(uint64_t *hash, const struct pl_rules *rules, const struct pl_feature_rule *feature)
{
    mix_text(hash, feature->id);
    mix_int(hash, feature->area);
    mix_events(hash, rules, &feature->eligible);
    mix_events(hash, rules, &feature->aware);
    mix_events(hash, rules, &feature->use);
}

static uint64_t hash_counted(const struct pl_rules *rules)
{
    uint64_t hash = PL_HASH_SEED;

    mix_int(&hash, rules->lateness_us);
    mix_int(&hash, rules->hold_us);
    mix_int(&hash, rules->dedup_us);
    mix_int(&hash, rules->forget_us);
    mix_int(&hash, rules->max_units);
    mix_int(&hash, rules->max_experiments);
    mix_int(&hash, rules->n_areas);
    for (unsigned at = 0; at < rules->n_areas; at++)
        mix_area_counted(&hash, rules, &rules->areas[at]);
    mix_int(&hash, rules->n_metrics);
    for (unsigned at = 0; at < rules->n_metrics; at++)
        mix_metric_counted(&hash, rules, &rules->metrics[at]);
    mix_int(&hash, rules->n_funnels);
    for (unsigned at = 0; at < rules->n_funnels; at++)
        mix_funnel(&hash, rules, &rules->funnels[at]);
    mix_int(&hash, rules->n_features);
    for (unsigned at = 0; at < rules->n_features; at++)
        mix_feature(&hash, rules, &rules->features[at]);
    mix_int(&hash, rules->n_experiments);
    for (unsigned at = 0; at < rules->n_experiments; at++) {
        mix_text(&hash, rules->experiments[at].id);
        mix_int(&hash, rules->experiments[at].area);
    }
    return hash;
}

static void mix_area_judged(uint64_t *hash, const struct pl_area_rule *area)
{
    mix_text(hash, area->owner);
    mix_text(hash, area->unit);
    mix_int(hash, area->funnel);
    mix_double(hash, area->value_bar);
    mix_double(hash, area->value_per_delivery);
    mix_int(hash, area->adjust);
    mix_text(hash, area->core_levers);
    mix_double(hash, area->smallest_return);
    mix_double(hash, area->false_alarm_every_years);
    mix_double(hash, area->baseline);
    mix_double(hash, area->coverage);
    mix_int(hash, area->landmark_us);
}

static void mix_experiment_judged(uint64_t *hash, const struct pl_experiment_rule *experiment)
{
    mix_int(hash, experiment->work);
    mix_int(hash, experiment->n_variants);
    for (unsigned at = 0; at < experiment->n_variants; at++) {
        mix_text(hash, experiment->variants[at]);
        mix_double(hash, experiment->shares[at]);
    }
}

static void mix_objective(uint64_t *hash, const struct pl_objective_rule *objective)
{
    mix_text(hash, objective->id);
    mix_int(hash, objective->area);
    mix_int(hash, objective->figure);
    mix_double(hash, objective->target);
    mix_int(hash, objective->by_us);
}

static uint64_t hash_all(const struct pl_rules *rules)
{
    uint64_t hash = rules->count_hash;

    for (unsigned at = 0; at < rules->n_areas; at++)
        mix_area_judged(&hash, &rules->areas[at]);
    for (unsigned at = 0; at < rules->n_metrics; at++) {
        mix_double(&hash, rules->metrics[at].n_star);
        mix_double(&hash, rules->metrics[at].margin);
        mix_int(&hash, rules->metrics[at].lower_is_better);
    }
    for (unsigned at = 0; at < rules->n_features; at++)
        mix_int(&hash, rules->features[at].launched_us);
    for (unsigned at = 0; at < rules->n_objectives; at++)
        mix_objective(&hash, &rules->objectives[at]);
    for (unsigned at = 0; at < rules->n_experiments; at++)
        mix_experiment_judged(&hash, &rules->experiments[at]);
    return hash;
}

/* Metrics and funnels are added after their area, so what an area says of them can only be checked now. */
static enum pl_status check_references(const struct pl_rules *rules, struct pl_err *err)
{
    for (uint32_t at = 0; at < rules->n_areas; at++) {
        const struct pl_area_rule *area = &rules->areas[at];

        if (area->goal != PL_RULES_NONE && (area->goal >= rules->n_metrics || rules->metrics[area->goal].area != at))
            return pl_err_set(err, PL_ERR_INPUT, "area '%s': its goal is no metric of this area", area->id);
        if (area->value != PL_RULES_NONE && (area->value >= rules->n_metrics || rules->metrics[area->value].area != at))
            return pl_err_set(err, PL_ERR_INPUT, "area '%s': its value is no metric of this area", area->id);
        if (area->funnel != PL_RULES_NONE &&
            (area->funnel >= rules->n_funnels || rules->funnels[area->funnel].area != at))
            return pl_err_set(err, PL_ERR_INPUT, "area '%s': its funnel is no funnel of this area", area->id);
    }
    return PL_OK;
}

static bool fill_metrics(const struct pl_rules *rules, uint32_t action, struct pl_action_rule *row)
{
    row->metrics = calloc(rules->n_metrics + 1u, sizeof(*row->metrics));
    if (!row->metrics)
        return false;
    for (uint32_t at = 0; at < rules->n_metrics; at++)
        if (pl_rules_has_event(&rules->metrics[at].events, action))
            row->metrics[row->n_metrics++] = at;
    return true;
}

static bool fill_steps(const struct pl_rules *rules, uint32_t action, struct pl_action_rule *row)
{
    unsigned n = 0;

    for (uint32_t at = 0; at < rules->n_funnels; at++)
        for (uint32_t step = 0; step < rules->funnels[at].n_steps; step++)
            n += rules->funnels[at].steps[step] == action;
    row->steps = calloc(n + 1u, sizeof(*row->steps));
    if (!row->steps)
        return false;
    for (uint32_t at = 0; at < rules->n_funnels; at++)
        for (uint32_t step = 0; step < rules->funnels[at].n_steps; step++)
            if (rules->funnels[at].steps[step] == action)
                row->steps[row->n_steps++] = (struct pl_action_step){at, step};
    return true;
}

static bool fill_features(const struct pl_rules *rules, uint32_t action, struct pl_action_rule *row)
{
    row->features = calloc(rules->n_features + 1u, sizeof(*row->features));
    if (!row->features)
        return false;
    for (uint32_t at = 0; at < rules->n_features; at++) {
        const struct pl_feature_rule *feature = &rules->features[at];
        unsigned what = (pl_rules_has_event(&feature->eligible, action) ? PL_FEATURE_ELIGIBLE : 0) |
                        (pl_rules_has_event(&feature->aware, action) ? PL_FEATURE_AWARE : 0) |
                        (pl_rules_has_event(&feature->use, action) ? PL_FEATURE_USE : 0);

        if (what)
            row->features[row->n_features++] = (struct pl_action_feature){at, what};
    }
    return true;
}

/* Does some rule of the area read what this row is for? */
static bool is_read(const struct pl_rules *rules, uint32_t area, const struct pl_action_rule *row)
{
    for (unsigned at = 0; at < row->n_metrics; at++)
        if (rules->metrics[row->metrics[at]].area == area)
            return true;
    for (unsigned at = 0; at < row->n_steps; at++)
        if (rules->funnels[row->steps[at].funnel].area == area)
            return true;
    for (unsigned at = 0; at < row->n_features; at++)
        if (rules->features[row->features[at].feature].area == area)
            return true;
    return false;
}

/* After the others: they say who reads the action. */
static bool fill_areas(const struct pl_rules *rules, uint32_t action, struct pl_action_rule *row)
{
    row->areas = calloc(rules->n_areas + 1u, sizeof(*row->areas));
    if (!row->areas)
        return false;
    for (uint32_t at = 0; at < rules->n_areas; at++) {
        bool value = pl_rules_has_event(&rules->areas[at].value_events, action);

        if ((value || is_read(rules, at, row)) && pl_rules_observed(rules, at))
            row->areas[row->n_areas++] = (struct pl_action_area){at, value};
    }
    return true;
}

static bool fill(const struct pl_rules *rules, uint32_t action, struct pl_action_rule *row)
{
    return fill_metrics(rules, action, row) && fill_steps(rules, action, row) && fill_features(rules, action, row) &&
           fill_areas(rules, action, row);
}

enum pl_status pl_rules_seal(struct pl_rules *rules, struct pl_err *err)
{
    uint32_t n = pl_names_count(rules->actions);
    enum pl_status status = check_references(rules, err);

    assert(!rules->by_action);
    if (status)
        return status;
    rules->by_action = calloc(n + 1u, sizeof(*rules->by_action));
    if (!rules->by_action)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory while sealing rules");
    for (uint32_t at = 0; at < n; at++)
        if (!fill(rules, at, &rules->by_action[at]))
            return pl_err_set(err, PL_ERR_NOMEM, "out of memory while sealing rules");
    rules->count_hash = hash_counted(rules);
    rules->hash = hash_all(rules);
    return PL_OK;
}
