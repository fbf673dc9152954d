/* plateauctl status: verdicts of all areas, on one screen.
 */
#include "codec/area_text.h"
#include "codec/json_out.h"
#include "codec/keys.h"
#include "codec/words.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "ctl/told.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "examples:\n"
    "  plateauctl status\n"
    "  plateauctl status --json | jq '.areas[] | select(.firing)'\n"
    "\n"
    "usage: plateauctl status [OPTIONS]\n"
    "\n"
    "What plateaud has judged so far: the instance and each area of the product with its verdict.\n"
    "\n"
    "  --json            the same as one JSON object\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 no alert is firing; 1 an alert is firing; 2 Redis or the instance cannot be reached; 64 usage\n";

#define PARTITIONS_MAX 1024
#define PL_STATUS_WHY_BYTES 800
#define HEADS 9

/* One partition: how far it is complete. */
struct part {
    int64_t complete_us, accepted;
    char halted[PL_STATUS_WHY_BYTES]; /* why its input has stopped it, "" while it has not */
};

struct status {
    struct pl_options options;
    struct pl_conf *conf;
    struct pl_ask *ask;
    int64_t judged_us;
    char version[64];
    unsigned n_parts;
    struct part parts[PARTITIONS_MAX];
    unsigned n_areas;
    struct area {
        char id[PL_NAME_BYTES];
        struct pl_told told;
    } * areas; /* owned */
};

static enum pl_status read_meta(struct status *status, struct pl_err *err)
{
    struct pl_key key = pl_key_main(status->conf->instance, "meta");
    const struct pl_reply *reply;
    enum pl_status failed = pl_ask(status->ask, &reply, err, "HGETALL", key.text, NULL);
    int64_t parts;

    if (failed)
        return failed;
    if (reply->n == 0)
        return pl_err_set(err, PL_ERR_STATE, "instance %s has judged nothing yet: is plateaud running?",
                          status->conf->instance);
    status->judged_us = pl_ask_int(reply, "judged_to_us", PL_TIME_NONE);
    (void)pl_span_copy(pl_ask_field(reply, "version"), status->version, sizeof(status->version));
    parts = pl_ask_int(reply, "partitions", 0);
    status->n_parts = parts < 0 || parts > PARTITIONS_MAX ? PARTITIONS_MAX : (unsigned)parts;
    for (unsigned p = 0; p < status->n_parts; p++) {
        struct pl_key meta = pl_key_shard(status->conf->instance, (int32_t)p, "meta");

        failed = pl_ask(status->ask, &reply, err, "HGETALL", meta.text, NULL);
        if (failed)
            return failed;
        status->parts[p].complete_us = pl_ask_int(reply, "complete_to", PL_TIME_NONE);
        status->parts[p].accepted = pl_ask_int(reply, "accepted", 0);
        (void)pl_span_copy(pl_ask_field(reply, "halted"), status->parts[p].halted, sizeof(status->parts[p].halted));
    }
    return PL_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct area *x = a, *y = b;

    return strcmp(x->id, y->id);
}

static enum pl_status read_areas(struct status *status, struct pl_err *err)
{
    struct pl_key key = pl_key_main(status->conf->instance, "areas");
    const struct pl_reply *reply;
    enum pl_status failed = pl_ask(status->ask, &reply, err, "SMEMBERS", key.text, NULL);

    if (failed)
        return failed;
    status->areas = calloc(reply->n ? reply->n : 1, sizeof(*status->areas));
    if (!status->areas)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    for (size_t at = 0; at < reply->n; at++)
        if (pl_span_copy(reply->elements[at].text, status->areas[status->n_areas].id, PL_NAME_BYTES))
            status->n_areas++;
    qsort(status->areas, status->n_areas, sizeof(*status->areas), by_id);
    for (unsigned a = 0; a < status->n_areas; a++) {
        struct pl_key area = pl_key_main_id(status->conf->instance, "area", status->areas[a].id);

        failed = pl_ask(status->ask, &reply, err, "HGETALL", area.text, NULL);
        if (failed)
            return failed;
        pl_told_read(reply, &status->areas[a].told);
    }
    return PL_OK;
}

