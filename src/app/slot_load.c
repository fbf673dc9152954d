/* Loading: from the old meta that acquire returned to a running shard.
 *
 * Order matters: dictionary, front, cells, units (codec/state). All reads are sent at once and answered in order; the
 * last answer says that nobody else wrote meanwhile, and starts the partition's inputs at the stored offsets.
 */
#include "app/slot_internal.h"

#include "adapter/store_judge.h"
#include "codec/keys.h"
#include "util/failpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct pl_reply *meta_field(const struct pl_acquired *acquired, const char *name)
{
    for (size_t at = 0; at + 1 < acquired->n; at += 2)
        if (pl_span_is(acquired->fields[at].text, name))
            return &acquired->fields[at + 1];
    return NULL;
}

/* An integer of the meta, or the fallback when it is absent; false when it is there and is no integer. */
static bool meta_int(const struct pl_acquired *acquired, const char *name, int64_t fallback, int64_t *value)
{
    const struct pl_reply *field = meta_field(acquired, name);

    *value = fallback;
    return !field || pl_num_int(field->text, value);
}

static bool meta_count(const struct pl_acquired *acquired, const char *name, uint64_t *value)
{
    int64_t number;
    bool ok = meta_int(acquired, name, 0, &number) && number >= 0;

    *value = (uint64_t)number;
    return ok;
}

static bool read_counters(struct pl_slot *slot, const struct pl_acquired *acquired)
{
    char name[96];
    bool ok = meta_count(acquired, "accepted", &slot->accepted) && meta_count(acquired, "late", &slot->late) &&
              meta_count(acquired, "unmatched", &slot->unmatched);

    for (int reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++) {
        snprintf(name, sizeof(name), "rejected:%s", pl_reject_name((enum pl_reject)reason));
        ok = ok && meta_count(acquired, name, &slot->rejected[reason]);
    }
    return ok;
}

/* The last record before the next one. One that is not right before it is of a log that was given up. */
static bool read_mark(const struct pl_acquired *acquired, const char *name, int64_t next, struct slot_mark *mark)
{
    const struct pl_reply *field = meta_field(acquired, name);
    bool ok = !field || pl_slot_mark_read(mark, field->text);

    if (!field || mark->offset != next - 1)
        *mark = (struct slot_mark){.known = false};
    return ok;
}

static void read_halt(struct pl_slot *slot, const struct pl_acquired *acquired)
{
    const struct pl_reply *code = meta_field(acquired, "halt_code"), *accept = meta_field(acquired, "accept");

    slot->halt = (struct slot_halt){.stored = code != NULL, .asking = slot->halt.asking};
    slot->dirty = slot->dirty || slot->halt.stored;
    if (code && accept && pl_span_eq(code->text, accept->text))
        (void)pl_span_copy(accept->text, slot->halt.accepted, sizeof(slot->halt.accepted));
}

static bool read_offsets(struct pl_slot *slot, const struct pl_acquired *acquired)
{
    char name[300];
    bool ok = meta_int(acquired, "control", PL_KAFKA_BEGINNING, &slot->control_next) &&
              (slot->control_next >= 0 || slot->control_next == PL_KAFKA_BEGINNING) &&
              meta_int(acquired, "control_base", 0, &slot->control_base) &&
              read_mark(acquired, "control_last", slot->control_next, &slot->marks[PL_KAFKA_CONTROL]);

    for (unsigned k = 0; k < slot->world->n_topics; k++) {
        snprintf(name, sizeof(name), "offset:%s", slot->world->topics[k]);
        slot->promise.no_offset[k] = !meta_field(acquired, name);
        ok = ok && meta_int(acquired, name, PL_KAFKA_BEGINNING, &slot->next[k]) &&
             (slot->next[k] >= 0 || slot->next[k] == PL_KAFKA_BEGINNING);
        snprintf(name, sizeof(name), "last:%s", slot->world->topics[k]);
        ok = ok && read_mark(acquired, name, slot->next[k], &slot->marks[k]);
    }
    return ok;
}

/* Every commit writes these; without them nothing says what the rest should be. Of a partition that halted before its
 * first commit the meta has nothing but that. */
static bool read_promise(struct pl_slot *slot, const struct pl_acquired *acquired)
{
    struct slot_promise *promise = &slot->promise;
    static const char *const fields[] = {"schema", "units", "accepted", "config"};
    const unsigned n_fields = sizeof(fields) / sizeof(*fields);
    unsigned n = 0;

    for (unsigned at = 0; at < n_fields; at++)
        n += meta_field(acquired, fields[at]) != NULL;
    promise->committed = slot->hold.seq > 0 && (n || !meta_field(acquired, "halt_code"));
    promise->found = 0;
    return (n == n_fields || !promise->committed) && meta_int(acquired, "units", 0, &promise->units) &&
           meta_int(acquired, "cells", -1, &promise->cells) && meta_int(acquired, "names", -1, &promise->names) &&
           meta_int(acquired, "largest_place", PL_TIME_NONE, &promise->largest_place_us) &&
           meta_int(acquired, "complete_to", PL_TIME_NONE, &promise->complete_us);
}

