/* Reading the shards and judging what is complete.
 *
 * First a cheap question (has anything been committed?), then for the shards that moved their sums and position in one
 * transaction, so that both are of the same commit.
 */
#include "app/evaluator_internal.h"

#include "adapter/clock.h"
#include "adapter/log.h"
#include "adapter/store_judge.h"
#include "codec/control.h"
#include "codec/keys.h"
#include "codec/state.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void judge_complete(struct pl_evaluator *ev);
static void ask_sums(struct pl_evaluator *ev);

static bool read_number(const struct pl_reply *reply, int64_t *value)
{
    if (reply->type == PL_REPLY_NIL)
        return true; /* absent: as it was */
    return reply->type == PL_REPLY_STRING && pl_num_int(reply->text, value);
}

/* The tick whose sums the judge has. */
static int64_t in_force(const struct pl_evaluator *ev)
{
    return ev->judged_us > ev->restored_us ? ev->judged_us : ev->restored_us;
}

static bool take_sums(struct eval_shard *shard, const struct pl_reply *pairs, struct pl_err *err)
{
    const struct pl_evaluator *ev = shard->ev;
    struct pl_tick_window *window = &shard->window;

    pl_tick_window_begin(window);
    for (size_t at = 0; at + 1 < pairs->n; at += 2) {
        struct pl_sums sums;
        int64_t tick_us;
        unsigned place;

        if (!pl_num_int(pairs->elements[at].text, &tick_us))
            return !pl_err_set(err, PL_ERR_INPUT, "sums: a tick is no number");
        if (!pl_tick_window_place(window, in_force(ev), tick_us, &place))
            continue;
        if (pl_state_get_sums(pairs->elements[at + 1].text, ev->conf->rules, &sums, err))
            return false;
        pl_tick_window_put(window, place, tick_us, &sums);
    }
    if (window->cut_us < PL_TIME_MAX && shard->complete_to_us > window->ticks[window->n - 1].tick_us)
        shard->complete_to_us = window->ticks[window->n - 1].tick_us; /* the rest is read again later */
    return true;
}

static void take_control(struct pl_evaluator *ev, const struct pl_reply *entry)
{
    const struct pl_reply *pairs = &entry->elements[1];
    int64_t place_us = PL_TIME_NONE, record_us = PL_TIME_NONE;
    struct pl_span json = {NULL, 0};
    struct pl_control control;
    enum pl_reject reason;
    unsigned suppressed;

    for (size_t at = 0; at + 1 < pairs->n; at += 2) {
        if (pl_span_is(pairs->elements[at].text, "place"))
            (void)pl_num_int(pairs->elements[at + 1].text, &place_us);
        else if (pl_span_is(pairs->elements[at].text, "record"))
            (void)pl_num_int(pairs->elements[at + 1].text, &record_us);
        else if (pl_span_is(pairs->elements[at].text, "json"))
            json = pairs->elements[at + 1].text;
    }
    if (ev->judged_us != PL_TIME_NONE && place_us < ev->judged_us)
        return; /* judged before; it was not deleted yet */
    reason = pl_control_parse(json, record_us, &control, NULL);
    if (reason == PL_ACCEPTED)
        reason = pl_judge_control(ev->judge, &control, place_us);
    if (place_us > ev->control_place_us)
        ev->control_place_us = place_us;
    if (reason == PL_ACCEPTED)
        return;
    PL_METRIC_ADD(&ev->metrics, rejected[reason], 1);
    if (pl_log_allowed(&ev->control_limit, pl_clock_monotonic_us(), &suppressed))
        pl_log(PL_LOG_WARNING, "event=control_not_used reason=%s record=%.*s suppressed=%u", pl_reject_name(reason),
               (int)entry->elements[0].text.len, entry->elements[0].text.ptr, suppressed);
}

static bool take_control_page(struct pl_evaluator *ev, const struct pl_reply *page)
{
    for (size_t at = 0; at < page->n; at++) {
        const struct pl_reply *entry = &page->elements[at];

        if (entry->type != PL_REPLY_ARRAY || entry->n != 2 || entry->elements[1].type != PL_REPLY_ARRAY ||
            !pl_span_copy(entry->elements[0].text, ev->control_seen, sizeof(ev->control_seen)))
            return false;
        take_control(ev, entry);
    }
    ev->read_again = page->n == CONTROL_PAGE;
    return true;
}

static bool is_pair(const struct pl_reply *reply)
{
    return reply->type == PL_REPLY_ARRAY && reply->n == 2;
}

/* EXEC's reply: [[complete_to, largest_place], [sums, control] that were deleted, sums, (control page)]. */
static bool take_answer(struct eval_shard *shard, const struct pl_reply *reply, struct pl_err *err)
{
    const struct pl_reply *part = reply->elements;

    return reply->type == PL_REPLY_ARRAY && reply->n >= 3 && is_pair(&part[0]) && is_pair(&part[1]) &&
           read_number(&part[0].elements[0], &shard->complete_to_us) &&
           read_number(&part[0].elements[1], &shard->largest_place_us) &&
           read_number(&part[1].elements[0], &shard->deleted_us) &&
           (shard->p != 0 || read_number(&part[1].elements[1], &shard->ev->control_trimmed_us)) &&
           take_sums(shard, &part[2], err) && (reply->n < 4 || take_control_page(shard->ev, &part[3]));
}