static enum pl_ink ink_of(const struct pl_told *told)
{
    if (told->firing)
        return PL_INK_WARN;
    return told->advice.verdict == PL_KEEP_OPTIMISING ? PL_INK_GOOD : PL_INK_NONE;
}

static void add_area(struct pl_table *table, const struct area *area)
{
    const struct pl_told *told = &area->told;
    char since[PL_STAMP_BYTES];

    pl_table_cell(table, PL_INK_BOLD, "%s", area->id);
    pl_table_cell(table, ink_of(told), "%s", pl_verdict_name(told->advice.verdict));
    pl_table_cell(table, PL_INK_NONE, "%s", pl_grade_name(told->advice.grade));
    pl_table_cell(table, PL_INK_NONE, "%.10s", pl_stamp_format(told->since_us, since));
    pl_table_cell(table, PL_INK_NONE, "%s", pl_told_trend(told->funnel));
    pl_table_cell(table, PL_INK_NONE, "%s", told->measured ? pl_area_text_trend(told->value) : "");
    if (isfinite(told->delivered_share))
        pl_table_cell(table, PL_INK_NONE, "%.0f %%", told->delivered_share * 100);
    else
        pl_table_cell(table, PL_INK_NONE, "%s", "");
    pl_table_cell(table, PL_INK_NONE, "%u", told->state.n_all);
    pl_table_cell(table, PL_INK_FAINT, "%s", pl_words_verdict(told->advice.verdict));
}

static void add_partitions(const struct status *status, struct pl_buf *out)
{
    int64_t accepted = 0, least_us = PL_TIME_MAX;
    unsigned least = 0, silent = 0;
    char stamp[PL_STAMP_BYTES];

    for (unsigned p = 0; p < status->n_parts; p++) {
        accepted += status->parts[p].accepted;
        silent += status->parts[p].complete_us == PL_TIME_NONE;
        if (status->parts[p].complete_us != PL_TIME_NONE && status->parts[p].complete_us < least_us) {
            least_us = status->parts[p].complete_us;
            least = p;
        }
    }
    pl_buf_addf(out, "%u partition%s, %" PRId64 " events used", status->n_parts, status->n_parts == 1 ? "" : "s",
                accepted);
    if (least_us != PL_TIME_MAX)
        pl_buf_addf(out, ", complete to %s", pl_stamp_format(least_us, stamp));
    if (least_us != PL_TIME_MAX && status->n_parts > 1)
        pl_buf_addf(out, " (partition %u is the last)", least);
    if (silent)
        pl_buf_addf(out, "; %u not complete to any time yet", silent);
    pl_buf_add_char(out, '\n');
    for (unsigned p = 0; p < status->n_parts; p++)
        if (status->parts[p].halted[0])
            pl_buf_addf(out, "partition %u has stopped: %s\n", p, status->parts[p].halted);
}

static void print_text(const struct status *status)
{
    struct pl_look look = pl_table_look(status->options.no_color);
    struct pl_table table = {.n_columns = HEADS, .right = 1u << 6 | 1u << 7, .look = look};
    static const char *const heads[HEADS] = {"AREA",  "VERDICT",   "GRADE",   "SINCE", "FUNNEL",
                                             "VALUE", "DELIVERED", "RESULTS", ""};
    char stamp[PL_STAMP_BYTES];
    struct pl_buf out = {0};

    pl_buf_addf(&out, "instance %s, version %s, judged to %s\n", status->conf->instance, status->version,
                status->judged_us == PL_TIME_NONE ? "nothing yet" : pl_stamp_format(status->judged_us, stamp));
    add_partitions(status, &out);
    pl_buf_add_char(&out, '\n');
    for (unsigned c = 0; c < HEADS; c++)
        pl_table_cell(&table, PL_INK_FAINT, "%s", heads[c]);
    for (unsigned a = 0; a < status->n_areas; a++)
        add_area(&table, &status->areas[a]);
    pl_table_write(&table, 0, &out);
    if (status->n_areas)
        pl_buf_addf(&out, "\nwhy: plateauctl explain %s\n", status->areas[0].id);
    if (pl_buf_ok(&out) && out.ptr)
        fputs(out.ptr, stdout);
    pl_table_fini(&table);
    pl_buf_fini(&out);
}

