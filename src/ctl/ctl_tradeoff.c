/* plateauctl tradeoff AREA: which metrics go up together, and which at the cost of another.
 */
#include "codec/keys.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/tradeoff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "examples:\n"
    "  plateauctl tradeoff checkout\n"
    "  plateauctl tradeoff checkout --json | jq '.harmed[] | select(.proved)'\n"
    "\n"
    "usage: plateauctl tradeoff AREA [OPTIONS]\n"
    "\n"
    "Over the experiments of an area, for each pair of its metrics: how often both rose, both fell, or one rose while\n"
    "the other fell, and how far they go together; and the experiments that bettered a delivery metric and harmed a\n"
    "guardrail or value. Holdouts and experiments with an uneven split are left out.\n"
    "\n"
    "  --json            the same as one JSON object\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 shown; 1 there is no such area; 2 Redis cannot be reached; 64 usage\n";

#define EXPERIMENTS_MAX 20000

struct names {
    char (*ids)[PL_NAME_BYTES]; /* owned */
    size_t n;
};

struct tradeoff {
    struct pl_options options;
    const char *area;
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct names experiments;
    struct pl_tradeoff made;
    struct pl_buf out;
};

/* The metrics of the area by the configuration; false: it has no such area. */
static bool take_metrics(struct tradeoff *tradeoff)
{
    const struct pl_rules *rules = tradeoff->conf->rules;
    struct pl_tradeoff *made = &tradeoff->made;
    uint32_t area = 0;

    while (area < rules->n_areas && strcmp(rules->areas[area].id, tradeoff->area) != 0)
        area++;
    snprintf(made->area, sizeof(made->area), "%s", tradeoff->area);
    for (uint32_t at = 0; at < rules->n_metrics && area < rules->n_areas; at++) {
        const struct pl_metric_rule *rule = &rules->metrics[at];
        struct pl_tradeoff_metric *metric = &made->metrics[made->n_metrics];

        if (rule->area != area)
            continue;
        if (made->n_metrics == PL_TRADEOFF_METRICS_MAX) {
            made->metrics_left_out++;
            continue;
        }
        *metric = (struct pl_tradeoff_metric){.role = rule->role, .lower_is_better = rule->lower_is_better};
        snprintf(metric->id, sizeof(metric->id), "%s", rule->id);
        made->n_metrics++;
    }
    return area < rules->n_areas;
}

/* All experiments by their start. */
static enum pl_status ask_names(struct tradeoff *tradeoff, struct pl_err *err)
{
    struct pl_key key = pl_key_main(tradeoff->conf->instance, "experiments");
    struct names *names = &tradeoff->experiments;
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(tradeoff->ask, &reply, err, "ZRANGE", key.text, "0", "-1", NULL);

    if (status || reply->type != PL_REPLY_ARRAY)
        return status;
    names->ids = calloc(reply->n + 1, sizeof(*names->ids));
    if (!names->ids)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    if (reply->n > EXPERIMENTS_MAX)
        tradeoff->made.full = true;
    for (size_t at = 0; at < reply->n && names->n < EXPERIMENTS_MAX; at++)
        names->n += pl_span_is_name(reply->elements[at].text) &&
                    pl_span_copy(reply->elements[at].text, names->ids[names->n], PL_NAME_BYTES);
    return PL_OK;
}

/* A row for each variant but the control. */
static void add_rows(struct tradeoff *tradeoff, const struct pl_reply *pairs, const char *experiment)
{
    static const char units[] = "units.";
    const size_t len = sizeof(units) - 1;
    struct pl_span control = pl_ask_field(pairs, "control");

    for (size_t at = 0; at + 1 < pairs->n; at += 2) {
        struct pl_span name = pairs->elements[at].text;
        struct pl_tradeoff_row *row;

        if (name.len <= len || memcmp(name.ptr, units, len) != 0)
            continue;
        name = (struct pl_span){name.ptr + len, name.len - len};
        row = pl_span_eq(name, control) || !pl_span_is_name(name) ? NULL : pl_tradeoff_add(&tradeoff->made);
        if (!row)
            continue;
        snprintf(row->experiment, sizeof(row->experiment), "%s", experiment);
        (void)pl_span_copy(name, row->variant, sizeof(row->variant));
    }
}

static double lift_of(const struct pl_reply *pairs, const char *what, const char *variant)
{
    char name[PL_NAME_BYTES + 32];

    snprintf(name, sizeof(name), "life.%s.%s", what, variant);
    return pl_ask_double(pairs, name, PL_NAN);
}

