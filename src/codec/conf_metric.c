#include "codec/conf_internal.h"
#include "util/num.h"

#include <stdio.h>
#include <string.h>

#define TYPE(name) (1u << PL_METRIC_##name)
#define TOTALS (TYPE(CONVERSION) | TYPE(COUNT) | TYPE(SUM))

/* Keys that not every type of metric takes. */
static const struct {
    const char *key;
    unsigned types;
    bool needed;
} uses[] = {
    {"event", TOTALS | TYPE(MEAN) | TYPE(RETENTION) | TYPE(TIME_TO), true},
    {"property", TYPE(SUM) | TYPE(MEAN), true},
    {"numerator", TYPE(RATIO), true},
    {"denominator", TYPE(RATIO), true},
    {"funnel", TYPE(FUNNEL), true},
    {"from", TYPE(RETENTION), true},
    {"before", TOTALS | TYPE(RATIO), false},
    {"cap", TOTALS | TYPE(MEAN), false},
};

static const char *const parts[] = {"numerator", "denominator"};

static unsigned type_of(const struct pl_conf_section *metric)
{
    return (unsigned)pl_conf_read(metric, "type").integer; /* the words stand in the enum's order */
}

/* "count, sum": the words of some types. */
static void name_types(unsigned types, char *out, size_t size)
{
    struct pl_span rest = pl_span_of(pl_conf_table_find("metric", "type")->low);
    size_t len = 0;

    out[0] = '\0';
    for (unsigned at = 0; rest.ptr && len < size; at++) {
        struct pl_span word = pl_span_cut(&rest, '|');

        if (types & (1u << at))
            len += (size_t)snprintf(out + len, size - len, "%s%.*s", len ? ", " : "", (int)word.len, word.ptr);
    }
}

enum pl_status pl_conf_check_metric(const struct pl_conf_section *metric, struct pl_err *err)
{
    const struct pl_conf_entry *entry;
    unsigned type = 1u << type_of(metric);
    char is[128], may[128];

    for (size_t at = 0; at < sizeof(uses) / sizeof(*uses); at++) {
        entry = pl_conf_section_find(metric, uses[at].key);
        name_types(type, is, sizeof(is));
        name_types(uses[at].types, may, sizeof(may));
        if (entry && !(uses[at].types & type))
            return pl_conf_fail(entry->place, err, "[metric %s]: `%s` is not for type %s, only for %s", metric->name,
                                entry->key, is, may);
        if (!entry && uses[at].needed && (uses[at].types & type))
            return pl_conf_fail(metric->place, err, "[metric %s] needs `%s`%s%s", metric->name, uses[at].key,
                                type == TYPE(CONVERSION) ? "" : ": its type is ", type == TYPE(CONVERSION) ? "" : is);
    }
    entry = pl_conf_section_find(metric, "margin");
    if (entry && pl_conf_read(metric, "role").integer != PL_ROLE_GUARDRAIL)
        return pl_conf_fail(entry->place, err, "[metric %s]: `margin` is only for role guardrail", metric->name);
    entry = pl_conf_section_find(metric, "before");
    if (entry && pl_conf_read(metric, "before").integer % PL_DAY_US)
        return pl_conf_fail(entry->place, err, "`before = %s`: not whole days", entry->value);
    return PL_OK;
}

enum pl_status pl_conf_check_from(const struct pl_conf_section *metric, struct pl_err *err)
{
    const struct pl_conf_entry *from = pl_conf_section_find(metric, "from");

    if (!from || pl_conf_read(metric, "from").integer < pl_conf_read(metric, "window").integer)
        return PL_OK;
    return pl_conf_fail(from->place, err, "`from = %s` is not before the end of `window = %s`", from->value,
                        pl_conf_section_get(metric, "window"));
}

static enum pl_status set(struct pl_conf_section *metric, const char *key, const char *value,
                          struct pl_conf_place place, struct pl_err *err)
{
    place.origin = PL_CONF_INFERRED;
    return pl_conf_section_set(metric, pl_span_of(key), pl_span_of(value), place, err);
}

static bool names(const struct pl_conf_section *section, const char *key, const char *name)
{
    const char *value = pl_conf_section_get(section, key);

    return value && strcmp(value, name) == 0;
}

