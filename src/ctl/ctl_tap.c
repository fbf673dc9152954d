/* plateauctl tap: what plateaud makes of the events that arrive now. In no group, without any write.
 */
#include "adapter/kafka_tail.h"
#include "adapter/pseudonym.h"
#include "codec/fields.h"
#include "codec/formats.h"
#include "codec/json_out.h"
#include "ctl/ctl.h"
#include "ctl/nearest.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_TIMEOUT_US (10 * PL_SECOND_US)
#define WAIT_US 200000
#define UNIT_SHOWS_BYTES 6
#define NAMES_MAX 512

static const char help[] =
    "examples:\n"
    "  plateauctl tap --limit 20\n"
    "  plateauctl tap events --last 1000 --json | jq .event\n"
    "\n"
    "usage: plateauctl tap [SOURCE] [OPTIONS]\n"
    "\n"
    "Reads the topics of a source (default: the first one) as an onlooker and prints what plateaud would make of each\n"
    "record: an exposure, an action, or the reason why it is not used. At the end, after --limit records or an "
    "interrupt:\n"
    "counts, and names of events that no rule reads, each with the nearest one that some rule reads. User ids are "
    "shown\n"
    "only as the beginning of their hash. Duplicates and late events cannot be told here.\n"
    "\n"
    "  --limit N         stop after so many records\n"
    "  --last N          begin N records back in every partition, not at the end\n"
    "  --json            one JSON object per event, and one with the counts\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 stopped; 1 there is no such source; 2 Kafka cannot be read; 64 usage\n";

struct tap {
    struct pl_options options;
    const char *limit_text, *last_text;
    int64_t limit, last;
    struct pl_conf *conf;
    const struct pl_conf_source *source;
    struct pl_decoder *decoder;
    struct pl_fields *fields; /* reads the name of an event that the decoder had no use for */
    unsigned name_field;
    struct pl_pseudonym pseudonym;
    struct pl_kafka_tail *tail;
    struct pl_look look;
    struct pl_buf out;
    uint64_t records, exposures, actions, unmatched, excluded, rejected[PL_REJECT_COUNT];
    struct pl_names *names; /* that no rule reads */
    uint64_t seen[NAMES_MAX], other_names;
};

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
    (void)number;
    stopping = 1;
}

static enum pl_status open_fields(struct tap *tap, struct pl_err *err)
{
    struct pl_format format;
    enum pl_status status = pl_format_load(tap->source->format, &format, err);
    const char *path;

    if (status)
        return status;
    path = tap->source->event ? tap->source->event : format.event;
    tap->fields = pl_fields_new();
    if (!tap->fields || !path)
        status = pl_err_set(err, PL_ERR_NOMEM, "no memory for a format");
    else
        status = pl_fields_add(tap->fields, pl_span_of(path), false, &tap->name_field, err);
    pl_format_fini(&format);
    return status;
}

static enum pl_status open_all(struct tap *tap, struct pl_err *err)
{
    enum pl_status status = pl_decoder_new(tap->source, tap->conf->rules, &tap->decoder, err);

    if (!status)
        status = open_fields(tap, err);
    if (!status && tap->conf->hash_key_file)
        status = pl_pseudonym_load(&tap->pseudonym, tap->conf->hash_key_file, err);
    else if (!status)
        pl_pseudonym_derive(&tap->pseudonym, tap->conf->instance);
    tap->names = pl_names_new(NAMES_MAX);
    if (!status && !tap->names)
        status = pl_err_set(err, PL_ERR_NOMEM, "no memory");
    if (!status)
        status = pl_kafka_tail_new(tap->conf, &tap->tail, err);
    for (unsigned at = 0; at < tap->source->n_topics && !status; at++)
        status = pl_kafka_tail_add(tap->tail, tap->source->topics[at], (unsigned)tap->last, TOPIC_TIMEOUT_US, err);
    return status;
}

/* The name of the event in a record; empty when it cannot be read. */
static struct pl_span name_of(struct tap *tap, const struct pl_record *record)
{
    const struct pl_fields_input input = {record->value, record->key, record->topic};
    struct pl_value value;

    if (pl_fields_read(tap->fields, &input) || pl_fields_get(tap->fields, tap->name_field, &value) ||
        value.type != PL_VALUE_STRING)
        return (struct pl_span){NULL, 0};
    return value.text;
}

static void note_unmatched(struct tap *tap, struct pl_span name)
{
    uint32_t id = pl_names_add(tap->names, name);

    tap->unmatched++;
    if (id == PL_NAMES_NONE)
        tap->other_names++;
    else
        tap->seen[id]++;
}

/* Foreign text for a terminal: control bytes as ?. */
static void add_safe(struct pl_buf *out, struct pl_span text)
{
    for (size_t at = 0; at < text.len; at++)
        pl_buf_add_char(out, (unsigned char)text.ptr[at] < 0x20 || text.ptr[at] == 0x7f ? '?' : text.ptr[at]);
}

static void text_of_span(struct pl_json *json, const char *key, struct pl_span text)
{
    char *copy = pl_span_dup(text);

    if (copy)
        pl_json_text(json, key, copy);
    free(copy);
}

