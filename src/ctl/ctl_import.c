/* plateauctl import: history of experiments into the control topic, in the order of time.
 */
#include "adapter/clock.h"
#include "adapter/kafka.h"
#include "adapter/kafka_producer.h"
#include "codec/control.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/progress.h"
#include "ctl/records.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FACTS_TIMEOUT_US (15 * PL_SECOND_US)
#define FLUSH_TIMEOUT_US (60 * PL_SECOND_US)
#define AREAS_MAX PL_RULES_AREAS_MAX

static const char help[] =
    "examples:\n"
    "  plateauctl import history.csv\n"
    "  plateauctl import --area checkout --dry-run 2024.csv.gz 2025.jsonl | head\n"
    "  curl -su $KEY: https://api.growthbook.io/api/v1/experiments/exp_1/results |\n"
    "    plateauctl import --format growthbook --metric met_paid --area checkout -\n"
    "\n"
    "usage: plateauctl import [OPTIONS] FILE...        (- is standard input)\n"
    "\n"
    "Writes finished experiments of the past to the control topic, so that plateaud can judge on the first day. All "
    "files\n"
    "are checked before anything is written; their records are merged by time and marked as history: no alert is sent "
    "for\n"
    "what is long past, only the verdict that stands at the end, once per area. Importing the same again does no "
    "harm:\n"
    "the first record of an id counts.\n"
    "\n"
    "  JSON lines: "
    "{\"type\":\"result\",\"id\":\"..\",\"experiment\":\"..\",\"area\":\"..\",\"time\":\"2026-08-21T10:00:00Z\",\n"
    "               \"effect\":.0021,\"se\":.001,\"early\":false,\"shipped\":true}\n"
    "               also \"lifecycle\" and \"core_launch\" records\n"
    "  CSV:        a header with time and id (or experiment), effect and se, or mean_control, mean_variant, "
    "n_control,\n"
    "               n_variant and baseline; optional: area, work, start, early, shipped, health, cost\n"
    "  GrowthBook: results of its API, one or several behind each other; taken are means, deviations and users of two\n"
    "               variants, as a share of the area's baseline, or without one of the control's mean\n"
    "\n"
    "  --area AREA       the area of records that name none\n"
    "  --format jsonl|csv|growthbook  (default: csv for files named .csv or .csv.gz, else jsonl)\n"
    "  --metric ID       the metric to take from GrowthBook's results (default: the only goal)\n"
    "  --skip-bad        leave bad lines out, and tell them, instead of stopping at the first\n"
    "  --dry-run         print the records instead of writing them; areas are checked only with -c\n"
    "  --rate N          at most N records per second\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 written; 1 a line is wrong, nothing was written; 2 a file or Kafka failed; 64 usage\n";

struct import {
    struct pl_options options;
    const char *area, *format, *rate_text, *metric;
    bool skip_bad, dry_run;
    int64_t rate;
    struct pl_conf *conf;
    struct pl_records records;
    const char *areas[AREAS_MAX]; /* of the records, in order of first use; refs into records */
    int64_t last_us[AREAS_MAX];   /* time of the last record of each */
    unsigned n_areas;
};

static void tell(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "skipped: %s\n", text);
}

static bool find_format(const char *name, enum pl_records_format *format)
{
    static const char *const names[] = {
        [PL_RECORDS_JSONL] = "jsonl", [PL_RECORDS_CSV] = "csv", [PL_RECORDS_GROWTHBOOK] = "growthbook"};

    for (unsigned at = PL_RECORDS_JSONL; at < sizeof(names) / sizeof(*names); at++) {
        if (strcmp(name, names[at]) == 0) {
            *format = (enum pl_records_format)at;
            return true;
        }
    }
    return false;
}

