/* What Redis tells of one area, read back from the fields of area:ID into the values that words are made of.
 *
 * A field that is absent or unknown leaves its value unknown (NAN, PL_TIME_NONE): an older or newer daemon is shown as
 * far as it can be understood.
 */
#ifndef PL_CTL_TOLD_H
#define PL_CTL_TOLD_H

#include "core/judge/advice.h"
#include "ctl/ask.h"

#define PL_TOLD_REASONS (PL_EXCLUDED_OLD_EPOCH + 1)

struct pl_told {
    bool exists;
    struct pl_advice advice;
    struct pl_area_state state;
    struct pl_area_rule rule; /* owner, unit and smallest_return only */
    bool firing;
    int64_t since_us, judged_us;
    enum pl_trend_verdict funnel;
    double drift, drift_se, rate; /* of the funnel, logit per 12 weeks; share that reaches the goal */
    int64_t looked_us;
    int64_t left_out[PL_TOLD_REASONS]; /* by enum pl_exclusion */
};

/* Of the reply of HGETALL area:ID. */
void pl_told_read(const struct pl_reply *pairs, struct pl_told *told);

/* "unchanged within 10 %", "rising", ...: the funnel's trend in a few words. */
const char *pl_told_trend(enum pl_trend_verdict trend);

#endif
