/* Attempts at funnels: one unit's way through one funnel's steps (design 4).
 *
 * A unit has at most one open attempt per funnel. An event takes at most one step of a funnel: it is tried as the next
 * step of the open attempt; failing that as a first step. Events are taken by place; what follows compares their times.
 *
 * Next step. It follows when it is not timed before the attempt's last step (equal times may follow), and the attempt
 * has not expired by then: time - entry < window, and time - last step < max_gap of this step (0: no such bound).
 * Reaching the last step completes and ends the attempt.
 *
 * First step. It starts an attempt when none is open and its time is not before the end of the unit's previous attempt
 * (its completing step), or when the open attempt has expired by its time (that one thereby ended). Inside an open
 * attempt that has not expired a repeated first step changes nothing; neither does any other event. So attempts of a
 * unit do not overlap, and their entry times never fall.
 *
 * Cells. Entry is the time of the first step; its UTC day and UTC hour are the panes. An attempt that reaches step s
 * adds 1 to n of (funnel, s, pane); to sum as well if it is the first of the unit in that pane to reach s. Steps count
 * from 0. A new life of the unit (forget) counts as another unit.
 */
#ifndef PL_CORE_COUNT_FUNNEL_H
#define PL_CORE_COUNT_FUNNEL_H

#include "core/count/step.h"

/* Take an action that is a step of this funnel; *completed tells that it was the last one of an attempt. False without
 * memory. */
bool pl_funnel_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                   uint32_t funnel, bool *completed) PL_MUSTCHECK;

#endif