static int read_options(struct import *import, int argc, char **argv)
{
    const struct pl_option own[] = {
        {"--area", NULL, &import->area},       {"--format", NULL, &import->format},
        {"--rate", NULL, &import->rate_text},  {"--skip-bad", &import->skip_bad, NULL},
        {"--dry-run", &import->dry_run, NULL}, {"--metric", NULL, &import->metric},
    };
    int code = pl_options_read(&import->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (import->options.n_args == 0)
        return pl_options_wrong(&import->options, "which files?");
    if (import->format && !find_format(import->format, &import->records.format))
        return pl_options_wrong(&import->options, "--format is jsonl, csv or growthbook");
    if (import->metric && import->records.format != PL_RECORDS_GROWTHBOOK)
        return pl_options_wrong(&import->options, "--metric needs --format growthbook");
    if (import->area && !pl_span_is_name(pl_span_of(import->area)))
        return pl_options_wrong(&import->options, "--area %s: not a name", import->area);
    if (import->rate_text && (!pl_num_int(pl_span_of(import->rate_text), &import->rate) || import->rate < 1))
        return pl_options_wrong(&import->options, "--rate is a whole number of records per second");
    return PL_OPTIONS_GO_ON;
}

/* The area of a record as far as it is known here: by its name or by the rules. */
static const char *area_of(const struct import *import, const struct pl_control *control)
{
    uint32_t area;

    if (control->area[0] || !import->conf)
        return control->area;
    area = pl_rules_area_of(import->conf->rules, pl_span_of(control->experiment));
    return area == PL_RULES_NONE ? "" : import->conf->rules->areas[area].id;
}

static bool note_areas(struct import *import)
{
    for (size_t at = 0; at < import->records.n; at++) {
        const struct pl_control *control = &import->records.items[at].control;
        const char *area = area_of(import, control);
        unsigned a = 0;

        if (!*area)
            continue; /* a dry run without a configuration cannot know it */
        while (a < import->n_areas && strcmp(import->areas[a], area) != 0)
            a++;
        if (a == AREAS_MAX)
            return false;
        if (a == import->n_areas)
            import->areas[import->n_areas++] = area;
        import->last_us[a] = control->time_us;
    }
    return true;
}

static int read_files(struct import *import)
{
    struct pl_records *records = &import->records;
    struct pl_err err = {0};

    records->rules = import->conf ? import->conf->rules : NULL;
    records->area = import->area;
    records->metric = import->metric;
    records->skip_bad = import->skip_bad;
    records->now_us = pl_clock_wall_us();
    records->tell = tell;
    for (unsigned at = 0; at < import->options.n_args; at++) {
        if (pl_records_add(records, import->options.args[at], &err) == PL_OK)
            continue;
        (void)pl_options_failed(&import->options, "%s", err.text);
        fputs("nothing was written\n", stderr);
        return err.code == PL_ERR_INPUT || err.code == PL_ERR_FULL ? PL_CTL_NO : PL_CTL_FAILED;
    }
    pl_records_order(records);
    if (!note_areas(import))
        return pl_options_failed(&import->options, "more than %d areas", AREAS_MAX);
    return PL_CTL_OK;
}

/* Record `at` of the import as JSON: the records, then one end of history per area. Its time is that of the area's last
 * record, so that the standing verdict is told at the tick that takes that one. */
static void write_record(const struct import *import, size_t at, struct pl_buf *out)
{
    struct pl_control end = {.type = PL_CONTROL_HISTORY_END, .start_us = PL_TIME_NONE, .cost = 1};
    size_t n = import->records.n;

    pl_buf_clear(out);
    if (at < n) {
        pl_control_format(&import->records.items[at].control, out);
        return;
    }
    end.time_us = import->last_us[at - n];
    (void)pl_span_copy(pl_span_of(import->areas[at - n]), end.area, sizeof(end.area));
    pl_control_format(&end, out);
}

static size_t count(const struct import *import)
{
    return import->records.n + import->n_areas;
}

static int print_all(const struct import *import)
{
    struct pl_buf json = {0};

    for (size_t at = 0; at < count(import); at++) {
        write_record(import, at, &json);
        if (pl_buf_ok(&json) && json.ptr)
            puts(json.ptr);
    }
    pl_buf_fini(&json);
    return fflush(stdout) == 0 ? PL_CTL_OK : PL_CTL_FAILED;
}

/* The control topic must be there, with one partition, or the order of records is lost. */
static enum pl_status check_topic(const struct import *import, struct pl_err *err)
{
    const struct pl_kafka_config config = {.conf = import->conf, .n_workers = 1, .event_fd = -1};
    const char *topic = import->conf->control;
    struct pl_kafka_topic_facts facts = {0};
    struct pl_kafka *kafka;
    enum pl_status status = pl_kafka_new(&config, &kafka, err);

    if (status)
        return status;
    status = pl_kafka_facts(kafka, topic, FACTS_TIMEOUT_US, &facts, err);
    (void)pl_kafka_free(kafka, FACTS_TIMEOUT_US);
    if (status)
        return status;
    if (facts.partitions == 1)
        return PL_OK;
    if (facts.partitions > 1)
        return pl_err_set(err, PL_ERR_INPUT, "topic %s has %" PRId32 " partitions; it needs exactly one", topic,
                          facts.partitions);
    return pl_err_set(err, PL_ERR_INPUT,
                      "topic %s does not exist; create it: kafka-topics.sh --create --topic %s --partitions 1 --config "
                      "retention.ms=-1",
                      topic, topic);
}

static void keep_pace(const struct import *import, int64_t begun_us, size_t sent)
{
    int64_t due_us, left_us;

    if (import->rate == 0)
        return;
    due_us = begun_us + (int64_t)sent * PL_SECOND_US / import->rate;
    left_us = due_us - pl_clock_monotonic_us();
    if (left_us > 0) {
        const struct timespec wait = {left_us / PL_SECOND_US, (left_us % PL_SECOND_US) * 1000};

        nanosleep(&wait, NULL);
    }
}

static enum pl_status produce(struct import *import, struct pl_kafka_producer *producer, struct pl_err *err)
{
    struct pl_progress progress = pl_progress_init("importing", count(import));
    int64_t begun_us = pl_clock_monotonic_us();
    enum pl_status status = PL_OK;
    struct pl_buf json = {0};

    for (size_t at = 0; at < count(import) && !status; at++) {
        keep_pace(import, begun_us, at);
        write_record(import, at, &json);
        status = pl_buf_ok(&json) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a record");
        if (!status)
            status = pl_kafka_producer_send(producer, import->conf->control, 0, (struct pl_span){NULL, 0},
                                            pl_buf_span(&json), err);
        pl_progress_set(&progress, pl_kafka_producer_stored(producer));
    }
    if (!status)
        status = pl_kafka_producer_flush(producer, FLUSH_TIMEOUT_US, err);
    pl_progress_end(&progress);
    pl_buf_fini(&json);
    return status;
}

static int send_all(struct import *import)
{
    struct pl_kafka_producer *producer = NULL;
    struct pl_err err = {0};
    enum pl_status status = check_topic(import, &err);

    if (!status)
        status = pl_kafka_producer_new(import->conf, &producer, &err);
    if (!status)
        status = produce(import, producer, &err);
    if (status) {
        (void)pl_options_failed(&import->options, "%s", err.text);
        if (producer)
            fprintf(stderr,
                    "%" PRIu64 " of %zu records were stored; import the same again, what is there does no harm\n",
                    pl_kafka_producer_stored(producer), count(import));
    }
    pl_kafka_producer_free(producer);
    return status ? PL_CTL_FAILED : PL_CTL_OK;
}

static void summary(const struct import *import)
{
    const struct pl_records *records = &import->records;
    char first[PL_STAMP_BYTES], last[PL_STAMP_BYTES];
    unsigned counts[4] = {0};

    for (size_t at = 0; at < records->n; at++)
        counts[records->items[at].control.type]++;
    fprintf(stderr, "%u results, %u steps of experiments, %u core launches of %u areas%s", counts[PL_CONTROL_RESULT],
            counts[PL_CONTROL_LIFECYCLE], counts[PL_CONTROL_LAUNCH], import->n_areas,
            import->dry_run ? " (dry run: not written)" : " written");
    if (records->n)
        fprintf(stderr, ", %s to %s", pl_stamp_format(records->items[0].control.time_us, first),
                pl_stamp_format(records->items[records->n - 1].control.time_us, last));
    fputc('\n', stderr);
    if (records->n_bad)
        fprintf(stderr, "%zu bad lines were skipped\n", records->n_bad);
    for (unsigned why = PL_GROWTHBOOK_TAKEN + 1; why < PL_GROWTHBOOK_REASONS; why++)
        if (records->left_out[why])
            fprintf(stderr, "%zu results were left out: %s\n", records->left_out[why],
                    pl_growthbook_reason((enum pl_growthbook_why)why));
    if (!import->dry_run && import->n_areas)
        fprintf(stderr, "next: plateauctl explain %s\n", import->areas[0]);
}

int pl_ctl_import(int argc, char **argv)
{
    struct import *import = calloc(1, sizeof(*import));
    int code;

    if (!import)
        return PL_CTL_FAILED;
    code = read_options(import, argc, argv);
    if (code == PL_OPTIONS_GO_ON) {
        code = PL_CTL_OK;
        if (!import->dry_run || import->options.conf_given)
            code = (import->conf = pl_options_conf(&import->options)) ? PL_CTL_OK : PL_CTL_FAILED;
        if (!code)
            code = read_files(import);
        if (!code)
            code = import->dry_run ? print_all(import) : send_all(import);
        if (!code)
            summary(import);
    }
    pl_records_fini(&import->records);
    pl_conf_free(import->conf);
    free(import);
    return code;
}
