/* plateauctl discover: a configuration proposed from a sample of the events that are there.
 */
#include "adapter/clock.h"
#include "adapter/kafka_tail.h"
#include "adapter/pseudonym.h"
#include "ctl/ctl.h"
#include "ctl/lines.h"
#include "ctl/options.h"
#include "ctl/progress.h"
#include "ctl/proposal.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_TIMEOUT_US (10 * PL_SECOND_US)
#define WAIT_US 200000
#define RECORDS 10000 /* of Kafka, by default */
#define SECONDS 10
#define QUIET_US (3 * PL_SECOND_US) /* the end of the topic, most likely */

static const char help[] =
    "examples:\n"
    "  plateauctl discover --brokers kafka1:9092 --topic product.events > plateaud.conf\n"
    "  plateauctl discover events.jsonl.gz\n"
    "\n"
    "usage: plateauctl discover [OPTIONS] [FILE...]    (- is standard input)\n"
    "\n"
    "Proposes a configuration from a sample of events, and prints it: the format that reads most records, the events "
    "by\n"
    "number, experiments, and one area with its goal and the way there. Each line has a comment that says from what it "
    "was\n"
    "inferred; what is only a guess is a comment itself. Reads Kafka as an onlooker: in no group, without any write.\n"
    "Files hold one record per line. User ids are never shown.\n"
    "\n"
    "  --topic TOPIC     the topic to read; with files: the topic to write down\n"
    "  --brokers HOSTS   Kafka's addresses, HOST:PORT by commas, instead of a configuration\n"
    "  --records N       stop after so many records (default 10000 from Kafka, all from files), the last ones of the "
    "topic\n"
    "  --seconds N       read Kafka for so long at most (default 10), and no longer when nothing comes for 3 seconds\n"
    "  -c FILE           take [kafka] and [redis] from this configuration\n"
    "\n"
    "exit codes: 0 printed; 1 no format reads these records; 2 a file or Kafka cannot be read; 64 usage\n";

struct discover {
    struct pl_options options;
    const char *topic, *brokers, *records_text, *seconds_text;
    int64_t records, seconds;
    struct pl_conf *conf; /* NULL: none given */
    struct pl_pseudonym pseudonym;
    struct pl_fit fit;
    struct pl_buf out;
    char from[300];
};

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
    (void)number;
    stopping = 1;
}

static struct pl_unit_id hash(void *ctx, struct pl_span unit)
{
    return pl_pseudonym_of(ctx, unit);
}

static bool is_done(const struct discover *discover)
{
    return stopping || (discover->records && (int64_t)discover->fit.records >= discover->records);
}

static enum pl_status read_file(struct discover *discover, const char *path, struct pl_err *err)
{
    struct pl_progress progress = pl_progress_init("events", 0);
    struct pl_lines lines;
    struct pl_span line;
    enum pl_status status = pl_lines_open(&lines, path, err);

    while (!status && !is_done(discover) && !(status = pl_lines_next(&lines, &line, err)) && line.ptr) {
        struct pl_record record = {.timestamp_us = PL_TIME_NONE, .offset = (int64_t)lines.number};

        record.value = pl_span_trim(line);
        if (record.value.len)
            pl_fit_take(&discover->fit, &record);
        pl_progress_set(&progress, lines.number);
    }
    pl_progress_end(&progress);
    pl_lines_close(&lines);
    return status;
}

static enum pl_status read_files(struct discover *discover, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned at = 0; at < discover->options.n_args && !status; at++)
        status = read_file(discover, discover->options.args[at], err);
    (void)snprintf(discover->from, sizeof(discover->from), "%.200s%s",
                   strcmp(discover->options.args[0], "-") == 0 ? "standard input" : discover->options.args[0],
                   discover->options.n_args > 1 ? " and others" : "");
    return status;
}

static enum pl_status read_topic(struct discover *discover, struct pl_kafka_tail *tail, struct pl_err *err)
{
    int64_t now_us = pl_clock_monotonic_us(), end_us = now_us + discover->seconds * PL_SECOND_US, last_us = now_us;
    enum pl_status status =
        pl_kafka_tail_add(tail, discover->topic, (unsigned)discover->records, TOPIC_TIMEOUT_US, err);

    if (!status)
        fprintf(stderr, "reading %s for at most %" PRId64 " seconds\n", discover->topic, discover->seconds);
    while (!status && !is_done(discover) && now_us < end_us &&
           (discover->fit.records == 0 || now_us < last_us + QUIET_US)) {
        struct pl_kafka_tail_taken taken;

        status = pl_kafka_tail_next(tail, WAIT_US, &taken, err);
        now_us = pl_clock_monotonic_us();
        if (status || !taken.message)
            continue;
        last_us = now_us;
        pl_fit_take(&discover->fit, &taken.record);
        pl_kafka_tail_release(taken.message);
    }
    return status;
}

/* A configuration of nothing but the brokers. */
static enum pl_status connect_conf(const struct discover *discover, struct pl_conf **conf, struct pl_err *err)
{
    struct pl_buf text = {0};
    enum pl_status status;

    pl_buf_addf(&text, "[kafka]\nbootstrap.servers = %s\n", discover->brokers);
    status = pl_buf_ok(&text) ? pl_conf_parse("--brokers", pl_buf_span(&text), conf, err)
                              : pl_err_set(err, PL_ERR_NOMEM, "no memory");
    pl_buf_fini(&text);
    return status;
}

