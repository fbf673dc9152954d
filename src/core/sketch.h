/* Buckets of times: how long something took, to 1 %, as an integer that is the same on every machine.
 *
 * Bucket 0 holds less than one second; bucket i >= 1 the times from bound(i-1) up to, not including, bound(i), with
 * bound(0) = 1 s and bound(i) = floor(bound(i-1) x 101 / 99) in microseconds; the last bucket all from 400 days. As
 * each bucket is at most 101/99 as wide as it is far (gamma = (1 + a)/(1 - a) with a = 1 %, the sketch of Masson, Rim
 * and Lee, VLDB 2019), its middle 2 l u / (l + u) is within 1 % of everything in it. Counts in buckets add, subtract
 * and merge. Bounds are a table of integers: no logarithm, so no rounding that differs. (design 3)
 *
 * Pure; bucket O(log buckets), the others O(1).
 */
#ifndef PL_CORE_SKETCH_H
#define PL_CORE_SKETCH_H

#include <stdint.h>

#define PL_SKETCH_BUCKETS 870                     /* indices 0 .. 869 */
#define PL_SKETCH_LAST_US INT64_C(34560000000000) /* 400 days */

/* Bucket of a duration; less than nothing is nothing. */
unsigned pl_sketch_bucket(int64_t duration_us);

/* The bucket holds lower <= t < upper; INT64_MAX: no upper end. bucket < PL_SKETCH_BUCKETS. */
int64_t pl_sketch_lower(unsigned bucket);
int64_t pl_sketch_upper(unsigned bucket);

/* The value that stands for all in the bucket: within 1 % (and a microsecond), in bucket 0 half a second, in the last
 * 400 days. */
int64_t pl_sketch_middle(unsigned bucket);

#endif
