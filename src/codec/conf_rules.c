#include "codec/conf_internal.h"
#include "util/num.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct pl_span value_of(const struct pl_conf_step *step, const char *key)
{
    return pl_span_of(pl_conf_section_get(step->section, key));
}

static void copy(const struct pl_conf_step *step, const char *key, char *out, size_t size)
{
    bool fits = pl_span_copy(value_of(step, key), out, size);

    assert(fits); /* every label and sentence was measured */
    (void)fits;
}

enum pl_status pl_conf_step_fail(const struct pl_conf_step *step, const char *key, const char *what)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(step->section, key);

    return pl_conf_fail(entry ? entry->place : step->section->place, step->err, "[%s %s] `%s`: %s", step->section->type,
                        step->section->name, key, what);
}

static enum pl_status no_memory(const struct pl_conf_step *step)
{
    return pl_err_set(step->err, PL_ERR_NOMEM, "out of memory for the configuration");
}

static double amount(const struct pl_conf_step *step, const char *key)
{
    return pl_conf_section_find(step->section, key) ? pl_conf_read(step->section, key).number : (double)NAN;
}

static enum pl_status take_globs(const struct pl_conf_step *step, struct pl_area_rule *area)
{
    struct pl_span rest = value_of(step, "experiments");

    while (rest.ptr) {
        struct pl_span glob = pl_span_trim(pl_span_cut(&rest, ','));

        if (area->n_globs == PL_RULES_GLOBS_MAX)
            return pl_conf_step_fail(step, "experiments", "more than 32 patterns");
        area->globs[area->n_globs] = pl_span_dup(glob);
        if (!area->globs[area->n_globs])
            return no_memory(step);
        area->n_globs++;
    }
    return PL_OK;
}

static enum pl_status add_area(const struct pl_conf_step *step)
{
    struct pl_area_rule area = {
        .goal = PL_RULES_NONE,
        .value = PL_RULES_NONE,
        .funnel = PL_RULES_NONE,
        .activation_us = pl_conf_read(step->section, "activation").integer,
        .value_bar = amount(step, "value_bar"),
        .value_per_delivery = amount(step, "value_per_delivery"),
        .adjust = (enum pl_adjust)pl_conf_read(step->section, "adjust").integer, /* the words in the enum's order */
        .smallest_return = amount(step, "smallest_return"),
        .baseline = amount(step, "baseline"),
        .false_alarm_every_years = pl_conf_read(step->section, "false_alarm_every").number,
        .coverage = pl_conf_read(step->section, "coverage").number,
        .landmark_us = pl_conf_read(step->section, "landmark").integer,
    };
    enum pl_status status = take_globs(step, &area);

    (void)pl_span_copy(pl_span_of(step->section->name), area.id, sizeof(area.id));
    copy(step, "owner", area.owner, sizeof(area.owner));
    copy(step, "unit", area.unit, sizeof(area.unit));
    copy(step, "core_levers", area.core_levers, sizeof(area.core_levers));
    if (!status)
        status = pl_conf_at(step->section->place, pl_rules_add_area(step->rules, &area, NULL, step->err), step->err);
    for (unsigned at = 0; status && at < area.n_globs; at++)
        free(area.globs[at]);
    return status;
}

enum pl_status pl_conf_step_list(const struct pl_conf_step *step, const struct pl_conf_list *list, unsigned *n)
{
    struct pl_span rest = value_of(step, list->key);

    *n = 0;
    while (rest.ptr) {
        struct pl_span event = pl_span_trim(pl_span_cut(&rest, list->separator));
        uint32_t id;

        if (*n == list->max)
            return pl_conf_step_fail(step, list->key, list->too_many);
        id = pl_rules_action(step->rules, event);
        if (id == PL_RULES_NONE && pl_names_count(step->rules->actions) == PL_RULES_ACTIONS_MAX)
            return pl_conf_step_fail(step, list->key, "more than 4096 different events in the configuration");
        if (id == PL_RULES_NONE)
            return no_memory(step);
        list->ids[(*n)++] = id;
    }
    return PL_OK;
}

enum pl_status pl_conf_step_events(const struct pl_conf_step *step, const char *key, struct pl_events *events)
{
    const struct pl_conf_list list = {key, ',', PL_RULES_EVENTS_MAX, events->ids, "more than 8 events"};

    return pl_conf_step_list(step, &list, &events->n);
}

/* Ties in time are broken by the ids of events (core/count/tail.h): those of metrics come first, as they always did,
 * even though funnels are added before metrics now. */
static enum pl_status name_events(const struct pl_conf_step *step)
{
    struct pl_events events;

    return pl_conf_step_events(step, "event", &events);
}

static enum pl_status take_property(const struct pl_conf_step *step, struct pl_metric_rule *metric)
{
    struct pl_span property = value_of(step, "property");

    if (!property.ptr)
        return PL_OK;
    metric->value = pl_rules_value(step->rules, property);
    if (metric->value == PL_RULES_NONE && step->rules->n_values == PL_EVENT_VALUES)
        return pl_conf_step_fail(step, "property", "more than 4 different properties in the configuration");
    return metric->value == PL_RULES_NONE ? no_memory(step) : PL_OK;
}

