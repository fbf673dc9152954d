/* plateauctl explain AREA: why an area has its verdict and what would change it, in users' words.
 */
#include "codec/json_out.h"
#include "codec/keys.h"
#include "ctl/ctl.h"
#include "ctl/explain.h"
#include "ctl/options.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>

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

static void add_numbers(struct explain *explain)
{
    struct pl_table table = {.n_columns = 2, .look = explain->look};
    struct pl_span rest = pl_buf_span(&explain->fields);

    pl_buf_add_text(&explain->out, "\n");
    pl_table_ink(&explain->out, explain->look, PL_INK_BOLD, "numbers");
    pl_buf_add_text(&explain->out, "\n");
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
    const struct pl_explain screen = {explain->area, &explain->told, &explain->past, explain->look,
                                      explain->conf->instance};

    pl_explain_write(&screen, &explain->out);
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
    status = pl_told_objectives(explain->ask, explain->conf->instance, &explain->told, err);
    if (status)
        return status;
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
