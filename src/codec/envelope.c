#include "codec/envelope.h"

#include "util/hash.h"

#include <stdio.h>

#define SOURCE_BYTES 128 /* an instance's name has at most 64 */

void pl_envelope_open(const struct pl_envelope *envelope, struct pl_json *json)
{
    char source[SOURCE_BYTES];

    snprintf(source, sizeof(source), "/plateaud/%s", envelope->instance);
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "specversion", "1.0");
    pl_json_text(json, "id", envelope->id);
    pl_json_text(json, "source", source);
    pl_json_text(json, "type", envelope->type);
    pl_json_text(json, "subject", envelope->subject);
    pl_json_time(json, "time", envelope->time_us);
    pl_json_text(json, "datacontenttype", "application/json");
}

void pl_envelope_labels(struct pl_json *json, const struct pl_label *labels, size_t n, char fingerprint[33])
{
    struct pl_buf text;

    pl_buf_init(&text, 0);
    pl_json_open(json, "labels", '{');
    for (size_t at = 0; at < n; at++) {
        if (labels[at].value[0] == '\0')
            continue;
        pl_json_text(json, labels[at].key, labels[at].value);
        pl_buf_addf(&text, "%s=%s\n", labels[at].key, labels[at].value);
    }
    pl_json_close(json, '}');
    pl_hash_hex128(pl_buf_span(&text), fingerprint);
    pl_buf_fini(&text);
}
