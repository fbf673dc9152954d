/* An objective as names and short decimal texts: the fields of objective:ID in Redis, and of replay's report; and in
 * words. Absent rather than null.
 */
#ifndef PL_CODEC_OBJECTIVE_TEXT_H
#define PL_CODEC_OBJECTIVE_TEXT_H

#include "codec/pairs.h"
#include "core/judge/objective.h"
#include "util/buf.h"

/* area: its id. */
void pl_objective_text(const struct pl_objective *objective, const char *area, int64_t judged_us, pl_pairs_fn emit,
                       void *ctx);

/* "half activated by June: 43 % of new users activated, 50 % wanted by 2027-06-30; 12 % of the way since 2027-01-04,
 * 83 days left: behind". One sentence without its end. */
void pl_objective_words(const struct pl_objective *objective, struct pl_buf *out);

/* The figure and the state with such a name; false when there is none. */
bool pl_objective_find_figure(struct pl_span name, enum pl_objective_figure *figure);
bool pl_objective_find_state(struct pl_span name, enum pl_objective_state *state);

#endif