static void print_event(struct tap *tap, const struct pl_decoded *decoded, struct pl_span name)
{
    struct pl_unit_id unit = pl_pseudonym_of(&tap->pseudonym, decoded->unit);
    const struct pl_event *event = &decoded->event;
    bool exposure = event->kind == PL_EVENT_EXPOSURE, unread = !exposure && event->action == PL_NAMES_NONE;
    const char *kind = exposure ? "exposure" : unread ? "unmatched" : "action";
    char stamp[PL_STAMP_BYTES], hash[16];

    snprintf(hash, sizeof(hash), "%08" PRIx64, unit.high >> 32);
    pl_buf_clear(&tap->out);
    if (tap->options.json) {
        struct pl_json json = pl_json_to(&tap->out);

        pl_json_open(&json, NULL, '{');
        pl_json_text(&json, "kind", kind);
        pl_json_time(&json, "time", event->time_us);
        pl_json_text(&json, "unit", hash);
        text_of_span(&json, exposure ? "experiment" : "event", exposure ? event->experiment : name);
        if (exposure)
            text_of_span(&json, "variant", event->variant);
        pl_json_close(&json, '}');
    } else {
        pl_buf_addf(&tap->out, "%-24s  %s  ", pl_stamp_format(event->time_us, stamp), hash);
        pl_table_ink(&tap->out, tap->look, unread ? PL_INK_FAINT : PL_INK_NONE, kind);
        pl_buf_add_text(&tap->out, "  ");
        add_safe(&tap->out, exposure ? event->experiment : name);
        if (exposure) {
            pl_buf_add_text(&tap->out, " = ");
            add_safe(&tap->out, event->variant);
        }
    }
    if (tap->out.ptr)
        puts(tap->out.ptr);
}

static void print_reject(const struct tap *tap, const struct pl_record *record, enum pl_reject reason)
{
    int len = (int)record->topic.len;

    if (tap->options.json)
        printf("{\"kind\":\"rejected\",\"reason\":\"%s\",\"topic\":\"%.*s\",\"partition\":%" PRId32
               ",\"offset\":%" PRId64 "}\n",
               pl_reject_name(reason), len, record->topic.ptr, record->partition, record->offset);
    else
        printf("%-24s  %-8s  not used: %s (%s), %.*s partition %" PRId32 " offset %" PRId64 "\n", "", "",
               pl_reject_name(reason), pl_reject_help(reason), len, record->topic.ptr, record->partition,
               record->offset);
}

/* Some trackers write who it was into the name of the event; ids so short that any name may hold them are left alone.
 */
static struct pl_span without_unit(struct pl_span name, struct pl_span unit)
{
    if (unit.len >= UNIT_SHOWS_BYTES && name.len && memmem(name.ptr, name.len, unit.ptr, unit.len))
        return pl_span_of("(a name with the user's id in it)");
    return name;
}

static void take(struct tap *tap, const struct pl_record *record)
{
    static struct pl_decoded decoded[PL_DECODED_MAX];
    enum pl_reject reason;
    unsigned n = 0;

    tap->records++;
    reason = pl_decode(tap->decoder, record, decoded, &n);
    if (reason) {
        tap->rejected[reason]++;
        print_reject(tap, record, reason);
    }
    tap->excluded += !reason && n == 0;
    for (unsigned at = 0; !reason && at < n; at++) {
        struct pl_span name = without_unit(name_of(tap, record), decoded[at].unit);

        if (decoded[at].event.kind == PL_EVENT_EXPOSURE)
            tap->exposures++;
        else if (decoded[at].event.action == PL_NAMES_NONE)
            note_unmatched(tap, name);
        else
            tap->actions++;
        print_event(tap, &decoded[at], name);
    }
}

static void json_counts(const struct tap *tap, struct pl_json *json)
{
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "kind", "counts");
    pl_json_int(json, "records", (int64_t)tap->records);
    pl_json_int(json, "exposures", (int64_t)tap->exposures);
    pl_json_int(json, "actions", (int64_t)tap->actions);
    pl_json_int(json, "unmatched", (int64_t)tap->unmatched);
    pl_json_int(json, "excluded", (int64_t)tap->excluded);
    pl_json_open(json, "rejected", '{');
    for (int reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++)
        if (tap->rejected[reason])
            pl_json_int(json, pl_reject_name((enum pl_reject)reason), (int64_t)tap->rejected[reason]);
    pl_json_close(json, '}');
    pl_json_open(json, "names", '[');
    for (uint32_t id = 0; id < pl_names_count(tap->names); id++) {
        const char *name = pl_names_text(tap->names, id);
        const char *nearest = pl_nearest_name(tap->conf->rules->actions, pl_span_of(name));

        pl_json_open(json, NULL, '{');
        pl_json_text(json, "event", name);
        pl_json_int(json, "count", (int64_t)tap->seen[id]);
        if (nearest)
            pl_json_text(json, "nearest", nearest);
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
    pl_json_close(json, '}');
}

