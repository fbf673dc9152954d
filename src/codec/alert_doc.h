/* The document of one alert edge (design 5): CloudEvents 1.0 in JSON, its data shaped like an alert of Alertmanager.
 *
 * Labels identify (their hash is the fingerprint, the same for firing and resolved), annotations explain, evidence and
 * policy are numbers. Absent rather than null. The shape is promised by conf/alert.schema.json; additive changes only.
 * A pure function of its input, so the edge of a replayed tick is the same document with the same id.
 */
#ifndef PL_CODEC_ALERT_DOC_H
#define PL_CODEC_ALERT_DOC_H

#include "core/judge/advice.h"
#include "core/judge/alert.h"
#include "core/judge/judge.h"
#include "util/buf.h"

struct pl_alert_doc {
    const char *instance;
    const struct pl_area_rule *area;
    const struct pl_alert_edge *edge;
    const struct pl_advice *advice;     /* standing at the edge's tick */
    const struct pl_area_state *state;  /* may be NULL: no evidence */
    const struct pl_rules *rules;       /* names of features and metrics; with the next one */
    const struct pl_standing *standing; /* may be NULL: nothing of features, value and what is taken */
    bool test;                          /* nothing happened: the name says [TEST] */
};

/* 32 hexadecimal digits made of area, rule, epoch, tick and edge. */
void pl_alert_doc_id(const struct pl_alert_doc *doc, char out[33]);

/* "ShiftToCore", "[TEST] ShiftToCore". */
const char *pl_alert_doc_name(const struct pl_alert_doc *doc, char out[PL_NAME_BYTES]);

/* Append the document, one line without a newline. */
void pl_alert_doc_write(const struct pl_alert_doc *doc, struct pl_buf *out);

#endif
