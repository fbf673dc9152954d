#include "codec/input_doc.h"

#include "codec/envelope.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES 512

const char *pl_input_doc_status(const struct pl_input_edge *edge)
{
    return edge->resolved ? "resolved" : "firing";
}

void pl_input_doc_id(const struct pl_input_edge *edge, char out[33])
{
    char text[TEXT_BYTES];
    int len = snprintf(text, sizeof(text), PL_INPUT_DOC_AREA "|" PL_INPUT_DOC_NAME "|%" PRId64 "|%s", edge->tick_us,
                       pl_input_doc_status(edge));

    pl_hash_hex128((struct pl_span){text, (size_t)len}, out);
}

static void write_labels(const char *instance, struct pl_json *json, char fingerprint[33])
{
    const struct pl_label labels[] = {
        {"alertname", PL_INPUT_DOC_NAME},
        {"area", PL_INPUT_DOC_AREA},
        {"instance", instance},
        {"severity", PL_INPUT_DOC_SEVERITY},
    };

    pl_envelope_labels(json, labels, sizeof(labels) / sizeof(*labels), fingerprint);
}

static void describe(const struct pl_input_edge *edge, struct pl_buf *text)
{
    int days = (int)(edge->forget_us / PL_DAY_US);

    if (edge->resolved) {
        pl_buf_addf(text,
                    "None of %" PRIu32 " users looked at had events in more than one partition in the last %d days. "
                    "Verdicts are given again.",
                    edge->view.sampled, days);
        return;
    }
    pl_buf_addf(text,
                "Of %" PRIu32 " users looked at, %" PRIu32
                " had events in more than one partition in the last %d days. "
                "Each is counted as several users, so no area has a verdict.",
                edge->view.sampled, edge->view.shared, days);
    if (edge->view.shared == 1)
        pl_buf_add_text(text,
                        " It is one id only: it may be a placeholder that many users share, such as \"unknown\".");
}

static const char *action_of(const struct pl_input_edge *edge)
{
    if (edge->resolved)
        return "Nothing to do. What was counted while the input was not keyed by user stays in the figures of that "
               "time.";
    if (edge->view.shared == 1)
        return "Find the id that producers of several partitions send, and leave it out, or key every source topic by "
               "the user id; then use a new instance name, or wait until the days that are looked at are over.";
    return "Key every source topic by the user id, and let all producers choose partitions alike (librdkafka: "
           "partitioner=murmur2_random, as Java has it); then use a new instance name, or wait until the days that are "
           "looked at are over.";
}

static void write_annotations(const struct pl_input_edge *edge, struct pl_json *json)
{
    struct pl_buf text = {0};

    describe(edge, &text);
    pl_json_open(json, "annotations", '{');
    pl_json_text(json, "summary",
                 edge->resolved ? "No longer: all areas: users have events in more than one partition"
                                : "all areas: users have events in more than one partition");
    if (pl_buf_ok(&text) && text.ptr)
        pl_json_text(json, "description", text.ptr);
    pl_json_text(json, "action", action_of(edge));
    pl_json_close(json, '}');
    pl_buf_fini(&text);
}

static void write_data(const char *instance, const struct pl_input_edge *edge, struct pl_json *json)
{
    char fingerprint[33];

    pl_json_open(json, "data", '{');
    pl_json_text(json, "status", pl_input_doc_status(edge));
    write_labels(instance, json, fingerprint);
    write_annotations(edge, json);
    pl_json_time(json, "startsAt", edge->starts_us);
    if (edge->resolved)
        pl_json_time(json, "endsAt", edge->tick_us);
    pl_json_text(json, "fingerprint", fingerprint);
    pl_json_text(json, "verdict", "NO_VERDICT");
    pl_json_text(json, "previous", "NO_VERDICT");
    pl_json_open(json, "conditions", '[');
    pl_json_close(json, ']');
    pl_json_open(json, "evidence", '{');
    pl_json_int(json, "users_looked_at", edge->view.sampled);
    pl_json_int(json, "users_in_several_partitions", edge->view.shared);
    pl_json_close(json, '}');
    pl_json_open(json, "policy", '{');
    pl_json_number(json, "days_looked_at", (double)edge->forget_us / (double)PL_DAY_US);
    pl_json_close(json, '}');
    pl_json_close(json, '}');
}

void pl_input_doc_write(const char *instance, const struct pl_input_edge *edge, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);
    char id[33];
    const struct pl_envelope envelope = {instance, id, "plateaud.alert.v1", "area/" PL_INPUT_DOC_AREA, edge->tick_us};

    pl_input_doc_id(edge, id);
    pl_envelope_open(&envelope, &json);
    write_data(instance, edge, &json);
    pl_json_close(&json, '}');
}
