/* The rows of the rules: areas, metrics, funnels, features, objectives and declared experiments, as plain values.
 *
 * Rows name each other, events and properties by index in the rules they belong to (core/rules.h), which checks them.
 */
#ifndef PL_CORE_RULE_H
#define PL_CORE_RULE_H

#include "core/control.h"

#include <stdbool.h>
#include <stdint.h>

#define PL_RULES_STEPS_MAX 32
#define PL_RULES_GLOBS_MAX 32
#define PL_RULES_EVENTS_MAX 8 /* events in one list */
#define PL_RULES_LEVERS_BYTES 256
#define PL_RULES_NONE UINT32_MAX

enum pl_metric_type {
    PL_METRIC_CONVERSION, /* x of a unit: 1 if any matching action in the window */
    PL_METRIC_COUNT,      /* their number */
    PL_METRIC_SUM,        /* the sum of their property */
    PL_METRIC_MEAN,       /* the mean of their property, over those that have it; no x without one */
    PL_METRIC_RATIO,      /* two other metrics: sum of the numerator over sum of the denominator */
    PL_METRIC_RETENTION,  /* conversion in a window that begins `from` after t0 */
    PL_METRIC_FUNNEL,     /* 1 if the unit completed the funnel in the window */
    PL_METRIC_TIME_TO,    /* conversion, and the time from t0 to the first matching action */
};

/* What a metric is about: what the area delivers (its goals), what users get, what is taken from them, or what must not
 * break. */
enum pl_metric_role { PL_ROLE_DELIVERY, PL_ROLE_VALUE, PL_ROLE_DERIVE, PL_ROLE_GUARDRAIL };

enum pl_adjust { PL_ADJUST_HOLM, PL_ADJUST_BH };

/* Some events, by their ids in pl_rules.actions; any of them matches. */
struct pl_events {
    uint32_t ids[PL_RULES_EVENTS_MAX];
    unsigned n;
};

/* A part of the product with a goal of its own. */
struct pl_area_rule {
    char id[PL_NAME_BYTES];
    char owner[PL_NAME_BYTES];
    char unit[PL_NAME_BYTES]; /* what effects are shown in: "%" (share of the goal metric) or a name such as "Elo" */
    char *globs[PL_RULES_GLOBS_MAX]; /* owned; which experiment names belong here */
    unsigned n_globs;
    uint32_t goal;                 /* metric index, PL_RULES_NONE without one */
    uint32_t funnel;               /* funnel index, PL_RULES_NONE without one */
    uint32_t value;                /* metric index of role value, measured in experiments; PL_RULES_NONE without one */
    struct pl_events value_events; /* in which a user really gets the area's value; none: value is not measured */
    int64_t activation_us;         /* a new unit that gets value within this is activated; default 7 d */
    double value_bar;              /* share of units that must repeat for a feature to be valuable; NAN: unset */
    double value_per_delivery;     /* eta: how much value must rise per unit of delivery; NAN: unset */
    enum pl_adjust adjust;         /* of p over the area's goals and arms */
    char core_levers[PL_RULES_LEVERS_BYTES]; /* what core work could turn to, in the team's words; "" for none */
    double smallest_return;                  /* delta; NAN while unset. In the unit of effects: fraction for "%" */
    double false_alarm_every_years;          /* A's time, default 1 */
    double baseline;                         /* m0; NAN: from the last 5 entered experiments (statistics 2.3) */
    double coverage;                         /* share of the area's traffic an experiment targets, default 1 */
    int64_t landmark_us;                     /* L: whole days, 7 to 28 d, default 14 d */
};

/* What is measured per unit. x collects the unit's matching actions with t0 + from <= time < t0 + window. */
struct pl_metric_rule {
    char id[PL_NAME_BYTES];
    enum pl_metric_type type;
    enum pl_metric_role role;
    uint32_t area;
    struct pl_events events; /* none for ratio and funnel */
    uint32_t value;          /* sum, mean: index in value_paths; PL_RULES_NONE otherwise */
    uint32_t parts[2];       /* ratio: metric indexes of numerator and denominator, of the same area and window */
    uint32_t funnel;         /* funnel: its index; of the same area */
    int64_t from_us;         /* retention: where the window begins; 0 otherwise */
    int64_t window_us;       /* default 7 d: where it ends */
    int64_t before_us;   /* whole days, up to 28 d: the covariate is what the unit had in the days before its exposure;
                          * 0 for none. Conversion, count, sum; a ratio asks for both of its parts */
    double margin;       /* guardrail: how much worse, relatively, is still accepted; NAN: unset */
    int64_t cap_micro;   /* count, sum: a unit's total is cut here; 0 means no cap */
    int64_t bound_micro; /* sum: |value| of one event above this is rejected out_of_range; default 1e9 units */
    double n_star;       /* N* of the confidence sequence (statistics 1.3), default 5000 */
    bool lower_is_better;
};

/* Ordered steps (design 4): an attempt starts at the first step-1 action after the previous attempt ended. */
struct pl_funnel_rule {
    char id[PL_NAME_BYTES];
    uint32_t area;
    unsigned n_steps;                       /* 2 to PL_RULES_STEPS_MAX */
    uint32_t steps[PL_RULES_STEPS_MAX];     /* action ids */
    int64_t max_gap_us[PL_RULES_STEPS_MAX]; /* from the previous step to this one; 0 means none; [0] is unused */
    int64_t window_us;                      /* from the first step; 0 means none */
};

/* An experiment declared in the configuration; others are discovered. */
struct pl_experiment_rule {
    char id[PL_NAME_BYTES];
    uint32_t area;
    enum pl_work work;
    unsigned n_variants;                           /* 0: not declared */
    char variants[PL_VARIANTS_MAX][PL_NAME_BYTES]; /* [0] is control */
    double shares[PL_VARIANTS_MAX];
};

/* Something users can use, and how far it has come: eligible -> aware -> adopted -> repeating (design 4). */
struct pl_feature_rule {
    char id[PL_NAME_BYTES];
    uint32_t area;
    struct pl_events eligible; /* none: every unit active in the area is eligible */
    struct pl_events aware;    /* none: awareness is not measured */
    struct pl_events use;      /* at least one */
    int64_t launched_us;       /* declared new at this time: judged on its young cohorts; PL_TIME_NONE otherwise */
};

/* What an area wants to reach by a date. Shown with its progress, never judged. */
enum pl_objective_figure {
    PL_OBJECTIVE_FUNNEL,    /* entry -> goal, of the last 28 days */
    PL_OBJECTIVE_DELIVERED, /* delivered share */
    PL_OBJECTIVE_VALUE,     /* value events per active unit and week */
    PL_OBJECTIVE_RETENTION, /* week-4 retention of value */
    PL_OBJECTIVE_ACTIVATION /* share of new units activated */
};

struct pl_objective_rule {
    char id[PL_NAME_BYTES];
    uint32_t area;
    enum pl_objective_figure figure;
    double target;
    int64_t by_us; /* date */
};

#endif
