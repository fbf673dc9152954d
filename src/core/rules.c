#include "core/rules_inside.h"
#include "util/num.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pl_rules *pl_rules_new(void)
{
    struct pl_rules *rules = calloc(1, sizeof(*rules));

    if (!rules)
        return NULL;
    rules->actions = pl_names_new(PL_RULES_ACTIONS_MAX);
    if (!rules->actions) {
        free(rules);
        return NULL;
    }
    rules->lateness_us = PL_MINUTE_US;
    rules->hold_us = 10 * PL_MINUTE_US;
    rules->dedup_us = 10 * PL_MINUTE_US;
    rules->forget_us = 90 * PL_DAY_US;
    rules->max_units = 2000000;
    rules->max_experiments = PL_RULES_EXPERIMENTS_MAX;
    return rules;
}

void pl_rules_free(struct pl_rules *rules)
{
    if (!rules)
        return;
    for (uint32_t at = 0; rules->by_action && at < pl_names_count(rules->actions); at++) {
        free(rules->by_action[at].metrics);
        free(rules->by_action[at].steps);
        free(rules->by_action[at].areas);
        free(rules->by_action[at].features);
    }
    free(rules->by_action);
    for (unsigned at = 0; at < rules->n_areas; at++)
        for (unsigned glob = 0; glob < rules->areas[at].n_globs; glob++)
            free(rules->areas[at].globs[glob]);
    for (unsigned at = 0; at < rules->n_values; at++)
        free(rules->value_paths[at]);
    free(rules->areas);
    free(rules->metrics);
    free(rules->funnels);
    free(rules->features);
    free(rules->objectives);
    free(rules->experiments);
    pl_names_free(rules->actions);
    free(rules);
}

uint32_t pl_rules_action(struct pl_rules *rules, struct pl_span name)
{
    if (rules->by_action)
        return pl_names_find(rules->actions, name);
    return pl_names_add(rules->actions, name);
}

uint32_t pl_rules_value(struct pl_rules *rules, struct pl_span path)
{
    for (unsigned at = 0; at < rules->n_values; at++)
        if (pl_span_is(path, rules->value_paths[at]))
            return at;
    if (rules->by_action || rules->n_values == PL_EVENT_VALUES)
        return PL_RULES_NONE;
    rules->value_paths[rules->n_values] = pl_span_dup(path);
    return rules->value_paths[rules->n_values] ? rules->n_values++ : PL_RULES_NONE;
}

/* The ids stand at the start of every row, so that one search serves all tables. */
struct table {
    const void *rows;
    unsigned n;
    size_t size;
};

static uint32_t find(struct table table, struct pl_span id)
{
    const char *row = table.rows;

    for (uint32_t at = 0; at < table.n; at++, row += table.size)
        if (pl_span_is(id, row))
            return at;
    return PL_RULES_NONE;
}

static struct table table_of(const struct pl_rules *rules, enum pl_cell_subject subject)
{
    switch (subject) {
    case PL_OF_EXPERIMENT: /* theirs are numbers of a shard */
        break;
    case PL_OF_FUNNEL:
        return (struct table){rules->funnels, rules->n_funnels, sizeof(*rules->funnels)};
    case PL_OF_AREA:
        return (struct table){rules->areas, rules->n_areas, sizeof(*rules->areas)};
    case PL_OF_FEATURE:
        return (struct table){rules->features, rules->n_features, sizeof(*rules->features)};
    case PL_OF_METRIC:
        return (struct table){rules->metrics, rules->n_metrics, sizeof(*rules->metrics)};
    }
    return (struct table){NULL, 0, 0};
}

unsigned pl_rules_count(const struct pl_rules *rules, enum pl_cell_subject subject)
{
    return table_of(rules, subject).n;
}

const char *pl_rules_id(const struct pl_rules *rules, enum pl_cell_subject subject, uint32_t index)
{
    struct table table = table_of(rules, subject);

    assert(index < table.n);
    return (const char *)table.rows + index * table.size;
}

