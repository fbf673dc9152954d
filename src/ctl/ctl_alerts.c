/* plateauctl alerts: what is in the stream of alerts, and what comes.
 */
#include "adapter/clock.h"
#include "codec/keys.h"
#include "codec/slow_json.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE "500"
#define POLL_US 500000
#define POLL_LATER_US (5 * PL_SECOND_US) /* while Redis does not answer */

static const char help[] =
    "examples:\n"
    "  plateauctl alerts --since 30d\n"
    "  plateauctl alerts --follow --json | while read -r alert; do ...; done\n"
    "\n"
    "usage: plateauctl alerts [OPTIONS]\n"
    "\n"
    "The alerts in the stream, oldest first. An alert tells that the verdict of an area changed; `firing` begins,\n"
    "`updated` changes the grade, `resolved` ends it. For commands that must not miss one: plateauctl forward.\n"
    "\n"
    "  --follow          then go on with what comes, until interrupted\n"
    "  --since TIME      only what was sent since then: 2026-08-21, 2026-08-21T10:00:00Z, or 7d for the last 7 days\n"
    "  --area AREA       only this area\n"
    "  --json            the documents, one per line\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 shown; 2 Redis cannot be reached; 64 usage\n";

struct alerts {
    struct pl_options options;
    const char *since, *area;
    bool follow;
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_look look;
    char from[64]; /* first id of the next page */
    struct pl_slow_json doc;
    struct pl_buf out;
};

static bool parse_since(const char *text, int64_t *since_us)
{
    char day[32];
    int64_t back_us;

    if (pl_num_duration(pl_span_of(text), &back_us)) {
        *since_us = pl_clock_wall_us() - back_us;
        return *since_us >= 0;
    }
    if (strlen(text) == 10) {
        snprintf(day, sizeof(day), "%sT00:00:00Z", text);
        text = day;
    }
    return pl_stamp_parse(pl_span_of(text), true, since_us);
}

/* annotations.summary of the document; empty when it has none. Valid until the next document. */
static struct pl_span summary_of(struct alerts *alerts, struct pl_span json)
{
    const struct cJSON *node;

    if (pl_slow_json_open(&alerts->doc, json))
        return (struct pl_span){NULL, 0};
    node = pl_slow_json_member(alerts->doc.root, pl_span_of("data"));
    node = pl_slow_json_member(node, pl_span_of("annotations"));
    return pl_slow_json_value(pl_slow_json_member(node, pl_span_of("summary"))).text;
}

/* The time of an id MILLISECONDS-N, and the status, in colour when firing. */
static void write_line(struct alerts *alerts, struct pl_span id, const struct pl_reply *pairs)
{
    struct pl_span ms = pl_span_cut(&id, '-'), status = pl_ask_field(pairs, "status");
    struct pl_span area = pl_ask_field(pairs, "area"), verdict = pl_ask_field(pairs, "alertname");
    struct pl_span summary = summary_of(alerts, pl_ask_field(pairs, "json"));
    char stamp[PL_STAMP_BYTES], word[32];
    int64_t time_ms = 0;

    (void)pl_num_int(ms, &time_ms);
    snprintf(word, sizeof(word), "%-8.*s", (int)status.len, status.ptr ? status.ptr : "");
    pl_buf_addf(&alerts->out, "%.19sZ  ", pl_stamp_format(time_ms * 1000, stamp));
    pl_table_ink(&alerts->out, alerts->look, pl_span_is(status, "firing") ? PL_INK_WARN : PL_INK_NONE, word);
    pl_buf_addf(&alerts->out, "  %-20.*s  %.*s  %.*s\n", (int)area.len, area.ptr ? area.ptr : "", (int)verdict.len,
                verdict.ptr ? verdict.ptr : "", (int)summary.len, summary.ptr ? summary.ptr : "");
}

