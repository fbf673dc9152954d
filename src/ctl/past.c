#include "ctl/past.h"

#include "codec/keys.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PAGE "1000"
#define PAGES_MAX 20

/* Takes one entry's fields, newest first; false: enough. */
typedef bool (*entry_fn)(struct pl_past *past, const struct pl_reply *pairs, const char *area);

static enum pl_status walk_back(struct pl_ask *ask, const char *key, const char *area, struct pl_past *past,
                                entry_fn take, struct pl_err *err)
{
    char from[64] = "+";

    for (int page = 0; page < PAGES_MAX; page++) {
        const struct pl_reply *reply;
        enum pl_status status = pl_ask(ask, &reply, err, "XREVRANGE", key, from, "-", "COUNT", PAGE, NULL);

        if (status)
            return status;
        for (size_t at = 0; at < reply->n; at++) {
            const struct pl_reply *entry = &reply->elements[at];

            if (entry->type != PL_REPLY_ARRAY || entry->n != 2)
                return pl_err_set(err, PL_ERR_INPUT, "Redis: %s is no stream of entries", key);
            snprintf(from, sizeof(from), "(%.*s", (int)entry->elements[0].text.len, entry->elements[0].text.ptr);
            if (!take(past, &entry->elements[1], area))
                return PL_OK;
        }
        if (reply->n == 0)
            break;
    }
    return PL_OK;
}

static int64_t time_of(const struct pl_reply *pairs)
{
    int64_t time_us;

    return pl_stamp_parse(pl_ask_field(pairs, "time"), false, &time_us) ? time_us : PL_TIME_NONE;
}

static bool take_result(struct pl_past *past, const struct pl_reply *pairs, const char *area)
{
    struct pl_past_result *result = &past->results[past->n_results];

    if (!pl_span_is(pl_ask_field(pairs, "kind"), "result") || !pl_span_is(pl_ask_field(pairs, "area"), area))
        return true;
    (void)pl_span_copy(pl_ask_field(pairs, "id"), result->id, sizeof(result->id));
    result->time_us = time_of(pairs);
    result->effect = pl_ask_double(pairs, "effect", (double)NAN);
    result->se = pl_ask_double(pairs, "se", (double)NAN);
    result->counted = pl_span_is(pl_ask_field(pairs, "excluded"), "entered");
    return ++past->n_results < PL_PAST_MAX;
}

static bool take_point(struct pl_past *past, const struct pl_reply *pairs, const char *area)
{
    (void)area;
    if (past->n_evidence < PL_PAST_MAX)
        past->evidence[past->n_evidence++] = pl_ask_double(pairs, "flat", (double)NAN);
    if (pl_span_is(pl_ask_field(pairs, "changed"), "1") && past->n_changes < PL_PAST_MAX) {
        struct pl_past_change *change = &past->changes[past->n_changes++];

        change->time_us = time_of(pairs);
        (void)pl_span_copy(pl_ask_field(pairs, "state"), change->state, sizeof(change->state));
        change->n = pl_ask_int(pairs, "n", 0);
    }
    return past->n_evidence < PL_PAST_MAX || past->n_changes < PL_PAST_MAX;
}

static void reverse(void *items, size_t n, size_t size)
{
    char hold[sizeof(struct pl_past_result)], *base = items;

    for (size_t low = 0, high = n; low + 1 < high; low++) {
        high--;
        memcpy(hold, base + low * size, size);
        memcpy(base + low * size, base + high * size, size);
        memcpy(base + high * size, hold, size);
    }
}

enum pl_status pl_past_read(struct pl_ask *ask, const char *instance, const char *area, struct pl_past *past,
                            struct pl_err *err)
{
    struct pl_key results = pl_key_main(instance, "results"), history = pl_key_main_id(instance, "history", area);
    enum pl_status status;

    *past = (struct pl_past){.n_results = 0};
    status = walk_back(ask, results.text, area, past, take_result, err);
    if (!status)
        status = walk_back(ask, history.text, area, past, take_point, err);
    reverse(past->results, past->n_results, sizeof(*past->results));
    reverse(past->changes, past->n_changes, sizeof(*past->changes));
    reverse(past->evidence, past->n_evidence, sizeof(*past->evidence));
    return status;
}
