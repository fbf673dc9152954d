/* Control records (design 3) from JSON, and back: plateaud's own format, one object each.
 */
#ifndef PL_CODEC_CONTROL_H
#define PL_CODEC_CONTROL_H

#include "core/control.h"
#include "core/reject.h"
#include "util/buf.h"

/* Parse one record value. record_us is the record's timestamp. PL_ACCEPTED or the reason; *err says which field.
 * result: id (default: experiment), experiment, area, work, start, time, effect and se, or n, means and baseline
 * (conversions: effect = (m_b - m_a)/baseline, se by statistics 1.2), or arms [[effect, se], ...] and shared for
 * several treatment arms; value {effect, se, cov}, units, early, shipped (true), health (true), history. lifecycle:
 * experiment, state, area, work, variants {name: share}, cost, time. core_launch: area, time. history_end: area, time
 * optional. Unknown fields are ignored; times RFC 3339. */
enum pl_reject pl_control_parse(struct pl_span json, int64_t record_us, struct pl_control *control, struct pl_err *err);

/* The same record as one line of JSON without a newline. parse(format(x)) gives x. */
void pl_control_format(const struct pl_control *control, struct pl_buf *out);

#endif
