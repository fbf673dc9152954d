#include "ctl/proposal.h"

#include "ctl/guess.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <string.h>

#define NAMES_SHOWN 60
#define EXPERIMENTS_SHOWN 60
#define NAME_COLUMN 40

/* What is written, and from what. */
struct page {
    const struct pl_proposal *proposal;
    const struct pl_fit_trial *best, *second;
    const struct pl_sample *sample;
    struct pl_guess guess;
    struct pl_buf *out;
};

/* Foreign text inside a comment: it must not end the line. */
static size_t add_safe(struct pl_buf *out, const char *text)
{
    size_t len = strlen(text);

    for (size_t at = 0; at < len; at++)
        pl_buf_add_char(out, (unsigned char)text[at] < 0x20 || text[at] == 0x7f ? '?' : text[at]);
    return len;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100. * (double)part / (double)whole : 0;
}

static const char *name_of(const struct page *page, uint32_t id)
{
    return pl_names_text(page->sample->names, id);
}

static const struct pl_sample_tally *tally_of(const struct page *page, uint32_t id)
{
    return &page->sample->tally[id];
}

static void write_head(const struct page *page)
{
    const struct pl_sample *sample = page->sample;
    char first[PL_STAMP_BYTES], last[PL_STAMP_BYTES];

    pl_buf_addf(page->out, "# Proposed by plateauctl discover from %" PRIu64 " records of ",
                page->proposal->fit->records);
    add_safe(page->out, page->proposal->from);
    pl_buf_addf(page->out, ":\n# %s%" PRIu32 " units, %s to %s.\n", sample->units_full ? "at least " : "",
                sample->n_units, pl_stamp_format(sample->first_us, first), pl_stamp_format(sample->last_us, last));
    pl_buf_add_text(page->out,
                    "# Each line is inferred; the comment above it says from what. Check them, then: plateauctl check "
                    "-c FILE\n"
                    "#\n# events by number             (units; of these, on several days)\n");
}

/* The id with most events that was not shown yet. */
static uint32_t next_by_count(const struct page *page, const bool *shown, uint32_t offset, uint32_t n)
{
    uint32_t best = PL_NAMES_NONE;

    for (uint32_t id = 0; id < n; id++)
        if (!shown[id] && (best == PL_NAMES_NONE ||
                           page->sample->tally[offset + id].events > page->sample->tally[offset + best].events))
            best = id;
    return best;
}

static void write_names(const struct page *page)
{
    uint32_t n = pl_names_count(page->sample->names), id;
    bool shown[PL_SAMPLE_NAMES_MAX] = {false};

    for (uint32_t at = 0; at < n && at < NAMES_SHOWN; at++) {
        size_t len;

        id = next_by_count(page, shown, 0, n);
        shown[id] = true;
        pl_buf_add_text(page->out, "#   ");
        for (len = add_safe(page->out, name_of(page, id)); len < NAME_COLUMN; len++)
            pl_buf_add_char(page->out, ' ');
        pl_buf_addf(page->out, " %8" PRIu64 "  (%" PRIu32 "; %" PRIu32 ")\n", tally_of(page, id)->events,
                    tally_of(page, id)->units, tally_of(page, id)->again);
    }
    if (n > NAMES_SHOWN)
        pl_buf_addf(page->out, "#   and %" PRIu32 " more names\n", n - NAMES_SHOWN);
    if (n == 0)
        pl_buf_add_text(page->out, "#   none\n");
}

/* Experiment and variant stand in one text, with a line end between them. */
static struct pl_span arm_of(const struct page *page, uint32_t arm, struct pl_span *variant)
{
    struct pl_span text = pl_span_of(pl_names_text(page->sample->arms, arm));
    struct pl_span experiment = pl_span_cut(&text, '\n');

    *variant = text;
    return experiment;
}

/* The variants of an experiment from its first arm on, each marked as shown. */
static void write_experiment(const struct page *page, uint32_t first, bool shown[PL_SAMPLE_ARMS_MAX])
{
    struct pl_span variant, experiment = arm_of(page, first, &variant);
    const char *between = ":";

    pl_buf_addf(page->out, "#   %.*s", (int)experiment.len, experiment.ptr);
    for (uint32_t arm = first; arm < pl_names_count(page->sample->arms); arm++) {
        if (!pl_span_eq(arm_of(page, arm, &variant), experiment))
            continue;
        pl_buf_addf(page->out, "%s %.*s (%" PRIu32 ")", between, (int)variant.len, variant.ptr,
                    page->sample->tally[PL_SAMPLE_NAMES_MAX + arm].units);
        between = ",";
        shown[arm] = true;
    }
    pl_buf_add_char(page->out, '\n');
}