static void text_counts(const struct tap *tap, struct pl_buf *out)
{
    struct pl_table table = {.n_columns = 3, .right = 1u, .look = tap->look};

    pl_buf_addf(out,
                "\n%" PRIu64 " records: %" PRIu64 " exposures, %" PRIu64 " actions, %" PRIu64
                " of no use to any rule, %" PRIu64 " that the format excludes\n",
                tap->records, tap->exposures, tap->actions, tap->unmatched, tap->excluded);
    for (int reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++) {
        if (tap->rejected[reason] == 0)
            continue;
        pl_table_cell(&table, PL_INK_BAD, "%" PRIu64, tap->rejected[reason]);
        pl_table_cell(&table, PL_INK_NONE, "%s", pl_reject_name((enum pl_reject)reason));
        pl_table_cell(&table, PL_INK_NONE, "%s", pl_reject_help((enum pl_reject)reason));
    }
    for (uint32_t id = 0; id < pl_names_count(tap->names); id++) {
        const char *name = pl_names_text(tap->names, id);
        const char *nearest = pl_nearest_name(tap->conf->rules->actions, pl_span_of(name));
        struct pl_buf safe = {0};

        add_safe(&safe, pl_span_of(name));
        pl_table_cell(&table, PL_INK_NONE, "%" PRIu64, tap->seen[id]);
        pl_table_cell(&table, PL_INK_NONE, "%s", safe.ptr ? safe.ptr : "");
        pl_table_cell(&table, nearest ? PL_INK_WARN : PL_INK_NONE, "no rule reads it%s%s%s",
                      nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
        pl_buf_fini(&safe);
    }
    pl_table_write(&table, 2, out);
    if (tap->other_names)
        pl_buf_addf(out, "  and %" PRIu64 " events of more than %d other names\n", tap->other_names, NAMES_MAX);
    pl_table_fini(&table);
}

static void print_counts(struct tap *tap)
{
    struct pl_json json = pl_json_to(&tap->out);

    pl_buf_clear(&tap->out);
    if (tap->options.json) {
        json_counts(tap, &json);
        pl_buf_add_char(&tap->out, '\n');
    } else {
        text_counts(tap, &tap->out);
    }
    if (pl_buf_ok(&tap->out) && tap->out.ptr)
        fputs(tap->out.ptr, stdout);
}

static int run(struct tap *tap)
{
    struct pl_kafka_tail_taken taken;
    struct pl_err err = {0};
    enum pl_status status = open_all(tap, &err);

    if (!status)
        fprintf(stderr, "reading %u topics of source %s; stop with Ctrl-C\n", tap->source->n_topics, tap->source->name);
    while (!status && !stopping && (tap->limit == 0 || (int64_t)tap->records < tap->limit)) {
        status = pl_kafka_tail_next(tap->tail, WAIT_US, &taken, &err);
        if (status || !taken.message) {
            fflush(stdout);
            continue;
        }
        take(tap, &taken.record);
        pl_kafka_tail_release(taken.message);
    }
    if (tap->records)
        print_counts(tap);
    return status ? pl_options_failed(&tap->options, "%s", err.text) : PL_CTL_OK;
}

static int read_options(struct tap *tap, int argc, char **argv)
{
    const struct pl_option own[] = {{"--limit", NULL, &tap->limit_text}, {"--last", NULL, &tap->last_text}};
    int code = pl_options_read(&tap->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (tap->options.n_args > 1)
        return pl_options_wrong(&tap->options, "one source at a time");
    if (tap->limit_text && (!pl_num_int(pl_span_of(tap->limit_text), &tap->limit) || tap->limit < 1))
        return pl_options_wrong(&tap->options, "--limit is a whole number above 0");
    if (tap->last_text &&
        (!pl_num_int(pl_span_of(tap->last_text), &tap->last) || tap->last < 0 || tap->last > INT32_MAX))
        return pl_options_wrong(&tap->options, "--last is a whole number");
    return PL_OPTIONS_GO_ON;
}

/* The source of this name, or the first. */
static int choose(struct tap *tap)
{
    const char *name = tap->options.n_args ? tap->options.args[0] : NULL;

    for (unsigned at = 0; at < tap->conf->n_sources && !tap->source; at++)
        if (!name || strcmp(tap->conf->sources[at].name, name) == 0)
            tap->source = &tap->conf->sources[at];
    if (tap->source)
        return run(tap);
    (void)pl_options_failed(&tap->options, "there is no source%s%s", name ? " " : "", name ? name : "");
    return PL_CTL_NO;
}

int pl_ctl_tap(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_stop};
    struct tap *tap = calloc(1, sizeof(*tap));
    int code;

    if (!tap)
        return PL_CTL_FAILED;
    code = read_options(tap, argc, argv);
    if (code == PL_OPTIONS_GO_ON) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        tap->look = pl_table_look(tap->options.no_color);
        tap->conf = pl_options_conf(&tap->options);
        code = tap->conf ? choose(tap) : PL_CTL_FAILED;
    }
    pl_kafka_tail_free(tap->tail);
    pl_fields_free(tap->fields);
    pl_decoder_free(tap->decoder);
    pl_names_free(tap->names);
    pl_buf_fini(&tap->out);
    pl_conf_free(tap->conf);
    free(tap);
    return code;
}
