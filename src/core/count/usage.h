/* Usage: how a unit is active in an observed area and gets its value there, and what people do there at all (FLOW).
 *
 * An area is observed when it has value events, features or metrics of role derive; its events are the actions that
 * some rule of it reads (exposures are none). They come by place; their times decide panes. day and week: see days.h.
 * State of a unit in an area (one life, see step.h): time of the first event, active days, time of the first value
 * event, value days (both as days.h remembers them), the weeks in which it was retained. "First" is always by place.
 *
 * Every event:
 *   NEW          arm 0, by day of the unit's first event: +1 with it.
 *   ACTIVE       the unit stands in the pane of its last active day, and moves with it.
 *   ACTIVE_WEEK  +1 when a day of the week is noted and none of that week is remembered; an event too old to be noted
 *                changes neither.
 * Value events, besides:
 *   the first    NEW arm 1 +1, in the pane of arm 0, if first event <= time < first event + activation (it alone
 *                decides). TO_VALUE +1 by week of the first event, detail: bucket of max(0, time - first event).
 *                RETAINED arm 0 +1 by week of this event.
 *   the others   RETAINED arm k, in the pane of arm 0, +1 when floor((time - time of the first) / 7 d) is k = 1..12 for
 *                the first time; whatever their age.
 *   VALUE_WEEK   arm 3: sum +1 by its week; if no value day of that week is remembered, n +1, and n +1 of one of these:
 *                arm 0 if it is the unit's first value event, arm 1 if a value day of the week before is remembered,
 *                else arm 2. It stays what it was then. Nothing for one that is too old to be noted.
 *   VALUE_DAYS   arm j = 1..28: the unit stands in the pane of its j-th newest value day, if that is within 27 days
 *                before the newest. Units with at least j value days in D-27..D: the sum of arm j over these panes.
 * FLOW: for each metric of role derive (conversion, count, sum) that reads the action, by week of its time, arm and
 * detail 0: n +1, sum + 1 in micro-units or the value; nothing for a sum without its value. No unit, no experiment.
 *
 * Words: header (flags: bit k - 1: RETAINED arm k was added), first event, active days, first value event, value days.
 */
#ifndef PL_CORE_COUNT_USAGE_H
#define PL_CORE_COUNT_USAGE_H

#include "core/count/step.h"

#define PL_USAGE_WORDS 5
#define PL_USAGE_WEEKS 12 /* of RETAINED */

/* Take an action that has areas (pl_action_rule.n_areas > 0), for these and then for the features it is about. False
 * without memory. O(entries of the state), on a new value day up to 28 cells. */
bool pl_usage_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event) PL_MUSTCHECK;

#endif
