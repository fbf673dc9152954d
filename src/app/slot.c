#include "app/slot_internal.h"

#include "adapter/clock.h"
#include "adapter/log.h"
#include "codec/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US 200000

struct pl_slot *pl_slot_new(struct pl_slot_world *world, int32_t partition)
{
    struct pl_slot *slot = calloc(1, sizeof(*slot));
    struct pl_key meta;

    if (!slot)
        return NULL;
    slot->world = world;
    slot->partition = partition;
    slot->phase = PL_SLOT_ACQUIRING;
    meta = pl_key_shard(world->conf->instance, partition, "meta");
    memcpy(slot->hold.meta_key, meta.text, meta.len + 1);
    slot->hold.owner = world->nonce + ++world->slots_made;
    slot->key_slot = pl_link_map_slot((struct pl_span){meta.text, meta.len});
    slot->heads = calloc(world->n_topics ? world->n_topics : 1, sizeof(*slot->heads));
    slot->samples = calloc(PL_SLOT_SAMPLES_MAX, sizeof(*slot->samples));
    slot->published = calloc(PL_UNJUDGED_MAX, sizeof(*slot->published));
    if (!slot->heads || !slot->samples || !slot->published) {
        pl_slot_free(slot);
        return NULL;
    }
    return slot;
}

void pl_slot_drop_heads(struct pl_slot *slot)
{
    for (unsigned k = 0; slot->heads && k < slot->world->n_topics; k++) {
        if (slot->heads[k].ready)
            pl_kafka_release(slot->heads[k].taken.message);
        slot->heads[k].ready = false;
        slot->heads[k].at_end = false;
    }
}

static void drop_decoders(struct pl_slot *slot)
{
    for (unsigned k = 0; k < slot->world->n_topics; k++) {
        pl_decoder_free(slot->decoders[k]);
        slot->decoders[k] = NULL;
    }
}

static void drop_memory(struct pl_slot *slot)
{
    pl_slot_drop_heads(slot);
    pl_slot_drop_marks(slot);
    drop_decoders(slot);
    pl_shard_free(slot->shard);
    slot->shard = NULL;
    for (unsigned at = 0; at < slot->n_published; at++)
        pl_sums_fini(&slot->published[at]);
    slot->n_published = 0;
    slot->n_unjudged = 0;
    slot->n_samples = 0;
    memset(slot->sampled, 0, sizeof(slot->sampled));
    memset(slot->recount, 0, sizeof(slot->recount));
    pl_buf_clear(&slot->forward);
    slot->n_forward = 0;
    slot->commit.built = false;
    slot->dirty = false;
}

void pl_slot_free(struct pl_slot *slot)
{
    if (!slot)
        return;
    drop_memory(slot);
    pl_buf_fini(&slot->forward);
    pl_buf_fini(&slot->commit.commands);
    pl_buf_fini(&slot->commit.meta);
    free(slot->published);
    free(slot->samples);
    free(slot->heads);
    free(slot);
}

int32_t pl_slot_partition(const struct pl_slot *slot)
{
    return slot->partition;
}

enum pl_slot_phase pl_slot_phase(const struct pl_slot *slot)
{
    return slot->phase;
}

int64_t pl_slot_control_next(const struct pl_slot *slot)
{
    return pl_slot_start_of(slot, PL_KAFKA_CONTROL);
}

void pl_slot_halt(struct pl_slot *slot, const char *fmt, ...)
{
    va_list args;
    char escaped[2 * PL_SLOT_WHY_BYTES];

    va_start(args, fmt);
    vsnprintf(slot->why, sizeof(slot->why), fmt, args);
    va_end(args);
    slot->phase = PL_SLOT_HALTED;
    pl_slot_drop_heads(slot);
    pl_slot_drop_marks(slot);
    pl_log(PL_LOG_ERROR, "event=shard_halted partition=%" PRId32 " why=\"%s\"", slot->partition,
           pl_log_escape(pl_span_of(slot->why), escaped, sizeof(escaped)));
}

enum pl_status pl_slot_make_shard(struct pl_slot *slot, struct pl_err *err)
{
    struct pl_slot_world *world = slot->world;

    drop_memory(slot);
    slot->shard = pl_shard_new(world->conf->rules, world->n_topics);
    if (!slot->shard)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a shard");
    for (unsigned k = 0; k < world->n_topics; k++)
        if (world->unbounded[k])
            pl_shard_unbounded(slot->shard, k);
    memset(&slot->seen, 0, sizeof(slot->seen));
    slot->seen_slow = 0;
    for (unsigned k = 0; k < world->n_topics; k++) {
        enum pl_status status = pl_decoder_new(world->topic_source[k], world->conf->rules, &slot->decoders[k], err);

        if (status)
            return status;
    }
    return PL_OK;
}

