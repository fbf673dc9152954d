/* plateauctl explain AREA: why an area has its verdict and what would change it, in users' words.
 */
#include "codec/json_out.h"
#include "codec/keys.h"
#include "codec/words.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/past.h"
#include "ctl/table.h"
#include "ctl/told.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH 100
#define PAYS_NEEDED 10 /* evidence that experiments pay, statistics.md 2.5 */
#define CHANGES_SHOWN 5

static const char help[] =
    "examples:\n"
    "  plateauctl explain checkout\n"
    "  plateauctl explain checkout --numbers\n"
    "\n"
    "usage: plateauctl explain AREA [OPTIONS]\n"
    "\n"
    "Why this area has its verdict: the evidence, what an experiment provably pays, what was left out, and what would\n"
    "change the verdict.\n"
    "\n"
    "  --numbers         the exact fields behind it as well\n"
    "  --json            fields, last results and changes of state as one JSON object\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 shown; 1 there is no such area; 2 Redis cannot be reached; 64 usage\n";

struct explain {
    struct pl_options options;
    bool numbers;
    const char *area;
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_told told;
    struct pl_past past;
    struct pl_buf fields; /* name 0 value 0 ..., as they stand in Redis */
    struct pl_look look;
    struct pl_buf out;
};

static void heading(struct explain *explain, const char *text)
{
    pl_buf_add_char(&explain->out, '\n');
    pl_table_ink(&explain->out, explain->look, PL_INK_BOLD, text);
    pl_buf_add_char(&explain->out, '\n');
}

static void sentence(struct explain *explain, const char *text)
{
    pl_table_wrap(&explain->out, 2, WIDTH, text);
}

static void add_verdict(struct explain *explain)
{
    const struct pl_told *told = &explain->told;
    const char *grade = pl_grade_name(told->advice.grade);
    char stamp[PL_STAMP_BYTES];

    pl_table_ink(&explain->out, explain->look, PL_INK_BOLD, explain->area);
    pl_buf_add_text(&explain->out, ": ");
    pl_table_ink(&explain->out, explain->look, told->firing ? PL_INK_WARN : PL_INK_BOLD,
                 pl_words_verdict(told->advice.verdict));
    pl_buf_addf(&explain->out, "%s%s%s", *grade ? " (" : "", grade, *grade ? ")" : "");
    if (told->firing && told->since_us != PL_TIME_NONE)
        pl_buf_addf(&explain->out, ", alert since %.10s", pl_stamp_format(told->since_us, stamp));
    if (told->judged_us != PL_TIME_NONE)
        pl_buf_addf(&explain->out, ", judged to %s", pl_stamp_format(told->judged_us, stamp));
    if (*told->rule.owner)
        pl_buf_addf(&explain->out, ", for %s", told->rule.owner);
    pl_buf_add_text(&explain->out, "\n\n");
    sentence(explain, pl_words_explain(told->advice.verdict));
    sentence(explain, pl_words_action(told->advice.verdict));
    if (told->advice.verdict == PL_NO_VERDICT) {
        sentence(explain, pl_words_no_verdict(told->advice.reason));
        sentence(explain, pl_words_inconclusive(told->state.why));
        sentence(explain, pl_words_lean(told->advice.lean));
    }
    if (told->advice.urgent)
        sentence(explain, "Urgent: the value users get is falling.");
    if (told->advice.repair_first)
        sentence(explain, "The funnel is falling: repair it first.");
}

static void add_evidence(struct explain *explain, struct pl_table *table)
{
    const struct pl_area_state *state = &explain->told.state;
    char gain[PL_NAME_BYTES + 32];

    if (isfinite(explain->told.rule.smallest_return)) {
        pl_words_gain(&explain->told.rule, explain->told.rule.smallest_return, gain);
        pl_table_cell(table, PL_INK_NONE, "an experiment pays less than %s", gain);
        pl_table_cell(table, state->state == PL_FLAT ? PL_INK_WARN : PL_INK_NONE, "evidence, %.3g of %.3g needed",
                      state->e_flat, state->level);
        pl_table_cell(table, PL_INK_NONE, "an experiment pays more than that");
        pl_table_cell(table, state->e_yield >= PAYS_NEEDED ? PL_INK_GOOD : PL_INK_NONE, "evidence, %.3g of %d needed",
                      state->e_yield, PAYS_NEEDED);
    } else {
        pl_table_cell(table, PL_INK_NONE, "smallest gain worth an experiment");
        pl_table_cell(table, PL_INK_WARN, "not set: see plateauctl worth");
    }
    pl_table_cell(table, PL_INK_NONE, "experiments pay less than before");
    pl_table_cell(table, PL_INK_NONE, "evidence, %.3g of 1000 needed", state->down);
    pl_table_cell(table, PL_INK_NONE, "experiments pay more than before");
    pl_table_cell(table, PL_INK_NONE, "evidence, %.3g of 1000 needed", state->up);
}

