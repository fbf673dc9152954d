/* A funnel as names and short decimal texts: the fields of funnel:ID in Redis, and of replay's report.
 */
#ifndef PL_CODEC_FUNNEL_TEXT_H
#define PL_CODEC_FUNNEL_TEXT_H

#include "codec/pairs.h"
#include "core/judge/judge.h"

/* Of the spans of core/judge/figures.h at this tick. */
void pl_funnel_text(const struct pl_judge *judge, uint32_t funnel, int64_t judged_us, pl_pairs_fn emit, void *ctx);

#endif
