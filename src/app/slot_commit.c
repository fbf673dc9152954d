/* Committing: everything that changed since the last commit, as one transaction behind the fence.
 */
#include "app/slot_internal.h"

#include "codec/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COMMIT_BYTES_MAX                                                                                               \
    (PL_LINK_PENDING_BYTES_MAX - ((size_t)1 << 20)) /* what the link takes at once, and the meta                       \
                                                     */
#define COMMIT_BYTES_KEPT ((size_t)256 << 10)       /* a larger buffer is for one commit of a backlog */

static struct pl_key key_of(const struct pl_slot *slot, enum pl_state_kind kind, uint32_t bucket)
{
    const char *instance = slot->world->conf->instance;

    switch (kind) {
    case PL_STATE_UNIT:
        return pl_key_bucket(instance, slot->partition, bucket);
    case PL_STATE_CELL:
        return pl_key_shard(instance, slot->partition, "cells");
    case PL_STATE_DICT:
        return pl_key_shard(instance, slot->partition, "dict");
    case PL_STATE_INPUT:
        return pl_key_shard(instance, slot->partition, "input");
    case PL_STATE_FRONT:
        break;
    }
    return pl_key_shard(instance, slot->partition, "front");
}

static enum pl_status emit(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span field,
                           struct pl_span value, struct pl_err *err)
{
    struct pl_slot *slot = ctx;
    struct pl_key key = key_of(slot, kind, bucket);
    const struct pl_span argv[] = {pl_span_of(value.ptr ? "HSET" : "HDEL"), {key.text, key.len}, field, value};

    (void)err;
    pl_resp_add(&slot->commit.commands, value.ptr ? 4 : 3, argv);
    slot->commit.n_commands++;
    return PL_OK;
}

static enum pl_status add_sums(struct pl_slot *slot, struct pl_err *err)
{
    struct pl_key key = pl_key_shard(slot->world->conf->instance, slot->partition, "sums");
    enum pl_status status = PL_OK;
    struct pl_buf bytes = {0};
    char tick[32];

    for (unsigned at = 0; at < slot->n_published && !status; at++) {
        struct pl_sums *sums = &slot->published[at];

        pl_buf_clear(&bytes);
        status = pl_state_put_sums(sums, slot->world->conf->rules, &bytes, err);
        snprintf(tick, sizeof(tick), "%" PRId64, sums->tick_us);
        const struct pl_span argv[] = {pl_span_of("HSET"), {key.text, key.len}, pl_span_of(tick), pl_buf_span(&bytes)};
        pl_resp_add(&slot->commit.commands, 4, argv);
        slot->commit.n_commands++;
        if (slot->n_unjudged < PL_UNJUDGED_MAX * 2)
            slot->unjudged[slot->n_unjudged++] = sums->tick_us;
        pl_sums_fini(sums);
    }
    slot->n_published = 0;
    pl_buf_fini(&bytes);
    return status;
}

/* Meta pairs are first written as text (name 0 value 0 ...) and turned into spans once the buffer stands still. */
static void meta_text(struct pl_slot *slot, const char *name, const char *value)
{
    pl_buf_add(&slot->commit.meta, name, strlen(name) + 1);
    pl_buf_add(&slot->commit.meta, value, strlen(value) + 1);
}

static void meta_number(struct pl_slot *slot, const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    meta_text(slot, name, text);
}

static void meta_mark(struct pl_slot *slot, const char *name, unsigned k)
{
    char text[80];

    if (!slot->marks[k].known)
        return;
    pl_slot_mark_text(&slot->marks[k], text, sizeof(text));
    meta_text(slot, name, text);
}

static void meta_spans(struct slot_commit *commit)
{
    struct pl_span rest = pl_buf_span(&commit->meta);

    commit->n_meta = 0;
    while (rest.len && commit->n_meta + 1 < sizeof(commit->meta_pairs) / sizeof(*commit->meta_pairs)) {
        commit->meta_pairs[commit->n_meta++] = pl_span_cut(&rest, '\0');
        commit->meta_pairs[commit->n_meta++] = pl_span_cut(&rest, '\0');
    }
}