static void on_sums(void *ctx, const struct pl_reply *reply)
{
    struct eval_shard *shard = ctx;
    struct pl_evaluator *ev = shard->ev;
    struct pl_err err = {0};

    if (!pl_evaluator_answered(ev, reply, EVAL_RUNNING))
        return;
    if (reply->type == PL_REPLY_ERROR && pl_store_judge_error(reply->text) != PL_STORE_HALT) {
        ev->phase = EVAL_WAITING; /* not now: all over again, a little later */
        return;
    }
    if (!take_answer(shard, reply, &err)) {
        pl_evaluator_halt(ev, "partition %u: what the shard published cannot be read: %s", shard->p,
                          err.code ? err.text : "unexpected reply");
        return;
    }
    shard->known = true;
    shard->moved = false;
    if (ev->replies_left == 0)
        judge_complete(ev);
}

static void add_question(struct pl_evaluator *ev, unsigned p, struct pl_buf *out)
{
    struct pl_key meta = pl_key_shard(ev->conf->instance, (int32_t)p, "meta");
    struct pl_key judged = pl_key_shard(ev->conf->instance, (int32_t)p, "judged");
    struct pl_key sums = pl_key_shard(ev->conf->instance, (int32_t)p, "sums");
    struct pl_key control = pl_key_shard(ev->conf->instance, 0, "control");
    char from[48], count[16];

    pl_resp_add_text(out, "MULTI", NULL);
    pl_resp_add_text(out, "HMGET", meta.text, "complete_to", "largest_place", NULL);
    pl_resp_add_text(out, "HMGET", judged.text, "sums", "control", NULL);
    pl_resp_add_text(out, "HGETALL", sums.text, NULL);
    if (p == 0) {
        snprintf(from, sizeof(from), "%s%s", ev->control_seen[0] ? "(" : "-", ev->control_seen);
        snprintf(count, sizeof(count), "%d", CONTROL_PAGE);
        pl_resp_add_text(out, "XRANGE", control.text, from, "+", "COUNT", count, NULL);
    }
    pl_resp_add_text(out, "EXEC", NULL);
}

/* Shards whose node is away keep what was read of them: they hold the ticks back, and are asked again later. */
static void ask_sums(struct pl_evaluator *ev)
{
    struct pl_buf commands = {0};

    for (unsigned p = 0; p < ev->partitions; p++) {
        struct pl_link_node *node = pl_link_set_node(ev->redis, ev->shards[p].key_slot);

        if (!ev->shards[p].moved || !pl_link_node_is_up(node))
            continue;
        pl_buf_clear(&commands);
        add_question(ev, p, &commands);
        if (pl_buf_ok(&commands) && pl_link_send(pl_link_node_link(node), pl_buf_span(&commands), p == 0 ? 6 : 5,
                                                 on_sums, &ev->shards[p]) == PL_OK)
            ev->replies_left++;
    }
    pl_buf_fini(&commands);
    if (ev->replies_left == 0 && !ev->read_again)
        judge_complete(ev);
}

/* Has it committed since? A lower number than before: Redis put it back, and what is remembered of it may be more than
 * it has now. */
static void take_seq(struct eval_shard *shard, const struct pl_reply *reply)
{
    int64_t seq = -1;

    if (reply->type == PL_REPLY_NIL && shard->seen_seq >= 0) {
        /* Said here too: a shard that waits for us to judge commits nothing, and would not find out. */
        pl_evaluator_halt(shard->ev,
                          "the state of partition %u in Redis is gone (flushed?): restart plateaud to count from "
                          "the start of the log",
                          shard->p);
        return;
    }
    if (reply->type == PL_REPLY_NIL)
        shard->known = true; /* nothing was ever committed there */
    else if (!read_number(reply, &seq))
        return; /* not now */
    if (seq >= 0 && seq < shard->seen_seq) {
        pl_log(PL_LOG_WARNING, "event=shard_put_back partition=%u commits=%" PRId64 " had=%" PRId64, shard->p, seq,
               shard->seen_seq);
        shard->ev->phase = EVAL_WAITING;
        return;
    }
    shard->moved = shard->moved || pl_tick_window_wants_more(&shard->window, in_force(shard->ev)) ||
                   (seq >= 0 && seq != shard->seen_seq);
    if (seq >= 0)
        shard->seen_seq = seq;
}

static void on_seq(void *ctx, const struct pl_reply *reply)
{
    struct eval_shard *shard = ctx;
    struct pl_evaluator *ev = shard->ev;

    if (!pl_evaluator_answered(ev, reply, EVAL_RUNNING))
        return;
    take_seq(shard, reply);
    if (ev->phase == EVAL_RUNNING && ev->replies_left == 0)
        ask_sums(ev);
}

