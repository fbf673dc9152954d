#include "codec/conf_internal.h"
#include "util/num.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One section on its way into the rules. */
struct step {
    struct pl_rules *rules;
    const struct pl_conf_section *section;
    struct pl_err *err;
};

static struct pl_span value_of(const struct step *step, const char *key)
{
    return pl_span_of(pl_conf_section_get(step->section, key));
}

static void copy(const struct step *step, const char *key, char out[PL_NAME_BYTES])
{
    bool fits = pl_span_copy(value_of(step, key), out, PL_NAME_BYTES);

    assert(fits); /* every name and label was measured */
    (void)fits;
}

static enum pl_status fail_at(const struct step *step, const char *key, const char *what)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(step->section, key);

    return pl_conf_fail(entry ? entry->place : step->section->place, step->err, "[%s %s] `%s`: %s", step->section->type,
                        step->section->name, key, what);
}

static enum pl_status no_memory(const struct step *step)
{
    return pl_err_set(step->err, PL_ERR_NOMEM, "out of memory for the configuration");
}

static uint32_t area_of(const struct step *step)
{
    return pl_rules_find_area(step->rules, value_of(step, "area"));
}

static double amount(const struct step *step, const char *key)
{
    return pl_conf_section_find(step->section, key) ? pl_conf_read(step->section, key).number : (double)NAN;
}

static enum pl_status take_globs(const struct step *step, struct pl_area_rule *area)
{
    struct pl_span rest = value_of(step, "experiments");

    while (rest.ptr) {
        struct pl_span glob = pl_span_trim(pl_span_cut(&rest, ','));

        if (area->n_globs == PL_RULES_GLOBS_MAX)
            return fail_at(step, "experiments", "more than 32 patterns");
        area->globs[area->n_globs] = pl_span_dup(glob);
        if (!area->globs[area->n_globs])
            return no_memory(step);
        area->n_globs++;
    }
    return PL_OK;
}

static enum pl_status add_area(const struct step *step)
{
    struct pl_area_rule area = {
        .goal = PL_RULES_NONE,
        .value = PL_RULES_NONE,
        .funnel = PL_RULES_NONE,
        .smallest_return = amount(step, "smallest_return"),
        .baseline = amount(step, "baseline"),
        .false_alarm_every_years = pl_conf_read(step->section, "false_alarm_every").number,
        .coverage = pl_conf_read(step->section, "coverage").number,
        .landmark_us = pl_conf_read(step->section, "landmark").integer,
    };
    enum pl_status status = take_globs(step, &area);

    (void)pl_span_copy(pl_span_of(step->section->name), area.id, sizeof(area.id));
    copy(step, "owner", area.owner);
    copy(step, "unit", area.unit);
    if (!status)
        status = pl_conf_at(step->section->place, pl_rules_add_area(step->rules, &area, NULL, step->err), step->err);
    for (unsigned at = 0; status && at < area.n_globs; at++)
        free(area.globs[at]);
    return status;
}

/* A list of event names, and where their ids go. */
struct events {
    const char *key;
    char separator;
    unsigned max;
    uint32_t *ids;
    const char *too_many;
};

static enum pl_status take_events(const struct step *step, const struct events *events, unsigned *n)
{
    struct pl_span rest = value_of(step, events->key);

    *n = 0;
    while (rest.ptr) {
        struct pl_span event = pl_span_trim(pl_span_cut(&rest, events->separator));
        uint32_t id;

        if (*n == events->max)
            return fail_at(step, events->key, events->too_many);
        id = pl_rules_action(step->rules, event);
        if (id == PL_RULES_NONE && pl_names_count(step->rules->actions) == PL_RULES_ACTIONS_MAX)
            return fail_at(step, events->key, "more than 4096 different events in the configuration");
        if (id == PL_RULES_NONE)
            return no_memory(step);
        events->ids[(*n)++] = id;
    }
    return PL_OK;
}

static enum pl_status add_metric(const struct step *step)
{
    const struct pl_conf_section *section = step->section;
    struct pl_metric_rule metric = {
        .type = (enum pl_metric_type)pl_conf_read(section, "type").integer, /* the words stand in the enum's order */
        .area = area_of(step),
        .value = PL_RULES_NONE,
        .window_us = pl_conf_read(section, "window").integer,
        .cap_micro = pl_conf_read(section, "cap").integer,
        .bound_micro = pl_conf_read(section, "bound").integer,
        .n_star = pl_conf_read(section, "n_star").number,
        .lower_is_better = pl_conf_read(section, "better").integer == 1,
    };
    const struct events events = {"event", ',', PL_RULES_EVENTS_MAX, metric.events.ids, "more than 8 events"};
    enum pl_status status = take_events(step, &events, &metric.events.n);

    if (status)
        return status;
    if (metric.type == PL_METRIC_SUM) {
        metric.value = pl_rules_value(step->rules, value_of(step, "property"));
        if (metric.value == PL_RULES_NONE && step->rules->n_values == PL_EVENT_VALUES)
            return fail_at(step, "property", "more than 4 different properties in the configuration");
        if (metric.value == PL_RULES_NONE)
            return no_memory(step);
    }
    (void)pl_span_copy(pl_span_of(section->name), metric.id, sizeof(metric.id));
    return pl_conf_at(section->place, pl_rules_add_metric(step->rules, &metric, NULL, step->err), step->err);
}

/* One gap for all steps, or one for each pair. */
static enum pl_status take_gaps(const struct step *step, struct pl_funnel_rule *funnel)
{
    struct pl_span rest = value_of(step, "gap");
    unsigned n = 0;

