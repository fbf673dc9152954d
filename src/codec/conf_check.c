#include "codec/conf_internal.h"

#include <stdio.h>
#include <string.h>

static enum pl_status check_section(const struct pl_conf_section *section, struct pl_err *err)
{
    const struct pl_conf_section_kind *kind = pl_conf_table_find_section(section->type);

    if (!kind) {
        const char *near = pl_conf_table_nearest_section(section->type);

        if (!near)
            return pl_conf_fail(section->place, err, "unknown section [%s]", section->type);
        kind = pl_conf_table_find_section(near);
        return pl_conf_fail(section->place, err, "unknown section [%s]; nearest known section: [%s%s]", section->type,
                            near, kind->named ? " NAME" : "");
    }
    if (kind->named && !section->name[0])
        return pl_conf_fail(section->place, err, "[%s] needs a name: [%s NAME]", kind->type, kind->type);
    if (!kind->named && section->name[0])
        return pl_conf_fail(section->place, err, "[%s] takes no name", kind->type);
    if (kind->named && !pl_span_is_name(pl_span_of(section->name)))
        return pl_conf_fail(section->place, err,
                            "[%s %.64s]: a name is 1 to 64 of A-Z a-z 0-9 _ . : - and inner spaces", kind->type,
                            section->name);
    return PL_OK;
}

static enum pl_status check_entry(const struct pl_conf_section *section, const struct pl_conf_entry *entry,
                                  struct pl_err *err)
{
    const struct pl_conf_option *option = pl_conf_table_find(section->type, entry->key);
    const char *near;

    if (strcmp(section->type, "kafka") == 0)
        return pl_conf_check_kafka(section, entry, err);
    if (option)
        return pl_conf_at(entry->place, pl_conf_table_read(option, pl_span_of(entry->value), NULL, err), err);
    near = pl_conf_table_nearest_key(section->type, entry->key);
    return pl_conf_fail(entry->place, err, "unknown key `%.64s` in [%s]%s%s", entry->key, section->type,
                        near ? "; nearest known key: " : "", near ? near : "");
}

static enum pl_status check_required(const struct pl_conf_section *section, struct pl_err *err)
{
    static const struct {
        const char *type, *key;
    } required[] = {{"source", "topics"},    {"funnel", "steps"},     {"feature", "use"},
                    {"objective", "figure"}, {"objective", "target"}, {"objective", "by"}};

    for (size_t at = 0; at < sizeof(required) / sizeof(*required); at++)
        if (strcmp(section->type, required[at].type) == 0 && !pl_conf_section_find(section, required[at].key))
            return pl_conf_fail(section->place, err, "[%s %s] needs `%s`", section->type, section->name,
                                required[at].key);
    if (strcmp(section->type, "metric") == 0)
        return pl_conf_check_metric(section, err);
    return PL_OK;
}

enum pl_status pl_conf_check(const struct pl_conf_text *text, struct pl_err *err)
{
    for (unsigned at = 0; at < text->n_sections; at++) {
        const struct pl_conf_section *section = text->sections[at];
        enum pl_status status = check_section(section, err);

        for (unsigned entry = 0; !status && entry < section->n_entries; entry++)
            status = check_entry(section, &section->entries[entry], err);
        if (!status)
            status = check_required(section, err);
        if (status)
            return status;
    }
    return PL_OK;
}

/* A share of the goal metric is written as a share, and nothing else is: 0.2 for 0.2 % would be off by a hundred. */
static enum pl_status check_amount(const struct pl_conf_section *area, const char *key, struct pl_err *err)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(area, key);
    const char *unit = pl_conf_section_get(area, "unit");

    if (!entry)
        return PL_OK;
    if (strcmp(unit, "%") != 0)
        return pl_conf_read(area, key).percent
                   ? pl_conf_fail(entry->place, err, "`%s = %.64s`: a number of %s, not a share", key, entry->value,
                                  unit)
                   : PL_OK;
    if (!pl_conf_read(area, key).percent)
        return pl_conf_fail(entry->place, err, "`%s = %.64s`: expected a share with its sign, such as 0.2%%", key,
                            entry->value);
    return PL_OK;
}

