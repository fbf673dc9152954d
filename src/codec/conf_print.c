#include "codec/conf_internal.h"

#include "core/count/before.h"
#include "core/count/feature.h"
#include "core/count/plan.h"
#include "core/count/usage.h"

#include <inttypes.h>
#include <string.h>

#define PLACE_COLUMN 38

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

static void print_entry(const struct pl_conf_section *section, const struct pl_conf_entry *entry, struct pl_buf *out)
{
    bool hidden = strcmp(section->type, "kafka") == 0 && pl_conf_kafka_secret(entry->key);
    size_t start = out->len;

    pl_buf_addf(out, "%s = %s", entry->key, hidden ? "***" : entry->value);
    while (pl_buf_ok(out) && out->len - start < PLACE_COLUMN)
        pl_buf_add_char(out, ' ');
    print_place(entry->place, out);
}

/* In the order of the table, or, where the table knows no keys, in the order of the files. */
static void print_section(const struct pl_conf_section *section, struct pl_buf *out)
{
    const struct pl_conf_option *option;

    pl_buf_addf(out, "\n[%s%s%s]", section->type, section->name[0] ? " " : "", section->name);
    print_place(section->place, out);
    for (unsigned at = 0; strcmp(section->type, "kafka") == 0 && at < section->n_entries; at++)
        print_entry(section, &section->entries[at], out);
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++) {
        const struct pl_conf_entry *entry = pl_conf_section_find(section, option->key);

        if (entry && strcmp(option->section, section->type) == 0)
            print_entry(section, entry, out);
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

#define UNIT_BYTES 47 /* record, at most 11 of index, place in the list of changes */
#define EVENT_BYTES 72
#define IDENTITY_BYTES 16

/* Words of what a unit has whatever experiments it is in (core/count/words.h). */
static unsigned words_of_unit(const struct pl_rules *rules)
{
    unsigned words = PL_WORDS_FIRST + 3 * rules->n_funnels + PL_FEATURE_WORDS * rules->n_features;

    for (unsigned area = 0; area < rules->n_areas; area++)
        words += pl_rules_observed(rules, area) ? PL_USAGE_WORDS : 0;
    for (unsigned metric = 0; metric < rules->n_metrics; metric++)
        words += rules->metrics[metric].before_us > 0 ? PL_BEFORE_AT + PL_BEFORE_DAYS : 0;
    return words;
}

/* What a partition takes when it is full: the formula, so that it can be reckoned before. Words are rounded up by the
 * slab, to 16 bytes or a quarter. */
static void print_memory(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_rules *rules = conf->rules;
    struct pl_plan *plan = pl_plan_new(rules);
    unsigned unit = UNIT_BYTES + 8 * words_of_unit(rules), most = 0;

    if (!plan)
        return;
    pl_buf_addf(out,
                "# memory of a partition, at most, with what it rounds up (below 16 B, above 128 B a quarter):\n"
                "#   %u B a unit + for each experiment that it is in",
                unit);
    for (unsigned area = 0; area < rules->n_areas; area++) {
        unsigned entry = 8 * plan->entry[area];

        most = entry > most ? entry : most;
        if (area < 8)
            pl_buf_addf(out, "%s %u B (%s)", area ? "," : "", entry, rules->areas[area].id);
    }
    pl_buf_addf(out,
                "%s\n#   + %d B an event that is younger than lateness + %d B an event that is younger than dedup\n"
                "#   with max_units in one experiment each: %.0f MB\n",
                rules->n_areas > 8 ? ", ..." : "", EVENT_BYTES, IDENTITY_BYTES,
                (unit + most + 16) * 1e-6 * rules->max_units);
    pl_plan_free(plan);
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
    print_memory(conf, out);
}
