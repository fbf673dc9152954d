#include "adapter/store_judge.h"

#include "util/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Some errors wrap their cause: "EXECABORT Transaction discarded because of: OOM ...", and from scripts of older
 * servers "ERR Error running script ...: -OOM ...". */
static struct pl_span cause_of(struct pl_span text)
{
    static const char *const marks[] = {"because of: ", ": -"};

    for (size_t at = 0; at < sizeof(marks) / sizeof(*marks); at++) {
        size_t len = strlen(marks[at]);
        const char *found = text.len ? memmem(text.ptr, text.len, marks[at], len) : NULL;

        if (found)
            return (struct pl_span){found + len, text.len - (size_t)(found + len - text.ptr)};
    }
    return text;
}

enum pl_store_remedy pl_store_judge_error(struct pl_span text)
{
    static const struct {
        const char *code;
        enum pl_store_remedy remedy;
    } known[] = {
        {"OOM", PL_STORE_RETRY},          {"LOADING", PL_STORE_RETRY},        {"BUSY", PL_STORE_RETRY},
        {"MISCONF", PL_STORE_RETRY},      {"NOREPLICAS", PL_STORE_RETRY},     {"CLUSTERDOWN", PL_STORE_RETRY},
        {"TRYAGAIN", PL_STORE_RETRY},     {"NOPERM", PL_STORE_RECONNECT},     {"EXECABORT", PL_STORE_RETRY},
        {"READONLY", PL_STORE_RECONNECT}, {"MASTERDOWN", PL_STORE_RECONNECT}, {"MOVED", PL_STORE_RETRY},
        {"ASK", PL_STORE_RETRY},          {"NOAUTH", PL_STORE_RECONNECT},
    };
    struct pl_span rest = cause_of(text);
    struct pl_span code = pl_span_cut(&rest, ' ');

    for (size_t at = 0; at < sizeof(known) / sizeof(*known); at++)
        if (pl_span_is(code, known[at].code))
            return known[at].remedy;
    return PL_STORE_HALT;
}

static bool is_number(struct pl_span text, uint64_t number)
{
    char expected[24];

    snprintf(expected, sizeof(expected), "%" PRIu64, number);
    return pl_span_is(text, expected);
}

static bool to_number(struct pl_span text, uint64_t *value)
{
    int64_t number;
    bool ok = pl_num_int(text, &number) && number >= 0;

    *value = ok ? (uint64_t)number : 0;
    return ok;
}

void pl_store_judge_owner(const struct pl_hold *hold, uint32_t claim, char out[PL_STORE_OWNER_BYTES])
{
    snprintf(out, PL_STORE_OWNER_BYTES, "%" PRIu64 ".%" PRIu32, hold->owner, claim);
}

enum pl_status pl_store_judge_meta(const struct pl_hold *hold, const struct pl_reply *meta, struct pl_err *err)
{
    char found[3][PL_STORE_OWNER_BYTES], owner[PL_STORE_OWNER_BYTES];

    if (meta->type != PL_REPLY_ARRAY || meta->n != 3)
        return pl_err_set(err, PL_ERR_INPUT, "unexpected answer to HMGET");
    pl_store_judge_owner(hold, hold->claim, owner);
    if (is_number(meta->elements[0].text, hold->epoch) && pl_span_is(meta->elements[1].text, owner) &&
        is_number(meta->elements[2].text, hold->seq))
        return PL_OK;
    for (size_t at = 0; at < 3; at++)
        if (!pl_span_copy(meta->elements[at].text, found[at], sizeof(found[at])) || !found[at][0])
            memcpy(found[at], "?", 2);
    return pl_err_set(err, PL_ERR_FENCED, "epoch %s owner %s seq %s in Redis, ours are %" PRIu64 ", %s, %" PRIu64,
                      found[0], found[1], found[2], hold->epoch, owner, hold->seq);
}

enum pl_status pl_store_judge_exec(const struct pl_reply *reply, size_t n, struct pl_err *err)
{
    if (reply->type == PL_REPLY_NIL)
        return pl_err_set(err, PL_ERR_FENCED, "the meta changed during the commit");
    if (reply->type != PL_REPLY_ARRAY || reply->n != n)
        return pl_err_set(err, PL_ERR_INPUT, "unexpected answer to EXEC");
    for (size_t at = 0; at < n; at++) {
        struct pl_span text = reply->elements[at].text;

        if (reply->elements[at].type == PL_REPLY_ERROR)
            return pl_err_set(err, PL_ERR_IO, "command %zu of a commit: %.*s", at, text.len < 160 ? (int)text.len : 160,
                              text.ptr);
    }
    return PL_OK;
}

static struct pl_span field(const struct pl_acquired *acquired, const char *name)
{
    for (size_t at = 0; at + 1 < acquired->n; at += 2)
        if (pl_span_is(acquired->fields[at].text, name))
            return acquired->fields[at + 1].text;
    return (struct pl_span){NULL, 0};
}

enum pl_status pl_store_judge_acquired(struct pl_hold *hold, const struct pl_reply *reply, struct pl_acquired *acquired,
                                       struct pl_err *err)
{
    struct pl_span seq_text;
    char owner[PL_STORE_OWNER_BYTES];
    uint64_t epoch, seq = 0;
    bool ours;

    *acquired = (struct pl_acquired){0};
    if (reply->type != PL_REPLY_ARRAY || reply->n % 2 != 1 || !to_number(reply->elements[0].text, &epoch) || epoch == 0)
        return pl_err_set(err, PL_ERR_INPUT, "unexpected answer to acquire");
    acquired->n = reply->n - 1;
    acquired->fields = reply->elements + 1;
    acquired->existed = acquired->n > 0;
    seq_text = field(acquired, "seq");
    if (seq_text.ptr && !to_number(seq_text, &seq))
        return pl_err_set(err, PL_ERR_INPUT, "seq in %s is no number", hold->meta_key);
    pl_store_judge_owner(hold, hold->claim, owner);
    ours = hold->epoch != 0 && is_number(field(acquired, "epoch"), hold->epoch) &&
           pl_span_is(field(acquired, "owner"), owner);
    acquired->in_flight_done = ours && hold->in_flight && seq == hold->seq + 1;
    acquired->kept = acquired->in_flight_done || (ours && seq == hold->seq);
    hold->epoch = epoch;
    hold->claim = hold->claims;
    hold->seq = seq;
    hold->in_flight = false;
    return PL_OK;
}
