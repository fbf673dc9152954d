#include "codec/conf_internal.h"

#include <stdio.h>
#include <string.h>

static enum pl_status no_memory(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory while completing the configuration");
}

static enum pl_status set(struct pl_conf_section *section, const char *key, struct pl_span value,
                          struct pl_conf_place place, struct pl_err *err)
{
    return pl_conf_section_set(section, pl_span_of(key), value, place, err);
}

static struct pl_conf_place inferred(struct pl_conf_place from)
{
    from.origin = PL_CONF_INFERRED;
    return from;
}

enum pl_status pl_conf_complete_section(struct pl_conf_section *section, struct pl_err *err)
{
    const struct pl_conf_place place = {.origin = PL_CONF_DEFAULT};
    const struct pl_conf_option *option;
    enum pl_status status = PL_OK;

    for (unsigned at = 0; !status && (option = pl_conf_table_option(at)); at++)
        if (option->fallback && strcmp(option->section, section->type) == 0 &&
            !pl_conf_section_find(section, option->key))
            status = set(section, option->key, pl_span_of(option->fallback), place, err);
    return status;
}

enum pl_status pl_conf_complete(struct pl_conf_text *text, struct pl_err *err)
{
    const struct pl_conf_place place = {.origin = PL_CONF_DEFAULT};
    const struct pl_conf_section_kind *kind;
    enum pl_status status = PL_OK;

    for (unsigned at = 0; (kind = pl_conf_table_section(at)); at++)
        if (!kind->named && !pl_conf_text_find(text, kind->type, pl_span_of("")) &&
            !pl_conf_text_new_section(text, pl_span_of(kind->type), pl_span_of(""), place))
            return no_memory(err);
    for (unsigned at = 0; !status && at < text->n_sections; at++)
        status = pl_conf_complete_section(text->sections[at], err);
    return status;
}

static bool is(const struct pl_conf_section *section, const char *type)
{
    return strcmp(section->type, type) == 0;
}

/* A section that is to follow from an entry of an area. */
struct wanted {
    const struct pl_conf_section *area;
    const struct pl_conf_entry *from;
    const char *type;
    const char *id;
};

static enum pl_status new_section(struct pl_conf_text *text, const struct wanted *wanted,
                                  struct pl_conf_section **section, struct pl_err *err)
{
    struct pl_conf_place place = inferred(wanted->from->place);
    const struct pl_conf_section *taken = pl_conf_text_find(text, wanted->type, pl_span_of(wanted->id));
    enum pl_status status;

    if (strlen(wanted->id) >= PL_NAME_BYTES)
        return pl_conf_fail(place, err, "the name of area %s is too long for a %s made from it", wanted->area->name,
                            wanted->type);
    if (taken)
        return pl_conf_fail(place, err, "`%s` would be [%s %s], which is given at %s:%u; name it here or rename it",
                            wanted->from->key, wanted->type, wanted->id, taken->place.file, taken->place.line);
    *section = pl_conf_text_new_section(text, pl_span_of(wanted->type), pl_span_of(wanted->id), place);
    if (!*section)
        return no_memory(err);
    status = set(*section, "area", pl_span_of(wanted->area->name), place, err);
    return status ? status : pl_conf_complete_section(*section, err);
}

/* goal, value: the id of a metric, or events of which a conversion metric AREA.goal or AREA.value is made. */
static enum pl_status infer_metric(struct pl_conf_text *text, struct pl_conf_section *area, const char *key,
                                   struct pl_err *err)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(area, key);
    char id[2 * PL_NAME_BYTES];
    const struct wanted wanted = {area, entry, "metric", id};
    struct pl_conf_section *metric;
    enum pl_status status;

    if (!entry || pl_conf_text_find(text, "metric", pl_span_of(entry->value)))
        return PL_OK;
    snprintf(id, sizeof(id), "%s.%s", area->name, key);
    status = new_section(text, &wanted, &metric, err);
    if (!status)
        status = set(metric, "event", pl_span_of(entry->value), inferred(entry->place), err);
    return status ? status : set(area, key, pl_span_of(id), inferred(entry->place), err);
}

