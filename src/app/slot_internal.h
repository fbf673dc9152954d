/* Shared by slot.c (life), slot_load.c, slot_pump.c and slot_commit.c; nobody else includes it. */
#ifndef PL_APP_SLOT_INTERNAL_H
#define PL_APP_SLOT_INTERNAL_H

#include "app/slot.h"

#include "codec/state.h"

/* The next record of one source input, decoded, waiting for its turn in the merge. */
struct slot_head {
    bool ready;
    bool at_end;
    struct pl_kafka_taken taken; /* owned message while ready */
    int64_t time_us;
    unsigned n;
    struct pl_decoded decoded[PL_DECODED_MAX];
};

struct slot_sample {
    enum pl_reject reason;
    uint16_t topic; /* index, PL_KAFKA_CONTROL for control */
    int64_t offset;
};

/* A commit that was built and is not settled yet. */
struct slot_commit {
    struct pl_buf commands;
    size_t n_commands;
    struct pl_buf meta; /* the bytes that meta_pairs point into */
    struct pl_span meta_pairs[64];
    size_t n_meta;
    bool built;
};

struct pl_slot {
    struct pl_slot_world *world; /* ref */
    int32_t partition;
    enum pl_slot_phase phase;
    char why[PL_ERR_TEXT_BYTES];
    struct pl_shard *shard; /* owned; NULL until loaded */
    struct pl_hold hold;
    unsigned key_slot;         /* of its keys */
    struct pl_link_node *node; /* ref: where it acquired, or acquires; NULL before, and when that is down */
    bool held;                 /* acquired on this node's connection: nothing is taken or committed otherwise */
    bool acquiring;            /* an acquire is under way */
    bool committing;           /* a commit was handed to the store and has not ended */
    int64_t retry_us;          /* monotonic: not before, after an acquire that was refused for now */
    bool started;              /* its partitions are being fetched */
    struct pl_decoder *decoders[PL_CONF_TOPICS_MAX]; /* owned */
    struct slot_head *heads;                         /* owned, world->n_topics */
    int64_t next[PL_CONF_TOPICS_MAX];
    int64_t control_next;
    bool dirty; /* something to commit */
    int64_t last_commit_us, next_commit_us;
    int64_t last_record_us; /* monotonic: when the last record was taken */
    struct slot_commit commit;
    struct pl_buf forward; /* control records for the evaluator, as commands, of shard 0 */
    size_t n_forward;
    struct pl_sums *published; /* owned ring of sums not committed yet */
    unsigned n_published;
    int64_t unjudged[PL_UNJUDGED_MAX * 2]; /* ticks published and not known to be judged */
    unsigned n_unjudged;
    struct slot_sample *samples; /* owned */
    unsigned n_samples;
    uint32_t sampled[PL_REJECT_COUNT];  /* per reason since the last commit */
    bool recount[PL_REJECT_COUNT];      /* `rejected` changed since the last commit */
    uint64_t rejected[PL_REJECT_COUNT]; /* ever, from meta */
    uint64_t accepted, late, unmatched; /* ever */
    struct pl_shard_stats seen;         /* the shard's stats when last added up */
    uint64_t seen_slow;                 /* the same of its decoders' records that needed the full JSON parser */
    /* loading */
    unsigned load_left;
    bool load_failed;
    struct pl_err load_err; /* what of the state could not be understood, so far */
};

#define PL_SLOT_SAMPLES_MAX 1000

/* How far counting may run ahead of a commit that is not settled: this many times commit_records, and bytes of control
 * records. Redis may be out of memory for hours. */
#define PL_SLOT_AHEAD 32
#define PL_SLOT_FORWARD_BYTES ((size_t)8 << 20)

void pl_slot_halt(struct pl_slot *slot, const char *fmt, ...) PL_PRINTF(2, 3);
void pl_slot_drop_heads(struct pl_slot *slot);
void pl_slot_reject(struct pl_slot *slot, unsigned topic, int64_t offset, enum pl_reject reason);

/* What Redis answered means: not now (loading, busy). Acquire again a little later. */
void pl_slot_retry(struct pl_slot *slot);

/* slot_load.c: from the acquired meta on; ends in RUNNING, HALTED, or a lost link. */
void pl_slot_load(struct pl_slot *slot, const struct pl_acquired *acquired);

/* slot_commit.c: send the built commit (again). */
void pl_slot_send(struct pl_slot *slot);
void pl_slot_settled(struct pl_slot *slot);

/* A new shard and heads for the current rules. */
enum pl_status pl_slot_make_shard(struct pl_slot *slot, struct pl_err *err) PL_MUSTCHECK;

#endif
