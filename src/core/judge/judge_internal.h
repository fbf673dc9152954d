/* Shared by judge.c (tick), judge_docket.c (control records), judge_facts.c (what is known by name), judge_entry.c
 * (experiments from sums) and judge_landmark.c (what they measured); the rules of order, landmark and docket are those
 * of design 10. */
#ifndef PL_CORE_JUDGE_JUDGE_INTERNAL_H
#define PL_CORE_JUDGE_JUDGE_INTERNAL_H

#include "core/judge/judge.h"

/* A control record that waits for its tick, as the row it will become. */
struct docket_item {
    int64_t place_us;
    bool is_history_end;
    struct pl_row row;
};

struct judge_area {
    struct pl_standing standing;
    struct pl_advice advice;
    bool history_ended; /* in this tick: publish the standing verdict */
    double policy;      /* smallest return of the last policy row; NAN unset or none */
    bool policy_known;  /* a policy row exists */
};

/* What the ledger says about an experiment: its lifecycle steps. The first record of a kind wins, as everywhere. */
struct judge_life {
    int64_t started_us, ended_us; /* PL_TIME_NONE without such a record */
    bool shipped;
    double cost;       /* the first that is not 1 */
    enum pl_work work; /* the first that is not growth: a record that leaves it out changes nothing */
    uint32_t area;     /* of the first record, PL_RULES_NONE without one */
};

/* What is known under one name: an experiment's, or a result's id. Looked up, never searched for. */
struct judge_fact {
    struct judge_life life;
    size_t row;         /* 1 + index of its result row in the ledger, 0 without one */
    uint32_t told_area; /* of the first record accepted, on the docket too; PL_RULES_NONE without one */
    bool placed;        /* the next two are known: it has been in the sums */
    uint32_t rule_area; /* by the configuration */
    uint32_t declared;  /* index of its declaration in the rules, PL_RULES_NONE without one */
};

struct pl_judge {
    const struct pl_rules *rules; /* ref */
    int64_t min_interval_us;
    struct pl_ledger ledger;
    struct pl_programme *programme; /* owned */
    struct judge_area *areas;       /* owned, rules->n_areas */
    struct docket_item *docket;     /* owned, unordered */
    size_t n_docket, cap_docket;
    struct pl_sums sums;      /* owned: the last sums given */
    uint32_t *fact_of_sums;   /* owned: index of the fact of each experiment of the sums */
    struct pl_names *entered; /* owned: keys of results, steps and launches taken, on the docket too */
    struct pl_names *names;   /* owned: of the facts */
    struct judge_fact *facts; /* owned, by id of names */
    size_t cap_facts;
    struct pl_history_point *points; /* owned, of this tick */
    size_t n_points, cap_points;
    struct pl_area_edge *edges; /* owned, 2 per area */
    size_t n_edges;
    struct pl_programme_change *changes; /* owned, n_areas */
    struct judge_input {
        struct pl_keying_view view; /* at the last tick */
        int64_t since_us;           /* tick of the alert that fires, PL_TIME_NONE */
        int64_t judged_us;          /* restored: the tick of the view */
        struct pl_input_edge edge;
    } input;
};

/* judge_input.c: look at the sample of units; true when input.edge is new. The time at which what it shows is over, or
 * PL_TIME_NONE. */
bool pl_judge_look_input(struct pl_judge *judge, int64_t tick_us);
int64_t pl_judge_input_ends(const struct pl_judge *judge);
void pl_judge_restore_view(struct pl_judge *judge);

/* judge_observe.c: features, value and what is taken from users, of one area. */
void pl_judge_observe_init(const struct pl_rules *rules, uint32_t area, struct pl_standing *standing);
void pl_judge_observe_adapt(const struct pl_rules *rules, uint32_t area, struct pl_standing *standing);
void pl_judge_observe_restart(struct pl_standing *standing, int64_t launch_us);
void pl_judge_observe(const struct pl_judge *judge, uint32_t area, int64_t tick_us, struct pl_standing *standing);
void pl_judge_observe_facts(const struct pl_rules *rules, uint32_t area, const struct pl_standing *standing,
                            struct pl_facts *facts);

#define JUDGE_ENTERED_MAX 1000000

/* Has a result, lifecycle step or launch with this key been taken? Remember it. */
bool pl_judge_known(const struct pl_judge *judge, const struct pl_row *row);
enum pl_status pl_judge_remember(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err) PL_MUSTCHECK;

/* The fact of a name, or NULL; the same, made when it is new: NULL when the table is full or memory is out. Valid until
 * the next one is made. */
struct judge_fact *pl_judge_fact(const struct pl_judge *judge, const char *name);
struct judge_fact *pl_judge_fact_made(struct pl_judge *judge, const char *name);

/* Take down what the last row of the ledger says about an experiment or a result. */
enum pl_status pl_judge_note(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err) PL_MUSTCHECK;

/* Find the facts of all experiments of the sums. */
enum pl_status pl_judge_place(struct pl_judge *judge, struct pl_err *err) PL_MUSTCHECK;

/* First and last day of exposure of the units that enter, and the entry's own time: the end of that. */
struct judge_span {
    int32_t first, last;
    int64_t end_us;
};

/* judge_entry.c: an experiment's life as the ledger and the configuration tell it; what of it enters; units of an arm
 * first exposed on these days; number of arms that have units. */
struct judge_life pl_judge_life(const struct pl_judge *judge, unsigned index);
struct judge_span pl_judge_span(const struct pl_judge *judge, const struct judge_life *life);
int64_t pl_judge_exposed(const struct pl_judge *judge, unsigned index, unsigned arm, int32_t first, int32_t last);
unsigned pl_judge_arms(const struct pl_judge *judge, unsigned index);

/* judge_landmark.c: the row that experiment `index` of the sums would enter with at this tick, not measured yet; then
 * its effects, by the baseline of the entries so far. */
void pl_judge_row_of(const struct pl_judge *judge, unsigned index, int64_t tick_us, struct pl_row *row);
void pl_judge_measure(const struct pl_judge *judge, unsigned index, struct pl_row *row);

/* The tick from which experiment `index` can enter; PL_TIME_NONE when it has, has no area or no start. O(1). */
int64_t pl_judge_waits_for(const struct pl_judge *judge, unsigned index);

#endif
