/* Named points at which a daemon built for the fault tests can die, or be refused what it wanted.
 *
 *   PL_FAILPOINT("commit.begin", pl_link_reset(link, "failpoint"));
 *
 * Only a build with PL_FAILPOINTS (the program plateaud_fault of the tests) knows them: everywhere else they are
 * nothing, no call and no text. Which point is armed, how it counts and what it does: tests/fault/failpoint.c.
 */
#ifndef PL_UTIL_FAILPOINT_H
#define PL_UTIL_FAILPOINT_H

#ifdef PL_FAILPOINTS

#include <stdbool.h>

/* May not return. True: do what the refusal does. Any thread. */
bool pl_failpoint_hit(const char *name);

#define PL_FAILPOINT(name, refusal)                                                                                    \
    do {                                                                                                               \
        if (pl_failpoint_hit(name)) {                                                                                  \
            refusal;                                                                                                   \
        }                                                                                                              \
    } while (0)

#else

#define PL_FAILPOINT(name, refusal)                                                                                    \
    do {                                                                                                               \
    } while (0)

#endif

#endif
