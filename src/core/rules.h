/* What to count and what to judge by: the immutable rules made of one configuration.
 *
 * Built once (rules_new, add..., seal), then only read: workers, evaluator and replay share one pointer. The same
 * configuration text gives the same hash. Owns everything in it.
 *
 * Order of building: areas first, then metrics, funnels, features, objectives and experiments, which name their area by
 * index; a ratio after its parts, a funnel metric after its funnel. An area's goal, value and funnel are set in
 * rules->areas[] once these exist (PL_RULES_NONE before), and checked by seal.
 */
#ifndef PL_CORE_RULES_H
#define PL_CORE_RULES_H

#include "core/cell.h"
#include "core/event.h"
#include "core/rule.h"
#include "util/err.h"
#include "util/names.h"

#define PL_RULES_AREAS_MAX 256
#define PL_RULES_METRICS_MAX 256
#define PL_RULES_FUNNELS_MAX 256
#define PL_RULES_EXPERIMENTS_MAX 1000
#define PL_RULES_FEATURES_MAX 256
#define PL_RULES_OBJECTIVES_MAX 256
#define PL_RULES_ACTIONS_MAX 4096

/* Which metrics, funnel steps, areas and features one action name feeds. */
#define PL_FEATURE_ELIGIBLE (1u << 0)
#define PL_FEATURE_AWARE (1u << 1)
#define PL_FEATURE_USE (1u << 2)

struct pl_action_rule {
    uint32_t *metrics; /* owned: metric indexes */
    unsigned n_metrics;
    struct pl_action_step {
        uint32_t funnel;
        uint32_t step;
    } * steps; /* owned, by funnel then step */
    unsigned n_steps;
    struct pl_action_area {
        uint32_t area; /* observed; some rule of it reads the action, so it makes a unit active there */
        bool value;    /* a value event of the area */
    } * areas;         /* owned, by area */
    unsigned n_areas;
    struct pl_action_feature {
        uint32_t feature;
        unsigned what; /* PL_FEATURE_* bits */
    } * features;      /* owned, by feature */
    unsigned n_features;
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
    unsigned n_areas, n_metrics, n_funnels, n_features, n_objectives, n_experiments;
    struct pl_area_rule *areas;             /* owned */
    struct pl_metric_rule *metrics;         /* owned */
    struct pl_funnel_rule *funnels;         /* owned */
    struct pl_feature_rule *features;       /* owned */
    struct pl_objective_rule *objectives;   /* owned */
    struct pl_experiment_rule *experiments; /* owned */
    struct pl_names *actions;               /* owned: names that some rule reads, in declared order */
    struct pl_action_rule *by_action;       /* owned: pl_names_count(actions) rows, filled by seal */
    unsigned n_values;
    char *value_paths[PL_EVENT_VALUES]; /* owned: property paths that sum and mean metrics read */
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
enum pl_status pl_rules_add_feature(struct pl_rules *rules, const struct pl_feature_rule *feature, uint32_t *index,
                                    struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_rules_add_objective(struct pl_rules *rules, const struct pl_objective_rule *objective,
                                      struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_rules_add_experiment(struct pl_rules *rules, const struct pl_experiment_rule *experiment,
                                       struct pl_err *err) PL_MUSTCHECK;

/* Check what areas refer to; fill by_action and the hashes. Nothing may be added afterwards. */
enum pl_status pl_rules_seal(struct pl_rules *rules, struct pl_err *err) PL_MUSTCHECK;

/* Is the area observed: is it asked who is active there? It has value events, features or metrics of role derive. */
bool pl_rules_observed(const struct pl_rules *rules, uint32_t area);

/* Index of an area, metric, funnel, feature or declared experiment by id; PL_RULES_NONE if there is none. */
uint32_t pl_rules_find_area(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_metric(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_funnel(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_feature(const struct pl_rules *rules, struct pl_span id);
uint32_t pl_rules_find_experiment(const struct pl_rules *rules, struct pl_span id);

/* The same by what cells are about, but experiments, which the rules do not number: how many there are, the id of one,
 * the index of an id. */
unsigned pl_rules_count(const struct pl_rules *rules, enum pl_cell_subject subject);
const char *pl_rules_id(const struct pl_rules *rules, enum pl_cell_subject subject, uint32_t index);
uint32_t pl_rules_find(const struct pl_rules *rules, enum pl_cell_subject subject, struct pl_span id);

/* The area an experiment belongs to: its declaration, else the first area with a matching glob, else PL_RULES_NONE. */
uint32_t pl_rules_area_of(const struct pl_rules *rules, struct pl_span experiment);

#endif
