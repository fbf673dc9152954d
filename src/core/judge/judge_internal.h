/* Shared by judge.c (tick), judge_docket.c (control records) and judge_entry.c (experiments from sums); the rules of
 * order, landmark and docket are those of design 10. */
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

struct pl_judge {
    const struct pl_rules *rules; /* ref */
    int64_t min_interval_us;
    struct pl_ledger ledger;
    struct pl_programme *programme; /* owned */
    struct judge_area *areas;       /* owned, rules->n_areas */
    struct docket_item *docket;     /* owned, unordered */
    size_t n_docket, cap_docket;
    struct pl_sums sums;             /* owned: the last sums given */
    struct pl_names *entered;        /* owned: experiments and result ids with a row, "x:" and "r:" prefixes */
    struct pl_history_point *points; /* owned, of this tick */
    size_t n_points, cap_points;
    struct pl_area_edge *edges; /* owned, 2 per area */
    size_t n_edges;
    struct pl_programme_change *changes; /* owned, n_areas */
};

#define JUDGE_ENTERED_MAX 1000000

/* Has a result, lifecycle step or launch with this key been taken? Remember it. */
bool pl_judge_known(const struct pl_judge *judge, const struct pl_row *row);
enum pl_status pl_judge_remember(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err) PL_MUSTCHECK;

/* judge_entry.c: the row that experiment `index` of the sums would enter with at this tick. */
void pl_judge_row_of(const struct pl_judge *judge, unsigned index, int64_t tick_us, struct pl_row *row);

/* Facts of the ledger about an experiment: its lifecycle steps. */
struct judge_life {
    int64_t started_us, ended_us;
    bool shipped;
    enum pl_work work;
    uint32_t area;
};
void pl_judge_life(const struct pl_judge *judge, const char *experiment, struct judge_life *life);

#endif
