/* plateauctl test-alert AREA: a [TEST] alert the way real ones go, to try out who listens.
 */
#include "adapter/clock.h"
#include "codec/alert_doc.h"
#include "codec/keys.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "util/stamp.h"

#include <stdio.h>

static const char help[] = "examples:\n"
                           "  plateauctl test-alert checkout\n"
                           "\n"
                           "usage: plateauctl test-alert AREA [OPTIONS]\n"
                           "\n"
                           "Sends an alert that is marked [TEST] and looks like a change of this area's verdict: into "
                           "the stream of alerts and\n"
                           "on both channels. Nothing else changes.\n"
                           "\n"
                           "  --json            print the document\n"
                           "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
                           "\n"
                           "exit codes: 0 sent; 1 there is no such area; 2 Redis cannot be reached; 64 usage\n";

static void write_commands(const struct pl_conf *conf, const struct pl_alert_doc *doc, const char *json,
                           struct pl_buf *commands)
{
    struct pl_key stream = pl_key_main(conf->instance, "alerts");
    struct pl_key channel = pl_key_channel(conf->instance), own = pl_key_area_channel(conf->instance, doc->area->id);
    char id[33], max[16], name[PL_NAME_BYTES];

    pl_alert_doc_id(doc, id);
    snprintf(max, sizeof(max), "%u", conf->alert_stream_max);
    pl_resp_add_text(commands, "MULTI", NULL);
    pl_resp_add_text(commands, "XADD", stream.text, "MAXLEN", "~", max, "*", "id", id, "status",
                     pl_alert_status_name(doc->edge->status), "alertname", pl_alert_doc_name(doc, name), "area",
                     doc->area->id, "owner", doc->area->owner, "severity", pl_alert_severity(doc->edge->verdict),
                     "json", json, NULL);
    pl_resp_add_text(commands, "PUBLISH", channel.text, json, NULL);
    pl_resp_add_text(commands, "PUBLISH", own.text, json, NULL);
    pl_resp_add_text(commands, "EXEC", NULL);
}

/* EXEC's reply: the stream's id, then how many listen on either channel. */
static int say(const struct pl_options *options, const struct pl_reply *reply, const char *json)
{
    if (reply->type != PL_REPLY_ARRAY || reply->n != 3)
        return pl_options_failed(options, "Redis gave an unexpected answer");
    if (options->json)
        puts(json);
    fprintf(stderr, "sent; %lld listen on the channel of all alerts, %lld on the area's\n",
            (long long)reply->elements[1].integer, (long long)reply->elements[2].integer);
    return PL_CTL_OK;
}

static int send_test(const struct pl_options *options, const struct pl_conf *conf, uint32_t area)
{
    int64_t now_us = pl_stamp_floor(pl_clock_wall_us(), PL_SECOND_US);
    const struct pl_alert_edge edge = {.status = PL_ALERT_FIRING,
                                       .verdict = PL_SHIFT_TO_CORE,
                                       .previous = PL_NO_VERDICT,
                                       .grade = PL_UNCONFIRMED,
                                       .starts_us = now_us,
                                       .tick_us = now_us};
    const struct pl_advice advice = {
        .verdict = PL_SHIFT_TO_CORE, .grade = PL_UNCONFIRMED, .missing = PL_MISSING_FUNNEL_STABLE};
    const struct pl_alert_doc doc = {
        .instance = conf->instance, .area = &conf->rules->areas[area], .edge = &edge, .advice = &advice, .test = true};
    struct pl_key key = pl_key_main(conf->instance, "alerts");
    struct pl_buf json = {0}, commands = {0};
    const struct pl_reply *reply;
    struct pl_ask *ask = NULL;
    struct pl_err err = {0};
    enum pl_status status = pl_ask_open(conf, &ask, &err);
    int code;

    pl_alert_doc_write(&doc, &json);
    if (!status && (!pl_buf_ok(&json) || !json.ptr))
        status = pl_err_set(&err, PL_ERR_NOMEM, "no memory for an alert");
    if (!status) {
        write_commands(conf, &doc, json.ptr, &commands);
        status = pl_ask_send(ask, (struct pl_span){key.text, key.len}, &commands, 5, &reply, &err);
    }
    code = status ? pl_options_failed(options, "%s", err.text) : say(options, reply, json.ptr);
    pl_ask_close(ask);
    pl_buf_fini(&json);
    pl_buf_fini(&commands);
    return code;
}

int pl_ctl_test_alert(int argc, char **argv)
{
    struct pl_options options;
    struct pl_conf *conf;
    uint32_t area;
    int code = pl_options_read(&options, argc, argv, help, NULL, 0);

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (options.n_args != 1)
        return pl_options_wrong(&options, "which area?");
    conf = pl_options_conf(&options);
    if (!conf)
        return PL_CTL_FAILED;
    area = pl_rules_find_area(conf->rules, pl_span_of(options.args[0]));
    if (area == PL_RULES_NONE) {
        (void)pl_options_failed(&options, "area %s is not configured", options.args[0]);
        code = PL_CTL_NO;
    } else {
        code = send_test(&options, conf, area);
    }
    pl_conf_free(conf);
    return code;
}
