/* What to count and what to judge by: the immutable rules made of one configuration.
 *
 * Built once (rules_new, add..., seal), then only read: workers, evaluator and replay share one pointer. The same
 * configuration text gives the same hash. Owns everything in it.
 *
 * Order of building: areas first, then metrics, funnels and experiments, which name their area by index. An area's goal
 * and funnel are set in rules->areas[] once these exist (PL_RULES_NONE before), and checked by seal.
 */
#ifndef PL_CORE_RULES_H
#define PL_CORE_RULES_H

#include "core/control.h"
#include "core/event.h"
#include "util/err.h"
#include "util/names.h"

#define PL_RULES_AREAS_MAX 256
#define PL_RULES_METRICS_MAX 256
#define PL_RULES_FUNNELS_MAX 256
#define PL_RULES_EXPERIMENTS_MAX 1000
#define PL_RULES_STEPS_MAX 32
#define PL_RULES_GLOBS_MAX 32
#define PL_RULES_ACTIONS_MAX 4096
#define PL_RULES_NONE UINT32_MAX

enum pl_metric_type { PL_METRIC_CONVERSION, PL_METRIC_COUNT, PL_METRIC_SUM };

/* A part of the product with a goal of its own. */
struct pl_area_rule {
    char id[PL_NAME_BYTES];
    char owner[PL_NAME_BYTES];
    char unit[PL_NAME_BYTES]; /* what effects are shown in: "%" (share of the goal metric) or a name such as "Elo" */
    char *globs[PL_RULES_GLOBS_MAX]; /* owned; which experiment names belong here */
    unsigned n_globs;
    uint32_t goal;                  /* metric index, PL_RULES_NONE without one */
    uint32_t funnel;                /* funnel index, PL_RULES_NONE without one */
    double smallest_return;         /* delta; NAN while unset. In the unit of effects: fraction for "%" */
    double false_alarm_every_years; /* A's time, default 1 */
    double baseline;                /* m0; NAN: from the last 5 entered experiments (statistics 2.3) */
    double coverage;                /* share of the area's traffic an experiment targets, default 1 */
    int64_t landmark_us;            /* L: whole days, 7 to 28 d, default 14 d */
};

/* What is measured per unit. x collects the unit's matching actions with t0 <= time < t0 + window. */
struct pl_metric_rule {
    char id[PL_NAME_BYTES];
    enum pl_metric_type type;
    uint32_t area;
    uint32_t actions[8]; /* ids in pl_rules.actions; any of them matches */
    unsigned n_actions;
    uint32_t value;      /* sum: index in value_paths; PL_RULES_NONE otherwise */
    int64_t window_us;   /* default 7 d */
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

/* Which metrics and funnel steps one action name feeds. */
struct pl_action_rule {
    uint32_t *metrics; /* owned: metric indexes */
    unsigned n_metrics;
    struct pl_action_step {
        uint32_t funnel;
        uint32_t step;
    } * steps; /* owned, by funnel then step */
    unsigned n_steps;
};

struct pl_rules {
    uint64_t hash;            /* of everything below, set by seal */
    uint64_t count_hash;      /* of what the count room reads (not smallest_return, owner, ...) */
    int64_t lateness_us;      /* 60 s */
    int64_t hold_us;          /* 10 min */
    int64_t dedup_us;         /* 10 min */
    int64_t forget_us;        /* 90 d */
    uint32_t max_units;       /* per shard, 2 million */
    uint32_t max_experiments; /* per shard, 1,000 */
    unsigned n_areas, n_metrics, n_funnels, n_experiments;
    struct pl_area_rule *areas;             /* owned */
    struct pl_metric_rule *metrics;         /* owned */
    struct pl_funnel_rule *funnels;         /* owned */
    struct pl_experiment_rule *experiments; /* owned */
    struct pl_names *actions;               /* owned: names that some rule reads, in declared order */
    struct pl_action_rule *by_action;       /* owned: pl_names_count(actions) rows, filled by seal */
    unsigned n_values;
    char *value_paths[PL_EVENT_VALUES]; /* owned: property paths that sum metrics read */
};

/* Empty rules with the defaults above. NULL when out of memory. */
struct pl_rules *pl_rules_new(void);
void pl_rules_free(struct pl_rules *rules);

/* The id of an action name or of a value path, added when new; PL_RULES_NONE when a cap is reached. */
uint32_t pl_rules_action(struct pl_rules *rules, struct pl_span name);
uint32_t pl_rules_value(struct pl_rules *rules, struct pl_span path);

/* Append a copy; *index (may be NULL) is its place. Checks ranges, references and that ids are names and not taken.
 * Where a member has a default and 0 is no legal value of it, 0 stands for the default. FULL when a table is full.
 * Contract: add_area takes over area->globs[] on success. */
enum pl_status pl_rules_add_area(struct pl_rules *rules, const struct pl_area_rule *area, uint32_t *index,
                                 struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_rules_add_metric(struct pl_rules *rules, const struct pl_metric_rule *metric, uint32_t *index,
                                   struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_rules_add_funnel(struct pl_rules *rules, const struct pl_funnel_rule *funnel, uint32_t *index,
                                   struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_rules_add_experiment(struct pl_rules *rules, const struct pl_experiment_rule *experiment,
                                       struct pl_err *err) PL_MUSTCHECK;

/* Check what areas refer to; fill by_action and the hashes. Nothing may be added afterwards. */
enum pl_status pl_rules_seal(struct pl_rules *rules, struct pl_err *err) PL_MUSTCHECK;

/* Index of an area, metric, funnel or declared experiment by id; PL_RULES_NONE if there is none. */
uint32_t pl_rules_find_area(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_metric(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_funnel(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_experiment(const struct pl_rules *rules, struct pl_span id);

/* The area an experiment belongs to: its declaration, else the first area with a matching glob, else PL_RULES_NONE. */
uint32_t pl_rules_area_of(const struct pl_rules *rules, struct pl_span experiment);

#endif