void pl_evaluator_read(struct pl_evaluator *ev)
{
    for (unsigned p = 0; p < ev->partitions; p++) {
        struct pl_link_node *node = pl_link_set_node(ev->redis, ev->shards[p].key_slot);
        struct pl_key meta = pl_key_shard(ev->conf->instance, (int32_t)p, "meta");
        const struct pl_span argv[] = {pl_span_of("HGET"), {meta.text, meta.len}, pl_span_of("seq")};

        if (pl_link_node_is_up(node) &&
            pl_link_command(pl_link_node_link(node), on_seq, &ev->shards[p], 3, argv) == PL_OK)
            ev->replies_left++;
    }
}

static int64_t complete_everywhere(struct pl_evaluator *ev)
{
    int64_t complete_us = PL_TIME_MAX;

    for (unsigned p = 0; p < ev->partitions; p++) {
        if (ev->shards[p].complete_to_us < complete_us)
            complete_us = ev->shards[p].complete_to_us; /* PL_TIME_NONE is the smallest of all */
        if (ev->shards[p].largest_place_us > ev->largest_place_us)
            ev->largest_place_us = ev->shards[p].largest_place_us;
    }
    return complete_us;
}

/* The first published tick above what is judged, and above the sums that the judge has, over all shards. */
static int64_t next_published(const struct pl_evaluator *ev)
{
    int64_t next_us = PL_TIME_NONE;

    for (unsigned p = 0; p < ev->partitions; p++) {
        const struct pl_tick_window *window = &ev->shards[p].window;

        for (unsigned t = 0; t < window->n; t++) {
            if (window->ticks[t].tick_us <= in_force(ev))
                continue;
            if (next_us == PL_TIME_NONE || window->ticks[t].tick_us < next_us)
                next_us = window->ticks[t].tick_us;
            break;
        }
    }
    return next_us;
}

static enum pl_status merge_at(struct pl_evaluator *ev, int64_t tick_us, struct pl_sums *sums, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned p = 0; p < ev->partitions && !status; p++) {
        struct pl_tick_window *window = &ev->shards[p].window;

        pl_tick_window_keep_latest(window, tick_us);
        if (window->n && window->ticks[0].tick_us <= tick_us)
            status = pl_sums_merge(sums, &window->ticks[0].sums, err);
    }
    return status;
}

/* A judge that was just loaded must know what the shards hold, or it would not know what falls due. */
static bool restore_sums(struct pl_evaluator *ev)
{
    struct pl_sums sums = {0};
    struct pl_err err = {0};
    enum pl_status status = PL_OK;

    if (ev->restored_us != PL_TIME_NONE)
        status = merge_at(ev, ev->restored_us, &sums, &err);
    if (!status)
        status = pl_judge_restore_sums(ev->judge, &sums, &err);
    pl_sums_fini(&sums);
    if (status)
        pl_evaluator_halt(ev, "sums: %s", err.text);
    return status == PL_OK;
}

static bool judge_one(struct pl_evaluator *ev, int64_t tick_us, bool with_sums)
{
    struct pl_judgement judgement;
    struct pl_sums sums = {0};
    struct pl_err err = {0};
    enum pl_status status = PL_OK;

    if (with_sums)
        status = merge_at(ev, tick_us, &sums, &err);
    if (!status)
        status = pl_judge_tick(ev->judge, tick_us, with_sums ? &sums : NULL, &judgement, &err);
    pl_sums_fini(&sums);
    if (status) {
        pl_evaluator_halt(ev, "tick: %s", err.text);
        return false;
    }
    ev->judged_us = tick_us;
    ev->ticks++;
    pl_evaluator_write_tick(ev, &judgement);
    return true;
}

static void judge_complete(struct pl_evaluator *ev)
{
    int64_t complete_us = complete_everywhere(ev);

    ev->catching_up = false;
    if (ev->read_again) { /* another page of control records comes first */
        ev->shards[0].moved = true;
        ask_sums(ev);
        return;
    }
    if (!pl_evaluator_fits(ev) || (!ev->published_once && !restore_sums(ev)))
        return;
    while (complete_us != PL_TIME_NONE && ev->batch.len < BATCH_BYTES_MAX) {
        int64_t published_us = next_published(ev);
        int64_t due_us = pl_judge_due(ev->judge, ev->judged_us);
        int64_t tick_us =
            due_us == PL_TIME_NONE || (published_us != PL_TIME_NONE && published_us < due_us) ? published_us : due_us;

        if (tick_us == PL_TIME_NONE || tick_us > complete_us) {
            if (complete_us > ev->judged_us)
                ev->judged_us = complete_us; /* nothing can happen there any more */
            break;
        }
        if (!judge_one(ev, tick_us, tick_us == published_us))
            return;
        ev->catching_up = true;
    }
    if (!ev->published_once || ev->judged_us != ev->committed_us || ev->largest_place_us != ev->committed_place_us)
        pl_evaluator_commit(ev);
    ev->published_once = true;
}
