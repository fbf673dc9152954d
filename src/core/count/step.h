/* The one pure step: what an event does to its unit's state and to cells (design 7). It depends on state, event and
 * registry alone.
 *
 * Life. A gap of more than `forget` between the places of two events starts a new unit: the state is emptied, what the
 * old life contributed stays.
 *
 * Exposure. Void at or after the end of its experiment: as if it had not been there. The first one fixes variant, t0
 * (its time) and allocation segment: EXPOSED and SEGMENT +1. A later one in another variant makes the unit mixed for
 * good: all that it contributed to cells of the experiment is taken back, MIXED (day of t0) +1. Others change nothing.
 *
 * Action. Metrics that read it: see measure.h. Funnels that it is a step of: see funnel.h.
 */
#ifndef PL_CORE_COUNT_STEP_H
#define PL_CORE_COUNT_STEP_H

#include "core/count/cells.h"
#include "core/count/plan.h"
#include "core/count/registry.h"
#include "core/count/tail.h"
#include "core/count/words.h"
#include "util/num.h"

#define PL_TOTAL_MAX (INT64_C(1) << 62)

struct pl_step {
    const struct pl_plan *plan;
    const struct pl_registry *registry;
    struct pl_cells *cells;
};

/* Take event into state. False without memory. O(entries of the state). */
bool pl_step(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event) PL_MUSTCHECK;

/* Is the event an exposure at or after the end of its experiment? */
bool pl_step_is_void(const struct pl_step *step, const struct pl_tail_event *event);

/* Add to one cell. */
void pl_step_add(const struct pl_step *step, struct pl_cell_key key, struct pl_amount amount);

/* A total and what is added to it; it stops at +-PL_TOTAL_MAX. */
static inline int64_t pl_step_total(int64_t total, int64_t gain)
{
    if (__builtin_add_overflow(total, gain, &total) || total > PL_TOTAL_MAX || total < -PL_TOTAL_MAX)
        return gain > 0 ? PL_TOTAL_MAX : -PL_TOTAL_MAX;
    return total;
}

/* Panes. Times are not before 1970; constant divisors, because this is asked a dozen times an event. */
static inline int32_t pl_step_day(int64_t time_us)
{
    return (int32_t)((uint64_t)time_us / (uint64_t)PL_DAY_US);
}

static inline int32_t pl_step_hour(int64_t time_us)
{
    return (int32_t)((uint64_t)time_us / (uint64_t)PL_HOUR_US);
}

#endif
