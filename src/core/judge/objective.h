/* Objectives: what an area wants to reach by a date, and how far it is. Shown, never judged (design 6.9).
 *
 * Figures, all better when higher: funnel, attempts that reached the last step over attempts, of the last 28 mature
 * days; delivered share (adoption.h); value events per active unit and week, and week-4 retention of value (value.h);
 * share of new units activated. They move every tick.
 *
 * The start of an objective is its figure at the first judged tick at which a whole span of it has been seen (28 days
 * from the first attempt or unit; four weeks; four cohorts), so that the first few units are no yardstick. It is kept
 * with the area's standing: the same records give the same start. An objective that is given another figure starts
 * anew.
 *
 *   way       (now - start) / (target - start)
 *   expected  start + (target - start) (tick - start time) / (by - start time): the straight line
 *   state     REACHED now >= target; else MISSED at `by` or later; else ON_TRACK now >= expected; else BEHIND
 */
#ifndef PL_CORE_JUDGE_OBJECTIVE_H
#define PL_CORE_JUDGE_OBJECTIVE_H

#include "core/rules.h"
#include "core/sums.h"

#define PL_OBJECTIVE_STARTS_MAX 8 /* objectives of one area that are followed: the first ones */

struct pl_objective_start {
    uint32_t objective;
    double value;
    int64_t time_us;
};

/* What an area keeps of its objectives. Zeroed: none has started. */
struct pl_objective_starts {
    unsigned n;
    struct pl_objective_start of[PL_OBJECTIVE_STARTS_MAX];
};

enum pl_objective_state {
    PL_OBJECTIVE_UNKNOWN,
    PL_OBJECTIVE_ON_TRACK,
    PL_OBJECTIVE_BEHIND,
    PL_OBJECTIVE_REACHED,
    PL_OBJECTIVE_MISSED,
};

/* An objective at a tick; NAN and PL_TIME_NONE where nothing is known. */
struct pl_objective {
    char id[PL_NAME_BYTES];
    enum pl_objective_figure figure;
    double target;
    int64_t by_us;
    double now, start;
    int64_t start_us;
    double way;       /* NAN also when the start was at the target or above */
    double expected;  /* NAN at `by` and later */
    double days_left; /* 0 when it is over */
    enum pl_objective_state state;
};

/* The figure now, NAN while there is nothing to make it of. */
double pl_objective_figure(const struct pl_rules *rules, uint32_t objective, const struct pl_sums *sums,
                           int64_t tick_us);

/* Keep the start of each of the area's objectives whose time has come; true when one was kept. */
bool pl_objective_step(struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area,
                       const struct pl_sums *sums, int64_t tick_us);

/* The first time above after_us at which one may start; PL_TIME_NONE when none is known to come. */
int64_t pl_objective_due(const struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area,
                         const struct pl_sums *sums, int64_t after_us);

/* Forget what the rules do not have in this area any more. */
void pl_objective_adapt(struct pl_objective_starts *starts, const struct pl_rules *rules, uint32_t area);

struct pl_objective pl_objective_read(const struct pl_objective_starts *starts, const struct pl_rules *rules,
                                      uint32_t objective, const struct pl_sums *sums, int64_t tick_us);

/* "funnel", "delivered", ... as in the configuration; "unknown", "on_track", "behind", "reached", "missed". */
const char *pl_objective_figure_name(enum pl_objective_figure figure);
const char *pl_objective_state_name(enum pl_objective_state state);

#endif
