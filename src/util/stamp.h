/* Times as int64 microseconds since 1970-01-01 UTC: text, days and weeks. Reads no clock.
 *
 * Years 1970 to 9999. PL_TIME_NONE stands for "not known yet" and, as a frontier, for minus infinity.
 */
#ifndef PL_UTIL_STAMP_H
#define PL_UTIL_STAMP_H

#include "util/num.h"
#include "util/span.h"

#include <stdint.h>

#define PL_TIME_NONE INT64_MIN
#define PL_TIME_MAX INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */
#define PL_TICK_US PL_HOUR_US

#define PL_STAMP_BYTES 28 /* the longest text and its terminator */

/* RFC 3339 with `T` or a space, fraction of 1 to 9 digits (cut to microseconds), `Z` or +-hh:mm; a missing offset means
 * UTC when lax is true and is an error otherwise. Leap seconds (:60) count as :59. */
bool pl_stamp_parse(struct pl_span text, bool lax, int64_t *time_us);

/* 2026-08-21T10:00:00Z, with .123456 only when there is a fraction. Returns out. PL_TIME_NONE gives "". */
const char *pl_stamp_format(int64_t time_us, char out[PL_STAMP_BYTES]);

/* Floor to a multiple of width; PL_TIME_NONE stays what it is. */
int64_t pl_stamp_floor(int64_t time_us, int64_t width_us);

/* The smallest tick strictly above time_us. */
int64_t pl_stamp_next_tick(int64_t time_us);

/* Start of the UTC day, and of the UTC week beginning on Monday. */
int64_t pl_stamp_day(int64_t time_us);
int64_t pl_stamp_monday(int64_t time_us);

#endif
