/* What else a worker and an evaluator ask of their host: a clock, a log, an event loop that does nothing by itself.
 */
#include "adapter/clock.h"
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>

int64_t pl_clock_monotonic_us(void)
{
    return sim.now_us;
}

int64_t pl_clock_wall_us(void)
{
    return sim.now_us;
}

int64_t pl_clock_cpu_us(void)
{
    return sim.now_us;
}

void pl_log(enum pl_log_level level, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    (void)level;
    if (!sim.tracing)
        return;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    sim_trace("  %s", line);
}

void pl_log_set_level(enum pl_log_level level)
{
    (void)level;
}

const char *pl_log_escape(struct pl_span text, char *out, size_t cap)
{
    (void)pl_span_copy(text, out, cap);
    return out;
}

bool pl_log_allowed(struct pl_log_limit *limit, int64_t now_us, unsigned *suppressed)
{
    (void)limit;
    (void)now_us;
    *suppressed = 0;
    return true;
}

/* Any address that is not NULL. */
static char something;

struct event_base *event_base_new(void)
{
    return (struct event_base *)(void *)&something;
}

void event_base_free(struct event_base *base)
{
    (void)base;
}

int event_base_loopbreak(struct event_base *base)
{
    (void)base;
    sim.making->left = true;
    return 0;
}

int event_base_dispatch(struct event_base *base)
{
    (void)base;
    return 0;
}

/* The evaluator's only event is its timer; it is made after the worker's. */
struct event *event_new(struct event_base *base, evutil_socket_t fd, short what, event_callback_fn fn, void *ctx)
{
    (void)base;
    (void)fd;
    (void)what;
    sim.making->tick = fn;
    sim.making->tick_ctx = ctx;
    return (struct event *)(void *)&something;
}

int event_add(struct event *event, const struct timeval *timeout)
{
    (void)event;
    (void)timeout;
    return 0;
}

void event_free(struct event *event)
{
    (void)event;
}

void event_active(struct event *event, int res, short n)
{
    (void)event;
    (void)res;
    (void)n;
}
