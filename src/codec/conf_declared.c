#include "codec/conf_internal.h"
#include "util/stamp.h"

#include <string.h>

static struct pl_span value_of(const struct pl_conf_step *step, const char *key)
{
    return pl_span_of(pl_conf_section_get(step->section, key));
}

static uint32_t area_of(const struct pl_conf_step *step)
{
    return pl_rules_find_area(step->rules, value_of(step, "area"));
}

enum pl_status pl_conf_add_feature(const struct pl_conf_step *step)
{
    struct pl_feature_rule feature = {.area = area_of(step), .launched_us = PL_TIME_NONE};
    enum pl_status status = pl_conf_step_events(step, "eligible", &feature.eligible);

    if (!status)
        status = pl_conf_step_events(step, "aware", &feature.aware);
    if (!status)
        status = pl_conf_step_events(step, "use", &feature.use);
    if (status)
        return status;
    if (pl_conf_section_find(step->section, "launched"))
        feature.launched_us = pl_conf_read(step->section, "launched").integer;
    (void)pl_span_copy(pl_span_of(step->section->name), feature.id, sizeof(feature.id));
    return pl_conf_at(step->section->place, pl_rules_add_feature(step->rules, &feature, NULL, step->err), step->err);
}

enum pl_status pl_conf_add_objective(const struct pl_conf_step *step)
{
    const struct pl_conf_section *section = step->section;
    struct pl_objective_rule objective = {
        .area = area_of(step),
        .figure = (enum pl_objective_figure)pl_conf_read(section, "figure").integer, /* the words in the enum's order */
        .target = pl_conf_read(section, "target").number,
        .by_us = pl_conf_read(section, "by").integer,
    };

    (void)pl_span_copy(pl_span_of(section->name), objective.id, sizeof(objective.id));
    return pl_conf_at(section->place, pl_rules_add_objective(step->rules, &objective, step->err), step->err);
}

/* `B:50%` gives B and its share, `B` gives B and 0. */
static enum pl_status take_variant(const struct pl_conf_step *step, struct pl_span text,
                                   struct pl_experiment_rule *experiment)
{
    double *share = &experiment->shares[experiment->n_variants];
    size_t colon = text.len;

    if (experiment->n_variants == PL_VARIANTS_MAX)
        return pl_conf_step_fail(step, "variants", "more than 16 variants");
    if (text.ptr[text.len - 1] == '%') {
        while (text.ptr[colon - 1] != ':')
            colon--;
        if (!pl_conf_share(pl_span_trim((struct pl_span){text.ptr + colon, text.len - colon}), share) || *share <= 0)
            return pl_conf_step_fail(step, "variants", "a share is not above 0%");
        text = pl_span_trim((struct pl_span){text.ptr, colon - 1});
    }
    (void)pl_span_copy(text, experiment->variants[experiment->n_variants++], PL_NAME_BYTES);
    return PL_OK;
}

/* All variants with a share that add up to 100 %, give or take what rounding in the text leaves; or none. */
static enum pl_status take_shares(const struct pl_conf_step *step, struct pl_experiment_rule *experiment)
{
    unsigned given = 0;
    double sum = 0;

    for (unsigned at = 0; at < experiment->n_variants; at++) {
        given += experiment->shares[at] > 0;
        sum += experiment->shares[at];
    }
    if (given > 0 && given < experiment->n_variants)
        return pl_conf_step_fail(step, "variants", "give every variant a share, or none");
    if (given > 0 && !(sum > .9985 && sum < 1.0015))
        return pl_conf_step_fail(step, "variants", "the shares do not add up to 100%");
    for (unsigned at = 0; at < experiment->n_variants; at++)
        experiment->shares[at] = given > 0 ? experiment->shares[at] / sum : 1. / experiment->n_variants;
    return PL_OK;
}

enum pl_status pl_conf_add_experiment(const struct pl_conf_step *step)
{
    struct pl_experiment_rule experiment = {.area = area_of(step),
                                            .work = (enum pl_work)pl_conf_read(step->section, "work").integer};
    struct pl_span rest = value_of(step, "variants");
    enum pl_status status = PL_OK;

    while (!status && rest.ptr)
        status = take_variant(step, pl_span_trim(pl_span_cut(&rest, ',')), &experiment);
    if (!status)
        status = take_shares(step, &experiment);
    if (status)
        return status;
    (void)pl_span_copy(pl_span_of(step->section->name), experiment.id, sizeof(experiment.id));
    return pl_conf_at(step->section->place, pl_rules_add_experiment(step->rules, &experiment, step->err), step->err);
}
