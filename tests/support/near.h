/* cmocka and the comparison of doubles, relative or absolute.
 *
 * Prints both numbers when they differ.
 */
#ifndef PL_TEST_NEAR_H
#define PL_TEST_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline bool near_is(double got, double want, double relative)
{
    if (isnan(want) || isinf(want))
        return isnan(want) ? isnan(got) : got == want;
    return fabs(got - want) <= relative * fabs(want);
}

#define assert_near(got, want, relative)                                                                               \
    do {                                                                                                               \
        double near_got = (got);                                                                                       \
        double near_want = (want);                                                                                     \
        if (!near_is(near_got, near_want, (relative)))                                                                 \
            fail_msg("%s is %.17g, not %.17g", #got, near_got, near_want);                                             \
    } while (0)

/* Within an absolute distance: for numbers published with so many decimals. */
#define assert_within(got, want, distance)                                                                             \
    do {                                                                                                               \
        double near_got = (got);                                                                                       \
        double near_want = (want);                                                                                     \
        if (!(fabs(near_got - near_want) <= (distance)))                                                               \
            fail_msg("%s is %.17g, not %.17g", #got, near_got, near_want);                                             \
    } while (0)

#endif