static enum pl_status ask_lifts(struct tradeoff *tradeoff, const char *experiment, size_t first, struct pl_err *err)
{
    struct pl_tradeoff *made = &tradeoff->made;
    char id[2 * PL_NAME_BYTES];
    enum pl_status status = PL_OK;

    for (unsigned m = 0; m < made->n_metrics && first < made->n_rows && !status; m++) {
        const struct pl_reply *pairs;
        struct pl_key key;

        snprintf(id, sizeof(id), "%s:%s", experiment, made->metrics[m].id);
        key = pl_key_main_id(tradeoff->conf->instance, "experiment", id);
        status = pl_ask(tradeoff->ask, &pairs, err, "HGETALL", key.text, NULL);
        for (size_t at = first; at < made->n_rows && !status; at++)
            made->rows[at].lifts[m] = (struct pl_tradeoff_lift){lift_of(pairs, "lift", made->rows[at].variant),
                                                                lift_of(pairs, "lift_lower", made->rows[at].variant),
                                                                lift_of(pairs, "lift_upper", made->rows[at].variant)};
    }
    return status;
}

static enum pl_status ask_experiment(struct tradeoff *tradeoff, const char *experiment, struct pl_err *err)
{
    struct pl_key key = pl_key_main_id(tradeoff->conf->instance, "experiment", experiment);
    struct pl_tradeoff *made = &tradeoff->made;
    const struct pl_reply *pairs;
    size_t first = made->n_rows;
    enum pl_status status = pl_ask(tradeoff->ask, &pairs, err, "HGETALL", key.text, NULL);

    if (status || !pl_span_is(pl_ask_field(pairs, "area"), tradeoff->area))
        return status;
    if (pl_span_is(pl_ask_field(pairs, "work"), "holdout")) {
        made->holdouts++;
        return PL_OK;
    }
    if (pl_span_is(pl_ask_field(pairs, "uneven_split"), "1")) {
        made->uneven++;
        return PL_OK;
    }
    made->experiments++;
    add_rows(tradeoff, pairs, experiment);
    return ask_lifts(tradeoff, experiment, first, err);
}

static enum pl_status ask_all(struct tradeoff *tradeoff, struct pl_err *err)
{
    enum pl_status status = pl_ask_open(tradeoff->conf, &tradeoff->ask, err);

    if (!status)
        status = ask_names(tradeoff, err);
    for (size_t at = 0; at < tradeoff->experiments.n && !status; at++)
        status = ask_experiment(tradeoff, tradeoff->experiments.ids[at], err);
    return status;
}

static int run(struct tradeoff *tradeoff)
{
    struct pl_err err = {0};

    if (!take_metrics(tradeoff)) {
        (void)pl_options_failed(&tradeoff->options, "the configuration has no area %s", tradeoff->area);
        return PL_CTL_NO;
    }
    if (ask_all(tradeoff, &err))
        return pl_options_failed(&tradeoff->options, "%s", err.text);
    if (tradeoff->options.json)
        pl_tradeoff_json(&tradeoff->made, &tradeoff->out);
    else
        pl_tradeoff_text(&tradeoff->made, pl_table_look(tradeoff->options.no_color), &tradeoff->out);
    if (!pl_buf_ok(&tradeoff->out) || fwrite(tradeoff->out.ptr, 1, tradeoff->out.len, stdout) != tradeoff->out.len)
        return pl_options_failed(&tradeoff->options, "the output cannot be written");
    return PL_CTL_OK;
}

int pl_ctl_tradeoff(int argc, char **argv)
{
    struct tradeoff *tradeoff = calloc(1, sizeof(*tradeoff));
    int code;

    if (!tradeoff)
        return PL_CTL_FAILED;
    code = pl_options_read(&tradeoff->options, argc, argv, help, NULL, 0);
    if (code == PL_OPTIONS_GO_ON && tradeoff->options.n_args != 1)
        code = pl_options_wrong(&tradeoff->options, "which area?");
    if (code == PL_OPTIONS_GO_ON) {
        tradeoff->area = tradeoff->options.args[0];
        tradeoff->conf = pl_options_conf(&tradeoff->options);
        code = tradeoff->conf ? run(tradeoff) : PL_CTL_FAILED;
    }
    pl_ask_close(tradeoff->ask);
    pl_tradeoff_fini(&tradeoff->made);
    free(tradeoff->experiments.ids);
    pl_buf_fini(&tradeoff->out);
    pl_conf_free(tradeoff->conf);
    free(tradeoff);
    return code;
}
