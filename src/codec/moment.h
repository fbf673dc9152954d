/* The time of an event, in any of the ways in which event formats write it.
 *
 * Strings: RFC 3339 with T or a space; without an offset it is UTC. Numbers, and strings of digits: seconds, milli-,
 * micro- or nanoseconds since 1970, told apart by magnitude (below 1e11, 1e14, 1e17); they must fall between 2000 and
 * 2200, so that 0, -1 and other defaults are not taken for a time. Fractions are cut to microseconds.
 */
#ifndef PL_CODEC_MOMENT_H
#define PL_CODEC_MOMENT_H

#include "codec/scan.h"

/* PL_ACCEPTED and *time_us; TYPE for what is neither string nor number; BAD_TIME. */
enum pl_reject pl_moment_read(const struct pl_value *value, int64_t *time_us);

#endif
