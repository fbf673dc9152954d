#include "codec/conf_internal.h"

#include <inttypes.h>
#include <string.h>

static void print_place(struct pl_conf_place place, struct pl_buf *out)
{
    if (place.origin == PL_CONF_DEFAULT)
        pl_buf_add_text(out, "  # default\n");
    else if (place.origin == PL_CONF_GIVEN)
        pl_buf_addf(out, "  # %s:%u\n", place.file, place.line);
    else if (place.file)
        pl_buf_addf(out, "  # inferred from %s:%u\n", place.file, place.line);
    else
        pl_buf_add_text(out, "  # inferred\n");
}

static void print_section(const struct pl_conf_section *section, struct pl_buf *out)
{
    bool kafka = strcmp(section->type, "kafka") == 0;

    pl_buf_addf(out, "\n[%s%s%s]", section->type, section->name[0] ? " " : "", section->name);
    print_place(section->place, out);
    for (unsigned at = 0; at < section->n_entries; at++) {
        const struct pl_conf_entry *entry = &section->entries[at];
        bool hidden = kafka && pl_conf_kafka_secret(entry->key);

        pl_buf_addf(out, "%s = %s", entry->key, hidden ? "***" : entry->value);
        print_place(entry->place, out);
    }
}

/* What is found in the events, since nobody has declared it: as comments, so that the output stays a conf file. */
static void print_discovery(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_rules *rules = conf->rules;

    pl_buf_addf(out,
                "\n# inferred for experiments that are not declared here (at most %" PRIu32 " in each partition):\n"
                "#   area = the first one whose patterns match; work = growth\n"
                "#   variants = as they appear, at most %d, with equal shares\n"
                "#   control = the variant named control, off, 0 or false, else the first one\n"
                "#   start = the first exposure, unless a control record says when it started\n"
                "# inferred everywhere: days are UTC days\n",
                rules->max_experiments, PL_VARIANTS_MAX);
}

void pl_conf_print(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_conf_text *text = pl_conf_text_of(conf);
    const struct pl_conf_section_kind *kind;

    pl_buf_addf(out, "# effective configuration, hash %016" PRIx64 "\n", conf->rules->hash);
    for (unsigned at = 0; (kind = pl_conf_table_section(at)); at++)
        for (unsigned section = 0; section < text->n_sections; section++)
            if (strcmp(text->sections[section]->type, kind->type) == 0)
                print_section(text->sections[section], out);
    print_discovery(conf, out);
}