/* Is everything there that the meta promises? Counting on without it would be a guess that nobody sees. */
static const char *what_is_missing(const struct pl_slot *slot)
{
    const struct slot_promise *promise = &slot->promise;
    struct pl_shard_stats stats;

    pl_shard_stats(slot->shard, &stats);
    if (!promise->committed)
        return promise->found ? "the meta hash" : NULL;
    for (unsigned k = 0; k < slot->world->n_topics; k++)
        if (promise->no_offset[k] && pl_shard_stream_time(slot->shard, k) != PL_TIME_NONE)
            return "the offset of a topic in the meta hash; or was a topic renamed?";
    if (pl_shard_largest_place(slot->shard) != promise->largest_place_us ||
        pl_shard_complete_to(slot->shard) != promise->complete_us)
        return "the front, or it is of another moment";
    if (promise->names >= 0 && (uint64_t)promise->names != pl_state_names(slot->shard))
        return "a name of the dictionary";
    if (promise->cells >= 0 && (uint64_t)promise->cells != pl_state_cells(slot->shard))
        return "some of the cells";
    return (uint64_t)promise->units == stats.units ? NULL : "some of the units";
}

static void run(struct pl_slot *slot)
{
    int64_t starts[PL_CONF_TOPICS_MAX];
    const char *missing;
    struct pl_err err = {0};

    if (pl_state_ready(slot->shard, &err)) {
        pl_slot_halt(slot, "state in Redis: %s", err.text);
        return;
    }
    missing = what_is_missing(slot);
    if (missing) {
        pl_slot_halt(slot,
                     "state in Redis: there is not all of it (%s); restore a backup, or delete all keys of the "
                     "instance to count from the start of the log",
                     missing);
        return;
    }
    slot->phase = PL_SLOT_RUNNING;
    slot->commit.built = false;
    for (unsigned k = 0; k < slot->world->n_topics; k++)
        starts[k] = pl_slot_start_of(slot, k);
    if (pl_kafka_start(slot->world->kafka, slot->partition, starts, &err)) {
        pl_slot_halt(slot, "cannot read partition: %s", err.text);
        return;
    }
    slot->started = true;
}

/* An answer to one of the questions: is it an array, and is the slot still waiting for it? */
static bool on_answer(struct pl_slot *slot, const struct pl_reply *reply)
{
    slot->load_left--;
    if (!reply)
        slot->load_failed = true; /* the link is gone; up() starts over */
    if (slot->load_failed || slot->phase != PL_SLOT_LOADING)
        return false;
    if (reply->type == PL_REPLY_ERROR && pl_store_judge_error(reply->text) != PL_STORE_HALT) {
        slot->load_failed = true;
        pl_slot_retry(slot);
        return false;
    }
    if (reply->type != PL_REPLY_ARRAY) {
        pl_slot_halt(slot, "state in Redis: %.*s", (int)(reply->text.len < 100 ? reply->text.len : 100),
                     reply->text.ptr ? reply->text.ptr : "unexpected reply");
        return false;
    }
    return true;
}

/* One HGETALL of the state. */
static void on_fields(struct pl_slot *slot, enum pl_state_kind kind, const struct pl_reply *reply)
{
    struct pl_err err = {0};

    if (!on_answer(slot, reply) || slot->load_err.code)
        return;
    slot->promise.found += reply->n / 2;
    for (size_t at = 0; at + 1 < reply->n; at += 2) {
        PL_FAILPOINT("load.record", pl_link_reset(pl_link_node_link(slot->node), "failpoint"); return );
        if (pl_state_read(slot->shard, kind, reply->elements[at].text, reply->elements[at + 1].text, &err)) {
            slot->load_err = err; /* damaged, or parts of two commits: the last answer tells */
            return;
        }
    }
    if (kind == PL_STATE_UNIT)
        PL_METRIC_ADD(slot->world->metrics, reloaded_units, reply->n / 2);
}

static void on_dict(void *ctx, const struct pl_reply *reply)
{
    on_fields(ctx, PL_STATE_DICT, reply);
}

static void on_front(void *ctx, const struct pl_reply *reply)
{
    on_fields(ctx, PL_STATE_FRONT, reply);
}