/* "between A and B", and a bar from 0 to a round end with the smallest return marked. */
static void add_range(struct explain *explain, struct pl_table *table)
{
    const struct pl_area_state *state = &explain->told.state;
    const struct pl_area_rule *rule = &explain->told.rule;
    char lower[PL_NAME_BYTES + 32], upper[PL_NAME_BYTES + 32];
    double high = fmax(state->upper, isfinite(rule->smallest_return) ? rule->smallest_return : 0) * 1.25;
    const struct pl_table_bar bar = {
        .low = 0, .high = high, .lower = state->lower, .at = rule->smallest_return, .upper = state->upper, .width = 30};
    struct pl_buf marks = {0};

    pl_words_gain(rule, state->lower, lower);
    pl_words_gain(rule, state->upper, upper);
    pl_table_cell(table, PL_INK_NONE, "gain per experiment, corrected for lucky winners");
    if (isfinite(state->lower) && isfinite(state->upper)) {
        pl_table_bar(&marks, explain->look, &bar);
        pl_table_cell(table, PL_INK_NONE, "between %s and %s  %s", lower, upper, marks.ptr ? marks.ptr : "");
        pl_buf_fini(&marks);
    } else if (isfinite(state->upper)) {
        pl_table_cell(table, PL_INK_NONE, "at most %s", upper);
    } else if (isfinite(state->lower)) {
        pl_table_cell(table, PL_INK_NONE, "at least %s", lower);
    } else {
        pl_table_cell(table, PL_INK_NONE, "nothing is proved yet");
    }
}

static void add_funnel(struct explain *explain, struct pl_table *table)
{
    const struct pl_told *told = &explain->told;
    char stamp[PL_STAMP_BYTES], rate[64] = "", looked[64] = "";

    if (isfinite(told->rate))
        snprintf(rate, sizeof(rate), ", %.3g %% reach the goal", told->rate * 100);
    if (told->looked_us != PL_TIME_NONE)
        snprintf(looked, sizeof(looked), ", looked at %.10s", pl_stamp_format(told->looked_us, stamp));
    pl_table_cell(table, PL_INK_NONE, "funnel");
    pl_table_cell(table, PL_INK_NONE, "%s%s%s", pl_told_trend(told->funnel), rate, looked);
}

static void add_why(struct explain *explain)
{
    const struct pl_area_state *state = &explain->told.state;
    struct pl_table table = {.n_columns = 2, .look = explain->look};
    char gain[PL_NAME_BYTES + 32], stamp[PL_STAMP_BYTES];

    heading(explain, "why");
    pl_table_cell(&table, PL_INK_NONE, "results counted");
    pl_table_cell(&table, PL_INK_NONE, "%u%s%.10s", state->n,
                  state->last_us == PL_TIME_NONE ? "" : ", the last one of ", pl_stamp_format(state->last_us, stamp));
    add_evidence(explain, &table);
    add_range(explain, &table);
    if (state->largest_cap > 0) {
        pl_words_gain(&explain->told.rule, state->largest_cap, gain);
        pl_table_cell(&table, PL_INK_NONE, "largest win counted");
        pl_table_cell(&table, PL_INK_NONE,
                      "%s; %u experiments rule out (95 %%) that larger ones come more often than 3 "
                      "in %u",
                      gain, state->n, state->n);
    }
    add_funnel(explain, &table);
    pl_table_write(&table, 2, &explain->out);
    pl_table_fini(&table);
}

