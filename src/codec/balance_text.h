/* The balance of an area's work as names and short decimal texts: the fields of balance:ID in Redis, and of replay's
 * report. Absent rather than null.
 */
#ifndef PL_CODEC_BALANCE_TEXT_H
#define PL_CODEC_BALANCE_TEXT_H

#include "codec/area_text.h"
#include "core/judge/balance.h"

/* state gives the last quarter of a holdout. */
void pl_balance_text(const struct pl_balance *balance, const struct pl_area_state *state, pl_area_text_fn emit,
                     void *ctx);

#endif
