/* Days on which something was noted: the last one, and which of the 31 days before it. One word of a unit's state.
 *
 * A day is its number since 1970 in UTC, a week the number of its Monday (that of the first days of 1970 is below 0).
 * Noting a day: one after the last becomes the last, and what is then more than 31 days before it falls out; one of the
 * 31 days before the last is remembered; an older one is ignored. Everything else is asked of what is remembered.
 *
 * Plain values. O(1), list O(days).
 */
#ifndef PL_CORE_COUNT_DAYS_H
#define PL_CORE_COUNT_DAYS_H

#include <stdbool.h>
#include <stdint.h>

#define PL_DAY_NONE (-1)
#define PL_DAYS_BACK 31

struct pl_days {
    int32_t last;    /* PL_DAY_NONE: nothing was noted */
    uint32_t before; /* bit k: the day k + 1 days before the last was noted; 31 bits */
};

/* 0 is no days at all. */
uint64_t pl_days_pack(struct pl_days days);
struct pl_days pl_days_unpack(uint64_t word);

/* Monday of a day that is not below 0. */
static inline int32_t pl_days_monday(int32_t day)
{
    return day - (day + 3) % 7; /* 1970 began on a Thursday */
}

/* True if the day was not noted before and is not too old. */
bool pl_days_note(struct pl_days *days, int32_t day);

/* Is the day older than what is remembered? */
bool pl_days_too_old(struct pl_days days, int32_t day);

/* Is there a day of this week? */
bool pl_days_has_week(struct pl_days days, int32_t monday);

/* The noted days from the last one back to `back` days before it, newest first: their number, at most back + 1.
 * back <= PL_DAYS_BACK. */
unsigned pl_days_list(struct pl_days days, int32_t back, int32_t list[PL_DAYS_BACK + 1]);

#endif
