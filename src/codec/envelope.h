/* What every document of plateaud's stream begins with: the members of a CloudEvents 1.0 envelope, and the labels of
 * its data with their fingerprint (design 5).
 *
 * Pure; writes onto a pl_json (json_out.h).
 */
#ifndef PL_CODEC_ENVELOPE_H
#define PL_CODEC_ENVELOPE_H

#include "codec/json_out.h"

#include <stddef.h>

struct pl_envelope {
    const char *instance;
    const char *id;
    const char *type;    /* plateaud.alert.v1 */
    const char *subject; /* area/checkout */
    int64_t time_us;
};

/* Opens the document and writes all members but `data`, which the caller writes before it closes the document. */
void pl_envelope_open(const struct pl_envelope *envelope, struct pl_json *json);

struct pl_label {
    const char *key, *value; /* those without a value ("") are left out */
};

/* The member `labels`; they stand in order of their names, because the fingerprint is a hash of what is written here.
 */
void pl_envelope_labels(struct pl_json *json, const struct pl_label *labels, size_t n, char fingerprint[33]);

#endif
