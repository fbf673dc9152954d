/* Logs: one line each to stderr, with the <N> priority prefix that journald reads, event=... key=value.
 *
 * The only mutable globals are the level and the number of lost lines. Thread-safe (one write(2) per line). Foreign
 * text goes through pl_log_escape. A reader of stderr that does not read must not stop the daemon: lines that would
 * block are lost, and the next line that gets through is preceded by event=log_lines_lost with their number.
 */
#ifndef PL_ADAPTER_LOG_H
#define PL_ADAPTER_LOG_H

#include "util/err.h"
#include "util/span.h"

#include <stdint.h>

enum pl_log_level { PL_LOG_ERROR = 3, PL_LOG_WARNING = 4, PL_LOG_INFO = 6, PL_LOG_DEBUG = 7 }; /* syslog priorities */

void pl_log_set_level(enum pl_log_level level);

/* false when text is none of error, warning, info, debug. */
bool pl_log_level_of(const char *text, enum pl_log_level *level);

/* fmt begins with event=NAME. */
void pl_log(enum pl_log_level level, const char *fmt, ...) PL_PRINTF(2, 3);

/* Control bytes, quotes, backslashes and non-ASCII as \xNN, cut at 256 bytes of output; returns out, terminated. */
const char *pl_log_escape(struct pl_span text, char *out, size_t cap);

#define PL_LOG_BURST 5
#define PL_LOG_INTERVAL_US INT64_C(10000000)

/* At most PL_LOG_BURST lines per interval for one site; the next allowed line tells how many were suppressed through
 * *suppressed (0 otherwise). now_us is monotonic. A zeroed struct is ready. Not shared between threads. */
struct pl_log_limit {
    int64_t since_us;
    unsigned count;
    unsigned suppressed;
};
bool pl_log_allowed(struct pl_log_limit *limit, int64_t now_us, unsigned *suppressed);

#endif
