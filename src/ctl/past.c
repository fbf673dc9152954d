#include "ctl/past.h"

#include "codec/keys.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a walk backwards through a stream carries along. */
struct walk {
    struct pl_past *past;
    const char *area;
};

static int64_t time_of(const struct pl_reply *pairs)
{
    int64_t time_us;

    return pl_stamp_parse(pl_ask_field(pairs, "time"), false, &time_us) ? time_us : PL_TIME_NONE;
}

static bool take_result(void *ctx, const struct pl_reply *pairs)
{
    const struct walk *walk = ctx;
    struct pl_past *past = walk->past;
    struct pl_past_result *result = &past->results[past->n_results];

    if (!pl_span_is(pl_ask_field(pairs, "kind"), "result") || !pl_span_is(pl_ask_field(pairs, "area"), walk->area))
        return true;
    (void)pl_span_copy(pl_ask_field(pairs, "id"), result->id, sizeof(result->id));
    result->time_us = time_of(pairs);
    result->effect = pl_ask_double(pairs, "effect", (double)NAN);
    result->se = pl_ask_double(pairs, "se", (double)NAN);
    result->counted = pl_span_is(pl_ask_field(pairs, "excluded"), "entered");
    return ++past->n_results < PL_PAST_MAX;
}

static bool take_point(void *ctx, const struct pl_reply *pairs)
{
    struct pl_past *past = ((const struct walk *)ctx)->past;

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
    struct walk walk = {past, area};
    enum pl_status status;

    *past = (struct pl_past){.n_results = 0};
    status = pl_ask_backwards(ask, results.text, take_result, &walk, err);
    if (!status)
        status = pl_ask_backwards(ask, history.text, take_point, &walk, err);
    reverse(past->results, past->n_results, sizeof(*past->results));
    reverse(past->changes, past->n_changes, sizeof(*past->changes));
    reverse(past->evidence, past->n_evidence, sizeof(*past->evidence));
    return status;
}