uint32_t pl_rules_find(const struct pl_rules *rules, enum pl_cell_subject subject, struct pl_span id)
{
    return find(table_of(rules, subject), id);
}

uint32_t pl_rules_find_area(const struct pl_rules *rules, struct pl_span id)
{
    return pl_rules_find(rules, PL_OF_AREA, id);
}

uint32_t pl_rules_find_metric(const struct pl_rules *rules, struct pl_span id)
{
    return pl_rules_find(rules, PL_OF_METRIC, id);
}

uint32_t pl_rules_find_funnel(const struct pl_rules *rules, struct pl_span id)
{
    return pl_rules_find(rules, PL_OF_FUNNEL, id);
}

uint32_t pl_rules_find_feature(const struct pl_rules *rules, struct pl_span id)
{
    return pl_rules_find(rules, PL_OF_FEATURE, id);
}

uint32_t pl_rules_find_experiment(const struct pl_rules *rules, struct pl_span id)
{
    return find((struct table){rules->experiments, rules->n_experiments, sizeof(*rules->experiments)}, id);
}

uint32_t pl_rules_area_of(const struct pl_rules *rules, struct pl_span experiment)
{
    uint32_t declared = pl_rules_find_experiment(rules, experiment);

    if (declared != PL_RULES_NONE)
        return rules->experiments[declared].area;
    for (uint32_t at = 0; at < rules->n_areas; at++)
        for (unsigned glob = 0; glob < rules->areas[at].n_globs; glob++)
            if (pl_span_glob(experiment, pl_span_of(rules->areas[at].globs[glob])))
                return at;
    return PL_RULES_NONE;
}

enum pl_status pl_rules_check_id(const char *what, const char *id, uint32_t taken, bool full, struct pl_err *err)
{
    if (full)
        return pl_err_set(err, PL_ERR_FULL, "too many of kind %s", what);
    if (!pl_span_is_name(pl_span_of(id)))
        return pl_err_set(err, PL_ERR_INPUT, "%s '%.80s': not a name (1 to 64 of A-Z a-z 0-9 _ . : - and inner spaces)",
                          what, id);
    if (taken != PL_RULES_NONE)
        return pl_err_set(err, PL_ERR_INPUT, "%s '%s' is declared twice", what, id);
    return PL_OK;
}

enum pl_status pl_rules_check_area(const struct pl_rules *rules, const char *what, const char *id, uint32_t area,
                                   struct pl_err *err)
{
    if (area < rules->n_areas)
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT, "%s '%s' names no area", what, id);
}

bool pl_rules_has_event(const struct pl_events *events, uint32_t action)
{
    for (unsigned at = 0; at < events->n; at++)
        if (events->ids[at] == action)
            return true;
    return false;
}

enum pl_status pl_rules_check_events(const struct pl_rules *rules, const char *what, const char *id,
                                     const struct pl_events *events, unsigned least, struct pl_err *err)
{
    struct pl_events before = {.n = 0};

    if (events->n < least || events->n > PL_RULES_EVENTS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "%s '%s' needs %u to %d events", what, id, least, PL_RULES_EVENTS_MAX);
    for (unsigned at = 0; at < events->n; at++) {
        if (events->ids[at] >= pl_names_count(rules->actions))
            return pl_err_set(err, PL_ERR_INPUT, "%s '%s' has an unknown event", what, id);
        if (pl_rules_has_event(&before, events->ids[at]))
            return pl_err_set(err, PL_ERR_INPUT, "%s '%s' names one event twice", what, id);
        before.ids[before.n++] = events->ids[at];
    }
    return PL_OK;
}

void *pl_rules_grow(void **rows, unsigned n, size_t size)
{
    if ((n & (n - 1)) == 0) {
        void *grown = realloc(*rows, (n ? 2 * (size_t)n : 1) * size);

        if (!grown)
            return NULL;
        *rows = grown;
    }
    return (char *)*rows + n * size;
}

enum pl_status pl_rules_no_memory(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory while building rules");
}

bool pl_rules_in_range(double value, double low, double high)
{
    return value >= low && value <= high;
}

