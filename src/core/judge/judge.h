/* The judge: everything that is decided at a tick, without I/O. The façade of the judge room.
 *
 * Takes control records as they are placed (the docket), sums of all shards at a tick, and the tick; gives ledger rows,
 * history points and alert edges. The state is the ledger plus one small `standing` per area (looks already taken, what
 * has been alerted): restoring both and going on gives what an uninterrupted judge would have given.
 *
 * At tick T, in this order (design 6, 10): results, launches and experiments that are due are entered by (time, id);
 * each steps the programme of every area; then funnels, features, value and what is taken from users are looked at;
 * then advice and alert edges, once per area.
 *
 * Owner: the evaluator, or replay. Memory: the ledger, a docket of at most PL_DOCKET_MAX records. One thread.
 */
#ifndef PL_CORE_JUDGE_JUDGE_H
#define PL_CORE_JUDGE_JUDGE_H

#include "core/control.h"
#include "core/judge/adoption.h"
#include "core/judge/alert.h"
#include "core/judge/derive.h"
#include "core/judge/looks.h"
#include "core/judge/objective.h"
#include "core/judge/programme.h"
#include "core/judge/value.h"
#include "core/reject.h"
#include "core/sums.h"

#define PL_DOCKET_MAX 100000

/* What an area keeps besides the ledger. Written and read back by the evaluator as text. */
struct pl_standing {
    struct pl_alert_state alert;
    struct pl_looks looks; /* at the funnel */
    struct pl_adoption_looks adoption;
    struct pl_value_looks value;
    struct pl_derive_looks derive;
    struct pl_objective_starts objectives;
    struct pl_alert_edge told; /* the last edge of all; tick_us 0 before the first */
};

/* One point of an area's history: after an entry, or after a change of state that another area's entry caused. */
struct pl_history_point {
    uint32_t area;
    unsigned n;      /* entries of the epoch */
    int64_t time_us; /* of the row that caused it */
    enum pl_programme_state state;
    bool changed; /* the state is another one than before the row */
    double e_flat, level, down, up, e_yield;
    double effect, se; /* of the area's own entry; NAN when another area's entry caused the point */
};

struct pl_area_edge {
    uint32_t area;
    struct pl_alert_edge edge;
};

/* Users were found in more than one partition, or are no longer: an alert of plateaud's own health, for all areas. */
struct pl_input_edge {
    bool resolved;
    int64_t starts_us, tick_us;
    struct pl_keying_view view;
    int64_t forget_us; /* how far back was looked */
};

/* What one tick brought. Arrays are owned by the judge and valid until the next tick. */
struct pl_judgement {
    int64_t tick_us;
    size_t first_row, n_rows; /* new rows of the ledger */
    size_t n_points;
    const struct pl_history_point *points;
    size_t n_edges;
    const struct pl_area_edge *edges;
    const struct pl_input_edge *input; /* NULL: nothing changed */
};

struct pl_judge;

/* rules outlive the judge. NULL when out of memory. */
struct pl_judge *pl_judge_new(const struct pl_rules *rules, int64_t alert_min_interval_us);
void pl_judge_free(struct pl_judge *judge);

/* Restore: every ledger row in order, each area's standing, then the sums at the last judged tick (judged_us), before
 * anything else. */
enum pl_status pl_judge_restore_row(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err) PL_MUSTCHECK;
void pl_judge_restore_standing(struct pl_judge *judge, uint32_t area, const struct pl_standing *standing,
                               int64_t judged_us);
void pl_judge_restore_input(struct pl_judge *judge, int64_t since_us, int64_t judged_us);
enum pl_status pl_judge_restore_sums(struct pl_judge *judge, const struct pl_sums *sums,
                                     struct pl_err *err) PL_MUSTCHECK;

/* Put a control record on the docket. PL_ACCEPTED, or why it is not taken (unknown area, repeated, full). */
enum pl_reject pl_judge_control(struct pl_judge *judge, const struct pl_control *control, int64_t place_us);

/* The smallest tick above `after_us` that must be judged: a record on the docket, an experiment that falls due, a look
 * at a funnel, at features, value or what is taken from users, an objective that
 * may start, a dwell or a held-back alert that ends, a smallest
 * return that was changed. PL_TIME_NONE when nothing is known to come. */
int64_t pl_judge_due(const struct pl_judge *judge, int64_t after_us);

/* Judge one tick; ticks rise. sums: over events placed below tick_us, of all shards; NULL when unchanged (the judge
 * keeps what it needs of them). */
enum pl_status pl_judge_tick(struct pl_judge *judge, int64_t tick_us, const struct pl_sums *sums,
                             struct pl_judgement *judgement, struct pl_err *err) PL_MUSTCHECK;

/* Read access, valid until the next tick. */
const struct pl_rules *pl_judge_rules(const struct pl_judge *judge);
const struct pl_ledger *pl_judge_ledger(const struct pl_judge *judge);
const struct pl_area_state *pl_judge_area(struct pl_judge *judge, uint32_t area);
const struct pl_advice *pl_judge_advice(const struct pl_judge *judge, uint32_t area);
const struct pl_standing *pl_judge_standing(const struct pl_judge *judge, uint32_t area);
const struct pl_sums *pl_judge_sums(const struct pl_judge *judge);
int64_t pl_judge_input_since(const struct pl_judge *judge); /* tick since which users are found in two partitions, or
                                                               PL_TIME_NONE: what pl_judge_restore_input wants */
size_t pl_judge_docket(const struct pl_judge *judge);       /* records waiting */

/* One experiment of the sums as the judge sees it now. */
struct pl_experiment_view {
    uint32_t area;
    enum pl_work work;
    int64_t start_us, end_us;   /* end PL_TIME_NONE while running */
    int64_t due_us;             /* tick from which it can enter */
    bool entered;               /* a row of the ledger exists */
    enum pl_exclusion excluded; /* of that row, or what would exclude it now */
    bool uneven_split, mixed_alarm;
    double split_log_e; /* alarm at ln 1000 */
    int64_t n_mixed;
    unsigned control; /* index of the control variant */
};
void pl_judge_experiment(const struct pl_judge *judge, unsigned index, struct pl_experiment_view *view);

/* Its start alone: the view costs O(cells of the experiment), this O(1). */
int64_t pl_judge_start(const struct pl_judge *judge, unsigned index);

#endif
