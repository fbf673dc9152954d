#include "codec/decode.h"

#include "codec/fields.h"
#include "codec/formats.h"
#include "codec/moment.h"
#include "util/num.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UNIT_BYTES_MAX 256
#define ID_BYTES_MAX 256
#define NONE UINT_MAX /* the format does not have this field or condition */

struct pl_decoder {
    const struct pl_rules *rules; /* ref: outlives us */
    struct pl_fields *fields;     /* owned */
    unsigned when, exposure_when; /* conditions */
    unsigned event, time, unit, id, experiment, variant;
    unsigned values[PL_EVENT_VALUES];
    bool unit_number;
    uint32_t *reads;   /* owned: by action, bit v: some metric of it reads value v */
    char position[48]; /* identity of a record without id */
};

/* What a record says, before it becomes events. */
struct parts {
    struct pl_span name, unit, id, experiment, variant;
    int64_t time_us;
    bool exposure;
};

static enum pl_status add_field(struct pl_decoder *decoder, const char *what, const char *text, unsigned *field,
                                struct pl_err *err)
{
    enum pl_status status;

    *field = NONE;
    if (!text)
        return PL_OK;
    status = pl_fields_add(decoder->fields, pl_span_of(text), strcmp(what, "time") == 0, field, err);
    if (status)
        pl_err_prefix(err, "%s: ", what);
    return status;
}

static enum pl_status add_condition(struct pl_decoder *decoder, const char *what, const char *text, unsigned *condition,
                                    struct pl_err *err)
{
    enum pl_status status;

    *condition = NONE;
    if (!text)
        return PL_OK;
    status = pl_fields_add_condition(decoder->fields, pl_span_of(text), condition, err);
    if (status)
        pl_err_prefix(err, "%s: ", what);
    return status;
}

static const char *either(const char *own, const char *preset)
{
    return own ? own : preset;
}

static enum pl_status add_fields(struct pl_decoder *decoder, const struct pl_conf_source *source,
                                 const struct pl_format *format, struct pl_err *err)
{
    const struct {
        const char *what, *text;
        unsigned *field;
    } rows[] = {
        {"event", either(source->event, format->event), &decoder->event},
        {"time", either(source->time, format->time), &decoder->time},
        {"unit", either(source->unit, format->unit), &decoder->unit},
        {"id", either(source->id, format->id), &decoder->id},
        {"experiment", either(source->experiment, format->experiment), &decoder->experiment},
        {"variant", either(source->variant, format->variant), &decoder->variant},
    };
    enum pl_status status = add_condition(
        decoder, "exposure_when", either(source->exposure_when, format->exposure_when), &decoder->exposure_when, err);

    if (!status)
        status = add_condition(decoder, "when", either(source->when, format->when), &decoder->when, err);
    for (size_t at = 0; !status && at < sizeof(rows) / sizeof(*rows); at++)
        status = add_field(decoder, rows[at].what, rows[at].text, rows[at].field, err);
    if (status)
        return status;
    if (decoder->event == NONE || decoder->unit == NONE)
        return pl_err_set(err, PL_ERR_INPUT, "a format needs `event` and `unit`");
    if (decoder->exposure_when != NONE && (decoder->experiment == NONE || decoder->variant == NONE))
        return pl_err_set(err, PL_ERR_INPUT, "`exposure_when` needs `experiment` and `variant`");
    return PL_OK;
}

/* Value paths continue the format's `properties`. */
static enum pl_status add_values(struct pl_decoder *decoder, const char *properties, struct pl_err *err)
{
    struct pl_buf text;
    enum pl_status status = PL_OK;

    pl_buf_init(&text, 0);
    for (unsigned at = 0; !status && at < decoder->rules->n_values; at++) {
        const char *path = decoder->rules->value_paths[at];

        pl_buf_clear(&text);
        if (properties)
            pl_buf_addf(&text, "%s%s", properties, path[0] == '[' ? "" : ".");
        pl_buf_add_text(&text, path);
        status = pl_buf_ok(&text) ? add_field(decoder, path, text.ptr, &decoder->values[at], err)
                                  : pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    }
    pl_buf_fini(&text);
    return status;
}