static enum pl_status check_area(const struct pl_area_rule *area, struct pl_err *err)
{
    if (!isnan(area->smallest_return) && !(area->smallest_return > 0 && isfinite(area->smallest_return)))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': smallest_return is not above 0", area->id);
    if (!pl_rules_in_range(area->false_alarm_every_years, 0.01, 1000))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': false_alarm_every is not within 0.01 to 1000 years", area->id);
    if (!isnan(area->baseline) && !(area->baseline > 0 && isfinite(area->baseline)))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': baseline is not above 0", area->id);
    if (!(area->coverage > 0 && area->coverage <= 1))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': coverage is not above 0 and at most 100%%", area->id);
    if (area->landmark_us < 7 * PL_DAY_US || area->landmark_us > 28 * PL_DAY_US || area->landmark_us % PL_DAY_US)
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': landmark is not whole days from 7d to 28d", area->id);
    if (area->activation_us < 1 || area->activation_us > PL_RULES_WINDOW_MAX_US)
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': activation is not within 1us to 90d", area->id);
    if (!isnan(area->value_bar) && !(area->value_bar > 0 && area->value_bar < 1))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': value_bar is not between 0 and 100%%", area->id);
    if (!isnan(area->value_per_delivery) && !pl_rules_in_range(area->value_per_delivery, 0, 1000))
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': value_per_delivery is not within 0 to 1000", area->id);
    if (area->n_globs > PL_RULES_GLOBS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "area '%s': more than %d patterns", area->id, PL_RULES_GLOBS_MAX);
    for (unsigned at = 0; at < area->n_globs; at++)
        if (!area->globs[at] || !area->globs[at][0] || strlen(area->globs[at]) >= PL_NAME_BYTES)
            return pl_err_set(err, PL_ERR_INPUT, "area '%s': a pattern is empty or longer than 64", area->id);
    return PL_OK;
}

enum pl_status pl_rules_add_area(struct pl_rules *rules, const struct pl_area_rule *area, uint32_t *index,
                                 struct pl_err *err)
{
    struct pl_area_rule row = *area, *place;
    void *rows = rules->areas;
    enum pl_status status = pl_rules_check_id("area", area->id, pl_rules_find_area(rules, pl_span_of(area->id)),
                                              rules->n_areas == PL_RULES_AREAS_MAX, err);

    assert(!rules->by_action);
    if (status)
        return status;
    if (!row.unit[0])
        memcpy(row.unit, "%", sizeof("%"));
    if (row.smallest_return == 0)
        row.smallest_return = (double)NAN;
    if (row.baseline == 0)
        row.baseline = (double)NAN;
    if (row.false_alarm_every_years == 0)
        row.false_alarm_every_years = 1;
    if (row.coverage == 0)
        row.coverage = 1;
    if (row.landmark_us == 0)
        row.landmark_us = 14 * PL_DAY_US;
    if (row.activation_us == 0)
        row.activation_us = 7 * PL_DAY_US;
    if (row.value_bar == 0)
        row.value_bar = (double)NAN;
    if (row.value_per_delivery == 0)
        row.value_per_delivery = (double)NAN;
    status = check_area(&row, err);
    if (!status)
        status = pl_rules_check_events(rules, "area", row.id, &row.value_events, 0, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_areas, sizeof(row));
    if (!place)
        return pl_rules_no_memory(err);
    rules->areas = rows;
    *place = row;
    if (index)
        *index = rules->n_areas;
    rules->n_areas++;
    return PL_OK;
}

