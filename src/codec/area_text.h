/* What is known of an area as names and short decimal texts: the fields of area:ID in Redis, and of replay's report.
 *
 * Absent rather than null; times as RFC 3339 and, under NAME_ms, in milliseconds.
 */
#ifndef PL_CODEC_AREA_TEXT_H
#define PL_CODEC_AREA_TEXT_H

#include "codec/pairs.h"
#include "core/judge/judge.h"

/* Everything is borrowed. */
struct pl_area_view {
    const struct pl_area_rule *rule;
    const struct pl_area_state *state;
    const struct pl_advice *advice;
    const struct pl_standing *standing;
    const struct pl_ledger *ledger;
    uint32_t area; /* its index, for the ledger's rows */
    int64_t judged_us;
    const struct pl_rules *rules;
};

typedef pl_pairs_fn pl_area_text_fn;

void pl_area_text(const struct pl_area_view *view, pl_pairs_fn emit, void *ctx);

/* PL_MISSING_* bits back from the field `missing`; names of a newer version are passed over. */
unsigned pl_area_text_missing(struct pl_span names);

/* "unknown", "stable", "rising", "falling", "inconclusive": a trend in these fields; "unknown", "delivered",
 * "not_delivered", "gap". */
const char *pl_area_text_trend(enum pl_trend_verdict trend);
const char *pl_area_text_delivery(enum pl_delivery delivery);

#endif
