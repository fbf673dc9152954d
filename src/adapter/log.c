#include "adapter/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024
#define ESCAPE_BYTES 256

static atomic_int max_level = PL_LOG_INFO;
static atomic_uint lost;

static const struct {
    const char *name;
    enum pl_log_level level;
} levels[] = {
    {"error", PL_LOG_ERROR},
    {"warning", PL_LOG_WARNING},
    {"info", PL_LOG_INFO},
    {"debug", PL_LOG_DEBUG},
};

void pl_log_set_level(enum pl_log_level level)
{
    atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

bool pl_log_level_of(const char *text, enum pl_log_level *level)
{
    for (size_t i = 0; text && i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(text, levels[i].name) == 0) {
            *level = levels[i].level;
            return true;
        }
    return false;
}

/* A pipe or socket is writable when a line of ours fits without waiting. What cannot be written at all (stderr closed)
 * is lost as well: there is nobody left to tell. */
static bool would_block(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&fd, 1, 0) == 0;
}

static void write_line(const char *line, size_t len)
{
    ssize_t written;

    do
        written = write(STDERR_FILENO, line, len);
    while (written < 0 && errno == EINTR);
}

static void tell_lost(void)
{
    char line[64];
    unsigned n = atomic_exchange_explicit(&lost, 0, memory_order_relaxed);

    if (n)
        write_line(line, (size_t)snprintf(line, sizeof(line), "<%d>event=log_lines_lost n=%u\n", PL_LOG_WARNING, n));
}

void pl_log(enum pl_log_level level, const char *fmt, ...)
{
    char line[LINE_BYTES];
    int saved = errno; /* callers log between a failed call and the use of its errno */
    va_list args;
    size_t start, len;
    int wanted;

    if ((int)level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;
    start = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
    va_start(args, fmt);
    wanted = vsnprintf(line + start, sizeof(line) - start, fmt, args);
    va_end(args);
    if (wanted < 0)
        goto done;
    len = start + (size_t)wanted;
    if (len > sizeof(line) - 1)
        len = sizeof(line) - 1;
    /* The second fence behind pl_log_escape: whatever was printed, one call is one line. */
    for (size_t i = start; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n'; /* over the terminator, which nobody needs any more */
    if (would_block()) {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
        goto done;
    }
    tell_lost();
    write_line(line, len);
done:
    errno = saved;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
}

const char *pl_log_escape(struct pl_span text, char *out, size_t cap)
{
    static const char digits[] = "0123456789abcdef";
    size_t limit = cap < ESCAPE_BYTES + 1 ? cap : ESCAPE_BYTES + 1;
    size_t len = 0;

    if (cap == 0)
        return "";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (len + (is_plain(c) ? 1 : 4) >= limit)
            break; /* an escape is written whole or not at all */
        if (is_plain(c)) {
            out[len++] = (char)c;
            continue;
        }
        out[len++] = '\\';
        out[len++] = 'x';
        out[len++] = digits[c >> 4];
        out[len++] = digits[c & 15];
    }
    out[len] = '\0';
    return out;
}

bool pl_log_allowed(struct pl_log_limit *limit, int64_t now_us, unsigned *suppressed)
{
    *suppressed = 0;
    if (now_us - limit->since_us >= PL_LOG_INTERVAL_US) {
        limit->since_us = now_us;
        limit->count = 0;
    }
    if (limit->count >= PL_LOG_BURST) {
        limit->suppressed++;
        return false;
    }
    limit->count++;
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    return true;
}