/* Which values does each action need? One that no metric of the action reads may be anything. */
static enum pl_status add_reads(struct pl_decoder *decoder, struct pl_err *err)
{
    const struct pl_rules *rules = decoder->rules;
    uint32_t n_actions = pl_names_count(rules->actions);

    decoder->reads = calloc(n_actions + 1, sizeof(*decoder->reads));
    if (!decoder->reads)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    for (uint32_t action = 0; action < n_actions; action++) {
        const struct pl_action_rule *rule = &rules->by_action[action];

        for (unsigned at = 0; at < rule->n_metrics; at++) {
            uint32_t value = rules->metrics[rule->metrics[at]].value;

            if (value < PL_EVENT_VALUES)
                decoder->reads[action] |= UINT32_C(1) << value;
        }
    }
    return PL_OK;
}

static enum pl_status build(struct pl_decoder *decoder, const struct pl_conf_source *source, struct pl_err *err)
{
    struct pl_format format;
    enum pl_status status = pl_format_load(source->format ? source->format : "segment", &format, err);

    if (status)
        return status;
    decoder->unit_number = format.unit_number;
    status = add_fields(decoder, source, &format, err);
    if (!status)
        status = add_values(decoder, format.properties, err);
    if (!status)
        status = add_reads(decoder, err);
    pl_format_fini(&format);
    return status;
}

enum pl_status pl_decoder_new(const struct pl_conf_source *source, const struct pl_rules *rules,
                              struct pl_decoder **decoder, struct pl_err *err)
{
    enum pl_status status = PL_ERR_NOMEM;

    *decoder = calloc(1, sizeof(**decoder));
    if (*decoder)
        (*decoder)->fields = pl_fields_new();
    if (!*decoder || !(*decoder)->fields) {
        (void)pl_err_set(err, status, "out of memory");
    } else {
        (*decoder)->rules = rules;
        status = build(*decoder, source, err);
    }
    if (status) {
        pl_err_prefix(err, "source %s: ", source->name);
        pl_decoder_free(*decoder);
        *decoder = NULL;
    }
    return status;
}

void pl_decoder_free(struct pl_decoder *decoder)
{
    if (!decoder)
        return;
    pl_fields_free(decoder->fields);
    free(decoder->reads);
    free(decoder);
}

enum pl_status pl_decoder_check(const struct pl_conf *conf, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned at = 0; at < conf->n_sources && !status; at++) {
        struct pl_decoder *decoder;

        status = pl_decoder_new(&conf->sources[at], conf->rules, &decoder, err);
        pl_decoder_free(decoder);
    }
    return status;
}

/* A field of text: TYPE for another JSON type; absent gives a span without bytes. */
static enum pl_reject get_text(struct pl_decoder *decoder, unsigned field, struct pl_span *text)
{
    struct pl_value value = {0};
    enum pl_reject reason = field == NONE ? PL_ACCEPTED : pl_fields_get(decoder->fields, field, &value);

    *text = value.text;
    if (!reason && value.type != PL_VALUE_ABSENT && value.type != PL_VALUE_STRING)
        reason = PL_REJECT_TYPE;
    return reason;
}

/* Ids that SDKs and services write when they have none (ecosystem.md 1.4). */
static bool is_placeholder(struct pl_span unit)
{
    static const char *const words[] = {
        "anon",      "anonymous", "nil", "none",   "null", "n/a", "na",
        "undefined", "unknown",   "{}",  "lmy47d", "0",    "-1",  "00000000-0000-0000-0000-000000000000"};

    if (unit.len > strlen("undefined") && unit.len != 36)
        return false;
    for (size_t at = 0; at < sizeof(words) / sizeof(*words); at++)
        if (strlen(words[at]) == unit.len && strncasecmp(words[at], unit.ptr, unit.len) == 0)
            return true;
    return false;
}

static bool has_control_byte(struct pl_span text)
{
    for (size_t at = 0; at < text.len; at++)
        if ((unsigned char)text.ptr[at] < 0x20 || text.ptr[at] == 0x7f)
            return true;
    return false;
}

