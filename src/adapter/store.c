#include "adapter/store.h"

#include "adapter/store_judge.h"
#include "util/failpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns the new epoch, then the meta as it was. HINCRBY is first among the writes because it is the one that may
 * refuse (an epoch that is no number): Redis does not undo what a script did before it failed. The new epoch is above
 * the one that we remember too: in a Redis that went back in time it could otherwise come once more, for others' work.
 */
static const char acquire_script[] = "local old = redis.call('HGETALL', KEYS[1])\n"
                                     "local seq = false\n"
                                     "for i = 1, #old, 2 do if old[i] == 'seq' then seq = true end end\n"
                                     "local behind = ARGV[2] - redis.call('HINCRBY', KEYS[1], 'epoch', 1)\n"
                                     "if behind >= 0 then redis.call('HINCRBY', KEYS[1], 'epoch', behind + 1) end\n"
                                     "redis.call('HSET', KEYS[1], 'owner', ARGV[1])\n"
                                     "if not seq then redis.call('HSET', KEYS[1], 'seq', '0') end\n"
                                     "table.insert(old, 1, redis.call('HGET', KEYS[1], 'epoch'))\n"
                                     "return old\n";

/* One queued or running operation. */
struct op {
    struct op *next;
    struct pl_store *store;          /* ref */
    struct pl_hold *hold;            /* ref: the caller's */
    struct pl_buf batch;             /* owned; what is sent inside of the transaction, and EXEC */
    size_t n_batch;                  /* commands in it */
    bool unfenced;                   /* MULTI was refused: what followed was carried out one by one */
    pl_store_acquired_fn acquired;   /* an acquire, */
    const struct pl_acquired *found; /* during the callback of a good acquire */
    pl_store_done_fn done;           /* or a commit */
    void *ctx;
};

struct pl_store {
    struct pl_link *link; /* ref: outlives us */
    struct op *running;   /* owned */
    struct op *first;     /* owned queue */
    struct op **last;     /* where the next one is hung */
    size_t n;             /* queued and running */
    unsigned calls;       /* callbacks that the link still owes us */
    bool freed;           /* by the caller, but calls are still to come */
};

static void destroy(struct pl_store *store)
{
    assert(!store->running && !store->first);
    free(store);
}

static void free_op(struct op *op)
{
    pl_buf_fini(&op->batch);
    free(op);
}

/* First line of every callback of the link: false when there is nothing more to do. A lost reply is left alone here, as
 * the link's `down` follows, and with it pl_store_down. */
static bool answered(struct op *op, const struct pl_reply *reply)
{
    struct pl_store *store = op->store;

    store->calls--;
    if (!store->freed)
        return reply != NULL;
    if (store->calls == 0) {
        free_op(op);
        store->running = NULL;
        destroy(store);
    }
    return false;
}

static void start_next(struct pl_store *store);

/* The callback may queue operations: the store must be in order before it runs. */
static void end_op(struct op *op, enum pl_status status, bool halt, const char *why)
{
    op->store->running = NULL;
    op->store->n--;
    if (op->acquired)
        op->acquired(op->ctx, status, op->found, why);
    else
        op->done(op->ctx, status, halt, why);
    free_op(op);
}

static void finish(struct op *op, enum pl_status status, bool halt, const char *why)
{
    struct pl_store *store = op->store;

    end_op(op, status, halt, why);
    start_next(store);
}

static void finish_error(struct op *op, struct pl_span text)
{
    struct pl_link *link = op->store->link;
    enum pl_store_remedy remedy = pl_store_judge_error(text);
    bool halt = remedy == PL_STORE_HALT;
    struct pl_err err;

    pl_err_set(&err, PL_ERR_IO, "%.*s", text.len < sizeof(err.text) ? (int)text.len : (int)sizeof(err.text) - 1,
               text.len ? text.ptr : "");
    finish(op, halt && op->acquired ? PL_ERR_INPUT : PL_ERR_IO, halt, err.text);
    if (remedy == PL_STORE_RECONNECT)
        pl_link_reset(link, err.text);
}

/* Nobody knows what this connection will say next. */
static void finish_strange(struct op *op, const char *why)
{
    struct pl_link *link = op->store->link;

    finish(op, op->acquired ? PL_ERR_INPUT : PL_ERR_IO, true, why);
    pl_link_reset(link, "unexpected answer to a transaction");
}

/* Every send that fails ends the connection: half a transaction must not stay open. The operation then ends with it. */
static bool sent(struct op *op, struct pl_span commands, size_t n, pl_link_reply_fn reply)
{
    enum pl_status status = pl_link_send(op->store->link, commands, n, reply, op);

    if (status == PL_OK)
        op->store->calls++;
    else
        pl_link_reset(op->store->link, "a transaction cannot be sent");
    return status == PL_OK;
}

/* ---- acquire ---- */

static void to_text(uint64_t value, char out[24])
{
    snprintf(out, 24, "%" PRIu64, value);
}

