/* The inside of a shard, for the modules that together make it one (shard, settle, publish) and for codec/state. Nobody
 * else includes this.
 */
#ifndef PL_CORE_COUNT_INSIDE_H
#define PL_CORE_COUNT_INSIDE_H

#include "core/count/dict.h"
#include "core/count/held.h"
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
    struct pl_held held[PL_INPUTS_MAX];
    struct pl_keying keying;    /* of settled events */
    bool keying_dirty;          /* codec/state: it has changed */
    bool held_dirty;            /* codec/state: what is held has changed */
    struct pl_shard_told *told; /* owned */
    uint32_t n_told, room_told;
    struct pl_dict dict;
    struct pl_shard_stats stats;  /* totals only; gauges are made when asked for */
    struct pl_words state;        /* scratch: of the unit that is settled */
    struct pl_sums sums;          /* owned: of front.complete_us, while waiting */
    bool waiting;                 /* these are published and not taken: nothing more is settled until they are */
    uint64_t published_hash;      /* of the sums published last */
    int64_t swept_us;             /* F when the walk that forgets units began its round */
    bool failed;                  /* memory ran out half way: what is counted is no longer right */
    struct pl_front front_stored; /* codec/state: what the store has */
    uint64_t hash_stored;
    bool waiting_stored;
    uint32_t dict_stored;
    size_t cells_stored;
    struct pl_buf gone_cells; /* codec/state: fields of cells that nothing refers to any more: length byte, bytes */
};

/* state := the unit's settled state, then its first n events that wait; what they contribute goes to cells. False
 * without memory. */
bool pl_shard_fold(const struct pl_shard *shard, const struct pl_open *open, uint32_t n, struct pl_words *state,
                   struct pl_cells *cells) PL_MUSTCHECK;

/* Is the event refused by the rules alone? Take one as its input's next, counted either way. */
enum pl_reject pl_shard_refusal(const struct pl_shard *shard, const struct pl_event *event);
enum pl_reject pl_shard_take(struct pl_shard *shard, unsigned input, const struct pl_event *event);

/* pl_shard_event of an input where something is, or may have to be, held. */
enum pl_reject pl_shard_event_unbounded(struct pl_shard *shard, unsigned input, const struct pl_event *event);

/* F has moved: complete_us and what is cut from cells with it. */
void pl_shard_complete(struct pl_shard *shard, int64_t tick_us);

#endif