static enum pl_reject get_unit(struct pl_decoder *decoder, struct pl_span *unit)
{
    struct pl_value value;
    enum pl_reject reason = pl_fields_get(decoder->fields, decoder->unit, &value);

    *unit = value.text;
    if (reason)
        return reason;
    if (value.type == PL_VALUE_ABSENT)
        return PL_REJECT_MISSING_UNIT;
    if (value.type != PL_VALUE_STRING && !(value.type == PL_VALUE_NUMBER && decoder->unit_number))
        return PL_REJECT_TYPE;
    if (unit->len > UNIT_BYTES_MAX)
        return PL_REJECT_UNIT_TOO_LONG;
    if (pl_span_trim(*unit).len == 0)
        return PL_REJECT_MISSING_UNIT;
    if (has_control_byte(*unit))
        return PL_REJECT_CONTROL;
    return is_placeholder(*unit) ? PL_REJECT_PLACEHOLDER_UNIT : PL_ACCEPTED;
}

static enum pl_reject get_id(struct pl_decoder *decoder, const struct pl_record *record, struct pl_span *id)
{
    enum pl_reject reason = get_text(decoder, decoder->id, id);

    if (reason)
        return reason;
    if (id->len > ID_BYTES_MAX)
        return PL_REJECT_BAD_ID;
    if (id->len == 0) {
        id->ptr = decoder->position;
        id->len = (size_t)snprintf(decoder->position, sizeof(decoder->position), "#%" PRId32 ":%" PRId64,
                                   record->partition, record->offset);
    }
    return PL_ACCEPTED;
}

/* The smaller of event time and record timestamp: a device clock that runs ahead does no harm (design 3). */
static enum pl_reject get_time(struct pl_decoder *decoder, const struct pl_record *record, int64_t *time_us)
{
    bool stamped = record->timestamp_us >= 0;
    struct pl_value value = {0};
    enum pl_reject reason = PL_ACCEPTED;

    *time_us = record->timestamp_us;
    if (decoder->time != NONE)
        reason = pl_fields_get(decoder->fields, decoder->time, &value);
    if (reason)
        return reason;
    if (value.type == PL_VALUE_ABSENT)
        return stamped ? PL_ACCEPTED : PL_REJECT_MISSING_TIME;
    reason = pl_moment_read(&value, time_us);
    if (reason || !stamped)
        return reason;
    if (*time_us > record->timestamp_us + PL_FUTURE_US)
        return PL_REJECT_FUTURE;
    if (*time_us > record->timestamp_us)
        *time_us = record->timestamp_us;
    return PL_ACCEPTED;
}

/* A name of an experiment or variant: a string, an integer as written, and for variants true and false. */
static enum pl_reject get_name(struct pl_decoder *decoder, unsigned field, bool variant, struct pl_span *name)
{
    struct pl_value value;
    enum pl_reject reason = pl_fields_get(decoder->fields, field, &value);
    int64_t number;

    *name = value.text;
    if (reason)
        return reason;
    if (value.type == PL_VALUE_ABSENT)
        return variant ? PL_REJECT_MISSING_VARIANT : PL_REJECT_MISSING_EXPERIMENT;
    if (value.type != PL_VALUE_STRING && !(value.type == PL_VALUE_NUMBER && pl_num_int(*name, &number)) &&
        !(variant && (value.type == PL_VALUE_TRUE || value.type == PL_VALUE_FALSE)))
        return PL_REJECT_TYPE;
    return pl_span_is_name(*name) ? PL_ACCEPTED : PL_REJECT_BAD_NAME;
}

static enum pl_reject get_exposure(struct pl_decoder *decoder, struct parts *parts)
{
    enum pl_reject reason = PL_ACCEPTED;

    parts->exposure = false;
    if (decoder->exposure_when != NONE)
        reason = pl_fields_holds(decoder->fields, decoder->exposure_when, &parts->exposure);
    if (!reason && parts->exposure)
        reason = get_name(decoder, decoder->experiment, false, &parts->experiment);
    if (!reason && parts->exposure)
        reason = get_name(decoder, decoder->variant, true, &parts->variant);
    return reason;
}