/* Every topic once, none of them the control topic, and no more than a shard has inputs. */
static enum pl_status check_topics(const struct pl_conf_text *text, struct pl_err *err)
{
    const struct pl_conf_section *main = pl_conf_text_find(text, "plateaud", pl_span_of(""));
    struct pl_span seen[PL_CONF_TOPICS_MAX + 1] = {pl_span_of(pl_conf_section_get(main, "control"))};
    unsigned n = 1;

    for (unsigned at = 0; at < text->n_sections; at++) {
        const struct pl_conf_entry *entry = pl_conf_section_find(text->sections[at], "topics");
        struct pl_span rest = pl_span_of(entry ? entry->value : NULL);

        while (rest.ptr) {
            struct pl_span topic = pl_span_trim(pl_span_cut(&rest, ','));

            for (unsigned before = 0; before < n; before++)
                if (pl_span_eq(topic, seen[before]))
                    return pl_conf_fail(entry->place, err,
                                        before ? "topic %.*s is given twice" : "%.*s is the control topic",
                                        (int)topic.len, topic.ptr);
            if (n > PL_CONF_TOPICS_MAX)
                return pl_conf_fail(entry->place, err, "more than %d source topics", PL_CONF_TOPICS_MAX);
            seen[n++] = topic;
        }
    }
    return PL_OK;
}

/* What outlives the memory of a unit could not be counted. */
static enum pl_status check_window(const struct pl_conf_text *text, const struct pl_conf_section *section,
                                   struct pl_err *err)
{
    const struct pl_conf_section *main = pl_conf_text_find(text, "plateaud", pl_span_of(""));
    const struct pl_conf_entry *window = pl_conf_section_find(section, "window");

    if (!window || pl_conf_read(section, "window").integer <= pl_conf_read(main, "forget").integer)
        return PL_OK;
    return pl_conf_fail(window->place, err, "`window = %s` is longer than `forget = %s` of [plateaud]", window->value,
                        pl_conf_section_get(main, "forget"));
}

/* All figures but one are shares, and are written as such. */
static enum pl_status check_target(const struct pl_conf_section *objective, struct pl_err *err)
{
    const struct pl_conf_entry *target = pl_conf_section_find(objective, "target");
    const struct pl_conf_value value = pl_conf_read(objective, "target");

    if (pl_conf_read(objective, "figure").integer == PL_OBJECTIVE_VALUE)
        return value.percent ? pl_conf_fail(target->place, err,
                                            "`target = %.64s`: a number of value events per unit and week, not a share",
                                            target->value)
                             : PL_OK;
    if (!value.percent || value.number > 1)
        return pl_conf_fail(target->place, err, "`target = %.64s`: expected a share with its sign, at most 100%%",
                            target->value);
    return PL_OK;
}

enum pl_status pl_conf_check_whole(const struct pl_conf_text *text, struct pl_err *err)
{
    enum pl_status status = check_topics(text, err);

    for (unsigned at = 0; !status && at < text->n_sections; at++) {
        const struct pl_conf_section *section = text->sections[at];

        if (strcmp(section->type, "area") == 0)
            status = check_amount(section, "smallest_return", err);
        if (!status && strcmp(section->type, "area") == 0)
            status = check_amount(section, "baseline", err);
        if (!status && strcmp(section->type, "metric") == 0)
            status = pl_conf_check_from(section, err);
        if (!status && strcmp(section->type, "objective") == 0)
            status = check_target(section, err);
        if (!status && (strcmp(section->type, "metric") == 0 || strcmp(section->type, "funnel") == 0))
            status = check_window(text, section, err);
    }
    return status;
}