/* The fence has answered: go on with what we have, send the open commit again, or load what the store has. */
static void on_acquired(void *ctx, enum pl_status status, const struct pl_acquired *acquired, const char *why)
{
    struct pl_slot *slot = ctx;

    slot->acquiring = false;
    if (status == PL_ERR_IO) {
        pl_slot_retry(slot); /* or the link is down: then it is acquired when it comes back */
        return;
    }
    if (status) {
        pl_slot_halt(slot, "acquire failed: %s", why);
        return;
    }
    slot->held = true;
    PL_METRIC_ADD(slot->world->metrics, acquires, 1);
    if (slot->phase == PL_SLOT_HALTED)
        return;
    if (slot->phase == PL_SLOT_RUNNING && acquired->kept) {
        if (slot->commit.built && acquired->in_flight_done)
            pl_slot_settled(slot);
        else if (slot->commit.built)
            pl_slot_send(slot);
        return;
    }
    if (slot->shard && slot->promise.committed && !acquired->existed) { /* whether or not a commit found out first */
        pl_slot_halt(slot,
                     "the state in Redis is gone (flushed?): restart plateaud to count from the start of the log");
        return;
    }
    if (slot->started) {
        pl_kafka_stop(slot->world->kafka, slot->partition);
        slot->started = false;
    }
    pl_slot_load(slot, acquired);
}

void pl_slot_retry(struct pl_slot *slot)
{
    slot->held = false;
    slot->retry_us = pl_clock_monotonic_us() + RETRY_US;
    if (slot->phase == PL_SLOT_LOADING)
        slot->phase = PL_SLOT_ACQUIRING;
}

void pl_slot_down(struct pl_slot *slot, const struct pl_link_node *node)
{
    if (slot->node != node)
        return;
    slot->node = NULL;
    slot->held = false;
}

void pl_slot_tend(struct pl_slot *slot, int64_t now_us)
{
    pl_slot_heed(slot, now_us);
    if (slot->held && slot->node == pl_link_set_node(slot->world->redis, slot->key_slot))
        return;
    if (now_us >= slot->retry_us)
        pl_slot_up(slot);
}

void pl_slot_up(struct pl_slot *slot)
{
    struct pl_link_node *node = pl_link_set_node(slot->world->redis, slot->key_slot);

    if (slot->phase == PL_SLOT_HALTED || pl_slot_is_awaiting(slot) || !pl_link_node_is_up(node))
        return;
    slot->node = node;
    slot->held = false;
    if (slot->phase == PL_SLOT_LOADING)
        slot->phase = PL_SLOT_ACQUIRING; /* the replies of the old connection are gone */
    slot->acquiring = true;
    if (pl_store_acquire(pl_link_node_store(node), &slot->hold, on_acquired, slot))
        slot->acquiring = false; /* the link went down again: up is called once more */
}

bool pl_slot_is_reachable(const struct pl_slot *slot)
{
    return pl_link_node_is_up(pl_link_set_node(slot->world->redis, slot->key_slot));
}

bool pl_slot_is_awaiting(const struct pl_slot *slot)
{
    return slot->acquiring || slot->committing || slot->load_left > 0 || slot->halt.telling || slot->halt.asking;
}

bool pl_slot_is_clean(const struct pl_slot *slot)
{
    if (pl_slot_is_awaiting(slot))
        return false;
    return slot->phase != PL_SLOT_RUNNING || (!slot->dirty && !slot->commit.built);
}

void pl_slot_reload(struct pl_slot *slot)
{
    assert(pl_slot_is_clean(slot));
    if (slot->phase != PL_SLOT_RUNNING)
        drop_memory(slot); /* it was made by rules that go */
    if (slot->phase != PL_SLOT_RUNNING && !slot->halt.code[0])
        return;
    slot->phase = PL_SLOT_ACQUIRING;
    slot->held = false;
    pl_slot_up(slot);
}

void pl_slot_gauges(const struct pl_slot *slot, struct pl_shard_stats *sum, int64_t *lag_records)
{
    struct pl_shard_stats stats;

    if (!slot->shard || slot->phase != PL_SLOT_RUNNING)
        return;
    pl_shard_stats(slot->shard, &stats);
    sum->units += stats.units;
    sum->tail_events += stats.tail_events;
    sum->held += stats.held;
    sum->experiments += stats.experiments;
    sum->cells += stats.cells;
    for (unsigned k = 0; k < slot->world->n_topics; k++) {
        int64_t lag = pl_kafka_lag(slot->world->kafka, k, slot->partition);

        *lag_records += lag > 0 ? lag : 0;
    }
}