static void print_json(const struct status *status)
{
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "instance", status->conf->instance);
    pl_json_text(&json, "version", status->version);
    pl_json_time(&json, "judged_to", status->judged_us);
    pl_json_open(&json, "partitions", '[');
    for (unsigned p = 0; p < status->n_parts; p++) {
        pl_json_open(&json, NULL, '{');
        pl_json_int(&json, "partition", p);
        pl_json_time(&json, "complete_to", status->parts[p].complete_us);
        pl_json_int(&json, "accepted", status->parts[p].accepted);
        if (status->parts[p].halted[0])
            pl_json_text(&json, "halted", status->parts[p].halted);
        pl_json_close(&json, '}');
    }
    pl_json_close(&json, ']');
    pl_json_open(&json, "areas", '[');
    for (unsigned a = 0; a < status->n_areas; a++) {
        const struct pl_told *told = &status->areas[a].told;

        pl_json_open(&json, NULL, '{');
        pl_json_text(&json, "area", status->areas[a].id);
        pl_json_text(&json, "verdict", pl_verdict_name(told->advice.verdict));
        pl_json_text(&json, "grade", pl_grade_name(told->advice.grade));
        pl_json_bool(&json, "firing", told->firing);
        pl_json_time(&json, "since", told->since_us);
        pl_json_text(&json, "funnel_trend", pl_told_trend(told->funnel));
        if (told->measured)
            pl_json_text(&json, "value_trend", pl_told_trend(told->value));
        pl_json_number(&json, "delivered_share", told->delivered_share);
        pl_json_int(&json, "results", told->state.n_all);
        pl_json_close(&json, '}');
    }
    pl_json_close(&json, ']');
    pl_json_close(&json, '}');
    if (pl_buf_ok(&out) && out.ptr)
        puts(out.ptr);
    pl_buf_fini(&out);
}

static int run(struct status *status)
{
    struct pl_err err = {0};
    enum pl_status failed = pl_ask_open(status->conf, &status->ask, &err);
    bool firing = false;

    if (!failed)
        failed = read_meta(status, &err);
    if (!failed)
        failed = read_areas(status, &err);
    if (failed)
        return pl_options_failed(&status->options, "%s", err.text);
    if (status->options.json)
        print_json(status);
    else
        print_text(status);
    for (unsigned a = 0; a < status->n_areas; a++)
        firing = firing || status->areas[a].told.firing;
    return firing ? PL_CTL_NO : PL_CTL_OK;
}

int pl_ctl_status(int argc, char **argv)
{
    struct status *status = calloc(1, sizeof(*status));
    int code;

    if (!status)
        return PL_CTL_FAILED;
    code = pl_options_read(&status->options, argc, argv, help, NULL, 0);
    if (code == PL_OPTIONS_GO_ON && status->options.n_args)
        code = pl_options_wrong(&status->options, "%s: takes no arguments", status->options.args[0]);
    if (code == PL_OPTIONS_GO_ON) {
        status->conf = pl_options_conf(&status->options);
        code = status->conf ? run(status) : PL_CTL_FAILED;
    }
    pl_ask_close(status->ask);
    free(status->areas);
    pl_conf_free(status->conf);
    free(status);
    return code;
}
