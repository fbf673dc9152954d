/* plateauctl check: is everything as it must be? The configuration, Kafka's topics, Redis.
 */
#include "adapter/kafka.h"
#include "codec/json_out.h"
#include "codec/keys.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_TIMEOUT_US (10 * PL_SECOND_US)

static const char help[] = "examples:\n"
                           "  plateauctl check -c plateaud.conf\n"
                           "\n"
                           "usage: plateauctl check [OPTIONS]\n"
                           "\n"
                           "Checks the configuration (as plateaud -t), that Kafka has the topics and in the right "
                           "shape, and that Redis can be\n"
                           "used. Joins no group and writes nothing.\n"
                           "\n"
                           "  --json            a list of {\"what\",\"result\":\"ok|warn|fail\",\"text\"}\n"
                           "  --no-color        no colour\n"
                           "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
                           "\n"
                           "exit codes: 0 nothing failed (warnings are none); 1 something failed; 64 usage\n";

enum result { OK, WARN, FAIL };

struct check {
    struct pl_options options;
    struct pl_conf *conf;
    struct pl_table table;
    struct pl_buf json;
    struct pl_json writer;
    bool failed;
};

static const char *const result_names[] = {"ok", "warn", "fail"};

static void note(struct check *check, enum result result, const char *what, const char *fmt, ...) PL_PRINTF(4, 5);