/* The role that a place among an area's metrics asks for; where another one was given, the two contradict. */
static enum pl_status take_role(const struct pl_conf_section *area, const char *key, const char *wanted,
                                struct pl_conf_section *metric, struct pl_err *err)
{
    const struct pl_conf_entry *named = pl_conf_section_find(area, key);
    const struct pl_conf_entry *role = pl_conf_section_find(metric, "role");

    if (!names(area, key, metric->name) || strcmp(role->value, wanted) == 0)
        return PL_OK;
    if (role->place.origin == PL_CONF_DEFAULT)
        return set(metric, "role", wanted, named->place, err);
    if (role->place.origin == PL_CONF_INFERRED)
        return pl_conf_fail(named->place, err, "[area %s] has %s as its goal and as its value: one of them is enough",
                            area->name, metric->name);
    return pl_conf_fail(role->place, err, "`role = %s`: [area %s] names [metric %s] as its `%s`, which has role %s",
                        role->value, area->name, metric->name, key, wanted);
}

static enum pl_status infer_role(const struct pl_conf_text *text, struct pl_conf_section *metric, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned at = 0; !status && at < text->n_sections; at++) {
        const struct pl_conf_section *area = text->sections[at];

        if (strcmp(area->type, "area") != 0)
            continue;
        status = take_role(area, "value", "value", metric, err);
        if (!status)
            status = take_role(area, "goal", "delivery", metric, err);
    }
    return status;
}

/* What does not stand in a ratio is that of its numerator; in the end the ratio and both parts say the same. */
static enum pl_status agree(struct pl_conf_section *ratio, const char *which, const struct pl_conf_section *part,
                            const char *key, struct pl_err *err)
{
    const struct pl_conf_entry *own = pl_conf_section_find(ratio, key), *its = pl_conf_section_find(part, key);

    if (its && (!own || own->place.origin == PL_CONF_DEFAULT) && strcmp(which, "numerator") == 0) {
        enum pl_status status = set(ratio, key, its->value, its->place, err);

        if (status)
            return status;
        own = pl_conf_section_find(ratio, key);
    }
    if (pl_conf_read(ratio, key).integer == pl_conf_read(part, key).integer)
        return PL_OK;
    return pl_conf_fail(own && own->place.origin == PL_CONF_GIVEN ? own->place
                                                                  : pl_conf_section_find(ratio, which)->place,
                        err, "[metric %s]: `%s = %s`, but [metric %s] has %s: a ratio and its parts need the same",
                        ratio->name, key, own ? own->value : "(none)", part->name, its ? its->value : "none");
}

static enum pl_status infer_ratio(const struct pl_conf_text *text, struct pl_conf_section *ratio, struct pl_err *err)
{
    for (unsigned at = 0; at < 2; at++) {
        const struct pl_conf_entry *named = pl_conf_section_find(ratio, parts[at]);
        const struct pl_conf_section *part;
        enum pl_status status = pl_conf_named(text, ratio, named, "metric", &part, err);

        if (!status && !(TOTALS & (1u << type_of(part))))
            status = pl_conf_fail(named->place, err, "`%s = %s`: that is a %s, and a ratio is made of %s", named->key,
                                  named->value, pl_conf_section_get(part, "type"), "conversion, count or sum");
        if (!status)
            status = agree(ratio, parts[at], part, "window", err);
        if (!status)
            status = agree(ratio, parts[at], part, "before", err);
        if (status)
            return status;
    }
    if (names(ratio, parts[1], pl_conf_section_get(ratio, parts[0])))
        return pl_conf_fail(pl_conf_section_find(ratio, parts[1])->place, err,
                            "[metric %s]: `numerator` and `denominator` are the same", ratio->name);
    return PL_OK;
}

enum pl_status pl_conf_infer_metric(const struct pl_conf_text *text, struct pl_conf_section *metric, struct pl_err *err)
{
    const struct pl_conf_section *funnel;
    enum pl_status status = infer_role(text, metric, err);

    if (!status && type_of(metric) == PL_METRIC_RATIO)
        status = infer_ratio(text, metric, err);
    if (!status && type_of(metric) == PL_METRIC_FUNNEL)
        status = pl_conf_named(text, metric, pl_conf_section_find(metric, "funnel"), "funnel", &funnel, err);
    return status;
}
