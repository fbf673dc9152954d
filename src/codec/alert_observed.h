/* What an alert says of features, of the value users get and of what is taken from them: parts of alert_doc.h's
 * document (design 5). Nothing when the document has no standing, or nothing was looked at.
 */
#ifndef PL_CODEC_ALERT_OBSERVED_H
#define PL_CODEC_ALERT_OBSERVED_H

#include "codec/alert_doc.h"
#include "codec/json_out.h"

/* Sentences after the evidence: the features to deliver, or what is taken and what falls. */
void pl_alert_observed_describe(const struct pl_alert_doc *doc, struct pl_buf *out);

/* One condition of the array, and those of DELIVER_EXISTING and DERIVING, which are met by nature. */
void pl_alert_observed_condition(struct pl_json *json, const char *name, bool met, const char *text);
void pl_alert_observed_conditions(const struct pl_alert_doc *doc, struct pl_json *json);

/* Numbers of the object `evidence`. */
void pl_alert_observed_evidence(const struct pl_alert_doc *doc, struct pl_json *json);

/* The arrays `features` (those with gaps) and `taken` (metrics of role derive). */
void pl_alert_observed_lists(const struct pl_alert_doc *doc, struct pl_json *json);

#endif