static void on_input(void *ctx, const struct pl_reply *reply)
{
    on_fields(ctx, PL_STATE_INPUT, reply);
}

static void on_cells(void *ctx, const struct pl_reply *reply)
{
    on_fields(ctx, PL_STATE_CELL, reply);
}

static void on_units(void *ctx, const struct pl_reply *reply)
{
    on_fields(ctx, PL_STATE_UNIT, reply);
}

/* Ticks that were published and may not be judged yet, so that a shard that is loaded again and again does not publish
 * more than the evaluator can hold. */
static void on_ticks(void *ctx, const struct pl_reply *reply)
{
    struct pl_slot *slot = ctx;
    const unsigned room = sizeof(slot->unjudged) / sizeof(*slot->unjudged);

    for (size_t at = 0; reply && reply->type == PL_REPLY_ARRAY && at < reply->n && slot->n_unjudged < room; at++)
        if (pl_num_int(reply->elements[at].text, &slot->unjudged[slot->n_unjudged]))
            slot->n_unjudged++;
    (void)on_answer(slot, reply); /* never the last */
}

/* The last answer. Keys are read one by one: whoever took the shard meanwhile has written to some of them. The fence
 * would stop this memory, but not if Redis went back to before that. */
static void on_meta(void *ctx, const struct pl_reply *reply)
{
    struct pl_slot *slot = ctx;
    struct pl_err err = {0};

    if (!on_answer(slot, reply))
        return;
    PL_FAILPOINT("load.done", pl_link_reset(pl_link_node_link(slot->node), "failpoint"));
    if (pl_store_judge_meta(&slot->hold, reply, &err))
        pl_slot_retry(slot);
    else if (slot->load_err.code)
        pl_slot_halt(slot, "state in Redis: %s", slot->load_err.text);
    else
        run(slot);
}

static bool ask_meta(struct pl_slot *slot)
{
    if (pl_store_ask_meta(pl_link_node_store(slot->node), &slot->hold, on_meta, slot))
        return false;
    slot->load_left++;
    return true;
}

static bool ask(struct pl_slot *slot, const char *verb, struct pl_key key, pl_link_reply_fn reply)
{
    const struct pl_span argv[] = {pl_span_of(verb), {key.text, key.len}};

    if (pl_link_command(pl_link_node_link(slot->node), reply, slot, 2, argv))
        return false;
    slot->load_left++;
    return true;
}

static bool ask_all(struct pl_slot *slot)
{
    const char *instance = slot->world->conf->instance;
    bool ok = ask(slot, "HKEYS", pl_key_shard(instance, slot->partition, "sums"), on_ticks) &&
              ask(slot, "HGETALL", pl_key_shard(instance, slot->partition, "dict"), on_dict) &&
              ask(slot, "HGETALL", pl_key_shard(instance, slot->partition, "front"), on_front) &&
              ask(slot, "HGETALL", pl_key_shard(instance, slot->partition, "input"), on_input) &&
              ask(slot, "HGETALL", pl_key_shard(instance, slot->partition, "cells"), on_cells);

    for (uint32_t bucket = 0; ok && slot->promise.units > 0 && bucket < PL_STATE_BUCKETS; bucket++)
        ok = ask(slot, "HGETALL", pl_key_bucket(instance, slot->partition, bucket), on_units);
    return ok && ask_meta(slot);
}

void pl_slot_load(struct pl_slot *slot, const struct pl_acquired *acquired)
{
    struct pl_err err = {0};
    int64_t schema, partitions = 0;

    if (pl_slot_make_shard(slot, &err)) {
        pl_slot_halt(slot, "%s", err.text);
        return;
    }
    if (!meta_int(acquired, "schema", 1, &schema) || schema != 1) {
        pl_slot_halt(slot, "state in Redis has a schema that this version does not know: run the newer plateaud");
        return;
    }
    if (!read_offsets(slot, acquired) || !read_counters(slot, acquired) || !read_promise(slot, acquired)) {
        pl_slot_halt(
            slot, "state in Redis: the meta hash of partition %" PRId32 " lacks a field, or has one that is no number",
            slot->partition);
        return;
    }
    read_halt(slot, acquired);
    if (!meta_int(acquired, "partitions", slot->world->partitions, &partitions) ||
        partitions != slot->world->partitions) {
        pl_slot_reshaped(slot, (int32_t)partitions, slot->world->partitions);
        return;
    }
    slot->phase = PL_SLOT_LOADING;
    slot->load_left = 0;
    slot->load_failed = false;
    slot->load_err = (struct pl_err){0};
    slot->n_unjudged = 0;
    if (!ask_all(slot))
        slot->load_failed = true; /* the link went down; its replies are already NULL, up() starts over */
}