static void write_experiments(const struct page *page)
{
    uint32_t n_arms = pl_names_count(page->sample->arms), n = 0;
    bool shown[PL_SAMPLE_ARMS_MAX] = {false};

    pl_buf_addf(page->out, "#\n# exposures: %" PRIu64 "%s\n", page->sample->exposures,
                n_arms ? "; experiments with their variants (units)"
                       : "; there may be other events that tell variants");
    for (uint32_t arm = 0; arm < n_arms; arm++)
        if (!shown[arm] && n++ < EXPERIMENTS_SHOWN)
            write_experiment(page, arm, shown);
    if (n > EXPERIMENTS_SHOWN)
        pl_buf_add_text(page->out, "#   and more\n");
}

/* A section of the given configuration as it is in force, each line with its origin; settings that reached the servers
 * once will again. False: there is no such section. */
static bool copy_section(const struct page *page, const char *head)
{
    struct pl_buf all = {0};
    struct pl_span rest;
    bool inside = false, found = false;

    pl_conf_print(page->proposal->conf, &all);
    rest = pl_buf_span(&all);
    while (rest.len) {
        struct pl_span line = pl_span_cut(&rest, '\n');

        if (line.len && line.ptr[0] == '[')
            inside = line.len >= strlen(head) && memcmp(line.ptr, head, strlen(head)) == 0;
        if (!inside || line.len == 0 || line.ptr[0] == '#')
            continue;
        found = true;
        pl_buf_addf(page->out, "%.*s\n", (int)line.len, line.ptr);
    }
    pl_buf_fini(&all);
    return found;
}

static void write_servers(const struct page *page)
{
    const char *brokers = page->proposal->brokers;
    bool configured = page->proposal->conf != NULL;

    pl_buf_add_char(page->out, '\n');
    if (!configured || !copy_section(page, "[kafka]"))
        pl_buf_add_text(page->out, "[kafka]\n");
    if (brokers)
        pl_buf_addf(page->out, "# as given\nbootstrap.servers = %s\n", brokers);
    else if (!configured)
        pl_buf_add_text(page->out, "# not known from files; --brokers tells\nbootstrap.servers = localhost:9092\n");
    pl_buf_add_char(page->out, '\n');
    if (!configured || !copy_section(page, "[redis]"))
        pl_buf_add_text(page->out, "[redis]\n# not known from events; the default\nurl = redis://127.0.0.1:6379/0\n");
}

static void write_source(const struct page *page)
{
    const char *topic = page->proposal->topic;
    uint64_t records = page->proposal->fit->records;
    enum pl_reject trouble = pl_fit_trouble(page->best);

    pl_buf_addf(page->out, "\n[source events]\n# %s\ntopics = %s\n",
                topic ? "as given" : "not known from files; --topic tells", topic ? topic : "product.events");
    pl_buf_addf(page->out, "# %" PRIu64 " of %" PRIu64 " records (%.1f %%) are events in this format, ",
                page->best->events, records, percent(page->best->events, records));
    if (page->second)
        pl_buf_addf(page->out, "%" PRIu64 " (%.1f %%) in %s\n", page->second->events,
                    percent(page->second->events, records), page->second->name);
    else
        pl_buf_add_text(page->out, "none in any other\n");
    if (page->best->excluded)
        pl_buf_addf(page->out, "# %" PRIu64 " are of a kind that it leaves out\n", page->best->excluded);
    if (trouble)
        pl_buf_addf(page->out, "# others are not used, most often: %s (%s)\n", pl_reject_name(trouble),
                    pl_reject_help(trouble));
    pl_buf_addf(page->out, "format = %s\n", page->best->name);
}

static void write_goal(const struct page *page)
{
    const struct pl_guess *guess = &page->guess;

    if (guess->goal == PL_NAMES_NONE) {
        pl_buf_add_text(page->out, "# no event's name says completed, purchased, signed up or the like: name the one "
                                   "that this area is for\n#goal = \n");
        return;
    }
    pl_buf_addf(page->out,
                "# its name says \"%s\", and %" PRIu32 " units (%.1f %%) did it: most of all whose names say so\n"
                "goal = %s\n",
                guess->goal_word, guess->reached, percent(guess->reached, page->sample->n_units),
                name_of(page, guess->goal));
}

