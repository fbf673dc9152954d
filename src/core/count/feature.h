/* Features: how far a unit has come with each of them: eligible -> aware -> used -> used again in another week.
 *
 * An `eligible` event makes eligible; a feature without such events is for whoever is active in its area. An `aware`
 * event makes aware (and eligible), a `use` event a user (and aware). Days are those of the events' times (days.h);
 * events come by place, and "first" is by place: a first day does not move when an earlier one comes late.
 *
 * State of a unit and a feature, from the moment it is aware, or, where the feature has `eligible` events, eligible:
 *   last eligible day  the largest day of an event that makes eligible; without `eligible` events the largest last
 *                      active day of the area (usage.h) since then
 *   first aware day, first use day
 *   last use day, again day  at the first use: that day, none. Later, of a use on day d: in the week of the last use
 *                      day, last = max(last, d); in a later week, again = last, last = d; in an earlier week,
 *                      again = max(again, d). So again is the last use day in a week before that of the last use.
 * Cells of the feature (the unit stands in a pane and moves with it, where nothing else is said):
 *   AUDIENCE  pane of the last eligible day; only features with `eligible` events.
 *   KNOWN     pane of the last eligible day: arm 1 aware and never used, arm 2 used.
 *   USED      by first use day, detail min(90, max(0, first use day - first aware day)): +1, arm 0; moves to arm 1,
 * same pane and detail, when there is an again day. AGAIN     pane of the again day. COHORT    by first aware day: arm
 * 0 +1 when aware. Arm 1 +1, once, at a use on day d when both d and the first use day are within aware .. aware + 27
 * and in different weeks. Arm 2 the same within aware + 13. Cell of the area, BREADTH arm j = 1..16: pane of the j-th
 * newest of the last use days of the area's features. A feature that is no longer defined (or not the same) leaves its
 * day there: it stays among them until it is more than 32 days before the newest. When the area itself is defined anew
 * its cells start empty, and each of its features is counted in BREADTH again from its next use on.
 *
 * Words: header (flags below), eligible, aware and first use day, last use and again day (22 bits each, plus 1).
 * Left words: header, day that a feature left.
 */
#ifndef PL_CORE_COUNT_FEATURE_H
#define PL_CORE_COUNT_FEATURE_H

#include "core/count/step.h"

#define PL_FEATURE_WORDS 3
#define PL_FEATURE_LEFT_WORDS 2

/* Flags of the header. */
#define PL_FEATURE_REPEATED (1u << 0) /* counted in COHORT arm 1 */
#define PL_FEATURE_SOON (1u << 1)     /* counted in COHORT arm 2 */
#define PL_FEATURE_BREADTH (1u << 2)  /* its last use day is counted in BREADTH */
#define PL_FEATURE_FLAGS 8u           /* flags are below it */

/* A unit and a feature, unpacked. Days are PL_DAY_NONE before. */
struct pl_feature {
    struct pl_words_head head;
    int32_t eligible, aware, first, last, again;
};

struct pl_feature pl_feature_unpack(const uint64_t words[PL_FEATURE_WORDS]);
void pl_feature_pack(const struct pl_feature *feature, uint64_t words[PL_FEATURE_WORDS]);

/* Take an action that is about this feature; active_day: the unit's last active day in its area, this event included.
 * False without memory. O(entries of the state). */
bool pl_feature_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                    const struct pl_action_feature *what, int32_t active_day) PL_MUSTCHECK;

/* The unit's last active day in an area has moved. O(entries of the state). */
void pl_feature_follow(const struct pl_step *step, struct pl_words *state, uint32_t area, int32_t active_day);

/* A feature that is there no more leaves its last use day to its area. False without memory. */
bool pl_feature_leave(struct pl_words *state, uint32_t area, int32_t day) PL_MUSTCHECK;

#endif