static void show(struct alerts *alerts, const struct pl_reply *entry)
{
    const struct pl_reply *pairs = &entry->elements[1];
    struct pl_span json = pl_ask_field(pairs, "json");

    if (alerts->area && !pl_span_is(pl_ask_field(pairs, "area"), alerts->area))
        return;
    pl_buf_clear(&alerts->out);
    if (alerts->options.json) {
        pl_buf_add_span(&alerts->out, json);
        pl_buf_add_char(&alerts->out, '\n');
    } else {
        write_line(alerts, entry->elements[0].text, pairs);
    }
    if (alerts->out.ptr)
        fwrite(alerts->out.ptr, 1, alerts->out.len, stdout);
}

/* Show the next page; *n is its length. */
static enum pl_status page(struct alerts *alerts, size_t *n, struct pl_err *err)
{
    struct pl_key key = pl_key_main(alerts->conf->instance, "alerts");
    const struct pl_reply *reply;
    enum pl_status status =
        pl_ask(alerts->ask, &reply, err, "XRANGE", key.text, alerts->from, "+", "COUNT", PAGE, NULL);

    *n = 0;
    if (status)
        return status;
    for (size_t at = 0; at < reply->n; at++) {
        const struct pl_reply *entry = &reply->elements[at];

        if (entry->type != PL_REPLY_ARRAY || entry->n != 2)
            return pl_err_set(err, PL_ERR_INPUT, "Redis: %s is no stream of alerts", key.text);
        show(alerts, entry);
        snprintf(alerts->from, sizeof(alerts->from), "(%.*s", (int)entry->elements[0].text.len,
                 entry->elements[0].text.ptr);
    }
    *n = reply->n;
    return PL_OK;
}

static void pause_us(int64_t us)
{
    const struct timespec wait = {us / PL_SECOND_US, (us % PL_SECOND_US) * 1000};

    nanosleep(&wait, NULL);
}

static int run(struct alerts *alerts)
{
    struct pl_err err = {0};
    enum pl_status status = pl_ask_open(alerts->conf, &alerts->ask, &err);
    bool told = false;
    size_t n;

    while (!status) {
        status = page(alerts, &n, &err);
        if (fflush(stdout) != 0)
            return PL_CTL_OK; /* nobody reads any more */
        if (!status)
            told = false;
        if (!alerts->follow && (status || n == 0))
            break;
        if (status == PL_ERR_IO && alerts->follow) {
            if (!told)
                (void)pl_options_failed(&alerts->options, "%s; trying again", err.text);
            told = true;
            status = PL_OK;
            pause_us(POLL_LATER_US);
        } else if (!status && n == 0) {
            pause_us(POLL_US);
        }
    }
    return status ? pl_options_failed(&alerts->options, "%s", err.text) : PL_CTL_OK;
}

static int read_options(struct alerts *alerts, int argc, char **argv)
{
    const struct pl_option own[] = {
        {"--follow", &alerts->follow, NULL}, {"--since", NULL, &alerts->since}, {"--area", NULL, &alerts->area}};
    int code = pl_options_read(&alerts->options, argc, argv, help, own, sizeof(own) / sizeof(*own));
    int64_t since_us = 0;

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (alerts->options.n_args)
        return pl_options_wrong(&alerts->options, "%s: takes no arguments", alerts->options.args[0]);
    if (alerts->since && !parse_since(alerts->since, &since_us))
        return pl_options_wrong(&alerts->options, "--since %s: neither a time nor a duration", alerts->since);
    snprintf(alerts->from, sizeof(alerts->from), "%lld-0", (long long)(since_us / 1000));
    return PL_OPTIONS_GO_ON;
}

int pl_ctl_alerts(int argc, char **argv)
{
    struct alerts *alerts = calloc(1, sizeof(*alerts));
    int code;

    if (!alerts)
        return PL_CTL_FAILED;
    code = read_options(alerts, argc, argv);
    if (code == PL_OPTIONS_GO_ON) {
        alerts->look = pl_table_look(alerts->options.no_color);
        alerts->conf = pl_options_conf(&alerts->options);
        code = alerts->conf ? run(alerts) : PL_CTL_FAILED;
    }
    pl_ask_close(alerts->ask);
    pl_slow_json_fini(&alerts->doc);
    pl_buf_fini(&alerts->out);
    pl_conf_free(alerts->conf);
    free(alerts);
    return code;
}