static void add_effects(struct explain *explain)
{
    double effects[PL_PAST_MAX], low = (double)INFINITY, high = -(double)INFINITY;
    char least[PL_NAME_BYTES + 32], most[PL_NAME_BYTES + 32], last[PL_NAME_BYTES + 32];
    const struct pl_past *past = &explain->past;
    unsigned n = 0;

    for (unsigned at = 0; at < past->n_results; at++) {
        if (!past->results[at].counted || !isfinite(past->results[at].effect))
            continue;
        effects[n++] = past->results[at].effect;
        low = fmin(low, effects[n - 1]);
        high = fmax(high, effects[n - 1]);
    }
    if (n == 0)
        return;
    pl_words_gain(&explain->told.rule, low, least);
    pl_words_gain(&explain->told.rule, high, most);
    pl_words_gain(&explain->told.rule, effects[n - 1], last);
    heading(explain, "measured effects of the last results");
    pl_buf_add_text(&explain->out, "  ");
    pl_table_spark(&explain->out, explain->look, effects, n);
    pl_buf_addf(&explain->out, "  %u results, from %s to %s, the last one %s\n", n, least, most, last);
}

static void add_left_out(struct explain *explain)
{
    struct pl_table table = {.n_columns = 2, .right = 1u, .look = explain->look};

    for (int reason = PL_ENTERED + 1; reason < PL_TOLD_REASONS; reason++) {
        if (explain->told.left_out[reason] == 0)
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64, explain->told.left_out[reason]);
        pl_table_cell(&table, PL_INK_NONE, "%s", pl_words_exclusion((enum pl_exclusion)reason));
    }
    heading(explain, "left out");
    if (table.n == 0)
        sentence(explain, "nothing");
    pl_table_write(&table, 2, &explain->out);
    pl_table_fini(&table);
}

static void add_needed(struct explain *explain)
{
    const struct pl_told *told = &explain->told;
    struct pl_words_condition conditions[PL_WORDS_CONDITIONS_MAX];
    unsigned n = pl_words_conditions(&told->advice, conditions);
    char text[256];

    heading(explain, "what would change it");
    for (unsigned at = 0; at < n; at++)
        if (!conditions[at].met)
            sentence(explain, conditions[at].text);
    if (told->advice.verdict == PL_SHIFT_TO_CORE || told->state.state == PL_FLAT)
        sentence(explain, "Results that provably pay again, or a core_launch record, which starts a new count.");
    else if (!isfinite(told->rule.smallest_return))
        sentence(explain,
                 "Set smallest_return of this area (plateauctl worth); until then nothing can be proved flat.");
    else if (isfinite(told->state.needed) && told->state.needed >= 1) {
        snprintf(text, sizeof(text),
                 "If experiments pay nothing from now on, about %.0f more of them prove it at the present noise.",
                 ceil(told->state.needed));
        sentence(explain, text);
    } else {
        sentence(explain, "More results: how many cannot be told yet.");
    }
}

static void add_changes(struct explain *explain)
{
    const struct pl_past *past = &explain->past;
    struct pl_table table = {.n_columns = 3, .right = 1u << 2, .look = explain->look};
    unsigned first = past->n_changes > CHANGES_SHOWN ? past->n_changes - CHANGES_SHOWN : 0;
    char stamp[PL_STAMP_BYTES];

    if (past->n_changes == 0)
        return;
    heading(explain, "last changes of state");
    for (unsigned at = first; at < past->n_changes; at++) {
        pl_table_cell(&table, PL_INK_NONE, "%.10s", pl_stamp_format(past->changes[at].time_us, stamp));
        pl_table_cell(&table, PL_INK_NONE, "%s", past->changes[at].state);
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64 " results", past->changes[at].n);
    }
    pl_table_write(&table, 2, &explain->out);
    pl_table_fini(&table);
}

static void add_numbers(struct explain *explain)
{
    struct pl_table table = {.n_columns = 2, .look = explain->look};
    struct pl_span rest = pl_buf_span(&explain->fields);

    heading(explain, "numbers");
    while (rest.len) {
        struct pl_span name = pl_span_cut(&rest, '\0'), value = pl_span_cut(&rest, '\0');

        pl_table_cell(&table, PL_INK_NONE, "%.*s", (int)name.len, name.ptr);
        pl_table_cell(&table, PL_INK_NONE, "%.*s", (int)value.len, value.ptr);
    }
    pl_table_write(&table, 2, &explain->out);
    pl_table_fini(&table);
}