const char *pl_conf_near_section(const struct pl_conf_text *text, const char *type, const char *written,
                                 char out[PL_CONF_NEAR_BYTES])
{
    struct pl_conf_near near = {0};

    for (unsigned at = 0; at < text->n_sections; at++)
        if (is(text->sections[at], type))
            pl_conf_near_try(&near, written, text->sections[at]->name);
    snprintf(out, PL_CONF_NEAR_BYTES, "%s%s", near.best ? "; nearest: " : "", near.best ? near.best : "");
    return out;
}

enum pl_status pl_conf_named(const struct pl_conf_text *text, const struct pl_conf_section *from,
                             const struct pl_conf_entry *entry, const char *type,
                             const struct pl_conf_section **section, struct pl_err *err)
{
    const char *area = pl_conf_section_get(from, "area");
    char near[PL_CONF_NEAR_BYTES];

    *section = pl_conf_text_find(text, type, pl_span_of(entry->value));
    if (!*section)
        return pl_conf_fail(entry->place, err, "`%s = %s` names no [%s]%s", entry->key, entry->value, type,
                            pl_conf_near_section(text, type, entry->value, near));
    if (strcmp(pl_conf_section_get(*section, "area"), area) != 0)
        return pl_conf_fail(entry->place, err, "`%s = %s`: it belongs to area %s, and [%s %s] to area %s", entry->key,
                            entry->value, pl_conf_section_get(*section, "area"), from->type, from->name, area);
    return PL_OK;
}

/* funnel: the id of a funnel, or steps of which a funnel with the area's id is made. */
static enum pl_status infer_funnel(struct pl_conf_text *text, struct pl_conf_section *area, struct pl_err *err)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(area, "funnel");
    const struct wanted wanted = {area, entry, "funnel", area->name};
    struct pl_conf_section *funnel;
    char near[PL_CONF_NEAR_BYTES];
    enum pl_status status;

    if (!entry || pl_conf_text_find(text, "funnel", pl_span_of(entry->value)))
        return PL_OK;
    if (!strchr(entry->value, '>'))
        return pl_conf_fail(entry->place, err, "`funnel = %.64s` names no [funnel]; events need a way: A > B%s",
                            entry->value, pl_conf_near_section(text, "funnel", entry->value, near));
    status = new_section(text, &wanted, &funnel, err);
    if (!status)
        status = set(funnel, "steps", pl_span_of(entry->value), inferred(entry->place), err);
    return status ? status : set(area, "funnel", pl_span_of(area->name), inferred(entry->place), err);
}

static const struct pl_conf_section *sole_area(const struct pl_conf_text *text)
{
    const struct pl_conf_section *found = NULL;

    for (unsigned at = 0; at < text->n_sections; at++) {
        if (!is(text->sections[at], "area"))
            continue;
        if (found)
            return NULL;
        found = text->sections[at];
    }
    return found;
}

static bool names(const struct pl_conf_section *area, const char *key, const char *id)
{
    const char *value = pl_conf_section_get(area, key);

    return value && strcmp(value, id) == 0;
}

/* Does the area's goal, value or funnel name this section? */
static bool refers(const struct pl_conf_section *area, const struct pl_conf_section *section)
{
    if (!is(area, "area"))
        return false;
    if (is(section, "metric"))
        return names(area, "goal", section->name) || names(area, "value", section->name);
    return is(section, "funnel") && names(area, "funnel", section->name);
}

static bool matches(const struct pl_conf_section *area, const char *experiment)
{
    struct pl_span rest = pl_span_of(is(area, "area") ? pl_conf_section_get(area, "experiments") : NULL);

    while (rest.ptr)
        if (pl_span_glob(pl_span_of(experiment), pl_span_trim(pl_span_cut(&rest, ','))))
            return true;
    return false;
}

