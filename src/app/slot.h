/* A slot: one partition number held by a worker - its shard, its claim in Redis, its place in every input.
 *
 *   ACQUIRING -> LOADING -> RUNNING -> (gone)          any -> HALTED: an operator is needed, the reason is kept
 *
 * Before an input goes on, its last consumed record is read back (slot_check.c): a log that is not the one that was
 * read halts the slot, and so does one that has lost the next record. What an operator has accepted (`plateauctl
 * accept`) is taken as it is, once.
 *
 * Redis away: the slot stays RUNNING in memory but takes nothing; the new connection acquires again, and memory is kept
 * only if nobody else wrote meanwhile and our last commit is settled. One commit is in flight at most; its bytes are
 * kept until it is settled, so that a lost reply never loses or doubles a change. The same when its keys move to
 * another node of a cluster, by failover or by hand: the slot acquires there, when nothing of it waits on the old node.
 *
 * Owner: the worker. One thread.
 */
#ifndef PL_APP_SLOT_H
#define PL_APP_SLOT_H

#include "adapter/kafka.h"
#include "adapter/link_set.h"
#include "adapter/pseudonym.h"
#include "app/control_log.h"
#include "app/metrics.h"
#include "core/count/shard.h"
#include "util/stamp.h"

#define PL_UNJUDGED_MAX 64    /* published ticks that wait for the evaluator */
#define PL_REJECT_SAMPLES 100 /* per reason and commit */

enum pl_slot_phase { PL_SLOT_ACQUIRING, PL_SLOT_LOADING, PL_SLOT_RUNNING, PL_SLOT_HALTED };

/* What all slots of a worker use. Everything is borrowed and outlives the slots. */
struct pl_slot_world {
    const struct pl_conf *conf;
    const struct pl_pseudonym *pseudonym;
    struct pl_kafka *kafka;
    struct pl_link_set *redis;
    unsigned main_slot; /* key slot of what belongs to the whole instance */
    struct pl_control_log *control;
    bool has_control; /* the control topic exists */
    const char *topics[PL_CONF_TOPICS_MAX];
    const struct pl_conf_source *topic_source[PL_CONF_TOPICS_MAX];
    unsigned n_topics;
    bool unbounded[PL_CONF_TOPICS_MAX]; /* the broker lets its producers' clocks run ahead */
    int32_t partitions;                 /* of every source topic; 1 without one */
    struct pl_metrics *metrics;
    uint64_t nonce;           /* the worker's; */
    uint64_t slots_made;      /* added to it: an owner of its own for each slot, as a new one does not remember the
                               * epochs of the last one of its partition. Redis may go back, and forth again */
    int64_t judged_us;        /* last tick the evaluator has judged, PL_TIME_NONE unknown */
    int64_t largest_place_us; /* over all shards, as the evaluator has seen it */
};

struct pl_slot;

/* A slot that begins to acquire. NULL when out of memory. */
struct pl_slot *pl_slot_new(struct pl_slot_world *world, int32_t partition);

/* Frees memory only; nothing may be awaited, unless the link is gone for good. */
void pl_slot_free(struct pl_slot *slot);

int32_t pl_slot_partition(const struct pl_slot *slot);
enum pl_slot_phase pl_slot_phase(const struct pl_slot *slot);
int64_t pl_slot_control_next(const struct pl_slot *slot); /* offset of the next control record it wants */

/* The control topic cannot be read from there: the broker holds the records from log_start on, before log_end. */
void pl_slot_control_range(struct pl_slot *slot, int64_t log_start, int64_t log_end);
/* The control topic has a record that cannot be read, and nothing may be counted without it. */
void pl_slot_control_damaged(struct pl_slot *slot, const struct pl_kafka_taken *taken);

/* The source topics have another number of partitions than before: users' events are in other partitions since. */
void pl_slot_reshaped(struct pl_slot *slot, int32_t before, int32_t now);

/* What the last record of a log is known by: CRC32C of at most the first 64 KiB of its value. */
uint32_t pl_slot_crc(struct pl_span value);

/* Acquire, if the node that serves this partition is up and nothing is awaited. A node is down: hold nothing that was
 * acquired there. */
void pl_slot_up(struct pl_slot *slot);
void pl_slot_down(struct pl_slot *slot, const struct pl_link_node *node);

/* Acquire again what was refused for now, or is served by another node now; a no-op for a slot that holds its claim.
 * Call each turn. */
void pl_slot_tend(struct pl_slot *slot, int64_t now_us);

/* Is the node up that serves it? Without it there is nothing to wait for. */
bool pl_slot_is_reachable(const struct pl_slot *slot);

/* Take and count up to `budget` records; returns how many. Also notes silence for the idle rule. */
unsigned pl_slot_pump(struct pl_slot *slot, unsigned budget, int64_t now_us);

/* Commit when due (or at once when forced) and none is in flight. */
void pl_slot_commit(struct pl_slot *slot, int64_t now_us, bool force);

/* Nothing to commit, nothing in flight and no reply to come: it may be given away and freed. */
bool pl_slot_is_clean(const struct pl_slot *slot);

/* A reply of Redis is to come for it. A link that went down answers all of them, but a moment later. */
bool pl_slot_is_awaiting(const struct pl_slot *slot);

/* Drop the memory and load again with the current rules of the world (after a reload). Only when clean. A slot that was
 * halted by its input tries again: whoever asked for a reload has looked at it. */
void pl_slot_reload(struct pl_slot *slot);

/* Add this slot's gauges. */
void pl_slot_gauges(const struct pl_slot *slot, struct pl_shard_stats *sum, int64_t *lag_records);

#endif