static void write_text(struct explain *explain)
{
    explain->look = pl_table_look(explain->options.no_color);
    add_verdict(explain);
    add_why(explain);
    add_effects(explain);
    add_left_out(explain);
    add_needed(explain);
    add_changes(explain);
    if (explain->numbers)
        add_numbers(explain);
}

static void write_past(const struct pl_past *past, struct pl_json *json)
{
    pl_json_open(json, "results", '[');
    for (unsigned at = 0; at < past->n_results; at++) {
        pl_json_open(json, NULL, '{');
        pl_json_text(json, "id", past->results[at].id);
        pl_json_time(json, "time", past->results[at].time_us);
        pl_json_number(json, "effect", past->results[at].effect);
        pl_json_number(json, "se", past->results[at].se);
        pl_json_bool(json, "counted", past->results[at].counted);
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
    pl_json_open(json, "changes", '[');
    for (unsigned at = 0; at < past->n_changes; at++) {
        pl_json_open(json, NULL, '{');
        pl_json_time(json, "time", past->changes[at].time_us);
        pl_json_text(json, "state", past->changes[at].state);
        pl_json_int(json, "results", past->changes[at].n);
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
}

static void write_json(struct explain *explain)
{
    struct pl_json json = pl_json_to(&explain->out);
    struct pl_span rest = pl_buf_span(&explain->fields);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "area", explain->area);
    pl_json_open(&json, "fields", '{');
    while (rest.len) {
        struct pl_span name = pl_span_cut(&rest, '\0'), value = pl_span_cut(&rest, '\0');

        pl_json_text(&json, name.ptr, value.ptr); /* both end with a 0 */
    }
    pl_json_close(&json, '}');
    write_past(&explain->past, &json);
    pl_json_close(&json, '}');
    pl_buf_add_char(&explain->out, '\n');
}

static enum pl_status read_all(struct explain *explain, struct pl_err *err)
{
    struct pl_key key = pl_key_main_id(explain->conf->instance, "area", explain->area);
    const struct pl_reply *reply;
    enum pl_status status = pl_ask_open(explain->conf, &explain->ask, err);

    if (!status)
        status = pl_ask(explain->ask, &reply, err, "HGETALL", key.text, NULL);
    if (status)
        return status;
    pl_told_read(reply, &explain->told);
    for (size_t at = 0; at < reply->n; at++) {
        pl_buf_add_span(&explain->fields, reply->elements[at].text);
        pl_buf_add_char(&explain->fields, '\0');
    }
    return pl_past_read(explain->ask, explain->conf->instance, explain->area, &explain->past, err);
}

static int run(struct explain *explain)
{
    struct pl_err err = {0};

    if (read_all(explain, &err))
        return pl_options_failed(&explain->options, "%s", err.text);
    if (!explain->told.exists) {
        (void)pl_options_failed(&explain->options, "no area %s has been judged; see plateauctl status", explain->area);
        return PL_CTL_NO;
    }
    if (explain->options.json)
        write_json(explain);
    else
        write_text(explain);
    if (!pl_buf_ok(&explain->out) || fwrite(explain->out.ptr, 1, explain->out.len, stdout) != explain->out.len)
        return pl_options_failed(&explain->options, "the output cannot be written");
    return PL_CTL_OK;
}

int pl_ctl_explain(int argc, char **argv)
{
    struct explain *explain = calloc(1, sizeof(*explain));
    int code;

    if (!explain)
        return PL_CTL_FAILED;
    const struct pl_option own[] = {{"--numbers", &explain->numbers, NULL}};
    code = pl_options_read(&explain->options, argc, argv, help, own, 1);
    if (code == PL_OPTIONS_GO_ON && explain->options.n_args != 1)
        code = pl_options_wrong(&explain->options, "which area?");
    if (code == PL_OPTIONS_GO_ON) {
        explain->area = explain->options.args[0];
        explain->conf = pl_options_conf(&explain->options);
        code = explain->conf ? run(explain) : PL_CTL_FAILED;
    }
    pl_ask_close(explain->ask);
    pl_buf_fini(&explain->fields);
    pl_buf_fini(&explain->out);
    pl_conf_free(explain->conf);
    free(explain);
    return code;
}
