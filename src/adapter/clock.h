/* The only place that reads a clock. */
#ifndef PL_ADAPTER_CLOCK_H
#define PL_ADAPTER_CLOCK_H

#include <stdint.h>

int64_t pl_clock_wall_us(void);      /* microseconds since 1970 UTC; for display and idle rules only */
int64_t pl_clock_monotonic_us(void); /* never jumps; for timeouts and rates */
int64_t pl_clock_cpu_us(void);       /* CPU time of the process, for metrics */

#endif