static enum pl_status read_kafka(struct discover *discover, struct pl_err *err)
{
    struct pl_kafka_tail *tail = NULL;
    struct pl_conf *own = NULL;
    enum pl_status status = PL_OK;

    if (discover->records == 0)
        discover->records = RECORDS;
    if (!discover->conf)
        status = connect_conf(discover, &own, err);
    if (!status)
        status = pl_kafka_tail_new(own ? own : discover->conf, &tail, err);
    if (!status)
        status = read_topic(discover, tail, err);
    pl_kafka_tail_free(tail);
    pl_conf_free(own);
    (void)snprintf(discover->from, sizeof(discover->from), "topic %.249s", discover->topic);
    return status;
}

/* What did not fit into the sample is not in any figure. */
static void tell_full(const struct discover *discover)
{
    const struct pl_fit_trial *second, *best = pl_fit_best(&discover->fit, &second);
    const struct pl_sample *sample = best ? best->sample : NULL;

    if (!sample)
        return;
    if (sample->names_full)
        fprintf(stderr, "%" PRIu64 " events of more than %d names (or longer ones) are in no count\n",
                sample->names_full, PL_SAMPLE_NAMES_MAX);
    if (sample->units_full)
        fprintf(stderr, "%" PRIu64 " events of more than %d users are only in the counts of events\n",
                sample->units_full, PL_SAMPLE_UNITS_MAX);
    if (sample->deeds_full)
        fprintf(stderr, "%" PRIu64 " events beyond %d pairs of user and event are only in the counts of events\n",
                sample->deeds_full, PL_SAMPLE_DEEDS_MAX);
}

/* What is printed is a configuration that loads, or nothing is. */
static int print(struct discover *discover)
{
    const struct pl_proposal proposal = {.fit = &discover->fit,
                                         .from = discover->from,
                                         .topic = discover->topic,
                                         .brokers = discover->brokers,
                                         .conf = discover->conf};
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};

    if (pl_proposal_write(&proposal, &discover->out, &err)) {
        (void)pl_options_failed(&discover->options, "%s", err.text);
        return err.code == PL_ERR_INPUT ? PL_CTL_NO : PL_CTL_FAILED;
    }
    if (pl_conf_parse("proposal", pl_buf_span(&discover->out), &conf, &err))
        return pl_options_failed(&discover->options, "%s", err.text);
    pl_conf_free(conf);
    fputs(discover->out.ptr, stdout);
    if (fflush(stdout) != 0)
        return pl_options_failed(&discover->options, "standard output cannot be written");
    tell_full(discover);
    fputs("next: save it as plateaud.conf, read its comments, then: plateauctl check -c plateaud.conf\n", stderr);
    return PL_CTL_OK;
}

static int read_options(struct discover *discover, int argc, char **argv)
{
    const struct pl_option own[] = {{"--topic", NULL, &discover->topic},
                                    {"--brokers", NULL, &discover->brokers},
                                    {"--records", NULL, &discover->records_text},
                                    {"--seconds", NULL, &discover->seconds_text}};
    const struct pl_options *options = &discover->options;
    int code = pl_options_read(&discover->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    discover->seconds = SECONDS;
    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (discover->records_text && (!pl_num_int(pl_span_of(discover->records_text), &discover->records) ||
                                   discover->records < 1 || discover->records > INT32_MAX))
        return pl_options_wrong(options, "--records is a whole number above 0");
    if (discover->seconds_text && (!pl_num_int(pl_span_of(discover->seconds_text), &discover->seconds) ||
                                   discover->seconds < 1 || discover->seconds > INT32_MAX))
        return pl_options_wrong(options, "--seconds is a whole number above 0");
    if (options->n_args == 0 && !discover->topic)
        return pl_options_wrong(options, "which topic (--topic), or which files?");
    if (options->n_args == 0 && !discover->brokers && !options->conf_given)
        return pl_options_wrong(options, "where is Kafka? --brokers HOST:PORT, or -c FILE");
    if (discover->brokers && options->conf_given)
        return pl_options_wrong(options, "--brokers or -c, not both");
    return PL_OPTIONS_GO_ON;
}

static int run(struct discover *discover)
{
    struct pl_err err = {0};
    enum pl_status status;

    if (discover->options.conf_given && !(discover->conf = pl_options_conf(&discover->options)))
        return PL_CTL_FAILED;
    pl_pseudonym_derive(&discover->pseudonym, "discover");
    discover->fit.hash = hash;
    discover->fit.ctx = &discover->pseudonym;
    status = pl_fit_open(&discover->fit, &err);
    if (!status)
        status = discover->options.n_args ? read_files(discover, &err) : read_kafka(discover, &err);
    return status ? pl_options_failed(&discover->options, "%s", err.text) : print(discover);
}

int pl_ctl_discover(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_stop};
    struct discover *discover = calloc(1, sizeof(*discover));
    int code;

    if (!discover)
        return PL_CTL_FAILED;
    code = read_options(discover, argc, argv);
    if (code == PL_OPTIONS_GO_ON) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        code = run(discover);
    }
    pl_fit_fini(&discover->fit);
    pl_buf_fini(&discover->out);
    pl_conf_free(discover->conf);
    free(discover);
    return code;
}