static void write_way(const struct page *page)
{
    const struct pl_guess *guess = &page->guess;
    bool common = guess->took_it * 2 >= guess->reached;

    if (guess->n_steps < 2) {
        pl_buf_add_text(page->out, "# no event that most units did before the goal\n#funnel = \n");
        return;
    }
    pl_buf_addf(page->out,
                "# the most common order among the events that at least half of them did before: %" PRIu32
                " of %" PRIu32 " went this way%s\n%sfunnel = ",
                guess->took_it, guess->reached, common ? "" : ", fewer than half, so it is only a suggestion",
                common ? "" : "#");
    for (unsigned at = 0; at < guess->n_steps; at++)
        pl_buf_addf(page->out, "%s%s", at ? " > " : "", name_of(page, guess->steps[at]));
    pl_buf_add_char(page->out, '\n');
}

static void write_values(const struct page *page)
{
    const struct pl_guess *guess = &page->guess;

    pl_buf_add_text(page->out, "# value: when users really get what the product is for. A guess, so it is off: take "
                               "from these,\n# which units repeat on other days, what is no mere visit\n");
    for (unsigned at = 0; at < guess->n_values; at++) {
        const struct pl_sample_tally *tally = tally_of(page, guess->values[at]);

        pl_buf_addf(page->out, "#value = %s", name_of(page, guess->values[at]));
        pl_buf_addf(page->out, "   # %" PRIu32 " of %" PRIu32 " units (%.1f %%)\n", tally->again, tally->units,
                    percent(tally->again, tally->units));
    }
    if (guess->n_values == 0)
        pl_buf_add_text(page->out, "# (none in this sample; a longer one may show some)\n#value = \n");
}

static void write_area(const struct page *page)
{
    pl_buf_add_text(page->out, "\n# one area for everything: give it the name of a part of the product, and make more\n"
                               "[area product]\n"
                               "# the team its alerts are for\n#owner = \n"
                               "# the only area has all experiments; with more areas, name patterns\n"
                               "#experiments = *\n");
    write_goal(page);
    write_way(page);
    write_values(page);
    pl_buf_add_text(page->out, "# what an experiment must gain to be worth its cost: plateauctl worth\n"
                               "#smallest_return = 0.2%\n");
}

static void write_features(const struct page *page)
{
    const struct pl_guess *guess = &page->guess;

    if (guess->n_features)
        pl_buf_add_text(page->out, "\n# features: pairs of events about the same thing, one that shows it and one that "
                                   "uses it. Guesses, so they are off\n");
    for (unsigned at = 0; at < guess->n_features; at++) {
        const struct pl_guess_feature *feature = &guess->features[at];

        pl_buf_addf(page->out, "# %" PRIu32 " units saw it, %" PRIu32 " used it\n",
                    tally_of(page, feature->aware)->units, tally_of(page, feature->use)->units);
        pl_buf_addf(page->out, "#[feature f%u]\n#aware = %s\n", at + 1, name_of(page, feature->aware));
        pl_buf_addf(page->out, "#use = %s\n#area = product\n", name_of(page, feature->use));
    }
}

static enum pl_status nothing_fits(const struct pl_proposal *proposal, struct pl_err *err)
{
    const struct pl_fit *fit = proposal->fit;
    struct pl_buf tried;
    enum pl_status status;

    if (fit->records == 0)
        return pl_err_set(err, PL_ERR_INPUT, "%.80s: no records", proposal->from);
    pl_buf_init(&tried, PL_ERR_TEXT_BYTES);
    for (unsigned t = 0; t < fit->n; t++) {
        enum pl_reject trouble = pl_fit_trouble(&fit->trials[t]);

        pl_buf_addf(&tried, "%s%s: %s", t ? ", " : "", fit->trials[t].name,
                    trouble ? pl_reject_name(trouble) : "other kinds of records");
    }
    status = pl_err_set(err, PL_ERR_INPUT,
                        "none of %" PRIu64 " records is an event in a known format (%s); set the paths in [source]: "
                        "plateaud.conf(5)",
                        fit->records, tried.ptr ? tried.ptr : "");
    pl_buf_fini(&tried);
    return status;
}

enum pl_status pl_proposal_write(const struct pl_proposal *proposal, struct pl_buf *out, struct pl_err *err)
{
    struct page page = {.proposal = proposal, .out = out};

    page.best = pl_fit_best(proposal->fit, &page.second);
    if (!page.best)
        return nothing_fits(proposal, err);
    page.sample = page.best->sample;
    page.guess = pl_guess_from(page.sample);
    write_head(&page);
    write_names(&page);
    write_experiments(&page);
    write_servers(&page);
    write_source(&page);
    write_area(&page);
    write_features(&page);
    return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a configuration");
}
