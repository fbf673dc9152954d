/* When is a change of verdict worth an alert? The edges of design 10, per area. Pure: state in, state and edges out.
 *
 *  - KEEP_OPTIMISING and NO_VERDICT never fire; the others fire when they become the standing verdict.
 *  - X -> Y is resolved X then firing Y, in one tick; X -> (no alert) is resolved X. startsAt is X's firing.
 *  - A change of grade of a firing verdict is an update, not a new firing.
 *  - After a firing, later edges wait until its tick + min_interval (14 d); then the standing verdict is compared and
 * at most one change is sent. NO_VERDICT(health) is exempt: it resolves at once.
 *  - While history is being imported edges are withheld; at its end the standing verdict is published once.
 */
#ifndef PL_CORE_JUDGE_ALERT_H
#define PL_CORE_JUDGE_ALERT_H

#include "core/judge/advice.h"

struct pl_alert_state {
    bool firing;
    enum pl_verdict verdict; /* that fires, when firing */
    enum pl_grade grade;
    int64_t starts_us; /* tick of its firing */
    int64_t last_us;   /* tick of the last firing, PL_TIME_NONE before the first */
    bool in_history;   /* edges are withheld */
};

enum pl_alert_status { PL_ALERT_FIRING, PL_ALERT_UPDATED, PL_ALERT_RESOLVED };

struct pl_alert_edge {
    enum pl_alert_status status;
    enum pl_verdict verdict;  /* that begins, changes grade or ends */
    enum pl_verdict previous; /* the verdict that fired before, PL_NO_VERDICT if none */
    enum pl_grade grade;
    int64_t starts_us;
    int64_t tick_us;
};

#define PL_ALERT_EDGES_MAX 2

/* The state of an area that never fired. */
struct pl_alert_state pl_alert_state_init(void);

/* One tick's standing advice. Writes at most PL_ALERT_EDGES_MAX edges and returns their number. */
unsigned pl_alert_step(struct pl_alert_state *state, const struct pl_advice *advice, int64_t tick_us,
                       int64_t min_interval_us, struct pl_alert_edge edges[PL_ALERT_EDGES_MAX]);

/* The time at which a waiting edge may be sent, PL_TIME_NONE when none waits: a time rule that makes a tick due. */
int64_t pl_alert_due(const struct pl_alert_state *state, const struct pl_advice *advice, int64_t min_interval_us);

/* "firing", "updated", "resolved"; "warning" or "info" (never critical: that is plateaud's own health). */
const char *pl_alert_status_name(enum pl_alert_status status);
const char *pl_alert_severity(enum pl_verdict verdict);

#endif
