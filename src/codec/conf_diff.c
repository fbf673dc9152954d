#include "codec/conf_internal.h"

#include <string.h>

/* One comparison of two documents. */
struct diff {
    struct pl_buf *out; /* may be NULL */
    struct pl_err *err;
    enum pl_status status; /* INPUT once a change was refused; err holds the first one */
};

static void refuse(struct diff *diff, const struct pl_conf_section *section, const char *key, const char *why)
{
    if (diff->status)
        return;
    diff->status = pl_err_set(diff->err, PL_ERR_INPUT, "[%s%s%s]%s%s %s", section->type, section->name[0] ? " " : "",
                              section->name, key[0] ? " " : "", key, why);
}

static const char *shown(const struct pl_conf_section *section, const struct pl_conf_entry *entry)
{
    if (!entry)
        return "(none)";
    return strcmp(section->type, "kafka") == 0 && pl_conf_kafka_secret(entry->key) ? "***" : entry->value;
}

/* One key of a section that both documents have; either side may lack the key. */
static void compare_entry(struct diff *diff, const struct pl_conf_section *section, const struct pl_conf_entry *now,
                          const struct pl_conf_entry *next)
{
    const char *key = now ? now->key : next->key;
    const struct pl_conf_option *option = pl_conf_table_find(section->type, key);

    if (now && next && strcmp(now->value, next->value) == 0)
        return;
    if (diff->out)
        pl_buf_addf(diff->out, "[%s%s%s] %s: %s -> %s%s\n", section->type, section->name[0] ? " " : "", section->name,
                    key, shown(section, now), shown(section, next),
                    option && option->change == PL_CONF_RECOUNT ? " (counted anew)" : "");
    if (!option || option->change == PL_CONF_RESTART) /* [kafka] has no options in the table */
        refuse(diff, section, key, "cannot change while plateaud runs; restart it");
}

static void compare_section(struct diff *diff, const struct pl_conf_section *now, const struct pl_conf_section *next)
{
    for (unsigned at = 0; at < now->n_entries; at++)
        compare_entry(diff, now, &now->entries[at], pl_conf_section_find(next, now->entries[at].key));
    for (unsigned at = 0; at < next->n_entries; at++)
        if (!pl_conf_section_find(now, next->entries[at].key))
            compare_entry(diff, next, NULL, &next->entries[at]);
}

/* Sources decide what was counted; an area that goes would leave its ledger without an owner. */
static void section_came_or_went(struct diff *diff, const struct pl_conf_section *section, bool came)
{
    if (diff->out)
        pl_buf_addf(diff->out, "[%s %s] %s\n", section->type, section->name, came ? "added" : "removed");
    if (strcmp(section->type, "source") == 0 || (!came && strcmp(section->type, "area") == 0))
        refuse(diff, section, "",
               came ? "cannot be added while plateaud runs; restart it"
                    : "cannot be removed while plateaud runs; restart it");
}

static const struct pl_conf_section *same(const struct pl_conf_text *text, const struct pl_conf_section *section)
{
    return pl_conf_text_find(text, section->type, pl_span_of(section->name));
}

enum pl_status pl_conf_reloadable(const struct pl_conf *now, const struct pl_conf *next, struct pl_buf *diff,
                                  struct pl_err *err)
{
    const struct pl_conf_text *old = pl_conf_text_of(now), *new = pl_conf_text_of(next);
    struct diff state = {diff, err, PL_OK};

    for (unsigned at = 0; at < old->n_sections; at++) {
        const struct pl_conf_section *other = same(new, old->sections[at]);

        if (other)
            compare_section(&state, old->sections[at], other);
        else
            section_came_or_went(&state, old->sections[at], false);
    }
    for (unsigned at = 0; at < new->n_sections; at++)
        if (!same(old, new->sections[at]))
            section_came_or_went(&state, new->sections[at], true);
    return state.status;
}
