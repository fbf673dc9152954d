/* What Redis tells of one area, read back from the fields of area:ID into the values that words are made of.
 *
 * A field that is absent or unknown leaves its value unknown (NAN, PL_TIME_NONE): an older or newer daemon is shown as
 * far as it can be understood.
 */
#ifndef PL_CTL_TOLD_H
#define PL_CTL_TOLD_H

#include "core/judge/adoption.h"
#include "core/judge/advice.h"
#include "core/judge/looks.h"
#include "core/judge/objective.h"
#include "ctl/ask.h"

#define PL_TOLD_FEATURES 8 /* features with gaps that are read; the field `gaps` counts all */
#define PL_TOLD_TAKEN 4

struct pl_told_feature {
    char id[PL_NAME_BYTES];
    unsigned kinds; /* bits of enum pl_gap */
    struct pl_adoption_counts seen;
};

struct pl_told_taken {
    char metric[PL_NAME_BYTES];
    struct pl_looks looks;
};

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
    enum pl_delivery delivery;
    double delivered_share;
    int64_t adoption_us; /* when features were looked at */
    unsigned n_gaps, n_features;
    struct pl_told_feature features[PL_TOLD_FEATURES];
    bool measured; /* the area has value events */
    enum pl_trend_verdict value;
    struct pl_looks events, retention;
    unsigned n_taken;
    struct pl_told_taken taken[PL_TOLD_TAKEN];
    unsigned n_objectives;
    struct pl_objective objectives[PL_OBJECTIVE_STARTS_MAX]; /* ids; the rest by pl_told_objectives */
};

/* Of the reply of HGETALL area:ID. */
void pl_told_read(const struct pl_reply *pairs, struct pl_told *told);

/* Ask for the figures of its objectives: objective:ID of each. */
enum pl_status pl_told_objectives(struct pl_ask *ask, const char *instance, struct pl_told *told,
                                  struct pl_err *err) PL_MUSTCHECK;

/* Of the reply of HGETALL objective:ID; the id stays. */
void pl_told_objective(const struct pl_reply *pairs, struct pl_objective *objective);

/* "unchanged within 10 %", "rising", ...: the funnel's trend in a few words. */
const char *pl_told_trend(enum pl_trend_verdict trend);

#endif
