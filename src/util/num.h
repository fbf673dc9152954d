/* Strict numbers: the whole text or nothing, no locale, no silent truncation or wrap.
 *
 * Values of product events are fixed-point micro-units in int64 (design 3): 1.5 is 1500000.
 */
#ifndef PL_UTIL_NUM_H
#define PL_UTIL_NUM_H

#include "util/span.h"

#include <stdint.h>

/* As doubles: the macros of math.h are floats, whose promotion clang takes for a mistake. */
#define PL_NAN __builtin_nan("")
#define PL_INFINITY __builtin_inf()

#define PL_MICRO INT64_C(1000000)
#define PL_NUM_BYTES_MAX 63 /* of the text of a decimal number */

#define PL_SECOND_US INT64_C(1000000)
#define PL_MINUTE_US (60 * PL_SECOND_US)
#define PL_HOUR_US (60 * PL_MINUTE_US)
#define PL_DAY_US (24 * PL_HOUR_US)
#define PL_WEEK_US (7 * PL_DAY_US)

/* [+-]digits within int64. */
bool pl_num_int(struct pl_span text, int64_t *value);

/* A JSON number as micro-units, rounded half to even; false when it is no JSON number, too long or leaves int64.
 * Exponents are accepted. *inexact (may be NULL) tells that digits below a millionth were lost. */
bool pl_num_micro(struct pl_span text, int64_t *value, bool *inexact);

/* A finite decimal number (JSON syntax) that is not too long; reads in the C locale. */
bool pl_num_double(struct pl_span text, double *value);

/* A duration with its unit: 250ms, 60s, 10m, 1h, 7d, 2w; 0 needs no unit. Microseconds. */
bool pl_num_duration(struct pl_span text, int64_t *value_us);

/* A size with its unit: 512B, 64KB, 64MB, 2GB (powers of 1024); 0 needs no unit. Bytes. */
bool pl_num_size(struct pl_span text, int64_t *value_bytes);

/* A share: `0.2%` gives .002, a bare number is taken as it is. */
bool pl_num_ratio(struct pl_span text, double *value);

/* Shortest decimal text that reads back to the same double; from 1e-5 to 1e15 without an exponent ("0.1", "5000",
 * "1e-09"); out holds at least 32 bytes. */
void pl_num_format(double value, char out[32]);

/* The shortest exact form of a duration ("10m", "1h30m" is not used: "90m"); out holds at least 32 bytes. */
void pl_num_format_duration(int64_t value_us, char out[32]);

#endif
