/* Shared by slot.c (life), slot_load.c, slot_check.c, slot_halt.c, slot_pump.c and slot_commit.c; nobody else includes
 * it. */
#ifndef PL_APP_SLOT_INTERNAL_H
#define PL_APP_SLOT_INTERNAL_H

#include "app/slot.h"

#include "codec/keys.h"
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

/* The last consumed record of a log: what must be found at its offset before the log is read on. Its message is kept
 * until a commit needs its CRC, so that other records cost nothing. */
struct slot_mark {
    bool known;
    bool checking;                    /* it is to be read back; nothing is taken before that */
    int64_t offset;                   /* its own */
    int64_t record_us;                /* its timestamp, PL_TIME_NONE without one */
    uint32_t crc;                     /* of its value, unless there is a message */
    int64_t short_us;                 /* monotonic: since when the log ends before it; 0 while it does not */
    struct pl_span value;             /* borrows from message */
    struct pl_kafka_message *message; /* owned */
};

/* Why a slot is halted, as a program reads it: "gap TOPIC OFFSET", "recreated TOPIC OFFSET" (these an operator may
 * accept), "partitions OLD NEW", "kafka TOPIC"; "" for what is not the input's fault. */
#define PL_SLOT_CODE_BYTES 320
#define PL_SLOT_WHY_BYTES 800

struct slot_halt {
    char code[PL_SLOT_CODE_BYTES];
    char accepted[PL_SLOT_CODE_BYTES]; /* the code that an operator has accepted: taken as it is, once */
    bool told;                         /* the store has code and reason */
    bool stored;                       /* the store has those of an earlier time: to be removed */
    bool telling, asking;              /* a reply is to come */
    int64_t ask_us;                    /* monotonic: when to ask for a word of the operator */
};

/* A commit that was built and is not settled yet. */
struct slot_commit {
    struct pl_buf commands;
    size_t n_commands;
    struct pl_buf meta; /* the bytes that meta_pairs point into */
    struct pl_span meta_pairs[128];
    size_t n_meta;
    bool built;
};

/* What the meta says of the rest of the state: fields that are lost (a TTL, a hand, half a backup) are missed by it. */
struct slot_promise {
    bool committed; /* something has been committed at all, there or by us */
    int64_t units;
    int64_t cells, names; /* -1: written by a version that did not count them */
    int64_t largest_place_us, complete_us;
    bool no_offset[PL_CONF_TOPICS_MAX]; /* there is no field of it: the topic was never read, or the field is lost */
    size_t found;                       /* fields of the state that were there */
};

struct pl_slot {
    struct pl_slot_world *world; /* ref */
    int32_t partition;
    enum pl_slot_phase phase;
    char why[PL_SLOT_WHY_BYTES];
    struct slot_halt halt;
    struct slot_mark marks[PL_CONF_TOPICS_MAX + 1]; /* of the inputs; [PL_KAFKA_CONTROL]: of the control topic */
    int64_t
        control_base; /* added to offsets of control records: a control topic that was made anew begins at 0 again */
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
    struct slot_promise promise;
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

/* slot_halt.c: halt by a fault of the input. The code is told to the store, where `plateauctl accept` finds it, and the
 * operator's answer is looked for. */
void pl_slot_halt_input(struct pl_slot *slot, const char *code, const char *fmt, ...) PL_PRINTF(3, 4);
void pl_slot_tell_halt(struct pl_slot *slot);
void pl_slot_heed(struct pl_slot *slot, int64_t now_us);
/* Fields of the meta that speak of a halt that is over. */
void pl_slot_forget_halt(struct pl_slot *slot);

/* slot_check.c */
/* The value of a mark in the meta, and back; false when it has another form. */
void pl_slot_mark_text(struct slot_mark *mark, char *out, size_t cap);
bool pl_slot_mark_read(struct slot_mark *mark, struct pl_span text);
/* A record was consumed; the mark takes its message. */
void pl_slot_mark(struct slot_mark *mark, const struct pl_kafka_taken *taken);
void pl_slot_drop_marks(struct pl_slot *slot);
bool pl_slot_is_checking(const struct pl_slot *slot);
/* Where input k is to be read from: at its mark while that is to be checked. */
int64_t pl_slot_start_of(const struct pl_slot *slot, unsigned k);
/* What was taken of input k while its mark is being checked. True: it is the next record. */
bool pl_slot_check(struct pl_slot *slot, unsigned k, const struct pl_kafka_taken *taken);
/* Nothing came, the log ends at `end`: is that the end of the input? */
bool pl_slot_check_end(struct pl_slot *slot, unsigned k, int64_t end);
/* Input k cannot go on: restart it, try again later, or halt. */
void pl_slot_failed(struct pl_slot *slot, unsigned k, const struct pl_kafka_taken *taken);
/* The next control record once the last one was found again, or NULL. */
const struct pl_control_item *pl_slot_control_item(struct pl_slot *slot, bool *at_end);
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
