/* The inside of a shard, for the modules that together make it one (shard, settle, publish) and for codec/state. Nobody
 * else includes this.
 */
#ifndef PL_CORE_COUNT_INSIDE_H
#define PL_CORE_COUNT_INSIDE_H

#include "core/count/dict.h"
#include "core/count/shard.h"
#include "core/count/step.h"
#include "core/count/units.h"
#include "util/buf.h"

struct pl_shard {
    const struct pl_rules *rules; /* ref: outlives us */
    struct pl_plan *plan;         /* owned */
    struct pl_registry registry;
    struct pl_cells cells;
    struct pl_units units;
    struct pl_front front;
    struct pl_dict dict;
    struct pl_shard_stats stats;  /* totals only; gauges are made when asked for */
    struct pl_words state;        /* scratch: the state an event meets */
    struct pl_words old_state;    /* scratch: the same, to take the old tail back with */
    struct pl_sums sums;          /* owned: of front.complete_us, while waiting */
    bool waiting;                 /* these are published and not taken: nothing more is settled until they are */
    uint64_t published_hash;      /* of the sums published last */
    int64_t swept_us;             /* F when the walk that forgets units began its round */
    bool failed;                  /* memory ran out half way: what is counted is no longer right */
    struct pl_front front_stored; /* codec/state: what the store has */
    uint64_t hash_stored;
    bool waiting_stored;
    uint32_t dict_stored;
    struct pl_buf gone_cells; /* codec/state: fields of cells that nothing refers to any more: length byte, bytes */
};

/* The step with this shard's parts. */
struct pl_step pl_shard_step(struct pl_shard *shard, enum pl_cells_view view, int weight);

/* Fold n events into the scratch state. */
void pl_shard_fold(struct pl_shard *shard, const struct pl_step *step, struct pl_words *state,
                   const struct pl_tail_event *events, uint32_t n);

/* Scratch state := the unit's settled state. */
void pl_shard_load(struct pl_shard *shard, struct pl_words *state, uint32_t unit);

/* The whole tail of a unit on LIVE with weight +1 or -1. */
void pl_shard_relive(struct pl_shard *shard, const struct pl_open *open, int weight);

/* F has moved: complete_us and what is cut from cells with it. */
void pl_shard_complete(struct pl_shard *shard, int64_t tick_us);

#endif
