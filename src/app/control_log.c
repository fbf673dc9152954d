#include "app/control_log.h"

#include <stdlib.h>
#include <string.h>

void pl_control_log_restart(struct pl_control_log *log, int64_t offset)
{
    for (size_t at = 0; at < log->n; at++)
        free(log->items[log->first + at].json);
    log->first = 0;
    log->n = 0;
    log->next_offset = offset;
    log->at_end = false;
}

void pl_control_log_fini(struct pl_control_log *log)
{
    pl_control_log_restart(log, 0);
    free(log->items);
    *log = (struct pl_control_log){0};
}

bool pl_control_log_full(const struct pl_control_log *log)
{
    return log->n >= PL_CONTROL_WINDOW_MAX;
}

static bool make_room(struct pl_control_log *log)
{
    size_t cap = log->cap ? log->cap * 2 : 256;
    struct pl_control_item *grown;

    if (log->first + log->n < log->cap)
        return true;
    if (log->first > log->n) { /* the front half is free: move instead of growing */
        memmove(log->items, log->items + log->first, log->n * sizeof(*log->items));
        log->first = 0;
        return true;
    }
    grown = realloc(log->items, cap * sizeof(*grown));
    if (!grown)
        return false;
    log->items = grown;
    log->cap = cap;
    return true;
}

enum pl_status pl_control_log_add(struct pl_control_log *log, const struct pl_control_item *item, struct pl_span json,
                                  struct pl_err *err)
{
    char *copy;

    if (pl_control_log_full(log))
        return pl_err_set(err, PL_ERR_FULL, "control window is full (%d records)", PL_CONTROL_WINDOW_MAX);
    copy = pl_span_dup(json);
    if (!copy || !make_room(log)) {
        free(copy);
        return pl_err_set(err, PL_ERR_NOMEM, "control window");
    }
    log->items[log->first + log->n] = *item;
    log->items[log->first + log->n++].json = copy;
    return PL_OK;
}

/* How many held records are below the offset. */
static size_t below(const struct pl_control_log *log, int64_t offset)
{
    size_t low = 0, high = log->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (log->items[log->first + mid].offset < offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct pl_control_item *pl_control_log_at(const struct pl_control_log *log, int64_t offset)
{
    size_t at = below(log, offset);

    return at < log->n ? &log->items[log->first + at] : NULL;
}

void pl_control_log_drop(struct pl_control_log *log, int64_t offset)
{
    size_t n = below(log, offset);

    for (size_t at = 0; at < n; at++)
        free(log->items[log->first + at].json);
    log->first += n;
    log->n -= n;
    if (log->n == 0)
        log->first = 0;
}
