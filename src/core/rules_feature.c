#include "core/rules_inside.h"

#include "util/stamp.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static enum pl_status check_feature(const struct pl_rules *rules, const struct pl_feature_rule *feature,
                                    struct pl_err *err)
{
    enum pl_status status = pl_rules_check_events(rules, "feature", feature->id, &feature->use, 1, err);

    if (!status)
        status = pl_rules_check_events(rules, "feature", feature->id, &feature->aware, 0, err);
    if (!status)
        status = pl_rules_check_events(rules, "feature", feature->id, &feature->eligible, 0, err);
    return status;
}

enum pl_status pl_rules_add_feature(struct pl_rules *rules, const struct pl_feature_rule *feature, uint32_t *index,
                                    struct pl_err *err)
{
    struct pl_feature_rule *place;
    void *rows = rules->features;
    enum pl_status status =
        pl_rules_check_id("feature", feature->id, pl_rules_find_feature(rules, pl_span_of(feature->id)),
                          rules->n_features == PL_RULES_FEATURES_MAX, err);

    assert(!rules->by_action);
    if (!status)
        status = pl_rules_check_area(rules, "feature", feature->id, feature->area, err);
    if (!status)
        status = check_feature(rules, feature, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_features, sizeof(*place));
    if (!place)
        return pl_rules_no_memory(err);
    rules->features = rows;
    *place = *feature;
    if (place->launched_us == 0)
        place->launched_us = PL_TIME_NONE;
    if (index)
        *index = rules->n_features;
    rules->n_features++;
    return PL_OK;
}

static enum pl_status check_objective(const struct pl_objective_rule *objective, struct pl_err *err)
{
    if ((unsigned)objective->figure > PL_OBJECTIVE_ACTIVATION)
        return pl_err_set(err, PL_ERR_INPUT, "objective '%s': unknown figure", objective->id);
    if (!(objective->target > 0 && isfinite(objective->target)))
        return pl_err_set(err, PL_ERR_INPUT, "objective '%s': target is not above 0", objective->id);
    if (objective->figure != PL_OBJECTIVE_VALUE && objective->target > 1)
        return pl_err_set(err, PL_ERR_INPUT, "objective '%s': target is a share, at most 100%%", objective->id);
    if (objective->by_us <= 0)
        return pl_err_set(err, PL_ERR_INPUT, "objective '%s' needs a date", objective->id);
    return PL_OK;
}

static uint32_t find_objective(const struct pl_rules *rules, const char *id)
{
    for (uint32_t at = 0; at < rules->n_objectives; at++)
        if (strcmp(rules->objectives[at].id, id) == 0)
            return at;
    return PL_RULES_NONE;
}

enum pl_status pl_rules_add_objective(struct pl_rules *rules, const struct pl_objective_rule *objective,
                                      struct pl_err *err)
{
    struct pl_objective_rule *place;
    void *rows = rules->objectives;
    enum pl_status status = pl_rules_check_id("objective", objective->id, find_objective(rules, objective->id),
                                              rules->n_objectives == PL_RULES_OBJECTIVES_MAX, err);

    assert(!rules->by_action);
    if (!status)
        status = pl_rules_check_area(rules, "objective", objective->id, objective->area, err);
    if (!status)
        status = check_objective(objective, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_objectives, sizeof(*place));
    if (!place)
        return pl_rules_no_memory(err);
    rules->objectives = rows;
    *place = *objective;
    rules->n_objectives++;
    return PL_OK;
}

bool pl_rules_observed(const struct pl_rules *rules, uint32_t area)
{
    if (rules->areas[area].value_events.n > 0)
        return true;
    for (unsigned at = 0; at < rules->n_features; at++)
        if (rules->features[at].area == area)
            return true;
    for (unsigned at = 0; at < rules->n_metrics; at++)
        if (rules->metrics[at].area == area && rules->metrics[at].role == PL_ROLE_DERIVE)
            return true;
    return false;
}