static enum pl_status add_metric(const struct pl_conf_step *step)
{
    const struct pl_conf_section *section = step->section;
    struct pl_metric_rule metric = {
        .type = (enum pl_metric_type)pl_conf_read(section, "type").integer, /* the words stand in the enum's order */
        .role = (enum pl_metric_role)pl_conf_read(section, "role").integer,
        .area = pl_rules_find_area(step->rules, value_of(step, "area")),
        .value = PL_RULES_NONE,
        .parts = {pl_rules_find_metric(step->rules, value_of(step, "numerator")),
                  pl_rules_find_metric(step->rules, value_of(step, "denominator"))},
        .funnel = pl_rules_find_funnel(step->rules, value_of(step, "funnel")),
        .from_us = pl_conf_read(section, "from").integer,
        .window_us = pl_conf_read(section, "window").integer,
        .before_us = pl_conf_read(section, "before").integer,
        .margin = amount(step, "margin"),
        .cap_micro = pl_conf_read(section, "cap").integer,
        .bound_micro = pl_conf_read(section, "bound").integer,
        .n_star = pl_conf_read(section, "n_star").number,
        .lower_is_better = pl_conf_read(section, "better").integer == 1,
    };
    enum pl_status status = pl_conf_step_events(step, "event", &metric.events);

    if (!status)
        status = take_property(step, &metric);
    if (status)
        return status;
    (void)pl_span_copy(pl_span_of(section->name), metric.id, sizeof(metric.id));
    return pl_conf_at(section->place, pl_rules_add_metric(step->rules, &metric, NULL, step->err), step->err);
}

static bool is_ratio(const struct pl_conf_step *step)
{
    return pl_conf_read(step->section, "type").integer == PL_METRIC_RATIO;
}

/* A ratio is made of others, wherever these stand in the files; none is made of a ratio. */
static enum pl_status add_plain_metric(const struct pl_conf_step *step)
{
    return is_ratio(step) ? PL_OK : add_metric(step);
}

static enum pl_status add_ratio(const struct pl_conf_step *step)
{
    return is_ratio(step) ? add_metric(step) : PL_OK;
}

/* One gap for all steps, or one for each pair. */
static enum pl_status take_gaps(const struct pl_conf_step *step, struct pl_funnel_rule *funnel)
{
    struct pl_span rest = value_of(step, "gap");
    unsigned n = 0;

    while (rest.ptr) {
        int64_t gap_us = 0;

        (void)pl_num_duration(pl_span_trim(pl_span_cut(&rest, ',')), &gap_us);
        if (gap_us > 90 * PL_DAY_US)
            return pl_conf_step_fail(step, "gap", "not within 0 to 90d");
        if (++n >= funnel->n_steps)
            return pl_conf_step_fail(step, "gap", "more gaps than pairs of steps");
        funnel->max_gap_us[n] = gap_us;
    }
    for (unsigned at = 2; n == 1 && at < funnel->n_steps; at++)
        funnel->max_gap_us[at] = funnel->max_gap_us[1];
    if (n > 1 && n + 1 < funnel->n_steps)
        return pl_conf_step_fail(step, "gap", "give one, or one for each pair of steps");
    return PL_OK;
}

static enum pl_status add_funnel(const struct pl_conf_step *step)
{
    struct pl_funnel_rule funnel = {.area = pl_rules_find_area(step->rules, value_of(step, "area")),
                                    .window_us = pl_conf_read(step->section, "window").integer};
    const struct pl_conf_list steps = {"steps", '>', PL_RULES_STEPS_MAX, funnel.steps, "more than 32 steps"};
    enum pl_status status = pl_conf_step_list(step, &steps, &funnel.n_steps);

    if (!status)
        status = take_gaps(step, &funnel);
    if (status)
        return status;
    (void)pl_span_copy(pl_span_of(step->section->name), funnel.id, sizeof(funnel.id));
    return pl_conf_at(step->section->place, pl_rules_add_funnel(step->rules, &funnel, NULL, step->err), step->err);
}

/* What an area names exists by now; inference has made sure of it. */
static enum pl_status link_area(const struct pl_conf_step *step)
{
    struct pl_area_rule *area = &step->rules->areas[pl_rules_find_area(step->rules, pl_span_of(step->section->name))];

    if (pl_conf_section_find(step->section, "goal"))
        area->goal = pl_rules_find_metric(step->rules, value_of(step, "goal"));
    if (pl_conf_section_find(step->section, "value")) {
        area->value = pl_rules_find_metric(step->rules, value_of(step, "value"));
        area->value_events = step->rules->metrics[area->value].events;
    }
    if (pl_conf_section_find(step->section, "funnel"))
        area->funnel = pl_rules_find_funnel(step->rules, value_of(step, "funnel"));
    return PL_OK;
}

static enum pl_status each(struct pl_conf_full *full, const char *type,
                           enum pl_status (*take)(const struct pl_conf_step *), struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned at = 0; !status && at < full->text.n_sections; at++) {
        const struct pl_conf_step step = {full->conf.rules, full->text.sections[at], err};

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
    static const struct {
        const char *type;
        enum pl_status (*take)(const struct pl_conf_step *);
    } order[] = {
        {"area", add_area},
        {"metric", name_events},
        {"funnel", add_funnel},
        {"metric", add_plain_metric},
        {"metric", add_ratio},
        {"feature", pl_conf_add_feature},
        {"objective", pl_conf_add_objective},
        {"experiment", pl_conf_add_experiment},
        {"area", link_area},
    };
    enum pl_status status = PL_OK;

    full->conf.rules = pl_rules_new();
    if (!full->conf.rules)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
    fill_limits(full);
    for (size_t at = 0; !status && at < sizeof(order) / sizeof(*order); at++)
        status = each(full, order[at].type, order[at].take, err);
    return status ? status : pl_rules_seal(full->conf.rules, err);
}