static void build_meta(struct pl_slot *slot)
{
    struct pl_shard_stats stats;
    char name[300], hash[32];

    pl_buf_clear(&slot->commit.meta);
    pl_shard_stats(slot->shard, &stats);
    meta_number(slot, "schema", 1);
    meta_number(slot, "units", (int64_t)stats.units);
    meta_number(slot, "cells", (int64_t)pl_state_cells(slot->shard));
    meta_number(slot, "names", (int64_t)pl_state_names(slot->shard));
    meta_number(slot, "partitions", slot->world->partitions);
    if (slot->control_next >= 0 || slot->halt.stored) /* an accepted new log begins at PL_KAFKA_BEGINNING again */
        meta_number(slot, "control", slot->control_next);
    meta_mark(slot, "control_last", PL_KAFKA_CONTROL);
    if (slot->control_base)
        meta_number(slot, "control_base", slot->control_base);
    for (unsigned k = 0; k < slot->world->n_topics; k++) {
        if (slot->next[k] < 0 && !slot->halt.stored)
            continue;
        snprintf(name, sizeof(name), "offset:%s", slot->world->topics[k]);
        meta_number(slot, name, slot->next[k]);
        snprintf(name, sizeof(name), "last:%s", slot->world->topics[k]);
        meta_mark(slot, name, k);
    }
    if (pl_shard_complete_to(slot->shard) != PL_TIME_NONE)
        meta_number(slot, "complete_to", pl_shard_complete_to(slot->shard));
    if (pl_shard_largest_place(slot->shard) != PL_TIME_NONE)
        meta_number(slot, "largest_place", pl_shard_largest_place(slot->shard));
    snprintf(hash, sizeof(hash), "%016" PRIx64, slot->world->conf->rules->count_hash);
    meta_text(slot, "config", hash);
    meta_number(slot, "accepted", (int64_t)slot->accepted);
    meta_number(slot, "late", (int64_t)slot->late);
    meta_number(slot, "unmatched", (int64_t)slot->unmatched);
    meta_spans(&slot->commit);
}

/* Counters of reasons go with the commands: there are more of them than meta pairs are meant for. */
static void add_reasons(struct pl_slot *slot)
{
    char name[96], value[32];

    for (int reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++) {
        if (!slot->recount[reason])
            continue;
        slot->recount[reason] = false;
        snprintf(name, sizeof(name), "rejected:%s", pl_reject_name((enum pl_reject)reason));
        snprintf(value, sizeof(value), "%" PRIu64, slot->rejected[reason]);
        pl_resp_add_text(&slot->commit.commands, "HSET", slot->hold.meta_key, name, value, NULL);
        slot->commit.n_commands++;
    }
}

/* Samples of rejected records: reason and where, never content. Outside the transaction's slot and of no consequence.
 */
static void send_samples(struct pl_slot *slot)
{
    struct pl_key key = pl_key_main(slot->world->conf->instance, "rejects");
    struct pl_link_node *node;
    struct pl_buf commands = {0};
    char partition[16], offset[32];

    if (slot->n_samples == 0)
        return;
    node = pl_link_set_node(slot->world->redis, slot->world->main_slot);
    for (unsigned at = 0; at < slot->n_samples; at++) {
        const struct slot_sample *sample = &slot->samples[at];
        bool control = sample->topic == PL_KAFKA_CONTROL;

        snprintf(partition, sizeof(partition), "%" PRId32, control ? 0 : slot->partition);
        snprintf(offset, sizeof(offset), "%" PRId64, sample->offset);
        pl_resp_add_text(&commands, "XADD", key.text, "MAXLEN", "~", "10000", "*", "reason",
                         pl_reject_name(sample->reason), "topic",
                         control ? slot->world->conf->control : slot->world->topics[sample->topic], "partition",
                         partition, "offset", offset, NULL);
    }
    if (pl_buf_ok(&commands) && pl_link_node_is_up(node) &&
        pl_link_send(pl_link_node_link(node), pl_buf_span(&commands), slot->n_samples, NULL, NULL))
        pl_buf_clear(&commands); /* the link is down: samples are a convenience, the counters are exact */
    pl_buf_fini(&commands);
    slot->n_samples = 0;
    memset(slot->sampled, 0, sizeof(slot->sampled));
}

void pl_slot_settled(struct pl_slot *slot)
{
    slot->commit.built = false;
    slot->promise.committed = true;
    if (slot->commit.commands.cap > COMMIT_BYTES_KEPT)
        pl_buf_fini(&slot->commit.commands);
    PL_METRIC_ADD(slot->world->metrics, commits, 1);
}