    while (rest.ptr) {
        int64_t gap_us = 0;

        (void)pl_num_duration(pl_span_trim(pl_span_cut(&rest, ',')), &gap_us);
        if (gap_us > 90 * PL_DAY_US)
            return fail_at(step, "gap", "not within 0 to 90d");
        if (++n >= funnel->n_steps)
            return fail_at(step, "gap", "more gaps than pairs of steps");
        funnel->max_gap_us[n] = gap_us;
    }
    for (unsigned at = 2; n == 1 && at < funnel->n_steps; at++)
        funnel->max_gap_us[at] = funnel->max_gap_us[1];
    if (n > 1 && n + 1 < funnel->n_steps)
        return fail_at(step, "gap", "give one, or one for each pair of steps");
    return PL_OK;
}

static enum pl_status add_funnel(const struct step *step)
{
    struct pl_funnel_rule funnel = {.area = area_of(step), .window_us = pl_conf_read(step->section, "window").integer};
    const struct events events = {"steps", '>', PL_RULES_STEPS_MAX, funnel.steps, "more than 32 steps"};
    enum pl_status status = take_events(step, &events, &funnel.n_steps);

    if (!status)
        status = take_gaps(step, &funnel);
    if (status)
        return status;
    (void)pl_span_copy(pl_span_of(step->section->name), funnel.id, sizeof(funnel.id));
    return pl_conf_at(step->section->place, pl_rules_add_funnel(step->rules, &funnel, NULL, step->err), step->err);
}

/* `B:50%` gives B and its share, `B` gives B and 0. */
static enum pl_status take_variant(const struct step *step, struct pl_span text, struct pl_experiment_rule *experiment)
{
    double *share = &experiment->shares[experiment->n_variants];
    size_t colon = text.len;

    if (experiment->n_variants == PL_VARIANTS_MAX)
        return fail_at(step, "variants", "more than 16 variants");
    if (text.ptr[text.len - 1] == '%') {
        while (text.ptr[colon - 1] != ':')
            colon--;
        if (!pl_conf_share(pl_span_trim((struct pl_span){text.ptr + colon, text.len - colon}), share) || *share <= 0)
            return fail_at(step, "variants", "a share is not above 0%");
        text = pl_span_trim((struct pl_span){text.ptr, colon - 1});
    }
    (void)pl_span_copy(text, experiment->variants[experiment->n_variants++], PL_NAME_BYTES);
    return PL_OK;
}

/* All variants with a share that add up to 100 %, give or take what rounding in the text leaves; or none. */
static enum pl_status take_shares(const struct step *step, struct pl_experiment_rule *experiment)
{
    unsigned given = 0;
    double sum = 0;

    for (unsigned at = 0; at < experiment->n_variants; at++) {
        given += experiment->shares[at] > 0;
        sum += experiment->shares[at];
    }
    if (given > 0 && given < experiment->n_variants)
        return fail_at(step, "variants", "give every variant a share, or none");
    if (given > 0 && !(sum > .9985 && sum < 1.0015))
        return fail_at(step, "variants", "the shares do not add up to 100%");
    for (unsigned at = 0; at < experiment->n_variants; at++)
        experiment->shares[at] = given > 0 ? experiment->shares[at] / sum : 1. / experiment->n_variants;
    return PL_OK;
}

static enum pl_status add_experiment(const struct step *step)
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

/* What an area names exists by now; inference has made sure of it. */
static enum pl_status link_area(const struct step *step)
{
    struct pl_area_rule *area = &step->rules->areas[pl_rules_find_area(step->rules, pl_span_of(step->section->name))];

    if (pl_conf_section_find(step->section, "goal"))
        area->goal = pl_rules_find_metric(step->rules, value_of(step, "goal"));
    if (pl_conf_section_find(step->section, "funnel"))
        area->funnel = pl_rules_find_funnel(step->rules, value_of(step, "funnel"));
    return PL_OK;
}

static enum pl_status each(struct pl_conf_full *full, const char *type, enum pl_status (*take)(const struct step *),
                           struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned at = 0; !status && at < full->text.n_sections; at++) {
        const struct step step = {full->conf.rules, full->text.sections[at], err};

        if (strcmp(step.section->type, type) == 0)
            status = take(&step);
    }
    return status;
}

static void fill_limits(struct pl_conf_full *full)
{
    const struct pl_conf_section *main = pl_conf_text_find(&full->text, "plateaud", pl_span_of(""));
    struct pl_rules *rules = full->conf.rules;

    rules->lateness_us = pl_conf_read(main, "lateness").integer;
    rules->hold_us = pl_conf_read(main, "hold").integer;
    rules->dedup_us = pl_conf_read(main, "dedup").integer;
    rules->forget_us = pl_conf_read(main, "forget").integer;
    rules->max_units = (uint32_t)pl_conf_read(main, "max_units").integer;
    rules->max_experiments = (uint32_t)pl_conf_read(main, "max_experiments").integer;
}

enum pl_status pl_conf_fill_rules(struct pl_conf_full *full, struct pl_err *err)
{
    enum pl_status status;

    full->conf.rules = pl_rules_new();
    if (!full->conf.rules)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
    fill_limits(full);
    status = each(full, "area", add_area, err);
    if (!status)
        status = each(full, "metric", add_metric, err);
    if (!status)
        status = each(full, "funnel", add_funnel, err);
    if (!status)
        status = each(full, "experiment", add_experiment, err);
    if (!status)
        status = each(full, "area", link_area, err);
    return status ? status : pl_rules_seal(full->conf.rules, err);
}
