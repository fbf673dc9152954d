/* The document of the one alert of plateaud's own health that is about the input as a whole: it is not keyed by user.
 *
 * The form is that of alert_doc.h, so whoever reads alerts can read it: severity critical, area "*" (all of them), no
 * owner, verdict NO_VERDICT, numbers of the sample as evidence. Users are named by count only.
 */
#ifndef PL_CODEC_INPUT_DOC_H
#define PL_CODEC_INPUT_DOC_H

#include "core/judge/judge.h"
#include "util/buf.h"

#define PL_INPUT_DOC_NAME "InputNotKeyedByUser"
#define PL_INPUT_DOC_AREA "*"
#define PL_INPUT_DOC_SEVERITY "critical"

/* "firing" or "resolved". */
const char *pl_input_doc_status(const struct pl_input_edge *edge);

/* 32 hexadecimal digits, the same for the same edge. */
void pl_input_doc_id(const struct pl_input_edge *edge, char out[33]);

/* Append the document, one line without a newline. */
void pl_input_doc_write(const char *instance, const struct pl_input_edge *edge, struct pl_buf *out);

#endif
