/* Control records (design 3): what people and other platforms tell plateaud, as values.
 *
 * Parsed by codec/control from one JSON object; consumed by the count room (lifecycle: when does an experiment end,
 * what are its shares) and by the judge (results, lifecycle, launches). A plain value: no ownership.
 */
#ifndef PL_CORE_CONTROL_H
#define PL_CORE_CONTROL_H

#include "util/span.h"

#include <stdint.h>

#define PL_VARIANTS_MAX 16

enum pl_control_type {
    PL_CONTROL_RESULT,      /* a finished analysis from elsewhere or from history */
    PL_CONTROL_LIFECYCLE,   /* an experiment started, stopped, shipped or was reverted */
    PL_CONTROL_LAUNCH,      /* a core launch: a new epoch of its area */
    PL_CONTROL_HISTORY_END, /* the import of an area's history is complete */
};

enum pl_work { PL_WORK_GROWTH, PL_WORK_MONETISATION, PL_WORK_CORE, PL_WORK_HOLDOUT };

enum pl_lifecycle { PL_STARTED, PL_STOPPED, PL_SHIPPED, PL_REVERTED };

struct pl_control {
    enum pl_control_type type;
    enum pl_work work;       /* result, lifecycle; default growth */
    enum pl_lifecycle state; /* lifecycle */
    int64_t time_us;         /* PL_TIME_NONE only for HISTORY_END without a time */
    int64_t start_us;        /* result; PL_TIME_NONE when absent */
    char id[PL_NAME_BYTES];  /* result; the experiment's name when absent */
    char experiment[PL_NAME_BYTES];
    char area[PL_NAME_BYTES]; /* "" when a lifecycle record leaves it to the configuration */
    double effect, se;        /* result: in the area's unit, finite, se > 0 (computed when given as means and n) */
    double value, value_se;   /* result: effect on value, of the same units; value_se 0 or NAN when not given */
    double value_cov;         /* covariance of the two estimates; 0 when not given */
    unsigned n_arms;          /* result with several treatment arms: 2 or more, else 0 */
    double arm_effect[PL_VARIANTS_MAX - 1], arm_se[PL_VARIANTS_MAX - 1];
    double shared; /* variance of the control's mean, for several arms */
    double units;  /* result: of all arms, 0 when not given */
    double cost;   /* 1 by default */
    bool early, shipped, healthy, history;
    unsigned n_variants; /* lifecycle with declared shares; else 0 */
    char variants[PL_VARIANTS_MAX][PL_NAME_BYTES];
    double shares[PL_VARIANTS_MAX]; /* positive, sum 1 */
};

#endif