static void note(struct check *check, enum result result, const char *what, const char *fmt, ...)
{
    static const enum pl_ink inks[] = {PL_INK_GOOD, PL_INK_WARN, PL_INK_BAD};
    char text[2 * PL_ERR_TEXT_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    check->failed = check->failed || result == FAIL;
    pl_table_cell(&check->table, inks[result], "%s", result_names[result]);
    pl_table_cell(&check->table, PL_INK_BOLD, "%s", what);
    pl_table_cell(&check->table, PL_INK_NONE, "%s", text);
    pl_json_open(&check->writer, NULL, '{');
    pl_json_text(&check->writer, "what", what);
    pl_json_text(&check->writer, "result", result_names[result]);
    pl_json_text(&check->writer, "text", text);
    pl_json_close(&check->writer, '}');
}

/* One warning per line of text. */
static void note_lines(struct check *check, const char *what, struct pl_buf *lines)
{
    struct pl_span rest = pl_buf_span(lines);

    while (rest.len) {
        struct pl_span line = pl_span_cut(&rest, '\n');

        if (line.len)
            note(check, WARN, what, "%.*s", (int)line.len, line.ptr);
    }
    pl_buf_clear(lines);
}

static bool check_conf(struct check *check)
{
    struct pl_buf lines = {0};
    struct pl_err err = {0};

    if (pl_conf_load(check->options.conf_path, &check->conf, &err)) {
        note(check, FAIL, "configuration", "%s", err.text);
        return false;
    }
    note(check, OK, "configuration", "%s: %u areas, %u metrics, %u funnels, %u sources", check->options.conf_path,
         check->conf->rules->n_areas, check->conf->rules->n_metrics, check->conf->rules->n_funnels,
         check->conf->n_sources);
    pl_conf_warn(check->conf, &lines);
    note_lines(check, "configuration", &lines);
    pl_kafka_warn(check->conf, &lines);
    note_lines(check, "kafka", &lines);
    pl_buf_fini(&lines);
    return true;
}

/* One source topic; *partitions is what the ones before had, 0 at first. The status of asking. */
static enum pl_status check_topic(struct check *check, struct pl_kafka *kafka, const char *topic, int32_t *partitions)
{
    struct pl_kafka_topic_facts facts;
    struct pl_err err = {0};
    enum pl_status status = pl_kafka_facts(kafka, topic, FACTS_TIMEOUT_US, &facts, &err);

    if (status) {
        note(check, FAIL, topic, "%s", err.text);
        return status;
    }
    if (facts.partitions == 0) {
        note(check, FAIL, topic, "there is no such topic");
        return PL_OK;
    }
    if (*partitions && facts.partitions != *partitions)
        note(check, FAIL, topic,
             "%" PRId32 " partitions, but the others have %" PRId32 ": all source topics need the same",
             facts.partitions, *partitions);
    else if (!facts.trusted_time)
        note(
            check, WARN, topic,
            "producers may set any time: set message.timestamp.type=LogAppendTime or message.timestamp.after.max.ms of "
            "an hour at most");
    else
        note(check, OK, topic, "%" PRId32 " partitions%s%s", facts.partitions, err.text[0] ? "; " : "", err.text);
    *partitions = facts.partitions;
    return PL_OK;
}

static void check_control(struct check *check, struct pl_kafka *kafka)
{
    const char *topic = check->conf->control;
    struct pl_kafka_topic_facts facts;
    struct pl_err err = {0};

    if (pl_kafka_facts(kafka, topic, FACTS_TIMEOUT_US, &facts, &err))
        note(check, FAIL, topic, "control topic: %s", err.text);
    else if (facts.partitions == 1)
        note(check, OK, topic, "control topic, one partition");
    else if (facts.partitions > 1)
        note(check, FAIL, topic, "control topic: %" PRId32 " partitions, it needs exactly one", facts.partitions);
    else
        note(check, check->conf->n_sources ? WARN : FAIL, topic,
             "there is no control topic: nothing can be imported, no launch announced");
}

static void check_kafka(struct check *check)
{
    const struct pl_kafka_config config = {.conf = check->conf, .n_workers = 1, .event_fd = -1};
    struct pl_kafka *kafka;
    struct pl_err err = {0};
    enum pl_status status = PL_OK;
    int32_t partitions = 0;

    if (pl_kafka_new(&config, &kafka, &err)) {
        note(check, FAIL, "kafka", "%s", err.text);
        return;
    }
    for (unsigned s = 0; !status && s < check->conf->n_sources; s++)
        for (unsigned t = 0; !status && t < check->conf->sources[s].n_topics; t++)
            status = check_topic(check, kafka, check->conf->sources[s].topics[t], &partitions);
    if (!status) /* else nobody answers: to wait and say it once is enough */
        check_control(check, kafka);
    (void)pl_kafka_free(kafka, FACTS_TIMEOUT_US);
}

/* On connecting the link itself refuses a replica and a server that evicts keys, and says so. */
static void check_redis(struct check *check)
{
    struct pl_key key = pl_key_main(check->conf->instance, "meta");
    const struct pl_reply *reply;
    struct pl_ask *ask = NULL;
    struct pl_err err = {0};

    if (pl_ask_open(check->conf, &ask, &err) || pl_ask(ask, &reply, &err, "HGETALL", key.text, NULL)) {
        note(check, FAIL, "redis", "%s: %s", check->conf->redis_url, err.text);
    } else {
        struct pl_span version = pl_ask_field(reply, "version");

        note(check, OK, "redis", "%s: writable, and evicts nothing", check->conf->redis_url);
        if (version.len)
            note(check, OK, "instance", "%s was judged by version %.*s", check->conf->instance, (int)version.len,
                 version.ptr);
        else
            note(check, OK, "instance", "%s is new: plateaud has not judged it yet", check->conf->instance);
    }
    pl_ask_close(ask);
}

static int print_all(struct check *check)
{
    struct pl_buf out = {0};
    bool ok;

    pl_json_close(&check->writer, ']');
    if (check->options.json)
        pl_buf_addf(&out, "%s\n", check->json.ptr ? check->json.ptr : "");
    else
        pl_table_write(&check->table, 0, &out);
    ok = pl_buf_ok(&out) && pl_buf_ok(&check->json);
    if (ok)
        fputs(out.ptr, stdout);
    pl_buf_fini(&out);
    return ok ? (check->failed ? PL_CTL_NO : PL_CTL_OK) : PL_CTL_FAILED;
}

int pl_ctl_check(int argc, char **argv)
{
    struct check *check = calloc(1, sizeof(*check));
    int code;

    if (!check)
        return PL_CTL_FAILED;
    code = pl_options_read(&check->options, argc, argv, help, NULL, 0);
    if (code == PL_OPTIONS_GO_ON && check->options.n_args)
        code = pl_options_wrong(&check->options, "%s: takes no arguments", check->options.args[0]);
    if (code == PL_OPTIONS_GO_ON) {
        check->table = (struct pl_table){.n_columns = 3, .look = pl_table_look(check->options.no_color)};
        check->writer = pl_json_to(&check->json);
        pl_json_open(&check->writer, NULL, '[');
        if (check_conf(check)) {
            check_kafka(check);
            check_redis(check);
        }
        code = print_all(check);
    }
    pl_table_fini(&check->table);
    pl_buf_fini(&check->json);
    pl_conf_free(check->conf);
    free(check);
    return code;
}