static void finish_acquired(struct op *op, const struct pl_reply *reply)
{
    struct pl_acquired acquired;
    struct pl_err err;

    if (pl_store_judge_acquired(op->hold, reply, &acquired, &err) != PL_OK) {
        finish(op, PL_ERR_INPUT, true, err.text);
        return;
    }
    op->found = &acquired;
    finish(op, PL_OK, false, NULL);
}

static void on_acquired(void *ctx, const struct pl_reply *reply)
{
    struct op *op = ctx;

    if (!answered(op, reply))
        return;
    PL_FAILPOINT("acquire.answered", pl_link_reset(op->store->link, "failpoint"); return );
    if (reply->type == PL_REPLY_ERROR)
        finish_error(op, reply->text);
    else if (reply->type != PL_REPLY_ARRAY || reply->n != 1)
        finish_strange(op, "unexpected answer to acquire");
    else if (reply->elements[0].type == PL_REPLY_ERROR)
        finish_error(op, reply->elements[0].text);
    else
        finish_acquired(op, &reply->elements[0]);
}

/* The script alone would be atomic. The transaction around it shows that this user may use transactions, before any
 * commit depends on that. */
static bool prepare_acquire(struct op *op)
{
    char owner[PL_STORE_OWNER_BYTES], epoch[24];

    pl_store_judge_owner(op->hold, ++op->hold->claims, owner);
    to_text(op->hold->epoch, epoch);
    pl_resp_add_text(&op->batch, "MULTI", NULL);
    pl_resp_add_text(&op->batch, "EVAL", acquire_script, "1", op->hold->meta_key, owner, epoch, NULL);
    pl_resp_add_text(&op->batch, "EXEC", NULL);
    op->n_batch = 3;
    return pl_buf_ok(&op->batch);
}

/* ---- commit ---- */

static void on_multi(void *ctx, const struct pl_reply *reply)
{
    struct op *op = ctx;

    if (answered(op, reply))
        op->unfenced = !pl_span_is(reply->text, "OK");
}

static void on_exec(void *ctx, const struct pl_reply *reply)
{
    struct op *op = ctx;
    enum pl_status status;
    struct pl_err err;

    if (!answered(op, reply))
        return;
    PL_FAILPOINT("commit.answered", pl_link_reset(op->store->link, "failpoint"); return );
    op->hold->in_flight = false;
    if (op->unfenced) {
        finish_strange(op, "MULTI was refused: the commands were carried out one by one");
        return;
    }
    if (reply->type == PL_REPLY_ERROR) {
        finish_error(op, reply->text);
        return;
    }
    status = pl_store_judge_exec(reply, op->n_batch - 1, &err);
    if (status == PL_OK)
        op->hold->seq++;
    if (status == PL_ERR_INPUT)
        finish_strange(op, err.text);
    else
        finish(op, status, status == PL_ERR_IO, status == PL_OK ? NULL : err.text);
}

/* A key that stays watched would make the next transaction fail for nothing. */
static void unwatch(struct pl_store *store)
{
    struct pl_span command = pl_span_of("UNWATCH");

    if (pl_link_command(store->link, NULL, NULL, 1, &command) != PL_OK)
        pl_link_reset(store->link, "UNWATCH cannot be sent");
}

static void on_watched(void *ctx, const struct pl_reply *reply)
{
    struct op *op = ctx;
    enum pl_status status;
    struct pl_err err;

    if (!answered(op, reply))
        return;
    PL_FAILPOINT("commit.watched", pl_link_reset(op->store->link, "failpoint"); return );
    if (reply->type == PL_REPLY_ERROR) {
        unwatch(op->store);
        finish_error(op, reply->text);
        return;
    }
    status = pl_store_judge_meta(op->hold, reply, &err);
    if (status == PL_OK) {
        if (sent(op, pl_span_of("*1\r\n$5\r\nMULTI\r\n"), 1, on_multi)) {
            PL_FAILPOINT("commit.multi", pl_link_reset(op->store->link, "failpoint"));
            op->hold->in_flight = sent(op, pl_buf_span(&op->batch), op->n_batch, on_exec);
            PL_FAILPOINT("commit.sent", pl_link_reset(op->store->link, "failpoint"));
        }
    } else if (status == PL_ERR_FENCED) {
        unwatch(op->store);
        finish(op, PL_ERR_FENCED, false, err.text);
    } else {
        finish_strange(op, err.text);
    }
}

static bool prepare_commit(struct op *op, struct pl_span commands, size_t n_commands, const struct pl_span *meta_pairs,
                           size_t n_meta)
{
    char seq[24];

    to_text(op->hold->seq + 1, seq);
    pl_resp_begin(&op->batch, 4 + 2 * n_meta);
    pl_resp_add_arg(&op->batch, pl_span_of("HSET"));
    pl_resp_add_arg(&op->batch, pl_span_of(op->hold->meta_key));
    pl_resp_add_arg(&op->batch, pl_span_of("seq"));
    pl_resp_add_arg(&op->batch, pl_span_of(seq));
    for (size_t at = 0; at < 2 * n_meta; at++)
        pl_resp_add_arg(&op->batch, meta_pairs[at]);
    pl_buf_add_span(&op->batch, commands);
    pl_resp_add_text(&op->batch, "EXEC", NULL);
    op->n_batch = n_commands + 2;
    return pl_buf_ok(&op->batch);
}