static enum pl_status check_funnel(const struct pl_rules *rules, const struct pl_funnel_rule *funnel,
                                   struct pl_err *err)
{
    if (funnel->n_steps < 2 || funnel->n_steps > PL_RULES_STEPS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "funnel '%s' needs 2 to %d steps", funnel->id, PL_RULES_STEPS_MAX);
    if (funnel->window_us < 0 || funnel->window_us > PL_RULES_WINDOW_MAX_US)
        return pl_err_set(err, PL_ERR_INPUT, "funnel '%s': window is not within 0 to 90d", funnel->id);
    for (unsigned at = 0; at < funnel->n_steps; at++) {
        if (funnel->steps[at] >= pl_names_count(rules->actions))
            return pl_err_set(err, PL_ERR_INPUT, "funnel '%s' has an unknown event", funnel->id);
        if (at > 0 && (funnel->max_gap_us[at] < 0 || funnel->max_gap_us[at] > PL_RULES_WINDOW_MAX_US))
            return pl_err_set(err, PL_ERR_INPUT, "funnel '%s': a gap is not within 0 to 90d", funnel->id);
    }
    return PL_OK;
}

enum pl_status pl_rules_add_funnel(struct pl_rules *rules, const struct pl_funnel_rule *funnel, uint32_t *index,
                                   struct pl_err *err)
{
    struct pl_funnel_rule *place;
    void *rows = rules->funnels;
    enum pl_status status = pl_rules_check_id("funnel", funnel->id, pl_rules_find_funnel(rules, pl_span_of(funnel->id)),
                                              rules->n_funnels == PL_RULES_FUNNELS_MAX, err);

    assert(!rules->by_action);
    if (!status)
        status = pl_rules_check_area(rules, "funnel", funnel->id, funnel->area, err);
    if (!status)
        status = check_funnel(rules, funnel, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_funnels, sizeof(*place));
    if (!place)
        return pl_rules_no_memory(err);
    rules->funnels = rows;
    *place = *funnel;
    place->max_gap_us[0] = 0;
    if (index)
        *index = rules->n_funnels;
    rules->n_funnels++;
    return PL_OK;
}

static enum pl_status check_experiment(const struct pl_experiment_rule *experiment, struct pl_err *err)
{
    double sum = 0;

    if ((unsigned)experiment->work > PL_WORK_HOLDOUT)
        return pl_err_set(err, PL_ERR_INPUT, "experiment '%s': unknown kind of work", experiment->id);
    if (experiment->n_variants == 0)
        return PL_OK;
    if (experiment->n_variants < 2 || experiment->n_variants > PL_VARIANTS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "experiment '%s' needs 2 to %d variants", experiment->id, PL_VARIANTS_MAX);
    for (unsigned at = 0; at < experiment->n_variants; at++) {
        if (!pl_span_is_name(pl_span_of(experiment->variants[at])))
            return pl_err_set(err, PL_ERR_INPUT, "experiment '%s': a variant is not a name", experiment->id);
        for (unsigned before = 0; before < at; before++)
            if (strcmp(experiment->variants[before], experiment->variants[at]) == 0)
                return pl_err_set(err, PL_ERR_INPUT, "experiment '%s': variant '%s' twice", experiment->id,
                                  experiment->variants[at]);
        if (!(experiment->shares[at] > 0))
            return pl_err_set(err, PL_ERR_INPUT, "experiment '%s': a share is not above 0", experiment->id);
        sum += experiment->shares[at];
    }
    if (!pl_rules_in_range(sum, 1 - 1e-9, 1 + 1e-9))
        return pl_err_set(err, PL_ERR_INPUT, "experiment '%s': the shares do not add up to 100%%", experiment->id);
    return PL_OK;
}

enum pl_status pl_rules_add_experiment(struct pl_rules *rules, const struct pl_experiment_rule *experiment,
                                       struct pl_err *err)
{
    struct pl_experiment_rule *place;
    void *rows = rules->experiments;
    enum pl_status status =
        pl_rules_check_id("experiment", experiment->id, pl_rules_find_experiment(rules, pl_span_of(experiment->id)),
                          rules->n_experiments == PL_RULES_EXPERIMENTS_MAX, err);

    assert(!rules->by_action);
    if (!status)
        status = pl_rules_check_area(rules, "experiment", experiment->id, experiment->area, err);
    if (!status)
        status = check_experiment(experiment, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_experiments, sizeof(*place));
    if (!place)
        return pl_rules_no_memory(err);
    rules->experiments = rows;
    *place = *experiment;
    rules->n_experiments++;
    return PL_OK;
}