static enum pl_reject get_parts(struct pl_decoder *decoder, const struct pl_record *record, struct parts *parts)
{
    enum pl_reject reason = get_text(decoder, decoder->event, &parts->name);

    if (!reason && parts->name.len == 0)
        reason = PL_REJECT_MISSING_EVENT;
    if (!reason)
        reason = get_unit(decoder, &parts->unit);
    if (!reason)
        reason = get_id(decoder, record, &parts->id);
    if (!reason)
        reason = get_time(decoder, record, &parts->time_us);
    if (!reason)
        reason = get_exposure(decoder, parts);
    return reason;
}

static enum pl_reject get_values(struct pl_decoder *decoder, uint32_t wanted, struct pl_event *event)
{
    for (unsigned at = 0; wanted; at++, wanted >>= 1) {
        struct pl_value value;
        enum pl_reject reason;

        if (!(wanted & 1))
            continue;
        reason = pl_fields_get(decoder->fields, decoder->values[at], &value);
        if (reason)
            return reason;
        if (value.type == PL_VALUE_ABSENT)
            continue;
        if (value.type != PL_VALUE_NUMBER)
            return PL_REJECT_TYPE;
        if (!pl_num_micro(value.text, &event->value_micro[at], NULL))
            return PL_REJECT_NUMBER;
        event->has_value |= UINT32_C(1) << at;
    }
    return PL_ACCEPTED;
}

static void put_event(const struct pl_record *record, const struct parts *parts, enum pl_event_kind kind,
                      uint32_t action, struct pl_decoded *out)
{
    struct pl_span name = kind == PL_EVENT_EXPOSURE ? parts->experiment : parts->name;

    *out = (struct pl_decoded){.unit = parts->unit};
    out->event.kind = kind;
    out->event.time_us = parts->time_us;
    out->event.offset = record->offset;
    out->event.action = action;
    if (kind == PL_EVENT_EXPOSURE || action != PL_NAMES_NONE)
        out->event.identity = pl_event_identity(record->topic, parts->id, kind, name);
}

/* An exposure is an action too when a rule reads its name. */
static enum pl_reject put_events(struct pl_decoder *decoder, const struct pl_record *record, const struct parts *parts,
                                 struct pl_decoded *out, unsigned *n)
{
    uint32_t action = pl_names_find(decoder->rules->actions, parts->name);
    unsigned made = 0;

    if (parts->exposure) {
        put_event(record, parts, PL_EVENT_EXPOSURE, PL_NAMES_NONE, &out[made]);
        out[made].event.experiment = parts->experiment;
        out[made++].event.variant = parts->variant;
    }
    if (action != PL_NAMES_NONE || !parts->exposure)
        put_event(record, parts, PL_EVENT_ACTION, action, &out[made++]);
    *n = made;
    return action == PL_NAMES_NONE ? PL_ACCEPTED : get_values(decoder, decoder->reads[action], &out[made - 1].event);
}

enum pl_reject pl_decode(struct pl_decoder *decoder, const struct pl_record *record,
                         struct pl_decoded out[PL_DECODED_MAX], unsigned *n)
{
    const struct pl_fields_input input = {record->value, record->key, record->topic};
    enum pl_reject reason = record->is_null ? PL_REJECT_TOMBSTONE : pl_fields_read(decoder->fields, &input);
    bool wanted = true;
    struct parts parts;

    *n = 0;
    if (!reason && decoder->when != NONE)
        reason = pl_fields_holds(decoder->fields, decoder->when, &wanted);
    if (reason || !wanted)
        return reason;
    reason = get_parts(decoder, record, &parts);
    if (!reason)
        reason = put_events(decoder, record, &parts, out, n);
    if (reason)
        *n = 0;
    return reason;
}

uint64_t pl_decoder_slow(const struct pl_decoder *decoder)
{
    return pl_fields_slow(decoder->fields);
}