/* ---- the queue ---- */

static void start_commit(struct op *op)
{
    struct pl_buf check = {0};

    PL_FAILPOINT("commit.begin", pl_link_reset(op->store->link, "failpoint"));
    pl_resp_add_text(&check, "WATCH", op->hold->meta_key, NULL);
    pl_resp_add_text(&check, "HMGET", op->hold->meta_key, "epoch", "owner", "seq", NULL);
    if (pl_buf_ok(&check))
        sent(op, pl_buf_span(&check), 2, on_watched);
    else
        pl_link_reset(op->store->link, "no memory for a commit");
    pl_buf_fini(&check);
}

static struct op *pop(struct pl_store *store)
{
    struct op *op = store->first;

    store->first = op->next;
    if (!store->first)
        store->last = &store->first;
    return op;
}

static void start_next(struct pl_store *store)
{
    struct op *op;

    if (store->running || !store->first)
        return;
    op = store->running = pop(store);
    if (!op->acquired) {
        start_commit(op);
        return;
    }
    PL_FAILPOINT("acquire.begin", pl_link_reset(op->store->link, "failpoint"));
    sent(op, pl_buf_span(&op->batch), op->n_batch, on_acquired);
    PL_FAILPOINT("acquire.sent", pl_link_reset(op->store->link, "failpoint"));
}

static bool is_busy(const struct pl_store *store, const struct pl_hold *hold)
{
    if (store->running && store->running->hold == hold)
        return true;
    for (const struct op *op = store->first; op; op = op->next)
        if (op->hold == hold)
            return true;
    return false;
}

static enum pl_status new_op(struct pl_store *store, struct pl_hold *hold, void *ctx, struct op **op)
{
    *op = NULL;
    if (!pl_link_is_up(store->link) || is_busy(store, hold))
        return PL_ERR_STATE;
    if (store->n >= PL_STORE_OPS_MAX)
        return PL_ERR_FULL;
    *op = calloc(1, sizeof(**op));
    if (!*op)
        return PL_ERR_NOMEM;
    (*op)->store = store;
    (*op)->hold = hold;
    (*op)->batch.limit = PL_LINK_PENDING_BYTES_MAX;
    (*op)->ctx = ctx;
    return PL_OK;
}

static enum pl_status enqueue(struct op *op, bool prepared)
{
    struct pl_store *store = op->store;

    if (!prepared) {
        free_op(op);
        return PL_ERR_FULL;
    }
    *store->last = op;
    store->last = &op->next;
    store->n++;
    start_next(store);
    return PL_OK;
}

enum pl_status pl_store_acquire(struct pl_store *store, struct pl_hold *hold, pl_store_acquired_fn done, void *ctx)
{
    struct op *op;
    enum pl_status status = new_op(store, hold, ctx, &op);

    assert(hold->owner != 0 && done);
    if (status != PL_OK)
        return status;
    op->acquired = done;
    return enqueue(op, prepare_acquire(op));
}

enum pl_status pl_store_commit(struct pl_store *store, struct pl_hold *hold, struct pl_span commands, size_t n_commands,
                               const struct pl_span *meta_pairs, size_t n_meta, pl_store_done_fn done, void *ctx)
{
    struct op *op;
    enum pl_status status = hold->epoch == 0 || hold->in_flight ? PL_ERR_STATE : new_op(store, hold, ctx, &op);

    assert(done);
    if (status != PL_OK)
        return status;
    op->done = done;
    return enqueue(op, prepare_commit(op, commands, n_commands, meta_pairs, n_meta));
}

struct pl_store *pl_store_new(struct pl_link *link)
{
    struct pl_store *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    store->link = link;
    store->last = &store->first;
    return store;
}

void pl_store_free(struct pl_store *store)
{
    if (!store)
        return;
    while (store->first)
        free_op(pop(store));
    store->freed = true;
    if (store->calls > 0)
        return;
    if (store->running)
        free_op(store->running);
    store->running = NULL;
    destroy(store);
}

void pl_store_down(struct pl_store *store)
{
    assert(store->calls == 0);
    if (store->running)
        end_op(store->running, PL_ERR_IO, false, "connection lost");
    while (store->first)
        end_op(pop(store), PL_ERR_IO, false, "connection lost");
}

enum pl_status pl_store_ask_meta(struct pl_store *store, const struct pl_hold *hold, pl_link_reply_fn reply, void *ctx)
{
    const struct pl_span argv[] = {pl_span_of("HMGET"), pl_span_of(hold->meta_key), pl_span_of("epoch"),
                                   pl_span_of("owner"), pl_span_of("seq")};

    return pl_link_command(store->link, reply, ctx, 5, argv);
}

size_t pl_store_pending(const struct pl_store *store)
{
    return store->n;
}