static void on_committed(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct pl_slot *slot = ctx;

    slot->committing = false;
    if (status == PL_OK) {
        pl_slot_settled(slot);
        return;
    }
    PL_METRIC_ADD(slot->world->metrics, commit_errors, 1);
    if (halt) {
        slot->commit.built = false;
        pl_slot_halt(slot, "commit refused: %s", why);
    } else if (status == PL_ERR_FENCED) {
        PL_METRIC_ADD(slot->world->metrics, fenced, 1);
        slot->commit.built = false;
        if (slot->phase != PL_SLOT_RUNNING)
            return;                      /* it was halted meanwhile, and stays so */
        slot->phase = PL_SLOT_ACQUIRING; /* what we hold is not true any more: load again */
        slot->held = false;
        pl_slot_drop_heads(slot);
        pl_slot_up(slot);
    } else if (pl_link_node_is_up(slot->node)) {
        slot->next_commit_us = slot->last_commit_us + 500000; /* refused for now (out of memory, ...): the same again */
    }
}

void pl_slot_send(struct pl_slot *slot)
{
    struct slot_commit *commit = &slot->commit;

    slot->committing = true; /* before: it may end at once */
    if (pl_store_commit(pl_link_node_store(slot->node), &slot->hold, pl_buf_span(&commit->commands), commit->n_commands,
                        commit->meta_pairs, commit->n_meta / 2, on_committed, slot)) {
        slot->committing = false; /* the link is down; acquire settles it */
        return;
    }
    PL_METRIC_ADD(slot->world->metrics, commit_bytes, commit->commands.len + commit->meta.len);
}

static enum pl_status build(struct pl_slot *slot, struct pl_err *err)
{
    struct slot_commit *commit = &slot->commit;
    enum pl_status status;

    commit->commands.limit = COMMIT_BYTES_MAX;
    pl_buf_clear(&commit->commands);
    commit->n_commands = 0;
    status = pl_state_write(slot->shard, emit, slot, err);
    if (!status)
        status = add_sums(slot, err);
    if (status)
        return status;
    add_reasons(slot);
    build_meta(slot);
    pl_slot_forget_halt(slot);
    pl_buf_add_span(&commit->commands, pl_buf_span(&slot->forward));
    commit->n_commands += slot->n_forward;
    pl_buf_clear(&slot->forward);
    slot->n_forward = 0;
    if (!pl_buf_ok(&commit->commands) || !pl_buf_ok(&commit->meta))
        return pl_err_set(err, PL_ERR_FULL, "a commit would be larger than %zu bytes", COMMIT_BYTES_MAX);
    commit->built = true;
    slot->dirty = false;
    return PL_OK;
}

void pl_slot_commit(struct pl_slot *slot, int64_t now_us, bool force)
{
    const struct pl_conf *conf = slot->world->conf;
    struct pl_err err = {0};
    bool full;

    if (!slot->held || !pl_link_node_is_up(slot->node))
        return;
    if (slot->phase == PL_SLOT_HALTED)
        pl_slot_tell_halt(slot);
    if (slot->phase != PL_SLOT_RUNNING)
        return;
    if (slot->commit.built) { /* in flight, or refused for now and to be sent again */
        if (!slot->committing && !slot->hold.in_flight && now_us >= slot->next_commit_us) {
            slot->last_commit_us = now_us;
            pl_slot_send(slot);
        }
        return;
    }
    full = pl_state_dirty(slot->shard) >= conf->commit_records || slot->n_published >= PL_UNJUDGED_MAX / 2;
    if (!slot->dirty || (!force && now_us < slot->next_commit_us && !full))
        return;
    if (build(slot, &err)) {
        pl_slot_halt(slot, "commit: %s", err.text);
        return;
    }
    slot->last_commit_us = now_us;
    slot->next_commit_us = now_us + conf->commit_interval_us;
    if (conf->commit_bytes > 0) {
        int64_t earned = (int64_t)((double)slot->commit.commands.len / (double)conf->commit_bytes * 1e6);

        if (now_us + earned > slot->next_commit_us)
            slot->next_commit_us = now_us + earned;
    }
    pl_slot_send(slot);
    send_samples(slot);
}