/* The area of a section that names none: the first that names or matches it, else the only one. */
static enum pl_status infer_area(const struct pl_conf_text *text, struct pl_conf_section *section, struct pl_err *err)
{
    const struct pl_conf_section *area = NULL;

    if (pl_conf_section_find(section, "area"))
        return PL_OK;
    for (unsigned at = 0; !area && at < text->n_sections; at++)
        if (is(section, "experiment") ? matches(text->sections[at], section->name)
                                      : refers(text->sections[at], section))
            area = text->sections[at];
    if (!area)
        area = sole_area(text);
    if (!area)
        return pl_conf_fail(section->place, err, "[%s %s] needs `area`", section->type, section->name);
    return set(section, "area", pl_span_of(area->name), inferred(section->place), err);
}

/* Areas that are named exist, and an area names only what is its own. */
static enum pl_status check_area(const struct pl_conf_text *text, const struct pl_conf_section *section,
                                 struct pl_err *err)
{
    const struct pl_conf_entry *named = pl_conf_section_find(section, "area");
    char near[PL_CONF_NEAR_BYTES];

    if (!pl_conf_text_find(text, "area", pl_span_of(named->value)))
        return pl_conf_fail(named->place, err, "`area = %s` names no [area]%s", named->value,
                            pl_conf_near_section(text, "area", named->value, near));
    for (unsigned at = 0; at < text->n_sections; at++)
        if (refers(text->sections[at], section) && strcmp(text->sections[at]->name, named->value) != 0)
            return pl_conf_fail(text->sections[at]->place, err, "[area %s] names [%s %s], which belongs to area %s",
                                text->sections[at]->name, section->type, section->name, named->value);
    return PL_OK;
}

static enum pl_status infer_group(struct pl_conf_text *text, struct pl_err *err)
{
    struct pl_conf_section *main = pl_conf_text_find(text, "plateaud", pl_span_of(""));
    const struct pl_conf_entry *instance = pl_conf_section_find(main, "instance");
    char group[2 * PL_NAME_BYTES];

    if (pl_conf_section_find(main, "group"))
        return PL_OK;
    snprintf(group, sizeof(group), "plateaud-%s", instance->value);
    return set(main, "group", pl_span_of(group), inferred(instance->place), err);
}

/* Everything an area says of itself, in the sections that were given. */
static enum pl_status infer_of_area(struct pl_conf_text *text, struct pl_conf_section *area, bool only,
                                    struct pl_err *err)
{
    enum pl_status status = infer_metric(text, area, "goal", err);

    if (!status)
        status = infer_metric(text, area, "value", err);
    if (!status)
        status = infer_funnel(text, area, err);
    if (!status && only && !pl_conf_section_find(area, "experiments"))
        status = set(area, "experiments", pl_span_of("*"), inferred(area->place), err);
    return status;
}

/* Is this one of the sections that belong to an area? */
static bool belongs(const struct pl_conf_section *section)
{
    return !is(section, "area") && pl_conf_table_find(section->type, "area");
}

enum pl_status pl_conf_infer(struct pl_conf_text *text, struct pl_err *err)
{
    enum pl_status status = infer_group(text, err);
    const struct pl_conf_section *only = sole_area(text);
    unsigned n_given = text->n_sections;

    for (unsigned at = 0; !status && at < n_given; at++)
        if (is(text->sections[at], "area"))
            status = infer_of_area(text, text->sections[at], text->sections[at] == only, err);
    for (unsigned at = 0; !status && at < text->n_sections; at++) {
        struct pl_conf_section *section = text->sections[at];

        if (!belongs(section))
            continue;
        status = infer_area(text, section, err);
        if (!status)
            status = check_area(text, section, err);
    }
    for (unsigned at = 0; !status && at < text->n_sections; at++)
        if (is(text->sections[at], "metric"))
            status = pl_conf_infer_metric(text, text->sections[at], err);
    return status;
}
