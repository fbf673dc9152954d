/* The advice table (statistics.md 2.8): first match wins, every input may be unknown. A pure function.
 */
#ifndef PL_CORE_JUDGE_ADVICE_H
#define PL_CORE_JUDGE_ADVICE_H

#include "core/judge/programme.h"

enum pl_verdict {
    PL_NO_VERDICT,
    PL_KEEP_OPTIMISING,
    PL_PREPARE_CORE,
    PL_SHIFT_TO_CORE,
    PL_CONTRADICTION,
    PL_DELIVER_EXISTING,
    PL_DERIVING,
    PL_HOLLOW_GROWTH,
};

enum pl_grade { PL_UNGRADED, PL_UNCONFIRMED, PL_CONFIRMED };

enum pl_trend_verdict { PL_TREND_UNKNOWN, PL_TREND_STABLE, PL_TREND_RISING, PL_TREND_FALLING, PL_TREND_INCONCLUSIVE };

enum pl_delivery { PL_DELIVERY_UNKNOWN, PL_DELIVERED, PL_NOT_DELIVERED, PL_DELIVERY_GAP };

/* Why NO_VERDICT. */
enum pl_no_verdict {
    PL_REASON_NONE,
    PL_REASON_HEALTH,    /* input mis-keyed or stale, or more than 20 % of experiments unhealthy */
    PL_REASON_PROGRAMME, /* see the programme's own reason */
};

/* Conditions of a confirmed SHIFT_TO_CORE; a set bit is a condition that is missing. */
#define PL_MISSING_ONCE_YIELDING (1u << 0)
#define PL_MISSING_FUNNEL_STABLE (1u << 1)
#define PL_MISSING_DELIVERED (1u << 2)
#define PL_MISSING_VALUE (1u << 3)
#define PL_MISSING_POLICY_AGE (1u << 4) /* the smallest return changed less than 8 results ago */

struct pl_facts {
    enum pl_programme_state programme;
    enum pl_trend_verdict funnel; /* P */
    enum pl_delivery delivery;    /* B */
    enum pl_trend_verdict value;  /* V */
    bool value_measured;
    bool derive_rising; /* a metric of role derive is RISING */
    bool hollow;        /* the hollow alarm stands */
    bool holdout;       /* the holdout leg fired */
    bool input_bad;     /* mis-keyed or stale input */
    bool unhealthy;     /* more than 20 % of experiments unhealthy */
    bool jackpot_ok, dwell_ok, once_yielding;
    bool policy_new;       /* smallest return changed less than 8 results ago */
    double posterior_mean; /* for the lean; NAN unknown */
    bool deliver_gap;      /* a feature that most do not know, or know and do not try: the lean without the above */
    bool create_gap;       /* a feature that most tried and left */
};

struct pl_advice {
    enum pl_verdict verdict;
    enum pl_grade grade; /* of SHIFT_TO_CORE; else PL_UNGRADED */
    enum pl_no_verdict reason;
    unsigned missing;  /* PL_MISSING_* bits */
    bool urgent;       /* user value is falling */
    bool repair_first; /* the funnel is falling */
    int lean;          /* NO_VERDICT: +1 optimise or deliver, -1 create, 0 none; display only, labelled not proven */
};

struct pl_advice pl_advise(const struct pl_facts *facts);

/* "SHIFT_TO_CORE", ...; "confirmed", "unconfirmed", "". Never NULL. */
const char *pl_verdict_name(enum pl_verdict verdict);
const char *pl_grade_name(enum pl_grade grade);

/* The verdict with this name, or false. */
bool pl_verdict_find(const char *name, enum pl_verdict *verdict);

#endif
